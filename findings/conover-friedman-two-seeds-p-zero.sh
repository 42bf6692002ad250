#!/usr/bin/env bash
# Expected: a post-hoc test after Friedman cannot be significant with two seeds, whatever the ranking.
# Happens:  scikit-posthocs' Conover-Friedman test returns exactly 0 for every pair as soon as all seeds rank the
#           methods in the same order, even two seeds and even after Holm; two methods with equal accuracies get NaN.
#           On the same table Nemenyi's smallest p is 0.11 and the Friedman test itself gives 0.14.
# Matters:  few seeds and a stable ranking is the usual shape of an ablation table, and the zero comes from the
#           estimated rank variance being zero, not from evidence.
# Seen with scikit-posthocs 0.17.1.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install -q --no-compile 'scikit-posthocs==0.17.1' 'scipy==1.17.1' 'numpy==2.4.6' 'pandas==3.1.1' 'statsmodels==0.15.0'
venv/bin/python -W ignore - <<'PY'
import sys
from importlib.metadata import version
import numpy as np, pandas as pd, scikit_posthocs as sp
from scipy.stats import friedmanchisquare

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

print("scikit-posthocs", version("scikit-posthocs"))
d = pd.DataFrame({"plain": [90.1, 90.4], "residual": [92.0, 92.2], "preact": [92.1, 92.5]})
print(d.to_string(index=False))
print("Friedman p", round(float(friedmanchisquare(*[d[c] for c in d]).pvalue), 4))
off = ~np.eye(3, dtype=bool)
p = {n: np.asarray(getattr(sp, "posthoc_" + n + "_friedman")(d), float)[off] for n in ("nemenyi", "siegel", "conover")}
p["conover+holm"] = np.asarray(sp.posthoc_conover_friedman(d, p_adjust="holm"), float)[off]
for n, v in p.items(): print(f"{n:13} smallest p {v.min():.6f}  largest p {v.max():.6f}")
check(p["nemenyi"].min() > 0.1, "control: Nemenyi became significant with two seeds")
check((p["conover"] == 0).all() and (p["conover+holm"] == 0).all(), "Conover-Friedman no longer gives exactly 0")
d["copy"] = d["plain"]
same = float(np.asarray(sp.posthoc_conover_friedman(d), float)[0, 3])
print("a method against its own copy: conover", same, "nemenyi", float(np.asarray(sp.posthoc_nemenyi_friedman(d), float)[0, 3]))
check(np.isnan(same), "equal methods no longer give NaN")
PY
