#!/usr/bin/env bash
# Expected: a centre crop copies pixels; at an odd margin it only has to pick which
#   side gets the extra one. kornia's function and its CenterCrop class agree.
# Instead: geometry.transform.center_crop resamples bilinearly at the half pixel, so
#   every odd margin is averaged 2x2 and a one-pixel checkerboard comes back flat
#   grey. The class keeps whole pixels, even with cropping_mode="resample".
# Why it matters: 227 or 257 to 224 is an ordinary evaluation step; through this
#   spelling the network sees blurred images, and at even margins sharp ones.
# Seen with: kornia 0.9.0, torch 2.13.0.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q torch==2.13.0 kornia==0.9.0 numpy==2.4.6
"$tmp/v/bin/python" -W ignore - <<'PY'
import sys
import kornia, torch

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

size = (224, 224)
crops = {"function": lambda x: kornia.geometry.transform.center_crop(x, size),
         "class": kornia.augmentation.CenterCrop(size),
         "class, resample": kornia.augmentation.CenterCrop(size, cropping_mode="resample")}
print("kornia", kornia.__version__, "torch", torch.__version__)
for side in (226, 227, 229, 257):
    rows = torch.arange(side).float()[None, None, :, None].expand(1, 3, side, side).contiguous()
    board = ((torch.arange(side)[:, None] + torch.arange(side)) % 2).float().expand(1, 3, side, side).contiguous()
    for name, crop in crops.items():
        first, contrast = float(crop(rows)[0, 0, 0, 0]), float(crop(board).std())
        print(f"side {side}, {name:15s}: first row {first:6.3f}, checkerboard standard deviation {contrast:.3f}")
        if name == "function":
            check(abs(first - (side - 224) / 2) < 1e-3, f"position of the functional crop at {side}")
            check(contrast < 0.01 if side % 2 else abs(contrast - 0.5) < 0.01, f"contrast of the functional crop at {side}")
        else:
            check(abs(first - (side - 224) // 2) < 1e-3 and abs(contrast - 0.5) < 0.01, f"CenterCrop {name} at {side}")
PY
echo "confirmed: kornia's center_crop function blurs at odd margins, its class does not"
