#!/usr/bin/env python3
"""Writes parity.json: what PyTorch computes for small nets of every kind that this project builds.

    python3 generate.py            (written with Python 3.11.7, torch 2.13.0+cpu, numpy 2.4.6)

Everything is computed in float64, so the numbers are the truth and not another implementation's
rounding; `float32` in each case says how far PyTorch's own single precision is from it.

Weights, images and labels come from a counter-based generator (`bits`, `numbers`) that the Swift
tests have too, so only results are stored. A long tensor is stored as its norm, 16 projections on
random signs, and 48 samples: for an error e the projections' mean square is ||e||^2 in
expectation, so a mistake anywhere in the tensor shows.

A rectifier's derivative jumps at 0, and max pooling's where two candidates tie: one value that
rounding moves across changes gradients by a thousandth, and through them all later steps. So each
case takes a seed that keeps the first step away from all jumps (`margin`: the least distance over
the root mean square of all that the layer reads), and whose ten losses single precision can follow
at all, as PyTorch's own does.
"""
import base64
import json
import math
import os
import platform
import sys

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

torch.set_num_threads(1)
torch.use_deterministic_algorithms(True)

# --- Numbers that both sides make ----------------------------------------------------------------

GAMMA = np.uint64(0x9E3779B97F4A7C15)
PROJECTIONS, SAMPLES, STEPS = 16, 48, 10
MARGIN, FOLLOWS = 2.5e-6, 4e-5


def stream(name):
    """FNV-1a, 64 bits."""
    h = 0xCBF29CE484222325
    for byte in name.encode():
        h = ((h ^ byte) * 0x100000001B3) % 2**64
    return h


def bits(name, count):
    """SplitMix64 at the counters 1...count from the name's start."""
    with np.errstate(over="ignore"):
        z = np.uint64(stream(name)) + np.arange(1, count + 1, dtype=np.uint64) * GAMMA
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def numbers(name, count):
    """Odd multiples of 2^-24 in (-1, 1)."""
    top = (bits(name, count) >> np.uint64(40)).astype(np.int64)
    return (2 * top + 1 - 2**24).astype(np.float64) * 2.0**-24


def start(name, shape, seed):
    """Where a tensor of a net starts, rounded to float32."""
    u = numbers(f"{seed}/{name}", math.prod(shape))
    if len(shape) == 4:
        u = u * math.sqrt(6 / (shape[1] * shape[2] * shape[3]))
    elif len(shape) == 2:
        u = u * math.sqrt(3 / shape[1])
    elif name.endswith(".bias") or name.endswith(".running_mean"):
        u = u / 4
    else:
        u = 1 + u / 2
    # As in a net that has trained for a while, branches add a little to their stream; with equal
    # shares a deep, narrow net multiplies every rounding error by hundreds.
    if (".bn2." in name or ".bn3." in name) and "running" not in name:
        u = u / 4
    return u.astype(np.float32).reshape(shape)


def batch(case, step):
    """Images [N, H, W, C] of variance 1, and their classes."""
    c, h, w = case["input"]
    n, seed = case["batch"], case["seed"]
    x = numbers(f"{seed}/images {step}", n * h * w * c) * math.sqrt(3)
    y = bits(f"{seed}/labels {step}", n) % np.uint64(case["classes"])
    return x.astype(np.float32).reshape(n, h, w, c), y.astype(np.int64)


# --- The nets ------------------------------------------------------------------------------------

IMAGENET = {18: [2, 2, 2, 2], 34: [3, 4, 6, 3], 50: [3, 4, 6, 3]}


# Orders whose residual functions start with a rectifier, and kinds of shortcut with a gate.
CLEAN = ("pre", "reluOnlyPre")
GATING = ("exclusiveGating", "shortcutGating")


def norm(net, channels):
    return nn.BatchNorm2d(channels) if net["norm"] else nn.Identity()


class Block(nn.Module):
    def __init__(self, net, inputs, width, stride):
        super().__init__()
        self.net = net
        if net["block"] == "basic":
            layers = [(width, 3, stride), (width, 3, 1)]
        else:
            first = net["strideLocation"] == "1x1"
            layers = [
                (width, 1, stride if first else 1),
                (width, 3, 1 if first else stride),
                (4 * width, 1, 1),
            ]
        self.count, self.stride, self.outputs = len(layers), stride, layers[-1][0]
        channels = inputs
        for i, (outputs, kernel, s) in enumerate(layers, 1):
            normed = channels if net["order"] == "pre" else outputs
            conv = nn.Conv2d(channels, outputs, kernel, s, kernel // 2, bias=net["bias"])
            self.add_module(f"conv{i}", conv)
            self.add_module(f"bn{i}", norm(net, normed))
            channels = outputs
        changes = stride != 1 or inputs != self.outputs
        self.changes = changes
        self.downsample = None
        if net["shortcut"] == "C" or (net["shortcut"] == "B" and changes):
            conv = nn.Conv2d(inputs, self.outputs, 1, stride, bias=net["bias"])
            bare = net["order"] in ("pre", "normAfterAddition") or net["family"] == "textbook"
            layers = [conv] if bare else [conv, norm(net, self.outputs)]
            self.downsample = nn.Sequential(*layers)
        if net["shortcut"] in GATING:
            self.gate = nn.Conv2d(inputs, self.outputs, 1, stride)

    def shortcut(self, x, activated):
        if self.downsample is not None:
            return self.downsample(activated if self.net["order"] in CLEAN else x)
        if not self.changes:
            return x
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, 0, self.outputs - x.shape[1]))

    def forward(self, x, relu):
        y, activated, order = x, None, self.net["order"]
        for i in range(1, self.count + 1):
            conv, bn = getattr(self, f"conv{i}"), getattr(self, f"bn{i}")
            last = i == self.count
            if order in CLEAN:
                y = relu(bn(y) if order == "pre" else y)
                activated = y if i == 1 else activated
            y = conv(y)
            if order != "pre" and not (order == "normAfterAddition" and last):
                y = bn(y)
            if order not in CLEAN and (not last or order == "reluBeforeAddition"):
                y = relu(y)
        kind = self.net["shortcut"]
        if kind:
            way = self.shortcut(x, activated)
            if kind in GATING:
                g = torch.sigmoid(self.gate(x))
                way = way * (1 - g)
                y = y * g if kind == "exclusiveGating" else y
            elif kind in ("scaling", "scalingBoth"):
                way = way * 0.5
                y = y * 0.5 if kind == "scalingBoth" else y
            y = y + way
        if order == "normAfterAddition":
            y = getattr(self, f"bn{self.count}")(y)
        return y if order in CLEAN or order == "reluBeforeAddition" else relu(y)


class Net(nn.Module):
    """He et al. 2015 and 2016, and the textbook's ResNet-18 (Dive into Deep Learning, 7.6)."""

    def __init__(self, net, channels, classes):
        super().__init__()
        self.net = net
        if net["family"] == "cifar":
            n = (net["depth"] - 2) // (6 if net["block"] == "basic" else 9)
            counts, widths = [n, n, n], [16, 32, 64]
        else:
            counts, widths = IMAGENET[net["depth"]], [64, 128, 256, 512]
        widths = [round(w * net["width"]) for w in widths]
        large = net["family"] != "cifar"
        self.conv1 = nn.Conv2d(
            channels, widths[0], 7 if large else 3, 2 if large else 1, 3 if large else 1,
            bias=net["bias"])
        channels = widths[0]
        self.stages = len(counts)
        blocks = []
        for stage, (count, width) in enumerate(zip(counts, widths)):
            layer = nn.ModuleList()
            for i in range(count):
                layer.append(Block(net, channels, width, 2 if stage > 0 and i == 0 else 1))
                channels = layer[-1].outputs
            blocks.append(layer)
        for i, layer in enumerate(blocks, 1):
            self.add_module(f"layer{i}", layer)
        self.bn1 = norm(net, channels if net["order"] == "pre" else widths[0])
        self.fc = nn.Linear(channels, classes)
        self.margin = math.inf

    def relu(self, x):
        self.keep(x, x.detach().abs().min())
        return F.relu(x)

    def keep(self, x, distance):
        self.margin = min(self.margin, (distance / x.detach().square().mean().sqrt()).item())

    def pool(self, x):
        pooled, _ = F.max_pool2d(x, 3, 2, 1, return_indices=True)
        windows = F.unfold(F.pad(x.detach(), (1, 1, 1, 1), value=-1e30), 3, stride=2)
        windows = windows.view(x.shape[0], x.shape[1], 9, -1)
        two = windows.topk(2, dim=2).values
        # Ties at 0 come from a rectifier in front, which passes no gradient there.
        gaps = (two[:, :, 0] - two[:, :, 1])[(two[:, :, 0] != 0) | (two[:, :, 1] != 0)]
        self.keep(x, gaps.min())
        return pooled

    def forward(self, x):
        y = self.conv1(x)
        order = self.net["order"]
        if order != "pre":
            y = self.bn1(y)
            y = y if order == "reluOnlyPre" else self.relu(y)
        if self.net["family"] != "cifar":
            y = self.pool(y)
        for i in range(1, self.stages + 1):
            for block in getattr(self, f"layer{i}"):
                y = block(y, self.relu)
        if order in CLEAN:
            y = self.relu(self.bn1(y) if order == "pre" else y)
        return self.fc(y.mean(dim=(2, 3)))


def architecture(name):
    """Reads the project's names: resnet-18-preact-shortcut=C-width=0.125."""
    network, depth, *parts = name.split("-")
    net = {
        "network": network, "depth": int(depth), "order": "original", "shortcut": None,
        "width": 1.0, "strideLocation": "3x3", "norm": True,
    }
    net["family"] = "imagenet" if net["depth"] in IMAGENET else "cifar"
    net["block"] = None
    for part in parts:
        key, _, value = part.partition("=")
        if part in ("cifar", "textbook"):
            net["family"] = part
        elif part in ("basic", "bottleneck"):
            net["block"] = part
        elif part == "preact":
            net["order"] = "pre"
        elif part == "nonorm":
            net["norm"] = False
        elif key == "order":
            net["order"] = value
        elif key == "shortcut":
            net["shortcut"] = value
        elif key == "stride":
            net["strideLocation"] = value
        elif key == "width":
            net["width"] = float(value)
        else:
            sys.exit(f"{name}: {part}?")
    net["bias"] = net["family"] == "textbook" or not net["norm"]
    if net["block"] is None:
        large = net["family"] != "cifar"
        bottleneck = net["depth"] >= 50 if large else (net["depth"] - 2) % 6 != 0
        net["block"] = "bottleneck" if bottleneck else "basic"
    if network == "plain":
        net["shortcut"] = None
    elif net["shortcut"] is None:
        net["shortcut"] = "A" if net["family"] == "cifar" and net["block"] == "basic" else "B"
    return net


# --- One case ------------------------------------------------------------------------------------


def text(values):
    return base64.b64encode(np.asarray(values, dtype="<f4").tobytes()).decode()


def summary(values):
    """The values themselves, or norm, projections and samples; all as float32."""
    v = values.detach().double().numpy().reshape(-1)
    if v.size <= SAMPLES:
        return text(v)
    random = bits("signs", v.size)
    signs = [
        1.0 - 2.0 * ((random >> np.uint64(j)) & np.uint64(1)).astype(np.float64)
        for j in range(PROJECTIONS)
    ]
    return text(np.concatenate([[np.linalg.norm(v)], [s @ v for s in signs], v[sample(v.size)]]))


def sample(count):
    width = count // SAMPLES
    offsets = (bits("samples", SAMPLES) % np.uint64(width)).astype(np.int64)
    return np.arange(SAMPLES) * count // SAMPLES + offsets


def fresh(case, dtype):
    net = Net(architecture(case["name"]), case["input"][0], case["classes"])
    state = {}
    for name, tensor in net.state_dict().items():
        if name.endswith("num_batches_tracked"):
            state[name] = tensor
        else:
            state[name] = torch.from_numpy(start(name, tuple(tensor.shape), case["seed"]))
    net.load_state_dict(state)
    return net.to(dtype)


def images(case, step, dtype):
    x, y = batch(case, step)
    return torch.from_numpy(x).permute(0, 3, 1, 2).to(dtype), torch.from_numpy(y)


def run(case, dtype, steps=STEPS):
    """Logits in both modes, first gradients, statistics, and the losses of the steps."""
    net = fresh(case, dtype)
    x, y = images(case, 0, dtype)
    net.eval()
    result = {"evaluation": net(x).detach()}
    net.train()
    net.margin = math.inf
    optimizer = torch.optim.SGD(
        net.parameters(), lr=case["learningRate"], momentum=0.9, weight_decay=1e-4)
    losses = []
    for step in range(steps):
        x, y = images(case, step, dtype)
        logits = net(x)
        loss = F.cross_entropy(logits, y)
        optimizer.zero_grad()
        loss.backward()
        losses.append(loss.item())
        if step == 0:
            result["margin"] = net.margin
            result["logits"] = logits.detach()
            result["gradients"] = {n: p.grad.clone() for n, p in net.named_parameters()}
            result["first"] = statistics(net)
        optimizer.step()
    result["losses"] = losses
    result["last"] = statistics(net)
    return result


def statistics(net):
    return {n: b.clone() for n, b in net.named_buffers() if not n.endswith("num_batches_tracked")}


def error(a, b):
    return ((a.double() - b.double()).norm() / b.double().norm()).item()


def make(name, shape, batch_size, classes, rate, first_seed=1):
    case = {
        "name": name, "input": list(shape), "batch": batch_size, "classes": classes,
        "learningRate": rate, "seed": first_seed - 1,
    }
    while True:
        case["seed"] += 1
        if run(case, torch.float64, steps=1)["margin"] < MARGIN:
            continue
        truth, single = run(case, torch.float64), run(case, torch.float32)
        total = math.sqrt(sum(g.norm().item() ** 2 for g in truth["gradients"].values()))
        case["float32"] = {
            "logits": error(single["logits"], truth["logits"]),
            "gradient": max(
                error(single["gradients"][n], g)
                for n, g in truth["gradients"].items() if g.norm().item() > 1e-9 * total),
            "tenthLoss": abs(single["losses"][-1] - truth["losses"][-1]) / truth["losses"][-1],
        }
        lost = max(abs(a - b) / b for a, b in zip(single["losses"], truth["losses"]))
        if truth["margin"] > 2.5 * case["float32"]["logits"] and lost < FOLLOWS:
            break
    case["margin"] = truth["margin"]
    case["losses"] = truth["losses"]
    case["logits"] = text(truth["logits"].numpy().reshape(-1))
    case["evaluationLogits"] = text(truth["evaluation"].numpy().reshape(-1))
    for key, of in (
        ("gradients", "gradients"), ("firstStatistics", "first"), ("lastStatistics", "last"),
    ):
        case[key] = {n: summary(v) for n, v in truth[of].items()}
    print(
        f"{name:44} seed {case['seed']:3}  margin {truth['margin']:.1e}  "
        f"losses {truth['losses'][0]:.3f} {truth['losses'][-1]:.3f}  float32: "
        + ", ".join(f"{k} {v:.1e}" for k, v in case["float32"].items()), flush=True)
    return case


SMALL = ((3, 20, 20), 5, 7, 0.01)
# An ImageNet stem quarters the image before the first stage: 45 x 37 becomes 12 x 10 ... 2 x 2.
LARGE = ((3, 45, 37), 8, 7, 0.001)
# Where the first seeds are known not to do, the one to begin with stands last.
CASES = [
    ("plain-8", *SMALL),
    ("plain-14-width=0.5", *SMALL),
    ("plain-8-preact", *SMALL),
    ("plain-11", *SMALL),
    ("plain-11-preact-width=0.5", *SMALL),
    ("resnet-8", *SMALL),
    ("resnet-8-shortcut=B", *SMALL),
    ("resnet-8-shortcut=C", *SMALL),
    ("resnet-8-preact", *SMALL),
    ("resnet-8-preact-shortcut=B", *SMALL),
    ("resnet-8-preact-shortcut=C", *SMALL),
    ("resnet-14-preact-width=0.45", *SMALL),
    ("resnet-11-shortcut=A", *SMALL),
    ("resnet-11", *SMALL),
    ("resnet-20-bottleneck-shortcut=C", *SMALL),
    ("resnet-11-stride=1x1", *SMALL),
    ("resnet-11-preact-shortcut=A", *SMALL),
    ("resnet-11-preact", *SMALL),
    ("resnet-11-preact-shortcut=C-stride=1x1", *SMALL),
    ("resnet-8-order=normAfterAddition", *SMALL),
    ("resnet-8-order=normAfterAddition-shortcut=B", *SMALL),
    ("resnet-11-order=normAfterAddition", *SMALL),
    ("resnet-8-order=reluBeforeAddition", *SMALL),
    ("resnet-11-order=reluBeforeAddition", *SMALL),
    ("plain-8-order=reluOnlyPre", *SMALL),
    ("resnet-8-order=reluOnlyPre", *SMALL),
    ("resnet-11-order=reluOnlyPre", *SMALL),
    ("resnet-8-shortcut=scaling", *SMALL),
    ("resnet-8-shortcut=scalingBoth", *SMALL),
    ("resnet-8-shortcut=exclusiveGating", *SMALL),
    ("resnet-11-shortcut=exclusiveGating", *SMALL),
    ("resnet-8-shortcut=shortcutGating", *SMALL),
    ("resnet-8-preact-shortcut=shortcutGating", *SMALL),
    ("resnet-8-nonorm", *SMALL),
    ("resnet-11-preact-nonorm", *SMALL),
    ("resnet-20", (3, 32, 32), 4, 10, 0.01),
    ("resnet-8-width=2", (3, 19, 21), 5, 7, 0.01),
    ("resnet-8-preact-width=2", (3, 19, 21), 5, 7, 0.01),
    ("plain-8-width=2", (1, 17, 22), 3, 10, 0.01),
    ("plain-18-width=0.25", *LARGE, 2),
    ("resnet-18-width=0.5", *LARGE),
    ("resnet-18-shortcut=A-width=0.25", *LARGE),
    ("resnet-18-preact-shortcut=C-width=0.25", *LARGE, 17),
    ("resnet-50-width=0.125", *LARGE, 44),
    ("resnet-50-stride=1x1-width=0.125", *LARGE, 33),
    ("resnet-50-preact-width=0.125", *LARGE, 3),
    ("resnet-18-textbook-width=0.25", (1, 40, 40), 5, 7, 0.01),
]

if __name__ == "__main__":
    wanted = sys.argv[1:]
    cases = [make(*case) for case in CASES if not wanted or case[0] in wanted]
    made = {
        "by": "generate.py", "python": platform.python_version(), "torch": torch.__version__,
        "numpy": np.__version__, "numbers": "float64 results, stored as little-endian float32",
    }
    if wanted:
        sys.exit()
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "parity.json")
    with open(path, "w") as file:
        file.write('{"made": ' + json.dumps(made) + ', "cases": [\n')
        file.write(",\n".join(json.dumps(case, separators=(",", ":")) for case in cases))
        file.write("\n]}\n")
    print(f"{os.path.getsize(path) / 1e6:.2f} MB")
