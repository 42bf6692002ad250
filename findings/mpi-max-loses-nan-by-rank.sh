#!/usr/bin/env bash
# Expected: an MPI_MAX (or MPI_MIN) over ranks either always passes a NaN on or always drops it.
# Happens:  Open MPI keeps the NaN when one rank holds it and drops it when another does: the operator keeps one fixed
#           side of a comparison that is false either way. Where its vectorised operators are used, the last elements
#           of a vector even follow the opposite rule from the rest.
# Matters:  reducing the loss with MPI_MAX to see whether any rank diverged misses some ranks; MPI_SUM does not.
# Seen with Open MPI 4.1.4, mpi4py 4.1.2.
set -euo pipefail
command -v mpirun > /dev/null || apt-get install -y -q openmpi-bin > /dev/null
work=$(mktemp -d); trap 'rm -rf "$work"' EXIT; cd "$work"
python3 -m venv venv
venv/bin/pip install -q --no-compile 'mpi4py==4.1.2' 'numpy==2.4.6'
cat > nan.py <<'PY'
import sys
import numpy as np
from mpi4py import MPI

comm = MPI.COMM_WORLD
rank, size = comm.rank, comm.size
if rank == 0: print(MPI.Get_library_version().split(",")[0], "ranks", size)
kept = {}
for op, name in ((MPI.MAX, "max"), (MPI.MIN, "min"), (MPI.SUM, "sum")):
    for bad in range(size):
        loss = np.full(37, np.nan if rank == bad else 1.0 + rank)
        out = np.empty_like(loss)
        comm.Allreduce(loss, out, op)
        kept[name, bad] = np.isnan(out)
        if rank == 0: print(f"{name}: NaN on rank {bad}: kept at", "".join("x" if v else "." for v in kept[name, bad]))
first = {n: [bool(kept[n, b][0]) for b in range(size)] for n in ("max", "min", "sum")}
bad = None
if not all(first["sum"]): bad = "control: MPI_SUM lost a NaN"
elif any(len(set(first[n])) != 2 for n in ("max", "min")): bad = "MAX and MIN treat every rank alike now"
if bad and rank == 0: print("behaviour changed: " + bad, file=sys.stderr)
sys.stdout.flush()
sys.exit(1 if bad else 0)
PY
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_plm_rsh_agent=false
for ranks in 2 4; do mpirun --oversubscribe --bind-to none -n $ranks venv/bin/python nan.py; done
