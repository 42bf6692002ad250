#!/usr/bin/env bash
# Expected: scipy's permutation_test with every relabelling enumerated gives one exact p, whatever the unit of the
#           accuracies, and counts relabellings that tie with the observed difference (it has a tolerance for that).
# Happens:  accuracies like 93.02 given as percentages lose ties: the tolerance is relative to the small observed
#           difference while the rounding error is relative to the large means. 4 seeds against 4 give p = 0.029 as
#           percentages and the true 0.057 as integer hundredths.
# Matters:  two-decimal accuracies tie all the time, and the error can carry an ablation across 0.05.
# Seen with scipy 1.17.1, numpy 2.4.6.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install -q --no-compile 'scipy==1.17.1' 'numpy==2.4.6'
venv/bin/python -W ignore - <<'PY'
import itertools, sys
from fractions import Fraction as F
from importlib.metadata import version
import numpy as np
from scipy import stats

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

def truth(x, y):
    z = x + y; n = len(x); total = sum(z)
    obs = F(sum(x), n) - F(sum(y), len(y))
    d = [F(s, n) - F(total - s, len(y)) for s in (sum(k) for k in itertools.combinations(z, n))]
    return float(2 * min(F(sum(v >= obs for v in d), len(d)), F(sum(v <= obs for v in d), len(d))))

def scipy_p(x, y):
    diff = lambda a, b, axis=-1: np.mean(a, axis=axis) - np.mean(b, axis=axis)
    return float(stats.permutation_test((np.asarray(x), np.asarray(y)), diff, vectorized=True, n_resamples=np.inf).pvalue)

print("scipy", version("scipy"), "numpy", version("numpy"))
x, y = [9302, 9302, 9302, 9311], [9314, 9315, 9331, 9311]
px, py = [v / 100 for v in x], [v / 100 for v in y]
exact, ints, pct = truth(x, y), scipy_p(x, y), scipy_p(px, py)
print("baseline", px, "variant", py)
print(f"rational arithmetic {exact:.6f}, scipy on integers {ints:.6f}, scipy on percentages {pct:.6f}")
check(abs(ints - exact) < 1e-12, "control: integers no longer give the exact p")
check(exact > 0.05 > pct, "scipy no longer loses the tie at 0.05")

rng = np.random.default_rng(1); wrong = 0
for _ in range(200):
    a, b = rng.integers(9300, 9312, 5).tolist(), rng.integers(9303, 9316, 5).tolist()
    wrong += abs(scipy_p([v / 100 for v in a], [v / 100 for v in b]) - truth(a, b)) > 1e-9
print(f"5 seeds against 5, accuracies within 0.15 points: wrong exact p in {wrong} of 200 pairs")
check(wrong >= 20, "wrong exact p has become rare")
PY
