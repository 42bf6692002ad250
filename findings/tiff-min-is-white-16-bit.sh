#!/usr/bin/env bash
# Expected: a MinIsWhite TIFF (0 is white, as scanners and X-ray devices write) is
#   either turned the right way round by a reader or never, whatever its depth.
# Instead: Pillow inverts it at 8 bits and not at 16. OpenCV inverts both when asked
#   for colour or 8-bit grey, but not a 16-bit one with IMREAD_UNCHANGED. tifffile
#   never does. None of them warns.
# Why it matters: moving a data set from 8 to 16 bits, or adding IMREAD_UNCHANGED
#   to keep the depth, silently feeds a trained network negatives.
# Seen with: pillow 13.0.0, opencv-python-headless 5.0.0.93, tifffile 2026.3.3.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q pillow==13.0.0 opencv-python-headless==5.0.0.93 tifffile==2026.3.3 numpy==2.4.6
cd "$tmp"
"$tmp/v/bin/python" - <<'PY'
import sys
import cv2, numpy as np, PIL, tifffile
from PIL import Image

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

print("Pillow", PIL.__version__, "OpenCV", cv2.__version__, "tifffile", tifffile.__version__)
readers = {"Pillow": lambda f: np.asarray(Image.open(f)), "tifffile": tifffile.imread,
           "OpenCV unchanged": lambda f: cv2.imread(f, cv2.IMREAD_UNCHANGED),
           "OpenCV grey": lambda f: cv2.imread(f, cv2.IMREAD_GRAYSCALE),
           "OpenCV colour": lambda f: cv2.imread(f, cv2.IMREAD_COLOR)[..., 0]}
inverted = {}
for bits in (8, 16):
    top = 2 ** bits - 1
    stored = np.array([[0, top // 4, top // 2, top]] * 2, f"uint{bits}")
    for kind in ("minisblack", "miniswhite"):
        tifffile.imwrite("x.tif", stored, photometric=kind)
        for name, read in readers.items():
            got = read("x.tif")
            flipped = bool(got[0, 0] > got[0, -1])
            if kind == "minisblack": check(not flipped, f"{name} at {bits} bits inverts an ordinary TIFF")
            else:
                inverted[name, bits] = flipped
                print(f"{bits:2d} bits, MinIsWhite, {name:16s} {got.dtype} {got[0].tolist()} inverted: {flipped}")
expected = {"Pillow": (True, False), "tifffile": (False, False), "OpenCV unchanged": (True, False),
            "OpenCV grey": (True, True), "OpenCV colour": (True, True)}
for name, pair in expected.items():
    check((inverted[name, 8], inverted[name, 16]) == pair, f"what {name} inverts at 8 and 16 bits")
PY
echo "confirmed: whether a MinIsWhite TIFF is inverted depends on its depth and the flag"
