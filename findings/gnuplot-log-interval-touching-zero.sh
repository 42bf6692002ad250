#!/usr/bin/env bash
# Expected: on a log axis an interval whose lower end is 0 or below runs down to the floor of the graph, for error bars
#           and for a filled band alike.
# Happens:  error bars: a lower end of -1 is drawn to the floor, but at exactly 0 the whole stem disappears and only the
#           upper cap is left. Filled band between the same two columns: the other way round, -1 cuts a hole into the
#           band while 0 runs to the floor. No warning in either case.
# Matters:  a confidence interval of an error rate reaches exactly 0 easily, and the widest interval looks like none.
# Seen with gnuplot 5.4 (patchlevel 4).
set -euo pipefail
command -v gnuplot > /dev/null || apt-get install -y -q gnuplot-nox > /dev/null
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
gnuplot --version
fail() { echo "behaviour changed: $*" >&2; exit 1; }
bar() { # an interval from $1 to 4 around 2: is there a vertical stem, and down to which height of the picture?
  echo "2 2 $1 4" > bar.dat
  gnuplot -e "set term svg size 400,300; set log y; set output 'bar.svg'; plot [0:4][0.1:10] 'bar.dat' using 1:2:3:4 with yerrorbars notitle"
  sed -n '/gnuplot_plot_1/,/<\/g>/p' bar.svg | grep -oE '[ML][0-9.]+,[0-9.]+' | tr 'ML,' '   ' |
    awk '{ if (NR % 2 == 0 && $1 == x && $2 != y) stem = (y > $2 ? y : $2); x = $1; y = $2 } END { print stem ? "stem to " stem : "no stem" }'
}
band() { # five x, the lower end of the middle one is $1: in how many pieces is the band filled?
  printf '0 0.5 4\n1 0.5 4\n2 %s 4\n3 0.5 4\n4 0.5 4\n' "$1" > band.dat
  gnuplot -e "set term svg size 400,300; set log y; set style fill solid 1; set output 'band.svg'; plot [0:4][0.1:10] 'band.dat' using 1:2:3 with filledcurves notitle"
  grep -c '<polygon' band.svg || true
}
for low in 0.5 -1 0; do
  b=$(bar $low); p=$(band $low)
  printf 'lower end %4s: error bar has %-16s band is drawn in %s piece(s)\n' $low "$b" "$p"
  eval "b_${low//[-.]/_}=\$b p_${low//[-.]/_}=\$p"
done
[ "$b_0_5" != "no stem" ] && [ "$p_0_5" = 1 ] || fail "control: a positive lower end"
[ "$b__1" != "no stem" ] && [ "$b_0" = "no stem" ] || fail "the error bar no longer loses its stem at 0 alone"
[ "$p__1" = 2 ] && [ "$p_0" = 1 ] || fail "the band is no longer cut below 0 alone"
