#!/usr/bin/env bash
# Expected: reductions over ml_dtypes.bfloat16 arrays in numpy share one
#   accumulator precision, wide enough as it is for numpy's own float16.
# Instead: dot and matmul of 1000 ones give 1000, but sum gives 256 and mean 0.256,
#   and a 64x64x3x3 kernel drawn from N(0, 1) has standard deviation 0.33. float16 is
#   right for all of them.
# Why it matters: safetensors hands bfloat16 checkpoints to numpy in this type, so
#   per-layer means, norms by sum of squares, and weight averages are wrong quietly.
# Seen with: ml_dtypes 0.6.0, numpy 2.4.6, safetensors 0.8.0.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q ml_dtypes==0.6.0 numpy==2.4.6 safetensors==0.8.0
"$tmp/v/bin/python" - "$tmp/w.safetensors" <<'PY'
import sys
import ml_dtypes, numpy as np
from safetensors.numpy import load_file, save_file

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

print("ml_dtypes", ml_dtypes.__version__, "numpy", np.__version__)
w = np.random.default_rng(0).standard_normal((64, 64, 3, 3)).astype(np.float32)
save_file({"ones": np.ones(1000, ml_dtypes.bfloat16), "w": w.astype(ml_dtypes.bfloat16)}, sys.argv[1])
bf = load_file(sys.argv[1])
check(bf["ones"].dtype == ml_dtypes.bfloat16, "dtype given by safetensors.numpy")
for name, ones, v in (("bfloat16", bf["ones"], bf["w"]),
                      ("float16", np.ones(1000, np.float16), w.astype(np.float16))):
    got = dict(sum=float(ones.sum()), mean=float(ones.mean()), dot=float(np.dot(ones, ones)),
               matmul=float((ones[None] @ ones[:, None])[0, 0]), std=float(v.std()),
               std_via_float32=float(v.astype(np.float32).std()))
    print(name, {k: round(x, 4) for k, x in got.items()})
    check(got["dot"] == got["matmul"] == 1000, "dot or matmul of ones")
    check(abs(got["std_via_float32"] - 1) < 0.01, "standard deviation taken in float32")
    if name == "bfloat16":
        check(got["sum"] == 256 and abs(got["mean"] - 0.256) < 1e-3, "bfloat16 sum no longer stalls at 256")
        check(got["std"] < 0.9, "bfloat16 standard deviation is no longer far off")
    else:
        check(got["sum"] == 1000 and got["mean"] == 1 and abs(got["std"] - 1) < 0.01, "float16 control")
PY
echo "confirmed: numpy sums bfloat16 in bfloat16, but multiplies matrices in more"
