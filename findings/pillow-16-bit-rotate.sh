#!/usr/bin/env bash
# Expected: a 16-bit greyscale image ("I;16", what a 16-bit PNG opens as) either
#   rotates in Pillow like the float mode "F" does, or is refused.
# Instead: rotate and transform with BILINEAR or BICUBIC give byte soup: even the
#   identity transform turns 30000 into values below 256. NEAREST is right, and so
#   is resize with the very same filters; filter() does refuse the mode.
# Why it matters: rotation augmentation of 16-bit X-ray or microscopy images works
#   until someone switches the interpolation from the default to bilinear.
# Seen with: pillow 12.3.0 and 13.0.0.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
for version in 12.3.0 13.0.0; do
  "$tmp/v/bin/pip" install -q "pillow==$version" numpy==2.4.6
  "$tmp/v/bin/python" - "$tmp/x.png" <<'PY'
import sys
import numpy as np, PIL
from PIL import Image, ImageFilter

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

print("Pillow", PIL.__version__)
ramp = np.tile((np.arange(64) * 1000).astype(np.uint16), (64, 1))
Image.fromarray(ramp).save(sys.argv[1])
deep = Image.open(sys.argv[1])
check(deep.mode == "I;16", "mode of a 16-bit PNG")
real = Image.fromarray(ramp.astype(np.float32))
same = (1, 0, 0, 0, 1, 0)
steps = {"identity transform": lambda im, r: im.transform(im.size, Image.Transform.AFFINE, same, r),
         "rotate 10 degrees": lambda im, r: im.rotate(10, r),
         "resize to 32": lambda im, r: im.resize((32, 32), r)}
for name, step in steps.items():
    for r in (Image.Resampling.NEAREST, Image.Resampling.BILINEAR, Image.Resampling.BICUBIC):
        a, b = (np.asarray(step(im, r)).astype(float) for im in (deep, real))
        c = slice(len(a) // 4, 3 * len(a) // 4)             # away from the border
        error = np.abs(a - b)[c, c].max()
        print(f"  {name:18s} {r.name:8s} row middle {a[len(a) // 2, len(a) // 2 - 2:len(a) // 2 + 2].tolist()} error to float {error:.1f}")
        broken = "resize" not in name and r != Image.Resampling.NEAREST
        check(error > 20000 if broken else error <= 1, f"{name} with {r.name}")
try: deep.filter(ImageFilter.BoxBlur(1))
except ValueError as e: print("  filter():", e)
else: check(False, "filter() now takes I;16")
PY
done
echo "confirmed: Pillow rotates 16-bit images into noise with bilinear or bicubic"
