#!/usr/bin/env bash
# Expected: RandAugment at a low magnitude is the mild end, and a Pillow upgrade
#   does not touch it.
# Instead: timm's default Posterize keeps int(magnitude / 10 * 4) bits, so 0 bits
#   below magnitude 2.5. Pillow 12 turned the picture black; Pillow 13 raises
#   ValueError, so "rand-m2", or "rand-m3" with mstd noise dipping below 2.5,
#   stops a training run at random. The "-inc1" variants never ask for 0 bits.
# Why it matters: a sweep over magnitudes trains on black images or dies, at the
#   settings meant to be closest to no augmentation.
# Seen with: timm 1.0.31, pillow 12.3.0 and 13.0.0.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q numpy==2.4.6
"$tmp/v/bin/pip" install -q --no-deps timm==1.0.31   # its auto_augment.py needs no torch
for version in 12.3.0 13.0.0; do
  "$tmp/v/bin/pip" install -q "pillow==$version"
  "$tmp/v/bin/python" - <<'PY'
import importlib.util, random, sys
from importlib.metadata import distribution
import PIL
from PIL import Image
timm = distribution("timm")
spec = importlib.util.spec_from_file_location("auto_augment", timm.locate_file("timm/data/auto_augment.py"))
auto_augment = importlib.util.module_from_spec(spec)
spec.loader.exec_module(auto_augment)

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

image = Image.new("RGB", (8, 8), (200, 100, 50))

def posterize(config):
    ops = auto_augment.rand_augment_transform(config, {}).ops
    op = next(o for o in ops if o.name.startswith("Posterize"))
    op.prob = 1.0
    try: return op(image).getpixel((0, 0))
    except ValueError as error: return f"ValueError: {error}"

is_bad = lambda r: r == (0, 0, 0) or str(r).startswith("ValueError")
print("timm", timm.version, "pillow", PIL.__version__)
got = {c: posterize(c) for c in ("rand-m1", "rand-m2", "rand-m3", "rand-m9", "rand-m2-inc1")}
for config, result in got.items(): print(f"  {config:13s} (200, 100, 50) -> {result}")
random.seed(0)
noisy = sum(is_bad(posterize("rand-m3-mstd1")) for _ in range(200))
print(f"  rand-m3-mstd1 black or raising in {noisy} of 200 draws")
for config in ("rand-m1", "rand-m2"):
    if PIL.__version__.startswith("12."): check(got[config] == (0, 0, 0), f"{config} on Pillow 12")
    else: check(str(got[config]).startswith("ValueError"), f"{config} on Pillow 13")
check(20 < noisy < 100, "share of bad draws with noise")
check(got["rand-m3"] == (128, 0, 0) and got["rand-m9"] == (192, 96, 32), "bits kept at m3 and m9")
check(got["rand-m2-inc1"] == (192, 96, 48), "the increasing variant at m2 is mild")
PY
done
echo "confirmed: timm rand-m1 and rand-m2 posterize to black (Pillow 12) or raise (Pillow 13)"
