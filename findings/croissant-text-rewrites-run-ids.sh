#!/usr/bin/env bash
# Expected: a CSV column declared sc:Text in a Croissant file comes back from mlcroissant as the text in the file.
# Happens:  the column is first guessed as numbers, then turned into text: run 007 becomes 7, the commit 12345e7
#           becomes 123450000000.0, a gap anywhere makes seed 3 read 3.0, and runs named null, None or NA become missing.
# Matters:  the text read back no longer joins with the run id, seed or commit it came from; the file hash still passes.
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
def text(column, *cells):
    got = [v.decode() if isinstance(v, bytes) else v for v in read(column, mlc.DataType.TEXT, cells)]
    got = [v if isinstance(v, str) else None for v in got]
    print(f"{column}: file {list(cells)} read {got}")
    return got

check(text("run", "a07", "b42") == ["a07", "b42"], "control: plain words")
check(text("run", "007", "042") == ["7", "42"], "leading zeros are kept now")
check(text("commit", "12345e7", "8901234") == ["123450000000.0", "8901234.0"], "a commit like 12345e7 is kept now")
check(text("seed", "3", "4") == ["3", "4"], "control: seeds without a gap")
check(text("seed", "3", "NA", "4") == ["3.0", None, "4.0"], "seeds beside a gap stay whole now")
check(text("shortcut", "null", "None", "conv") == [None, None, "conv"], "null and None are kept now")
PY
