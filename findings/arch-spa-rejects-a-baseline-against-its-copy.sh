#!/usr/bin/env bash
# Expected: the superior predictive ability test in arch asks whether any alternative beats the baseline, so an
#           alternative that is the baseline's own copy, or worse on every image, gets p near 1.
# Happens:  both get p = 0 (lower and consistent), "some alternative is better", because the bootstrap maxima tie with
#           the statistic at 0 and ties are not counted. A worse but noisy alternative correctly gets a large p.
# Matters:  screening many ablations against one baseline, a variant whose switch had no effect is such a copy.
# Seen with arch 7.2.0.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install -q --no-compile 'arch==7.2.0' 'scipy==1.17.1' 'numpy==2.4.6' 'pandas==2.3.3' 'statsmodels==0.15.0'
venv/bin/python -W ignore - <<'PY'
import sys
from importlib.metadata import version
import numpy as np
from arch.bootstrap import SPA

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

def spa(baseline, *others):
    s = SPA(baseline, np.column_stack(others), reps=500, seed=1)
    s.compute()
    return s.pvalues.to_dict()

print("arch", version("arch"))
rng = np.random.default_rng(0)
base = (rng.random(300) < 0.10).astype(float)      # 0/1 loss per image
bad = (rng.random(300) < 0.30).astype(float)
good = base * (rng.random(300) < 0.5)
cases = {"its own copy": [base.copy()], "its copy and a far worse net": [base.copy(), bad],
         "a loss higher by 0.01 on every image": [base + 0.01], "a far worse net": [bad], "a better net": [good]}
p = {}
for name, others in cases.items():
    p[name] = spa(base, *others)
    print(f"baseline error {base.mean():.3f} against {name}: p", p[name])
for name in list(cases)[:3]: check(p[name]["consistent"] == 0 and p[name]["lower"] == 0, name + ": p is no longer 0")
check(p["a far worse net"]["consistent"] > 0.2, "control: a far worse net")
check(p["a better net"]["consistent"] < 0.01, "control: a better net")
PY
