#!/usr/bin/env bash
# Expected: simple_slurm's sbatch(command, job_file=...) submits the same script as sbatch(command), and leaves it in a file.
# Happens:  the `\$` that is meant for the here-document of plain sbatch() is also written to the file, where nothing takes
#           it away: no variable is expanded, and every task of an array sees the text $SLURM_ARRAY_TASK_ID itself, also
#           where the package's own constant Slurm.SLURM_ARRAY_TASK_ID is used. convert=False mends it.
# Matters:  all tasks of a sweep run with the same arguments and write to the same file, named with a dollar sign.
# Seen with simple_slurm 0.3.6.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install -q --no-compile 'simple_slurm==0.3.6'
mkdir bin  # stands for sbatch: takes the script as sbatch does, from a file or from stdin, and keeps it
printf '#!/bin/sh\ncat "$@" > submitted.sh\necho "Submitted batch job 1"\n' > bin/sbatch; chmod +x bin/sbatch
cat > sweep.py <<'PY'
import importlib.metadata, os, subprocess, sys
from simple_slurm import Slurm

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

def tasks(**kw):
    slurm = Slurm(array=range(3), job_name="sweep")
    slurm.sbatch("echo train --seed", Slurm.SLURM_ARRAY_TASK_ID, "--out run_$SLURM_ARRAY_TASK_ID.csv", verbose=False, **kw)
    return [subprocess.run(["sh", "submitted.sh"], env={**os.environ, "SLURM_ARRAY_TASK_ID": str(i)}, text=True,
                           capture_output=True).stdout.strip() for i in range(3)]

print("simple_slurm", importlib.metadata.version("simple_slurm"))
plain, filed, raw = tasks(), tasks(job_file="job.sh"), tasks(job_file="job.sh", convert=False)
for name, got in (("sbatch(c)", plain), ("sbatch(c, job_file)", filed), ("sbatch(c, job_file, convert=False)", raw)):
    print(f"{name:35s}", got)
right = [f"train --seed {i} --out run_{i}.csv" for i in range(3)]
check(plain == right and raw == right, "control: the tasks' own numbers")
check(filed == ["train --seed $SLURM_ARRAY_TASK_ID --out run_$SLURM_ARRAY_TASK_ID.csv"] * 3, "job_file no longer keeps the escapes")
PY
PATH=$work/bin:$PATH venv/bin/python sweep.py
