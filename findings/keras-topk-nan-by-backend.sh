#!/usr/bin/env bash
# Expected: a network whose logits are all NaN scores the same top-5 accuracy on
#   every Keras backend, and no better than chance.
# Instead: SparseTopKCategoricalAccuracy(k=5) reports 100 % on JAX and 0 % on
#   torch; top-1 reports 10 % (class 0 always "wins") on both.
# Why it matters: a run that diverged shows a perfect top-5 curve on one backend,
#   and a "keep the best checkpoint" rule on it then keeps the dead weights.
# Seen with: keras 3.15.1, jax 0.10.2, torch 2.13.0.
set -euo pipefail
tmp=$(mktemp -d); trap 'rm -rf "$tmp"' EXIT
python3 -m venv "$tmp/v"
"$tmp/v/bin/pip" install -q keras==3.15.1 jax==0.10.2 torch==2.13.0 numpy==2.4.6
cat > "$tmp/run.py" <<'PY'
import os, sys
import numpy as np
import keras

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

labels = np.arange(1000) % 10
nan = np.full((1000, 10), np.nan, np.float32)
good = np.eye(10, dtype=np.float32)[labels]
random = np.random.default_rng(0).standard_normal((1000, 10)).astype(np.float32)

def score(metric, logits):
    metric.update_state(labels, logits)
    return float(metric.result())

top5 = {n: score(keras.metrics.SparseTopKCategoricalAccuracy(k=5), v)
        for n, v in (("nan", nan), ("perfect", good), ("random", random))}
top1 = score(keras.metrics.SparseCategoricalAccuracy(), nan)
backend = keras.backend.backend()
print(f"keras {keras.__version__} on {backend}: top-5 {top5}, top-1 of nan {top1:.3f}")
check(top5["perfect"] == 1.0 and 0.4 < top5["random"] < 0.6, "top-5 of ordinary logits")
check(abs(top1 - 0.1) < 1e-6, "top-1 of NaN logits")
check(top5["nan"] == {"jax": 1.0, "torch": 0.0}[backend], f"top-5 of NaN logits on {backend}")
PY
for backend in jax torch; do
  KERAS_BACKEND=$backend KERAS_HOME="$tmp/keras" "$tmp/v/bin/python" -W ignore "$tmp/run.py"
done
echo "confirmed: NaN logits are 100 % right in top-5 on JAX and 0 % on torch"
