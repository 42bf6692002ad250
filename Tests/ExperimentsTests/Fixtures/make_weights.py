"""Writes the fixtures of PyTorchWeightsTests, and checks files of weights against torchvision.

  make_weights.py fixtures         writes the small files beside this script
  make_weights.py torchvision DIR  writes random ResNet-18, 34 and 50 and their logits into DIR
  make_weights.py check FILE...    loads files exported by `bench weights export` with strict=True
                                   and writes the logits beside them

Each NAME.safetensors gets a NAME.io.safetensors with random images and the logits for them; the
tests compare these with the engine's. BENCH_WEIGHTS_FOLDER=DIR makes them do so for a folder.
Made with torch 2.13.0, torchvision 0.29.2, safetensors 0.8.0, numpy 2.4.6.
"""

import pathlib
import sys

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import nn


class Block(nn.Module):
    """A basic or bottleneck block with torchvision's names, stride on the 3x3, shortcut B."""

    def __init__(self, inputs, width, stride, kind):
        super().__init__()
        sizes = [(width, 3, stride), (width, 3, 1)]
        if kind == "bottleneck":
            sizes = [(width, 1, 1), (width, 3, stride), (4 * width, 1, 1)]
        channels = inputs
        for i, (outputs, kernel, step) in enumerate(sizes, 1):
            conv = nn.Conv2d(channels, outputs, kernel, step, kernel // 2, bias=False)
            setattr(self, f"conv{i}", conv)
            setattr(self, f"bn{i}", nn.BatchNorm2d(outputs))
            channels = outputs
        self.count = len(sizes)
        self.downsample = None
        if stride != 1 or channels != inputs:
            self.downsample = nn.Sequential(
                nn.Conv2d(inputs, channels, 1, stride, bias=False), nn.BatchNorm2d(channels))

    def forward(self, x):
        y = x
        for i in range(1, self.count + 1):
            y = getattr(self, f"bn{i}")(getattr(self, f"conv{i}")(y))
            y = y if i == self.count else y.relu()
        return (y + (x if self.downsample is None else self.downsample(x))).relu()


class CifarNet(nn.Module):
    """He et al. 2015, section 4.2, one block in each stage."""

    def __init__(self, kind, widths, classes):
        super().__init__()
        self.conv1 = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(widths[0])
        channels = widths[0]
        for i, width in enumerate(widths, 1):
            block = Block(channels, width, 1 if i == 1 else 2, kind)
            setattr(self, f"layer{i}", nn.Sequential(block))
            channels = width * (4 if kind == "bottleneck" else 1)
        self.fc = nn.Linear(channels, classes)

    def forward(self, x):
        x = self.bn1(self.conv1(x)).relu()
        return self.fc(self.layer3(self.layer2(self.layer1(x))).mean((2, 3)))


def randomise(model):
    """Gives the running statistics and the batch norms values that are not their start."""
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, 0, 0.2)
            nn.init.uniform_(module.running_var, 0.5, 2)
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, 0, 0.2)
            module.num_batches_tracked.fill_(7)
    return model.eval()


def write_logits(path, model, network, shape):
    images = torch.randn(shape)
    with torch.no_grad():
        logits = model(images)
    tensors = {"input": images, "logits": logits.contiguous()}
    save_file(tensors, path.with_suffix(".io.safetensors"), {"network": network})


def fixtures():
    torch.manual_seed(0)
    folder = pathlib.Path(__file__).parent
    for kind, name in [
        ("basic", "resnet-8-shortcut=B-width=0.125"),
        ("bottleneck", "resnet-11-bottleneck-width=0.125"),
    ]:
        model = randomise(CifarNet(kind, [2, 4, 8], 7))
        path = folder / f"pytorch-{kind}.safetensors"
        save_file(model.state_dict(), path)
        write_logits(path, model, name, (3, 3, 9, 9))


def torchvision_model(depth, classes):
    # Wheels whose extension does not match the installed torch lack these; none is needed here.
    library = torch.library.Library("torchvision", "FRAGMENT")
    names = "nms qnms roi_align roi_pool ps_roi_align ps_roi_pool deform_conv2d".split()
    for name in names + [f"_{n}_backward" for n in names[2:]]:
        if not hasattr(torch.ops.torchvision, name):
            library.define(f"{name}(Tensor x) -> Tensor")
    from torchvision import models

    torchvision_model.library = library
    return getattr(models, f"resnet{depth}")(num_classes=classes)


def torchvision(folder):
    torch.manual_seed(1)
    for depth in (18, 34, 50):
        model = randomise(torchvision_model(depth, 10))
        path = pathlib.Path(folder) / f"torchvision-{depth}.safetensors"
        save_file(model.state_dict(), path)
        write_logits(path, model, f"resnet-{depth}", (4, 3, 64, 64))


def check(files):
    for file in files:
        with safe_open(file, "pt") as opened:
            metadata = opened.metadata()
        network, classes = metadata["network"], int(metadata["classes"])
        model = torchvision_model(int(network.split("-")[1]), classes)
        model.load_state_dict(load_file(file), strict=True)
        shape = (4, *map(int, metadata["input"].split("x")))
        write_logits(pathlib.Path(file), model.eval(), network, shape)
        print(f"{file}: loads into torchvision's {network} with strict=True")


if __name__ == "__main__":
    {"fixtures": fixtures, "torchvision": torchvision, "check": lambda *f: check(f)}[sys.argv[1]](
        *sys.argv[2:])
