#!/usr/bin/env bash
# Expected: rocrate's add_file keeps seed0/metrics.csv and seed1/metrics.csv apart, or refuses the second.
# Happens:  both get the @id metrics.csv, the second silently replaces the first in the graph and in the written
#           crate; the first call's entity still looks fine. Entities that point at either now point at the second.
# Matters:  run folders hold files of the same names, so an evidence bundle of five seeds holds one of them.
# Seen with rocrate 0.15.0.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install -q --no-compile 'rocrate==0.15.0'
venv/bin/python -W error - <<'PY'
import os, sys
from importlib.metadata import version
from rocrate.rocrate import ROCrate

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

print("rocrate", version("rocrate"))
for seed in range(3):
    os.makedirs(f"seed{seed}")
    with open(f"seed{seed}/metrics.csv", "w") as f: f.write(f"seed,top1\n{seed},9{seed}.5\n")
crate = ROCrate()
files = [crate.add_file(f"seed{s}/metrics.csv", properties={"name": f"seed {s}"}) for s in range(3)]
crate.write("bundle")
ids = [e.id for e in crate.data_entities]
with open("bundle/metrics.csv") as f: text = f.read()
print("added", len(files), "files, ids returned", [f.id for f in files], "data entities", ids)
print("in the crate:", sorted(os.listdir("bundle")), repr(text), "named", repr(crate.get("metrics.csv")["name"]))
check(ids == ["metrics.csv"], "the files no longer share one entity")
check(text.endswith("2,92.5\n") and files[0]["name"] == "seed 0", "the last file no longer wins")
named = ROCrate()
for s in range(3): named.add_file(f"seed{s}/metrics.csv", f"seed{s}/metrics.csv")
print("with dest_path given:", [e.id for e in named.data_entities])
check(len(named.data_entities) == 3, "control: dest_path")
PY
