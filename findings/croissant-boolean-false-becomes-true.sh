#!/usr/bin/env bash
# Expected: mlcroissant reads a CSV column declared sc:Boolean by meaning, or stops at a value it cannot read.
# Happens:  it works only while every cell is True/False (or every cell 0/1). One cell spelled differently makes the
#           column text, and any non-empty text is true: False, 0 and no all come back True, with no warning.
# Matters:  a "diverged" flag in an exported results table turns true for every run.
# Seen with mlcroissant 1.1.1, pandas 3.1.1.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install -q --no-compile 'mlcroissant==1.1.1' 'pandas==3.1.1' 'numpy==2.4.6'
venv/bin/python -W ignore - <<'PY'
import hashlib, json, logging, sys
from importlib.metadata import version
import mlcroissant as mlc

logging.disable(logging.WARNING)

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

def read(column, kind, cells):
    csv = column + "\n" + "\n".join(cells) + "\n"
    with open("runs.csv", "w") as f: f.write(csv)
    meta = mlc.Metadata(
        name="runs", description="runs", url="urn:x-runs:1", license="MIT", version="1.0.0", cite_as="none", date_published="2024-01-01",
        distribution=[mlc.FileObject(id="csv", name="csv", content_url="runs.csv", encoding_formats=["text/csv"],
                                     sha256=hashlib.sha256(csv.encode()).hexdigest())],
        record_sets=[mlc.RecordSet(id="runs", name="runs", fields=[
            mlc.Field(id="runs/" + column, name=column, data_types=[kind],
                      source=mlc.Source(file_object="csv", extract=mlc.Extract(column=column)))])])
    with open("croissant.json", "w") as f: json.dump(meta.to_json(), f, default=str)
    return [r["runs/" + column] for r in mlc.Dataset("croissant.json").records("runs")]

print("mlcroissant", version("mlcroissant"), "pandas", version("pandas"))
got = {}
for cells in ("True False False", "0 1 0", "True False 0", "yes no no", "True False no"):
    got[cells] = read("diverged", mlc.DataType.BOOL, cells.split())
    print(f"cells {cells:17} read as", got[cells])
check(got["True False False"] == [True, False, False] and got["0 1 0"] == [False, True, False], "control columns")
for cells in ("True False 0", "yes no no", "True False no"):
    check(got[cells] == [True] * 3, f"{cells} is no longer all true")
PY
