"""Writes weights under other programs' names, and checks them against those programs.

  make_foreign_weights.py fixture        writes the small file beside this script (transformers)
  make_foreign_weights.py transformers DIR
  make_foreign_weights.py keras DIR
  make_foreign_weights.py timm DIR       timm's own, and with the prefixes of wrappers
  make_foreign_weights.py mxnet DIR      needs an environment of its own: numpy below 1.24

Each NAME.safetensors in DIR gets a NAME.io.safetensors with random images and the logits that the
program computes for them. BENCH_WEIGHTS_FOLDER=DIR makes PyTorchWeightsTests compare the engine's.
Made with transformers 5.24.0, keras 3.15.1 on torch 2.15.0, timm 1.0.31, mxnet 1.9.1 with numpy
1.23.5, safetensors 0.8.0.
"""

import os
import pathlib
import sys

import numpy as np
from safetensors.numpy import save_file

IMAGES = (4, 3, 64, 64)


def random_norm(rng, kind, shape):
    """Values for a batch norm's tensors that are not their start."""
    if kind in ("weight", "gamma"):
        return rng.uniform(0.5, 1.5, shape)
    if kind in ("running_var", "moving_variance"):
        return rng.uniform(0.5, 2, shape)
    return rng.normal(0, 0.2, shape)


def write(folder, name, network, tensors, images, logits, metadata=None):
    path = pathlib.Path(folder) / f"{name}.safetensors"
    save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, path, metadata)
    save_file(
        {"input": images, "logits": np.ascontiguousarray(logits)},
        path.with_suffix(".io.safetensors"), {"network": network})
    print(path)


def torch_net(folder, name, network, model, logits=lambda y: y, prefix="", images=IMAGES,
              metadata=None):
    import torch

    rng = np.random.default_rng(1)
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            for kind in ("weight", "bias", "running_mean", "running_var"):
                tensor = getattr(module, kind)
                values = random_norm(rng, kind, tensor.shape).astype(np.float32)
                tensor.data.copy_(torch.from_numpy(values))
    x = rng.normal(size=images).astype(np.float32)
    with torch.no_grad():
        y = logits(model.eval()(torch.from_numpy(x))).numpy()
    tensors = {prefix + k: v.numpy() for k, v in model.state_dict().items()}
    write(folder, name, network, tensors, x, y, metadata)


def transformers_net(
        folder, name, network, images=IMAGES, classes=10, metadata=None, **config):
    import torch
    from transformers import ResNetConfig, ResNetForImageClassification

    torch.manual_seed(1)
    model = ResNetForImageClassification(ResNetConfig(num_labels=classes, **config))
    torch_net(folder, name, network, model, lambda y: y.logits, images=images,
              metadata=metadata)


def fixture():
    transformers_net(
        pathlib.Path(__file__).parent, "transformers", "resnet-18-width=0.03125", (2, 3, 33, 33), 7,
        embedding_size=2, hidden_sizes=[2, 4, 8, 16], depths=[2, 2, 2, 2], layer_type="basic")


def transformers(folder):
    transformers_net(
        folder, "transformers-18", "resnet-18", hidden_sizes=[64, 128, 256, 512],
        depths=[2, 2, 2, 2], layer_type="basic")
    transformers_net(folder, "transformers-50", "resnet-50")
    # Nothing in such a file tells it from the one above, but for what is added here.
    transformers_net(
        folder, "transformers-50-v1", "resnet-50-stride=1x1", metadata={"strideLocation": "1x1"},
        downsample_in_bottleneck=True)


def timm(folder):
    import timm
    import torch

    torch.manual_seed(1)
    for depth in (18, 50):
        model = timm.create_model(f"resnet{depth}", num_classes=10)
        torch_net(folder, f"timm-{depth}", f"resnet-{depth}", model)
    for prefix in ("module.", "_orig_mod.", "model.", "backbone.", "module._orig_mod.net."):
        model = timm.create_model("resnet18", num_classes=10)
        torch_net(folder, f"timm-18-{prefix}", "resnet-18", model, prefix=prefix)


def keras(folder):
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    for depth in (50, 101):
        rng = np.random.default_rng(depth)
        build = getattr(keras.applications, f"ResNet{depth}")
        model = build(
            weights=None, input_shape=(*IMAGES[2:], 3), classes=10, classifier_activation=None)
        for weight in model.weights:
            kind = weight.path.split("/")[-1]
            if kind != "kernel":
                weight.assign(random_norm(rng, kind, weight.shape))
        x = rng.normal(size=IMAGES).astype(np.float32)
        y = model.predict(x.transpose(0, 2, 3, 1), verbose=0)
        # The recipe of docs/weights.md.
        tensors = {w.path: np.asarray(w) for w in model.weights}
        network = f"resnet-{depth}-stride=1x1"
        write(folder, f"keras-{depth}", network, tensors, x, y)
        old = {f"resnet{depth}/{k}:0": v for k, v in tensors.items()}
        write(folder, f"keras-{depth}-old-names", network, old, x, y)


def keras_pretrained(folder):
    """The recipe for Keras' own ImageNet weights, whose images are BGR of 0 to 255."""
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    rng = np.random.default_rng(3)
    model = keras.applications.ResNet50(
        weights=None, input_shape=(*IMAGES[2:], 3), classes=10, classifier_activation=None)
    pixels = rng.integers(0, 256, IMAGES)
    prepared = keras.applications.resnet.preprocess_input(
        pixels.transpose(0, 2, 3, 1).astype(np.float32))
    y = model.predict(prepared, verbose=0)
    tensors = {w.path: np.asarray(w) for w in model.weights}
    tensors["conv1_conv/kernel"] = tensors["conv1_conv/kernel"][:, :, ::-1] * 255
    mean = np.array([123.68, 116.779, 103.939], np.float32).reshape(1, 3, 1, 1) / 255
    x = (pixels / 255).astype(np.float32) - mean
    write(folder, "keras-50-pretrained", "resnet-50-stride=1x1", tensors, x, y)


def mxnet(folder):
    np.bool = bool
    import mxnet as mx

    for depth in (18, 50):
        mx.random.seed(1)
        rng = np.random.default_rng(depth)
        net = getattr(mx.gluon.model_zoo.vision, f"resnet{depth}_v1")(classes=10)
        net.initialize(mx.init.MSRAPrelu())
        x = rng.normal(size=IMAGES).astype(np.float32)
        net(mx.nd.array(x))
        for name, parameter in net.collect_params().items():
            kind = next((k for k in ("gamma", "beta", "bias", "running_mean", "running_var")
                         if name.endswith(k)), None)
            if kind:
                parameter.set_data(mx.nd.array(random_norm(rng, kind, parameter.shape)))
        y = net(mx.nd.array(x)).asnumpy()
        network = f"resnet-{depth}" + ("-stride=1x1" if depth > 34 else "")
        placed = {k: v.data().asnumpy() for k, v in net._collect_params_with_prefix().items()}
        write(folder, f"mxnet-{depth}", network, placed, x, y)
        counted = {k: v.data().asnumpy() for k, v in net.collect_params().items()}
        write(folder, f"mxnet-{depth}-counted", network, counted, x, y)
        exported = {("aux:" if "running" in k else "arg:") + k: v for k, v in counted.items()}
        write(folder, f"mxnet-{depth}-exported", network, exported, x, y)


if __name__ == "__main__":
    {"fixture": fixture, "transformers": transformers, "timm": timm, "keras": keras,
     "keras_pretrained": keras_pretrained, "mxnet": mxnet}[sys.argv[1]](*sys.argv[2:])
