#!/usr/bin/env bash
# Expected: McNemar's corrected chi-square test of two networks that err on the same images gives p = 1.
# Happens:  with no discordant image (b = c = 0) statsmodels and mlxtend return statistic inf and p = 0,
#           and a perfect tie b = c = 1 gets p = 0.48 while the less even b = 2, c = 1 gets p = 1, because the
#           correction |b - c| - 1 is squared without being held at zero. The exact variants give 1.
# Matters:  comparing a checkpoint with a bit-identical rerun is reported as infinitely significant.
# Seen with statsmodels 0.15.0, mlxtend 0.25.0.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install -q --no-compile 'statsmodels==0.15.0' 'mlxtend==0.25.0' 'scipy==1.17.1' 'numpy==2.4.6' 'pandas==3.1.1'
venv/bin/python -W ignore - <<'PY'
import math, sys
from importlib.metadata import version
import numpy as np
from statsmodels.stats.contingency_tables import mcnemar as sm
from mlxtend.evaluate import mcnemar as mx

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

print("statsmodels", version("statsmodels"), "mlxtend", version("mlxtend"))
got = {}
for b, c in ((0, 0), (1, 1), (2, 1), (3, 1)):
    t = np.array([[900, b], [c, 60]])
    s = sm(t, exact=False, correction=True)
    m = mx(t, corrected=True)
    e = (sm(t, exact=True).pvalue, mx(t, exact=True)[1])
    got[b, c] = [(float(s.statistic), float(s.pvalue)), (float(m[0]), float(m[1]))]
    print(f"b={b} c={c}: corrected statsmodels {got[b, c][0]}, mlxtend {got[b, c][1]}; exact {tuple(map(float, e))}")
    check(all(math.isclose(p, 1) for p in e) or (b, c) == (3, 1), "exact p of a tie is no longer 1")
for chi, p in got[0, 0]: check(chi == math.inf and p == 0, "no discordant pair: not (inf, 0) any more")
for chi, p in got[1, 1]: check(abs(p - 0.4795) < 1e-3, "b = c = 1 is no longer 0.48")
for chi, p in got[2, 1]: check(chi == 0 and p == 1, "b = 2, c = 1 is no longer p = 1")
print("two identical networks: p =", got[0, 0][0][1], "; the even split looks more different than the uneven one")
PY
