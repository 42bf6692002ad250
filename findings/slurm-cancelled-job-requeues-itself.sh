#!/usr/bin/env bash
# Expected: scancel is the last word: a job that is being cancelled cannot put itself back into the queue on its way out.
# Happens:  a script that answers TERM with `scontrol requeue` of itself, as scripts do that survive preemption, undoes
#           the scancel: in state COMPLETING it counts as one of the "finished" jobs that may be requeued. The call ends
#           with 0, the job is PENDING again and runs, Restarts counts up, and the next scancel only restarts it again.
#           `scontrol requeue Incomplete` leaves the job CANCELLED, but ends with 0 as well and says nothing.
# Matters:  a sweep that requeues itself cannot be cancelled, and keeps using the cluster after its user has gone home.
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
for d in *.deb; do dpkg -x "$d" root; done
lib=$(echo "$work"/root/usr/lib/*-linux-gnu)
export PATH=$work/root/usr/bin:$work/root/usr/sbin:$PATH LD_LIBRARY_PATH=$lib/slurm-wlm:$lib SLURM_CONF=$work/slurm.conf
printf '#!/bin/sh\nLD_LIBRARY_PATH=%s exec %s "$@"\n' "$LD_LIBRARY_PATH" "$work/root/usr/sbin/slurmstepd-wlm" > stepd; chmod +x stepd
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
cat > job.sh <<'SH'
#!/bin/bash
leave() {
  trap '' TERM
  state=$(squeue -h -j "$SLURM_JOB_ID" -o %T)
  case $1 in
    no) echo "TERM in state $state: no requeue" ;;
    *) scontrol requeue $1 "$SLURM_JOB_ID"; echo "TERM in state $state: scontrol requeue $1 ended with $?" ;;
  esac
  exit 75
}
trap 'leave "$how"' TERM
touch "up.$SLURM_JOB_ID.${SLURM_RESTART_COUNT:-0}"
for _ in {1..600}; do sleep 0.1; done
SH
changed() { echo "behaviour changed: $*" >&2; exit 1; }
field() { scontrol -o show job "$1" | tr ' ' '\n' | sed -n "s/^$2=//p"; }
over() { case $(field "$1" JobState) in CANCELLED | FAILED | COMPLETED) ;; *) false ;; esac; }
for how in no Incomplete ''; do
  job=$(how=$how sbatch --parsable -n1 -t 10 --requeue --open-mode=append -o "out.$how" job.sh)
  till test -e "up.$job.0"; scancel "$job"
  if [ -n "$how" ]; then
    till over "$job"; sleep 10
    grep TERM "out.$how" | grep -v -e '\*\*\*' -e '^Term'
    echo "  then $(field "$job" JobState), Restarts=$(field "$job" Restarts)"
    [ "$(field "$job" JobState) $(field "$job" Restarts)" = 'CANCELLED 0' ] || changed "control: '$how' did not stay cancelled"
  fi
done
for n in 1 2; do
  for _ in {1..100}; do [ ! -e "up.$job.$n" ] || break; sleep 0.3; done
  echo "scontrol requeue, $n x scancel: $(field "$job" JobState), Restarts=$(field "$job" Restarts)"
  [ -e "up.$job.$n" ] || changed "a cancelled job no longer comes back"
  [ "$n" = 2 ] || scancel "$job"
done
grep '^TERM' out.
