#!/usr/bin/env python3
"""Writes half.json: how far PyTorch's bfloat16 training is from the truth on the nets of parity.json.

    python3 half.py                (written with Python 3.11, torch 2.13.0+cpu, numpy)

For each net, seeds 1 to 10, first step: torch.autocast("cpu", torch.bfloat16) on fp32 weights against
the same net in float64. Errors are relative, a norm over a norm, and the root of their mean square
over the seeds is stored. Gradients of tensors of under 100 numbers are pooled as one: each alone has
too few numbers to tell anything.
"""
import json
import math
import os

import torch
import torch.nn.functional as F

from generate import CASES, fresh, images

SEEDS, SMALL = range(1, 11), 100


def first_step(case, dtype, half):
    net = fresh(case, dtype)
    net.train()
    x, y = images(case, 0, dtype)
    if half:
        with torch.autocast("cpu", torch.bfloat16):
            logits = net(x)
        loss = F.cross_entropy(logits.float(), y)
    else:
        logits = net(x)
        loss = F.cross_entropy(logits, y)
    loss.backward()
    return loss.item(), logits.detach().double(), {
        n: p.grad.detach().double() for n, p in net.named_parameters()}


def make(name, shape, batch_size, classes, rate, *_):
    sums = {}

    def add(key, error, truth):
        sums.setdefault(key, []).append(error / truth)

    for seed in SEEDS:
        case = {
            "name": name, "input": list(shape), "batch": batch_size, "classes": classes,
            "learningRate": rate, "seed": seed}
        loss, logits, gradients = first_step(case, torch.float64, False)
        half_loss, half_logits, half = first_step(case, torch.float32, True)
        add("loss", (half_loss - loss) ** 2, loss**2)
        add("logits", (half_logits - logits).square().sum().item(), logits.square().sum().item())
        error = truth = 0.0
        whole = sum(g.square().sum().item() for g in gradients.values())
        for n, g in gradients.items():
            e, t = (half[n] - g).square().sum().item(), g.square().sum().item()
            if g.numel() < SMALL:
                error, truth = error + e, truth + t
            elif t > 1e-18 * whole:  # a bias in front of a batch norm has no gradient but rounding
                add(n, e, t)
        if truth > 0:
            add("small", error, truth)
    result = {k: math.sqrt(sum(v) / len(v)) for k, v in sums.items()}
    print(f"{name:44} loss {result['loss']:.1e} logits {result['logits']:.1e}", flush=True)
    return {
        "name": name, "loss": result.pop("loss"), "logits": result.pop("logits"),
        "gradients": result}


if __name__ == "__main__":
    cases = [make(*case) for case in CASES]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "half.json")
    with open(path, "w") as file:
        json.dump({"torch": torch.__version__, "seeds": len(SEEDS), "cases": cases}, file, indent=1)
        file.write("\n")
