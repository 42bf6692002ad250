#!/usr/bin/env bash
# Expected: OpenCV 5 either keeps the pixels of OpenCV 4 or changes resize, which
#   everybody uses; a float32 warp interpolates at the exact position in both.
# Instead: resize is unchanged bit for bit, but warpAffine is not. OpenCV 4 snaps
#   positions to 1/32 pixel, so shifting a float32 image by 1/64 pixel returns it
#   untouched and a rotation is off by up to 5 grey levels; OpenCV 5 is exact.
# Why it matters: rotation and affine augmentation (albumentations and others use
#   these calls) yields other training images after the upgrade, same seed or not.
# Seen with: opencv-python-headless 4.14.0.94 and 5.0.0.93.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
for version in 4.14.0.94 5.0.0.93; do
  "$tmp/v/bin/pip" install -q "opencv-python-headless==$version" numpy==2.4.6
  "$tmp/v/bin/python" - <<'PY'
import sys
import cv2, numpy as np

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

S = 96
image = np.random.default_rng(0).integers(0, 256, (S, S), np.uint8).astype(np.float32)

def exact(m):                                     # bilinear, zero border, in float64
    inv = cv2.invertAffineTransform(m)
    y, x = np.mgrid[:S, :S].astype(np.float64)
    u, v = (inv[i, 0] * x + inv[i, 1] * y + inv[i, 2] for i in (0, 1))
    i, j = np.floor(u).astype(int), np.floor(v).astype(int)
    a, b = u - i, v - j
    padded = np.pad(image.astype(np.float64), S)
    at = lambda r, c: padded[np.clip(r + S, 0, 3 * S - 1), np.clip(c + S, 0, 3 * S - 1)]
    return (at(j, i) * (1 - a) + at(j, i + 1) * a) * (1 - b) + (at(j + 1, i) * (1 - a) + at(j + 1, i + 1) * a) * b

def warp(m): return cv2.warpAffine(image, m, (S, S), flags=cv2.INTER_LINEAR)

shift = np.float64([[1, 0, 1 / 64], [0, 1, 0]])
turn = cv2.getRotationMatrix2D((S / 2, S / 2), 30, 1.0)
untouched = bool(np.array_equal(warp(shift), image))
error = float(np.abs(warp(turn) - exact(turn)).max())
checksum = int(cv2.resize(image.astype(np.uint8), (50, 50)).astype(np.int64).sum())
print(f"OpenCV {cv2.__version__}: shift by 1/64 pixel leaves the image untouched: {untouched}, "
      f"rotation error up to {error:.3f} levels, sum of a resize {checksum}")
old = cv2.__version__.startswith("4.")
check(untouched == old, "effect of a 1/64 pixel shift")
check(error > 2 if old else error < 0.1, "rotation error")
check(checksum == 317349, "resize differs between the two versions")
PY
done
echo "confirmed: warpAffine moved from a 1/32 pixel grid to exact positions in OpenCV 5"
