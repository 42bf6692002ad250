#!/usr/bin/env bash
# Expected: memory format is a storage detail, so the same seed and initialiser
#   give one convolution the same weights whether or not it is channels_last.
# Instead: initialising after .to(memory_format=torch.channels_last) gives other
#   weights. Uniform draws are the same numbers filled in memory order (permuted);
#   normal draws are different numbers. 1x1 kernels are unaffected by uniform and
#   normal alike, as both layouts agree there.
# Why it matters: a "same seed" ablation of the memory format also changes the
#   initial network, if the re-init or zero-init pass runs after the conversion.
# Seen with: torch 2.13.0.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q torch==2.13.0 numpy==2.4.6
"$tmp/v/bin/python" - <<'PY'
import sys
import torch
from torch import nn

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

def weights(init, k, before=False, after=False):
    conv = nn.Conv2d(16, 32, k)
    if before: conv = conv.to(memory_format=torch.channels_last)
    torch.manual_seed(0)
    init(conv.weight)
    if after: conv = conv.to(memory_format=torch.channels_last)
    return conv.weight.detach()

print("torch", torch.__version__)
for init in (nn.init.kaiming_uniform_, nn.init.kaiming_normal_):
    for k in (1, 3):
        plain = weights(init, k)
        last = weights(init, k, before=True)
        same = torch.equal(plain, last)
        values = torch.equal(plain.flatten().sort().values, last.flatten().sort().values)
        print(f"{init.__name__} {k}x{k}: equal {same}, same set of values {values}, std {plain.std():.4f} {last.std():.4f}")
        check(torch.equal(plain, weights(init, k, after=True)), "converting after the init changed values")
        check(same == (k == 1), f"{init.__name__} at {k}x{k}")
        if k == 3:
            check(values == (init is nn.init.kaiming_uniform_), f"set of values drawn by {init.__name__}")
PY
echo "confirmed: seeded initial weights depend on the memory format"
