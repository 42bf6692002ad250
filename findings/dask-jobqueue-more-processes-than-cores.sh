#!/usr/bin/env bash
# Expected: a dask-jobqueue job with more processes than cores gives each worker one thread, or is refused.
# Happens:  cores / processes is cut to 0 and written as `--nthreads 0`, which dask's worker reads as "not given": each worker
#           takes the CPUs it sees divided by the workers, and where that is 0 again, all CPUs. On two CPUs cores=1 with three
#           processes has 3 x 2 threads; three processes on three cores have 3 x 1.
# Matters:  asking for less starts more: tasks that should run one at a time share the job's only core six ways, and their
#           timings and memory are wrong. On a node without CPU binding the workers take the other jobs' cores too.
# Seen with dask-jobqueue 0.9.0, distributed 2026.8.0.
set -euo pipefail
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install -q --no-compile 'dask-jobqueue==0.9.0' 'dask==2026.8.0' 'distributed==2026.8.0'
cat > threads.py <<'PY'
import os, sys
os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:2])  # the same two CPUs on every machine
import dask_jobqueue, distributed
from dask.system import CPU_COUNT
from dask_jobqueue.local import LocalCluster
from dask_jobqueue.slurm import SLURMJob

def check(ok, what):
    if not ok: sys.exit("behaviour changed: " + what)

def option(cores, processes):
    words = SLURMJob("tcp://127.0.0.1:1", name="n", cores=cores, processes=processes, memory="1GB").job_script().split()
    return words[words.index("--nthreads") + 1]

def threads(cores, processes):
    kw = dict(cores=cores, processes=processes, memory="1GB", log_directory="logs",
              death_timeout=15, scheduler_options={"dashboard_address": None})
    with LocalCluster(**kw) as cluster, distributed.Client(cluster) as client:
        cluster.scale(jobs=1)
        client.wait_for_workers(processes, timeout=90)
        got = sorted(client.nthreads().values())
    print(f"cores={cores} processes={processes}: SLURM script has --nthreads {option(cores, processes)}, workers' threads {got}")
    return got

if __name__ == "__main__":
    print("dask-jobqueue", dask_jobqueue.__version__, "distributed", distributed.__version__, "CPUs", CPU_COUNT)
    check(threads(3, 3) == [1, 1, 1], "control: three processes on three cores")
    check(option(1, 3) == "0", "the SLURM script no longer says --nthreads 0")
    check(threads(1, 3) == [CPU_COUNT] * 3, "three processes on one core have other threads")
PY
venv/bin/python threads.py
