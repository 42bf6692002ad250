#!/bin/bash
# Compiles every report in LaTeX of some folders under pdflatex and lualatex: check-latex.sh OUT FOLDER...
# A report is a file *.tex, or report.latex of the fixtures. Fails where one does not compile, a line or a
# cell is more than 1 point too wide, or a table is higher than its page. OUT gets the PDF files.
set -u
out=$(realpath "$1"); shift
mkdir -p "$out"
failed=0
for file in $(find "$@" -name '*.tex' -o -name 'report.latex' | sort); do
  name=$(realpath "$file" | sed 's|.*/\([^/]*\)/\([^/.]*\)\.[a-z]*$|\1-\2|')
  for engine in pdflatex lualatex; do
    work=$(mktemp -d)
    cp "$file" "$work/report.tex"
    cat >"$work/document.tex" <<'TEX'
\documentclass{article}
\usepackage{booktabs,array,graphicx,longtable}
\begin{document}
\input{report.tex}
\end{document}
TEX
    # Twice: a longtable's columns have their widths from the first time.
    (cd "$work" && for time in 1 2; do
      "$engine" -interaction=nonstopmode -halt-on-error -no-shell-escape document.tex >output 2>&1 || exit 1
    done)
    status=$?
    wide=$(sed -n 's/^Overfull .hbox (\([0-9.]*\)pt too wide).*/\1/p' "$work/document.log" 2>/dev/null \
      | awk '$1 > 1' | sort -n | tail -1)
    high=$(grep -cE '^Overfull .vbox|Float too large' "$work/document.log" 2>/dev/null)
    pages=$(sed -n 's/.*(\([0-9]*\) page.*/\1/p' "$work/document.log" 2>/dev/null | tail -1)
    if [ $status != 0 ] || [ -n "$wide" ] || [ "$high" != 0 ]; then
      failed=1
      echo "$name, $engine: FAILED${wide:+, $wide points too wide}, $high too high"
      grep -A3 -m2 '^!' "$work/document.log"
      grep -E '^Overfull|Float too large' "$work/document.log" | sort | uniq -c | sort -rn | head -5
    else
      echo "$name, $engine: $pages pages"
    fi
    cp "$work/document.pdf" "$out/$name-$engine.pdf" 2>/dev/null
    rm -rf "$work"
  done
done
exit $failed
