#!/usr/bin/env bash
# Expected: Image.resize() with an antialiasing filter goes over the rows first (horizontally), then down the
#   columns, rounding to bytes in between, as it always has; so an evaluation picture has the same pixels in
#   Pillow 12 and 13.
# Instead: since 13.0.0 a picture that loses more than twice as many rows as columns is scaled vertically
#   first. Its pixels are, to the bit, those of the other order of the two passes; others are as before.
# Why it matters: torchvision's Resize(256) on pictures more than twice as tall as wide (and every squeeze of a
#   picture to a square) gives other bytes after an upgrade of Pillow, though nothing of it was announced as a
#   change of results: an ImageNet accuracy measured before is not met to the last picture.
# Seen with: pillow 12.3.0 and 13.0.0.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
for version in 12.3.0 13.0.0; do
  "$tmp/v/bin/pip" install -q "pillow==$version" numpy==2.4.6
  "$tmp/v/bin/python" - <<'PY'
import sys
import numpy as np, PIL
from PIL import Image

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

print("Pillow", PIL.__version__)
numbers = np.random.RandomState(1)
new = int(PIL.__version__.split(".")[0]) >= 13
for w, h, W, H in [(500, 375, 341, 256), (375, 500, 256, 341), (900, 300, 768, 256), (300, 300, 250, 200),
                   (300, 300, 250, 199), (300, 900, 256, 768), (257, 1200, 256, 1195)]:
    picture = Image.fromarray(numbers.randint(0, 256, (h, w, 3), dtype=np.uint8))
    def passes(*sizes):
        step = picture
        for size in sizes: step = step.resize(size, Image.Resampling.BILINEAR)
        return np.asarray(step)
    once, rows_first, columns_first = passes((W, H)), passes((W, h), (W, H)), passes((w, H), (W, H))
    order = "horizontal" if (once == rows_first).all() else "vertical" if (once == columns_first).all() else "neither"
    expected = "vertical" if new and h - H > 2 * (w - W) else "horizontal"
    print(f"  {w}x{h} -> {W}x{H}: {order} first; the other order differs in {(rows_first != columns_first).mean():.0%} of the bytes")
    check(order == expected, f"{w}x{h} to {W}x{H} in Pillow {PIL.__version__}")
PY
done
echo "confirmed: Pillow 13 scales tall pictures in another order than Pillow 12, with other pixels"
