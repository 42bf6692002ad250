#!/usr/bin/env bash
# Expected: submitit's DebugExecutor is the local executor run in process: submit() trains with the config as it was.
# Happens:  submit() only remembers the call; it runs when result() is asked for. A sweep that changes one config and
#           submits it again trains the last value every time under DebugExecutor, while LocalExecutor pickles the
#           config at submit() and trains each. A job whose result nobody reads never runs at all.
# Matters:  the dry run of a sweep and the real sweep train different networks.
# Seen with submitit 1.5.4.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install -q --no-compile 'submitit==1.5.4' 'cloudpickle==3.1.3'
cat > sweep.py <<'PY'
import sys
import submitit

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

def train(config):
    return config["depth"]

def sweep(executor):
    config, jobs = {}, []
    for depth in (20, 56, 110):
        config["depth"] = depth
        jobs.append(executor.submit(train, config))
    return [j.result() for j in jobs]

print("submitit", submitit.__version__)
debug = sweep(submitit.DebugExecutor("logs"))
local = submitit.LocalExecutor("logs")
local.update_parameters(timeout_min=2)
local = sweep(local)
print("DebugExecutor trained depths", debug)
print("LocalExecutor trained depths", local)
check(local == [20, 56, 110], "control: LocalExecutor")
check(debug == [110, 110, 110], "DebugExecutor no longer runs the last config")
seen = []
job = submitit.DebugExecutor("logs").submit(seen.append, 1)
print("after submit: state", job.state, "ran", bool(seen))
check(not seen, "DebugExecutor now runs at submit")
job.result()
check(seen == [1], "DebugExecutor did not run at result()")
PY
venv/bin/python sweep.py
