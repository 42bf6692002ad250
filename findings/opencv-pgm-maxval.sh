#!/usr/bin/env bash
# Expected: a greyscale PGM with maxval 100 reads the same whether its samples are
#   stored as text (P2) or binary (P5).
# Instead: OpenCV stretches P2 to 0..255 but leaves P5 as stored, so white is 255
#   or 100 by encoding. With maxval 1023 it stretches neither, and white read as
#   8 bits is 3. Pillow stretches them all.
# Why it matters: PGM/PPM is the plain format many image sets and camera dumps use;
#   after a P2 to P5 conversion the inputs shrink and normalisation no longer fits.
# Seen with: opencv-python-headless 5.0.0.93, pillow 13.0.0.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q opencv-python-headless==5.0.0.93 pillow==13.0.0 numpy==2.4.6
cd "$tmp"
printf 'P2\n4 1\n100\n0 25 50 100\n' > text.pgm
printf 'P5\n4 1\n100\n\x00\x19\x32\x64' > binary.pgm
printf 'P2\n4 1\n1023\n0 255 512 1023\n' > text10.pgm
printf 'P5\n4 1\n1023\n\x00\x00\x00\xff\x02\x00\x03\xff' > binary10.pgm
"$tmp/v/bin/python" - <<'PY'
import sys
import cv2, numpy as np, PIL
from PIL import Image

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

print("OpenCV", cv2.__version__, "Pillow", PIL.__version__)
cv = {n: cv2.imread(n + ".pgm", cv2.IMREAD_GRAYSCALE).ravel().tolist() for n in ("text", "binary", "text10", "binary10")}
pil = {n: np.asarray(Image.open(n + ".pgm")).ravel().tolist() for n in ("text", "binary", "text10", "binary10")}
for n in cv: print(f"{n:9s} OpenCV 8 bit {cv[n]}, Pillow {pil[n]}")
check(pil["text"] == pil["binary"] == [0, 64, 128, 255], "Pillow at maxval 100")
check(pil["text10"] == pil["binary10"] and pil["text10"][-1] == 65535, "Pillow at maxval 1023")
check(cv["text"][-1] == 255 and cv["text"][2] in (127, 128), "OpenCV stretches P2")
check(cv["binary"] == [0, 25, 50, 100], "OpenCV leaves P5 as stored")
check(cv["text10"] == cv["binary10"] and cv["binary10"][-1] == 3, "OpenCV reads 10-bit PGM as nearly black")
PY
echo "confirmed: OpenCV scales 8-bit text PGM by its maxval and binary PGM not"
