#!/usr/bin/env bash
# Expected: "smooth unique" averages all points of one x and "smooth frequency" sums them; a NaN among them is skipped.
# Happens:  a NaN ends the data set at that row, so the same x before and after it yields two points: accuracies 90 and
#           94 with a NaN between give 90 and 94, not 92, and the sum is split as well. The row order decides.
#           Declaring NaN with "set datafile missing" restores one point.
# Matters:  a mean curve over seeds gets zigzags and wrong means as soon as one seed diverged.
# Seen with gnuplot 5.4 (patchlevel 4).
set -euo pipefail
command -v gnuplot > /dev/null || apt-get install -y -q gnuplot-nox > /dev/null
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
gnuplot --version
fail() { echo "behaviour changed: $*" >&2; exit 1; }
printf '1 90\n1 NaN\n1 94\n2 95\n2 97\n' > split.dat   # epoch, accuracy; the diverged seed in the middle
printf '1 90\n1 94\n1 NaN\n2 95\n2 97\n' > late.dat    # the same rows, the diverged seed last
points() { # setting, data, smoothing
  gnuplot -e "$1 set table 'out'; plot '$2' using 1:2 smooth $3" && awk 'NF && !/^#/ { printf "%s%s:%s", n++ ? " " : "", $1, $2 }' out
}
for how in unique frequency; do
  for data in split late; do
    printf '%-9s %-5s NaN as is: %-16s NaN declared missing: %s\n' $how $data "$(points '' $data.dat $how)" \
      "$(points 'set datafile missing "NaN";' $data.dat $how)"
  done
done
[ "$(points '' split.dat unique)" = "1:90 1:94 2:96" ] || fail "smooth unique no longer splits at the NaN"
[ "$(points '' split.dat frequency)" = "1:90 1:94 2:192" ] || fail "smooth frequency no longer splits at the NaN"
[ "$(points '' late.dat unique)" = "1:92 2:96" ] || fail "the row order no longer matters"
[ "$(points 'set datafile missing "NaN";' split.dat unique)" = "1:92 2:96" ] || fail "control: declared missing"
