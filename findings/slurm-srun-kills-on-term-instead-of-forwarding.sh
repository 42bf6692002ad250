#!/usr/bin/env bash
# Expected: srun's manual has signals to srun forwarded to its tasks "with a few exceptions" (it names only control-c). So
#           a batch script that passes TERM on to its srun gives the training its chance to save and stop.
# Happens:  USR1 and USR2 are forwarded: the task cleans up and its exit code comes back. TERM, HUP and QUIT never reach
#           the task: srun says "forcing job termination" and the step is SIGKILLed at once, KillWait (30 s here) unused.
#           `scancel --signal=TERM` to the same kind of step does deliver TERM, and the clean-up is waited for.
# Matters:  the usual `trap 'kill -TERM $pid' TERM` in front of srun destroys the checkpoint it means to save.
# Seen with Slurm 22.05.8 (Debian 12).
set -euo pipefail
work=$(mktemp -d) pids=(); chmod 755 "$work"; cd "$work"
stop() {  # a job that may come back is cancelled only while it waits, and killed while it runs
  for _ in {1..40}; do
    scancel -p main -t PENDING || true; scancel -p main -t RUNNING --full --signal=KILL || true
    [ -n "$(squeue -h)" ] || break; sleep 0.5
  done &> /dev/null
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do kill "${pids[i]}" || true; wait "${pids[i]}" || true; done &> /dev/null
  rm -rf "$work"
}
trap stop EXIT
till() { for _ in {1..200}; do if "$@" &> /dev/null; then return; fi; sleep 0.3; done; echo "timed out: $*" >&2; tail -n 5 ./*.log >&2; exit 1; }
# a cluster of one node, from the packages, unpacked here; its daemons are ended by their own pids
for p in {slurm-client,slurmctld,slurmd,slurm-wlm-basic-plugins}=22.05.8-4+deb12u3 {munge,libmunge2}=0.5.15-2+deb12u1 \
  libhwloc15=2.9.0-1 libnuma1=2.0.16-1; do apt-get download -q "$p" &> apt.log || { cat apt.log >&2; exit 1; }; done
for d in *.deb; do dpkg -x "$d" unpacked; done
lib=$(echo "$work"/unpacked/usr/lib/*-linux-gnu)
export PATH=$work/unpacked/usr/bin:$work/unpacked/usr/sbin:$PATH LD_LIBRARY_PATH=$lib/slurm-wlm:$lib SLURM_CONF=$work/slurm.conf
printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "$LD_LIBRARY_PATH" "$work/unpacked/usr/sbin/slurmstepd-wlm" > stepd; chmod +x stepd
read -r ctl node < <(python3 -c 'import socket
s = [socket.socket() for _ in range(2)]
for x in s: x.bind(("127.0.0.1", 0))
print(*[x.getsockname()[1] for x in s])')
mkdir state spool; head -c 128 /dev/urandom > key; chmod 600 key
cat > slurm.conf <<CONF
ClusterName=one
SlurmctldHost=$(hostname -s)(127.0.0.1)
SlurmctldPort=$ctl
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthInfo=socket=$work/socket,cred_expire=5
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
PluginDir=$lib/slurm-wlm
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
SchedulerParameters=batch_sched_delay=1,sched_interval=2
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SlurmdParameters=config_overrides
KillWait=30
NodeName=n1 NodeHostname=$(hostname -s) NodeAddr=127.0.0.1 Port=$node CPUs=2 RealMemory=500
PartitionName=main Nodes=n1 Default=YES MaxTime=INFINITE
CONF
munged --foreground --force --socket="$work/socket" --key-file="$work/key" --log-file="$work/munged.log" \
  --pid-file="$work/munged.pid" --seed-file="$work/seed" &> munged.out & pids+=($!)
till test -S socket
slurmctld -D &> slurmctld.log & pids+=($!)
slurmd -D -N n1 -d "$work/stepd" &> slurmd.log & pids+=($!)
idle() { [ "$(sinfo -h -o %T)" = idle ]; }; till idle
sinfo --version
cat > task.py <<'PY'
import signal, sys, time

def stop(number, frame):
    print("task got", signal.Signals(number).name, flush=True)
    time.sleep(2)
    print("task cleaned up", flush=True)
    sys.exit(75)

for name in ("HUP", "QUIT", "TERM", "USR1", "USR2"): signal.signal(getattr(signal, "SIG" + name), stop)
open(sys.argv[1], "w").close()
time.sleep(40)
PY
cat > job.sh <<'SH'
#!/bin/bash
for s in USR1 USR2 TERM HUP QUIT scancel; do
  srun python3 task.py "ready.$s" &> "out.$s" & pid=$!
  until [ -e "ready.$s" ]; do sleep 0.2; done
  step=$(squeue -h -s -j "$SLURM_JOB_ID" -o %i | grep -v batch)
  if [ "$s" = scancel ]; then scancel --signal=TERM "$step"; else kill -"$s" "$pid"; fi
  wait "$pid"; echo "$?" > "rc.$s"
done
touch finished
SH
sbatch --parsable -n1 -t 10 -o job.log job.sh > /dev/null
till test -e finished
changed() { echo "behaviour changed: $*" >&2; exit 1; }
for s in USR1 USR2 scancel TERM HUP QUIT; do
  echo "$s: srun ended with $(cat "rc.$s"); $(grep -oE 'task (got SIG[A-Z0-9]*|cleaned up)|forcing job termination|task 0: Killed' "out.$s" | paste -sd ';')"
done
for s in USR1 USR2 scancel; do
  [ "$(cat "rc.$s")" = 75 ] && grep -q 'task cleaned up' "out.$s" || changed "control: $s did not let the task clean up"
done
for s in TERM HUP QUIT; do
  [ "$(cat "rc.$s")" = 137 ] && ! grep -q 'task got' "out.$s" || changed "$s to srun now reaches the task"
done
