#!/usr/bin/env bash
# Expected: safetensors.numpy.save_file either stores the values of a transposed
#   array (as 0.7.0 and earlier did) or refuses it, as its torch twin does.
# Instead: 0.8.0 writes the bytes in memory order under the transposed shape and
#   says nothing. The docstring asks for contiguous arrays; nothing checks it.
# Why it matters: `kernel.transpose(3, 2, 0, 1)` is how HWIO convolutions from
#   Keras or Flax become OIHW ones. The file loads, shapes fit, weights are noise.
# Seen with: safetensors 0.7.0 (right) and 0.8.0 (wrong), numpy 2.4.6.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"

for version in 0.7.0 0.8.0; do
  "$tmp/v/bin/pip" install -q "safetensors==$version" numpy==2.4.6
  "$tmp/v/bin/python" - "$tmp/w.safetensors" <<'PY'
import sys
import numpy as np, safetensors
from safetensors.numpy import load_file, save_file

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

path = sys.argv[1]
hwio = np.random.default_rng(0).standard_normal((3, 3, 16, 32)).astype(np.float32)
oihw = hwio.transpose(3, 2, 0, 1)

save_file({"conv.weight": oihw}, path)
got = load_file(path)["conv.weight"]
same = np.array_equal(got, oihw)
memory_order = np.array_equal(got.ravel(), hwio.ravel())
print(f"safetensors {safetensors.__version__}: shape {got.shape}, equal {same}, "
      f"raw HWIO bytes {memory_order}, correlation {np.corrcoef(got.ravel(), oihw.ravel())[0, 1]:+.3f}")

save_file({"conv.weight": np.ascontiguousarray(oihw)}, path)
check(np.array_equal(load_file(path)["conv.weight"], oihw), "contiguous copy no longer round-trips")
if safetensors.__version__ == "0.7.0":
    check(same, "0.7.0 stored a transposed array wrongly")
else:
    check(got.shape == oihw.shape and not same and memory_order,
          "0.8.0 no longer stores a transposed array in memory order")
PY
done
echo "confirmed: a transposed numpy kernel is saved scrambled by safetensors 0.8.0"
