#!/usr/bin/env bash
# Expected: an overflowing cast to float8_e4m3fn, a type without infinity, gives
#   NaN in torch as in ml_dtypes; and torch's float8 types agree among themselves.
# Instead: torch clamps to 448, infinity included, while ml_dtypes (numpy, JAX)
#   gives NaN. In torch only e4m3fn does: e5m2 goes to infinity and e4m3fnuz to NaN.
# Why it matters: a diverged (infinite) weight is finite again after a float8
#   round-trip, and "any NaN or infinity?" answers differ by the tool that cast.
# Seen with: torch 2.13.0 (CPU), ml_dtypes 0.6.0.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q torch==2.13.0 ml_dtypes==0.6.0 numpy==2.4.6
"$tmp/v/bin/python" -W ignore - <<'PY'
import sys
import ml_dtypes, numpy as np, torch

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

values = [300.0, 448.0, 480.0, 1e6, float("inf"), -float("inf"), float("nan")]
print("torch", torch.__version__, "ml_dtypes", ml_dtypes.__version__, "input", values)

def cast(name):
    t = torch.tensor(values).to(getattr(torch, name)).float().numpy()
    m = np.array(values, np.float32).astype(getattr(ml_dtypes, name)).astype(np.float32)
    print(f"{name:15s} torch     {t.tolist()}\n{'':15s} ml_dtypes {m.tolist()}")
    return t, m

t, m = cast("float8_e4m3fn")
check(t[:6].tolist() == [288, 448, 448, 448, 448, -448] and np.isnan(t[6]), "torch no longer clamps e4m3fn")
check(m[:2].tolist() == [288, 448] and np.isnan(m[2:]).all(), "ml_dtypes e4m3fn overflow is no longer NaN")
t, m = cast("float8_e5m2")
check(np.array_equal(t, m, equal_nan=True) and np.isinf(t[3:6]).all(), "e5m2 no longer overflows to infinity in both")
t, m = cast("float8_e4m3fnuz")
check(np.array_equal(t, m, equal_nan=True) and np.isnan(t[1:]).all(), "e4m3fnuz no longer overflows to NaN in both")
PY
echo "confirmed: torch clamps float8_e4m3fn, infinity included; ml_dtypes gives NaN"
