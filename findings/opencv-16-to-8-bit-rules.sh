#!/usr/bin/env bash
# Expected: OpenCV turns 16-bit samples into 8-bit ones by one rule, at any door.
# Instead there are three: reading a PNG (or a grey TIFF) cuts to the high byte;
#   reading a colour TIFF rounds value / 257; writing a uint16 array as JPEG clips
#   at 255, so nearly black pixels (1000 of 65535) are saved as pure white. The
#   call returns success; a log line names a fallback to CV_8U but not the clipping.
# Why it matters: the same pixels give different network inputs by container, and
#   a JPEG copy of a 16-bit set is all but blank.
# Seen with: opencv-python-headless 5.0.0.93.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q opencv-python-headless==5.0.0.93 numpy==2.4.6
cd "$tmp"
"$tmp/v/bin/python" - <<'PY'
import sys
import cv2, numpy as np

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

print("OpenCV", cv2.__version__)
colour = np.random.default_rng(0).integers(0, 65536, (64, 64, 3), np.uint16)
grey = np.ascontiguousarray(colour[..., 0])
for name, pixels, flag in (("colour.png", colour, cv2.IMREAD_COLOR), ("colour.tif", colour, cv2.IMREAD_COLOR),
                           ("grey.png", grey, cv2.IMREAD_GRAYSCALE), ("grey.tif", grey, cv2.IMREAD_GRAYSCALE)):
    check(cv2.imwrite(name, pixels), "write")
    check(np.array_equal(cv2.imread(name, cv2.IMREAD_UNCHANGED), pixels), f"{name} is not lossless")
    got = cv2.imread(name, flag)
    cut, rounded = (got == pixels >> 8).mean(), (got == np.round(pixels / 257.0)).mean()
    print(f"read {name:10s} equals value >> 8: {cut:.3f}, round(value / 257): {rounded:.3f}")
    check((rounded == 1 and cut < 0.8) if name == "colour.tif" else (cut == 1 and rounded < 0.8), f"rule for {name}")
dark = np.full((16, 16), 1000, np.uint16)
check(cv2.imwrite("dark.jpg", dark) and cv2.imwrite("dark.png", dark), "write")
jpg, png = (int(cv2.imread("dark." + e, cv2.IMREAD_GRAYSCALE)[0, 0]) for e in ("jpg", "png"))
print(f"1000 of 65535 as grey: through PNG {png}, through JPEG {jpg}")
check(png == 3 and jpg == 255, "a dark 16-bit picture through JPEG")
PY
echo "confirmed: OpenCV has three rules from 16 to 8 bits"
