#!/usr/bin/env bash
# Expected: rliable's interquartile mean drops the lowest and highest quarter, so one wild seed cannot move it much.
# Happens:  the number of runs dropped is rounded down: with three seeds of one task nothing is dropped and the IQM is
#           the plain mean, to the last bit; with seven seeds one of each end (14 %, not 25 %) goes.
# Matters:  a collapsed run shifts the "robust" score of a three-seed ablation by its full third.
# Seen with rliable 1.2.0, scipy 1.17.1.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install -q --no-compile 'rliable==1.2.0' 'arch==7.2.0' 'scipy==1.17.1' 'numpy==2.4.6' 'pandas==2.3.3' 'statsmodels==0.15.0'
venv/bin/python -W ignore - <<'PY'
import sys
from importlib.metadata import version
import numpy as np
from rliable import metrics

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

print("rliable", version("rliable"), "scipy", version("scipy"))
iqm = lambda v: float(metrics.aggregate_iqm(np.array(v, float)[:, None]))
for v in ([91.0, 92.0, 91.6], [91.0, 92.0, 10.0], [91.0, 92.0, 91.6, 10.0], [91, 92, 93, 94, 95, 96, 10]):
    dropped = len(v) - sum(abs(iqm([x + (i == j) for i, x in enumerate(v)]) - iqm(v)) > 1e-9 for j in range(len(v)))
    print(f"{len(v)} seeds {v}: IQM {iqm(v):.4f} mean {np.mean(v):.4f} median {np.median(v):.4f}; {dropped} seeds without influence")
check(iqm([91.0, 92.0, 10.0]) == np.mean([91.0, 92.0, 10.0]), "three seeds: IQM is no longer the mean")
check(abs(iqm([91.0, 92.0, 91.6, 10.0]) - 91.3) < 1e-9, "control: four seeds no longer shed the wild one")
check(abs(iqm([91, 92, 93, 94, 95, 96, 10]) - 93.0) < 1e-9, "seven seeds no longer drop one of each end")
PY
