#!/usr/bin/env bash
# Expected: --dependency=afterok on a job that failed never lets the job start, however long ago the failure was; and on a
#           job id that was never given out it is refused or waits.
# Happens:  as soon as the controller has forgotten the failed job (MinJobAge: 300 s by default, 2 s here), sbatch accepts the
#           dependency without a word and the job runs. afternotok on a forgotten success runs as well, and so does afterok
#           on an id that never existed. Within MinJobAge the same afterok waits: DependencyNeverSatisfied.
# Matters:  an evaluation chained after a training that failed ten minutes ago runs on the checkpoint that is not there, or
#           on an old one; a mistyped job id is no dependency at all.
# Seen with Slurm 22.05.8 (Debian 12), without accounting.
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
MinJobAge=2
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
changed() { echo "behaviour changed: $*" >&2; exit 1; }
submit() { sbatch --parsable -o /dev/null "$@"; }
state() { scontrol -o show job "$1" | tr ' ' '\n' | sed -n 's/^JobState=//p'; }
is() { [ "$(state "$1")" = "$2" ]; }
printf '#!/bin/sh\nexit "$1"\n' > train.sh
printf '#!/bin/sh\ntouch "ran.$1"\n' > evaluate.sh
bad=$(submit train.sh 1) good=$(submit train.sh 0)
till is "$bad" FAILED; till is "$good" COMPLETED
known=$(submit --dependency="afterok:$bad" evaluate.sh known); sleep 5
echo "afterok on a failed job: $(squeue -h -j "$known" -o '%T, %r'), ran: $([ -e ran.known ] && echo yes || echo no)"
[ ! -e ran.known ] || changed "control: afterok ran although the failure is known"
scancel "$known"
gone() { ! scontrol show job "$bad" && ! scontrol show job "$good" && scontrol ping | grep -q UP; }
for _ in 1 2 3; do for _ in {1..200}; do if gone &> /dev/null; then break 2; fi; sleep 0.3; done; done
till gone
submit --dependency="afterok:$bad" evaluate.sh bad > /dev/null
submit --dependency="afternotok:$good" evaluate.sh good > /dev/null
submit --dependency=afterok:99999 evaluate.sh never > /dev/null
for _ in {1..100}; do [ -e ran.bad ] && [ -e ran.good ] && [ -e ran.never ] && break; sleep 0.3; done
for w in 'bad afterok on a forgotten failure' 'good afternotok on a forgotten success' 'never afterok on an id never given out'; do
  [ -e "ran.${w%% *}" ] || changed "${w#* } no longer runs"
  echo "${w#* }: accepted and run"
done
