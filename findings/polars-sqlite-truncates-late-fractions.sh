#!/usr/bin/env bash
# Expected: polars.read_database on a SQLite query keeps fractions, or raises when a row does not fit the guessed type.
# Happens:  the type is guessed from the first 100 rows. When those are whole numbers, a later 0.5 becomes 0 and 0.99
#           becomes 0, with no error or warning; text in the same place raises. A NUMERIC column stores 1.0 as an
#           integer, so real metrics take this path; a REAL column does not.
# Matters:  a metrics table that starts with counters, or accuracies of exactly 0 or 1, loses its fractions.
# Seen with polars 2.1.0; pandas 3.1.1 keeps them.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install -q --no-compile 'polars==2.1.0' 'pandas==3.1.1' 'numpy==2.4.6'
venv/bin/python -W error - <<'PY'
import sqlite3, sys
import pandas as pd, polars as pl

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

print("polars", pl.__version__, "pandas", pd.__version__, "sqlite", sqlite3.sqlite_version)
db = sqlite3.connect("runs.db")
late = {}
for kind in ("numeric", "", "real"):
    for first in (99, 100):
        db.execute("drop table if exists metric")
        db.execute(f"create table metric(value {kind})")
        db.executemany("insert into metric values (?)", [(1.0 if kind else 1,)] * first + [(0.5,), (0.99,)])
        frame = pl.read_database("select value from metric order by rowid", db)
        rest = pd.read_sql("select value from metric order by rowid", db)["value"].tolist()[-2:]
        late[kind, first] = frame["value"].to_list()[-2:]
        print(f"column type {kind or 'none':8} {first:3} whole numbers, then 0.5 and 0.99: polars {late[kind, first]} {frame.schema['value']}, pandas {rest}")
        check(rest == [0.5, 0.99], "control: pandas")
for kind in ("numeric", ""):
    check(late[kind, 100] == [0, 0], "fractions after 100 whole rows are kept or refused now")
    check(late[kind, 99] == [0.5, 0.99], "control: a fraction within the first 100 rows")
check(late["real", 100] == [0.5, 0.99], "control: a REAL column")
db.execute("create table mixed(value)")
db.executemany("insert into mixed values (?)", [(1,)] * 100 + [("diverged",)])
try:
    pl.read_database("select value from mixed order by rowid", db)
    sys.exit("behaviour changed: late text is accepted now")
except pl.exceptions.ComputeError as e:
    print("late text instead:", type(e).__name__)
db.execute("drop table metric"); db.execute("create table metric(value)")
db.executemany("insert into metric values (?)", [(1,)] * 100 + [(0.5,)])
whole = pl.read_database("select value from metric order by rowid", db, infer_schema_length=None)
print("with infer_schema_length=None:", whole["value"][-1])
check(whole["value"][-1] == 0.5, "control: infer_schema_length=None")
PY
