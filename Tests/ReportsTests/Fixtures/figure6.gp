# Restyle what you like, then run in this folder: gnuplot -d figure6.gp
# (-d keeps your own settings out.) Other formats: gnuplot -d -e "formats='pdf'" figure6.gp
if (!exists('formats')) formats = 'svg png'
if (!exists('prefix')) prefix = ''
data = 'figure6.dat'
xUnit = 1
thin = 1.6
bold = 2.8
set encoding utf8

do for [format in formats] {
  if (format eq 'svg') {
    set terminal svg size 1002,479 font 'Helvetica,15' noenhanced background '#ffffff'
  }
  if (format eq 'png') {
    set terminal pngcairo size 2004,958 font 'Sans,15' fontscale 1.6 linewidth 2 dashlength 0.6 pointscale 1.8 noenhanced background '#ffffff'
  }
  if (format eq 'pdf') {
    set terminal pdfcairo size 6.95833in,3.32639in font 'Sans,15' fontscale 0.4 linewidth 0.8 dashlength 0.6 noenhanced background '#ffffff'
  }
  set output prefix.'figure6.'.format
  set multiplot
  set border 3 linecolor rgb '#444444'
  set tics nomirror out scale 0.5 textcolor rgb '#222222'
  set grid ytics linetype 1 linewidth 0.5 linecolor rgb '#e4e4e4'
  unset xzeroaxis
  set style fill transparent solid 0.15 noborder
  set errorbars 0.6
  set label 11 'Plain nets degrade with depth' at screen 0.5,0.9499 center font ',18' noenhanced
  set label 12 'protocol quick; mean ± standard deviation over 2 seeds' at screen 0.5,0.8956 center font ',13' textcolor rgb '#555555' noenhanced
  set label 13 'thin dashed: training error, bold: test error' at screen 0.5,0.8518 center font ',13' textcolor rgb '#555555' noenhanced
  set arrow 1 from graph 0,first 90 to graph 1,first 90 nohead dashtype 3 linewidth 1 linecolor rgb '#888888'
  set label 4 'guessing' at graph 0.99,first 90 right offset 0,0.5 font ',12' textcolor rgb '#777777'
  set lmargin at screen 0.0758
  set rmargin at screen 0.5010
  set tmargin at screen 0.7495
  set bmargin at screen 0.2276
  set key at screen 0.2884,0.0898 center top horizontal maxcols 2 Left reverse samplen 2 noenhanced
  unset logscale x
  unset logscale y
  set xrange [0:600]
  set yrange [0:100]
  set format x '%h'
  set format y '%h'
  set xlabel 'training step' offset 0,0.3
  set ylabel 'error (%)'
  set title 'plain' offset 0,-0.5 noenhanced
  plot data index 0 using ($1/xUnit):3:4 with filledcurves linecolor rgb '#0072B2' notitle, \
    data index 4 using ($1/xUnit):3:4 with filledcurves linecolor rgb '#0072B2' notitle, \
    data index 8 using ($1/xUnit):3:4 with filledcurves linecolor rgb '#D55E00' notitle, \
    data index 12 using ($1/xUnit):3:4 with filledcurves linecolor rgb '#D55E00' notitle, \
    data index 1 using ($1/xUnit):2 with lines linewidth 0.8 dashtype 2 linecolor rgb '#99C7E1' notitle, \
    data index 2 using ($1/xUnit):2 with lines linewidth 0.8 dashtype 2 linecolor rgb '#99C7E1' notitle, \
    data index 5 using ($1/xUnit):2 with lines linewidth 0.8 linecolor rgb '#99C7E1' notitle, \
    data index 6 using ($1/xUnit):2 with lines linewidth 0.8 linecolor rgb '#99C7E1' notitle, \
    data index 9 using ($1/xUnit):2 with lines linewidth 0.8 dashtype 2 linecolor rgb '#EFBF99' notitle, \
    data index 10 using ($1/xUnit):2 with lines linewidth 0.8 dashtype 2 linecolor rgb '#EFBF99' notitle, \
    data index 13 using ($1/xUnit):2 with lines linewidth 0.8 linecolor rgb '#EFBF99' notitle, \
    data index 14 using ($1/xUnit):2 with lines linewidth 0.8 linecolor rgb '#EFBF99' notitle, \
    data index 3 using ($1/xUnit):2 with linespoints pointtype 6 pointsize 0.8 pointinterval 4 linewidth thin dashtype 2 linecolor rgb '#0072B2' notitle, \
    data index 11 using ($1/xUnit):2 with linespoints pointtype 4 pointsize 0.8 pointinterval 4 linewidth thin dashtype 2 linecolor rgb '#D55E00' notitle, \
    data index 7 using ($1/xUnit):2 with linespoints pointtype 7 pointsize 0.8 pointinterval 4 linewidth bold linecolor rgb '#0072B2' title 'plain-20', \
    data index 15 using ($1/xUnit):2 with linespoints pointtype 5 pointsize 0.8 pointinterval 4 linewidth bold linecolor rgb '#D55E00' title 'plain-56'
  unset label 11
  unset label 12
  unset label 13
  set lmargin at screen 0.5449
  set rmargin at screen 0.9701
  set tmargin at screen 0.7495
  set bmargin at screen 0.2276
  set key at screen 0.7575,0.0898 center top horizontal maxcols 2 Left reverse samplen 2 noenhanced
  unset logscale x
  unset logscale y
  set xrange [0:600]
  set yrange [0:100]
  set format x '%h'
  set format y ''
  set xlabel 'training step' offset 0,0.3
  unset ylabel
  set title 'residual' offset 0,-0.5 noenhanced
  plot data index 16 using ($1/xUnit):3:4 with filledcurves linecolor rgb '#0072B2' notitle, \
    data index 20 using ($1/xUnit):3:4 with filledcurves linecolor rgb '#0072B2' notitle, \
    data index 24 using ($1/xUnit):3:4 with filledcurves linecolor rgb '#D55E00' notitle, \
    data index 28 using ($1/xUnit):3:4 with filledcurves linecolor rgb '#D55E00' notitle, \
    data index 17 using ($1/xUnit):2 with lines linewidth 0.8 dashtype 2 linecolor rgb '#99C7E1' notitle, \
    data index 18 using ($1/xUnit):2 with lines linewidth 0.8 dashtype 2 linecolor rgb '#99C7E1' notitle, \
    data index 21 using ($1/xUnit):2 with lines linewidth 0.8 linecolor rgb '#99C7E1' notitle, \
    data index 22 using ($1/xUnit):2 with lines linewidth 0.8 linecolor rgb '#99C7E1' notitle, \
    data index 25 using ($1/xUnit):2 with lines linewidth 0.8 dashtype 2 linecolor rgb '#EFBF99' notitle, \
    data index 26 using ($1/xUnit):2 with lines linewidth 0.8 dashtype 2 linecolor rgb '#EFBF99' notitle, \
    data index 29 using ($1/xUnit):2 with lines linewidth 0.8 linecolor rgb '#EFBF99' notitle, \
    data index 30 using ($1/xUnit):2 with lines linewidth 0.8 linecolor rgb '#EFBF99' notitle, \
    data index 19 using ($1/xUnit):2 with linespoints pointtype 6 pointsize 0.8 pointinterval 4 linewidth thin dashtype 2 linecolor rgb '#0072B2' notitle, \
    data index 27 using ($1/xUnit):2 with linespoints pointtype 4 pointsize 0.8 pointinterval 4 linewidth thin dashtype 2 linecolor rgb '#D55E00' notitle, \
    data index 23 using ($1/xUnit):2 with linespoints pointtype 7 pointsize 0.8 pointinterval 4 linewidth bold linecolor rgb '#0072B2' title 'resnet-20', \
    data index 31 using ($1/xUnit):2 with linespoints pointtype 5 pointsize 0.8 pointinterval 4 linewidth bold linecolor rgb '#D55E00' title 'resnet-56'
  unset multiplot
  unset output
}
