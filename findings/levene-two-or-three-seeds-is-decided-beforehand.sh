#!/usr/bin/env bash
# Expected: Levene's test on a few seeds is weak, but its p still depends on the accuracies.
# Happens:  two runs per group always give p near 0 (NaN when the spreads are equal), since both runs are equally far
#           from their centre; three runs in each of two groups can never go below p = 0.116, however different the
#           spreads.
# Matters:  choosing between Student's and Welch's test by Levene is then decided by the number of seeds alone.
# Seen with scipy 1.17.1.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install -q --no-compile 'scipy==1.17.1' 'numpy==2.4.6'
venv/bin/python -W ignore - <<'PY'
import sys
from importlib.metadata import version
import numpy as np
from scipy.stats import levene

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

print("scipy", version("scipy"))
two = float(levene([93.1, 93.4], [92.8, 93.0]).pvalue)
print(f"2 seeds, spreads 0.3 and 0.2: p = {two:.2e};  spreads 1 and 1: p = {levene([1, 2], [5, 6]).pvalue}")
check(two < 1e-20 and np.isnan(levene([1, 2], [5, 6]).pvalue), "two seeds are no longer degenerate")
rng = np.random.default_rng(0)
draw = lambda n: float(levene(rng.normal(size=n), rng.normal(size=n) * 10 ** rng.uniform(-4, 4)).pvalue)
ranges = {n: [f(v) for f in (min, max)] for n in (2, 3, 8) for v in [[draw(n) for _ in range(2000)]]}
for n, (lo, hi) in ranges.items():
    print(f"{n} seeds per group, spreads up to 10000 times apart, 2000 draws: smallest p {lo:.3g}, largest p {hi:.3g}")
print("3 seeds, one group with no spread at all: p =", round(float(levene([0, 0, 0], [-1, 0, 1]).pvalue), 4))
check(ranges[2][1] < 1e-12, "two seeds: p is not always near 0")
check(ranges[3][0] > 0.116, "three seeds: p goes below 0.116")
check(ranges[8][0] < 0.01 and ranges[8][1] > 0.5, "control: eight seeds no longer span the range")
PY
