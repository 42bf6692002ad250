#!/usr/bin/env bash
# Expected: "with boxplot" draws a box for three values, as matplotlib and R do; "stats" reports their quartiles.
# Happens:  below four values gnuplot draws bare points, no box, median line or whiskers, without a message. From four
#           on the box uses the medians of the halves, so for 1 2 3 4 it spans 1.5 to 3.5 where numpy says 1.75 to 3.25.
# Matters:  three seeds per variant is common; a figure then mixes boxes with loose points that look like outliers.
# Seen with gnuplot 5.4 (patchlevel 4).
set -euo pipefail
command -v gnuplot > /dev/null || apt-get install -y -q gnuplot-nox > /dev/null
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
gnuplot --version
fail() { echo "behaviour changed: $*" >&2; exit 1; }
draw() { # number of values: lines drawn, points drawn, quartiles
  seq 1 "$1" > v.dat
  gnuplot -e "set term svg size 400,500; set style data boxplot; set output 'v.svg'; plot [0:2][0:10] 'v.dat' using (1):1 notitle"
  sed -n '/gnuplot_plot_1/,/<\/g>$/p' v.svg > curve
  echo "$(grep -c '<path' curve || true) $(grep -c "<use.*gpPt" curve || true)"
}
for n in 1 2 3 4; do
  read -r paths points <<< "$(draw $n)"
  quartiles=$(gnuplot -e "stats 'v.dat' nooutput; print sprintf('%g %g %g', STATS_lo_quartile, STATS_median, STATS_up_quartile)" 2>&1)
  echo "$n value(s): box drawn: $([ "$paths" -gt 0 ] && echo yes || echo no), loose points: $points, quartiles by stats: $quartiles"
  if [ $n -lt 4 ]; then [ "$paths" = 0 ] && [ "$points" = $n ] || fail "$n values now get a box"
  else [ "$paths" -gt 0 ] && [ "$points" = 0 ] || fail "control: four values no longer get a box"; fi
done
[ "$quartiles" = "1.5 2.5 3.5" ] || fail "the quartiles of four values"
