#!/usr/bin/env bash
# Expected: cv2.imread drops a straight (unassociated) alpha channel the same way
#   for every format, leaving the colours as stored, as Pillow's convert("RGB") does.
# Instead: from a TIFF the colours come multiplied by alpha, even with
#   IMREAD_UNCHANGED, where the alpha is handed over too and then applies twice;
#   from a PNG with the same pixels they do not.
# Why it matters: cut-outs and anti-aliased masks change brightness at their edges
#   when a set of pictures is converted between the two formats.
# Seen with: opencv-python-headless 5.0.0.93, pillow 13.0.0.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q opencv-python-headless==5.0.0.93 pillow==13.0.0 numpy==2.4.6
cd "$tmp"
"$tmp/v/bin/python" - <<'PY'
import sys
import cv2, numpy as np, PIL
from PIL import Image

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

print("OpenCV", cv2.__version__, "Pillow", PIL.__version__)
rgba = np.array([[[200, 100, 40, 128], [90, 80, 70, 255], [90, 80, 70, 0]]], np.uint8)
multiplied = np.round(rgba[..., :3] * (rgba[..., 3:] / 255.0))
for ext in ("png", "tif"):
    name = "x." + ext
    Image.fromarray(rgba).save(name)
    with Image.open(name) as im:
        if ext == "tif": check(tuple(im.tag_v2[338]) == (2,), "the TIFF says its alpha is unassociated")
        pil = np.asarray(im.convert("RGB"))
    colour = cv2.imread(name, cv2.IMREAD_COLOR)[..., ::-1]
    full = cv2.imread(name, cv2.IMREAD_UNCHANGED)
    print(f"{ext}: stored {rgba[0].tolist()}\n     IMREAD_COLOR {colour[0].tolist()}, UNCHANGED {full[0][:, [2, 1, 0, 3]].tolist()}")
    check(np.array_equal(pil, rgba[..., :3]), "Pillow keeps the stored colours")
    check(np.array_equal(full[..., 3], rgba[..., 3]), "alpha itself")
    for got in (colour, full[..., 2::-1]):
        if ext == "png": check(np.array_equal(got, rgba[..., :3]), "OpenCV keeps the colours of a PNG")
        else: check(np.abs(got - multiplied).max() <= 1, "OpenCV multiplies the colours of a TIFF by alpha")
PY
echo "confirmed: OpenCV multiplies TIFF colours by alpha and PNG colours not"
