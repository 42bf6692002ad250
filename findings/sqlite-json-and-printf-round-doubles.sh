#!/usr/bin/env bash
# Expected: SQLite's JSON functions write a double so that it reads back the same, as the shell's own .mode json does,
#           and printf('%.17g') and printf('%.2f') mean what they mean in C.
# Happens:  json_object rounds to 15 digits, so 0.1 + 0.2 becomes 0.3; printf('%.17g') stops at 16 digits and needs
#           '%!.17g'; '%.2f' rounds the shortened decimal, so 92.675 prints 92.68 where C prints 92.67.
# Matters:  numbers exported by a JSON query no longer equal, or hash as, the stored ones, and a table cell made in SQL
#           differs in its last digit from the same cell made by Python, gnuplot or awk.
# Seen with the sqlite3 shell 3.40.1.
set -euo pipefail
command -v sqlite3 > /dev/null || apt-get install -y -q sqlite3 > /dev/null
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
sqlite3 --version | cut -c1-17
fail() { echo "behaviour changed: $*" >&2; exit 1; }
q() { sqlite3 run.db "$@"; }
q "create table metric(x real); insert into metric values (0.1 + 0.2)"
json=$(q "select json_object('x', x) from metric"); shell=$(sqlite3 -json run.db "select x from metric")
back=$(q "select json_extract(json_object('x', x), '\$.x') = x from metric"); shellback=$(q "select json_extract('$shell', '\$[0].x') = x from metric")
echo "stored 0.1 + 0.2: json_object $json, reads back equal: $back; shell's .mode json $shell, reads back equal: $shellback"
[ "$back" = 0 ] && [ "$json" = '{"x":0.3}' ] || fail "json_object keeps the double now"
[ "$shellback" = 1 ] || fail "control: .mode json"
g=$(q "select printf('%.17g', x) from metric"); bang=$(q "select printf('%!.17g', x) from metric"); c=$(LC_ALL=C printf '%.17g' 0.30000000000000004)
echo "%.17g: SQLite $g, SQLite with ! $bang, C $c"
[ "$(q "select cast('$g' as real) = x from metric")" = 0 ] || fail "%.17g keeps the double now"
[ "$(q "select cast('$bang' as real) = x from metric")" = 1 ] || fail "control: %!.17g"
python3 - "$(q "select printf('%.2f %.2f %.1f', 92.675, 1.005, 0.25)")" <<'PY'
import sys
ours, c = sys.argv[1], "%.2f %.2f %.1f" % (92.675, 1.005, 0.25)
print("92.675 1.005 0.25 rounded: SQLite", ours, "C rules", c)
if ours != "92.68 1.01 0.3" or c != "92.67 1.00 0.2": sys.exit("behaviour changed: rounding")
PY
