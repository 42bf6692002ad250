#!/usr/bin/env bash
# Expected: the backward pass of a convolution costs twice its forward pass (one
#   product for the input gradient, one for the weights), grouped or not.
# Instead: torch's FlopCounterMode counts forward per group but one of the two
#   backward products as if dense, so backward/forward is 1 + groups: 33 for the
#   3x3 of a ResNeXt 32x4d block.
# Why it matters: training cost of ResNeXt or depthwise variants in an ablation
#   table is overstated, while ResNet rows are right.
# Seen with: torch 2.13.0.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q torch==2.13.0 numpy==2.4.6
"$tmp/v/bin/python" - <<'PY'
import sys
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

def ratio(module, x):
    with FlopCounterMode(display=False) as fwd: y = module(x)
    with FlopCounterMode(display=False) as bwd: y.sum().backward()
    return fwd.get_total_flops(), bwd.get_total_flops()

print("torch", torch.__version__)
for groups in (1, 2, 8, 32):
    conv = nn.Conv2d(128, 128, 3, padding=1, groups=groups, bias=False)
    f, b = ratio(conv, torch.randn(1, 128, 8, 8, requires_grad=True))
    exact = 2 * 8 * 8 * 128 * (128 // groups) * 9        # edges counted as full, as usual
    print(f"groups {groups:3d}: forward {f:9d} backward {b:9d} ratio {b / f:g}")
    check(f == exact, "forward count of a grouped convolution")
    check(b == (1 + groups) * f, f"backward/forward is no longer 1 + groups at {groups} groups")

def block(groups):
    return nn.Sequential(nn.Conv2d(256, 128, 1, bias=False), nn.BatchNorm2d(128), nn.ReLU(),
                         nn.Conv2d(128, 128, 3, padding=1, groups=groups, bias=False),
                         nn.BatchNorm2d(128), nn.ReLU(), nn.Conv2d(128, 256, 1, bias=False))
for groups in (1, 32):
    f, b = ratio(block(groups), torch.randn(1, 256, 14, 14, requires_grad=True))
    print(f"bottleneck with {groups} group(s): backward/forward {b / f:.3f} (true value 2)")
    check((b == 2 * f) == (groups == 1), "bottleneck ratio")
PY
echo "confirmed: FlopCounterMode overcounts the backward pass of grouped convolutions"
