#!/usr/bin/env bash
# A SLURM cluster of two nodes on this machine, for tests; it lives in one folder and ends without a trace.
#
#   cluster.sh install            install what is missing (as root)
#   cluster.sh start              start munged, slurmctld and the nodes, wait until the nodes are idle
#   cluster.sh stop               cancel the jobs, end exactly the processes that start began
#   cluster.sh status             which daemons are alive, and sinfo
#   cluster.sh env                print the lines to eval: eval "$(cluster.sh env)"
#   cluster.sh node-kill N        node N loses power: all of its processes end at once
#   cluster.sh node-start N       it comes back
#   cluster.sh controller-stop    no slurmctld: jobs run on, sbatch and squeue find nobody
#   cluster.sh controller-start   it comes back
#
# Settings (environment):
#   CLUSTER_DIR         where everything is (default: bench-cluster.UID in the temporary folder)
#   CLUSTER_CPUS        the CPUs that each node says it has (default 2; they need not exist)
#   CLUSTER_SSHFS       1: each node sees DIR/shared through an sshfs mount of its own
#   CLUSTER_NAMESPACES  0: nodes without namespaces of their own, as where these are not allowed
#
# A node is a slurmd in its own PID, mount and UTS namespaces: it has its own host name, its own view of
# DIR/shared, its own $TMPDIR (DIR/nodes/nN/tmp), and dies as a whole. Jobs go to the partition main (the
# default; a job of the partition urgent preempts them, they have a grace time and are requeued).
# Runs as root or as a plain user, who then sees the jobs of that user only.
set -euo pipefail
export PATH=$PATH:/usr/sbin:/sbin

self=$(realpath "${BASH_SOURCE[0]}")
dir=${CLUSTER_DIR:-${TMPDIR:-/tmp}/bench-cluster.$(id -u)}
conf=$dir/slurm.conf
nodes="1 2"
programs="munged:munge slurmctld:slurm-wlm slurmd:slurm-wlm sbatch:slurm-wlm"
sftp_server=/usr/lib/openssh/sftp-server
[ "${CLUSTER_SSHFS:-0}" = 0 ] || programs+=" sshfs:sshfs $sftp_server:openssh-sftp-server"
export SLURM_CONF=$conf

say() { printf 'cluster: %s\n' "$*" >&2; }
die() { say "$*"; exit 1; }

# missing: the packages whose programs are not there.
missing() {
  local pair
  for pair in $programs; do
    command -v "${pair%%:*}" >/dev/null || echo "${pair#*:}"
  done | sort -u
}

install_missing() {
  local packages
  packages=$(missing)
  [ -n "$packages" ] || return 0
  # One package a line, split on purpose.
  # shellcheck disable=SC2086
  set -- $packages
  [ "$(id -u)" = 0 ] || die "run as root: apt-get install --no-install-recommends $*"
  say "installing $*"
  export DEBIAN_FRONTEND=noninteractive
  apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 ||
    { apt-get update -qq >&2 && apt-get install -y -qq --no-install-recommends "$@" >/dev/null; } ||
    die "could not install $*"
  [ -z "$(missing)" ] || die "still missing: $(missing | xargs)"
}

# unshare_command: the command that gives a node its namespaces, one word a line; nothing where that is not
# allowed. The node's processes end with that command.
unshare_command() {
  local words=(unshare --pid --fork --kill-child=SIGKILL --mount --mount-proc --uts)
  [ "${CLUSTER_NAMESPACES:-1}" = 1 ] || return 0
  [ "$(id -u)" = 0 ] || words+=(--user --map-current-user --keep-caps)
  if "${words[@]}" hostname probe 2>/dev/null; then printf '%s\n' "${words[@]}"; fi
}

# spawn NAME COMMAND...: starts it in the background, apart from this session; DIR/pid/NAME has its process id.
# The environment keeps a mark by which a process is known as one of ours.
spawn() {
  local name=$1
  shift
  # shellcheck disable=SC2016
  CLUSTER_MARK=$dir CLUSTER_DAEMON=$name setsid bash -c 'echo $$ >"$0" && exec "$@"' "$dir/pid/$name" "$@" \
    >>"$dir/log/$name.out" 2>&1 </dev/null &
}

has_environment() { # PID LINE: a zombie has none, so it counts as gone
  { tr '\0' '\n' <"/proc/$1/environ"; } 2>/dev/null | grep -qxF "$2"
}
pid_of() { cat "$dir/pid/$1" 2>/dev/null; }
is_alive() {
  local pid
  pid=$(pid_of "$1") && [ -n "$pid" ] && has_environment "$pid" "CLUSTER_MARK=$dir"
}

# wait_until SECONDS COMMAND...: until it succeeds; fails when the time is over.
wait_until() {
  local end=$((SECONDS + $1))
  shift
  until "$@"; do
    [ $SECONDS -lt $end ] || return 1
    sleep 0.2
  done
}
is_gone() { ! is_alive "$1"; }

# end NAME SIGNAL SECONDS: sends the signal, and SIGKILL if it is still there after that time.
end() {
  if is_alive "$1"; then
    kill "-$2" "$(pid_of "$1")" 2>/dev/null || true
    wait_until "$3" is_gone "$1" || {
      say "$1 does not end, SIGKILL"
      kill -KILL "$(pid_of "$1")" 2>/dev/null || true
      wait_until 5 is_gone "$1" || say "$1 ($(pid_of "$1")) is still there"
    }
  fi
  rm -f "$dir/pid/$1"
}

write_configuration() {
  local host node port
  host=$(hostname -s)
  # Below the ports that the system gives out itself.
  port=$((16384 + ($$ * 8) % 16000))
  mkdir -p "$dir"/{pid,log,state,munge,spool,shared}
  unshare_command >"$dir/unshare"
  chmod 755 "$dir" "$dir/munge"
  chmod 700 "$dir/state"
  (umask 077 && head -c 128 /dev/urandom >"$dir/munge/key")
  # Times are short, so that no test takes minutes: cred_expire is how long a requeued job waits at least,
  # KillWait lies between TERM and KILL, a node that does not answer for SlurmdTimeout is down. MinJobAge keeps
  # finished jobs visible. With InactiveLimit=0 an srun may stand still.
  cat >"$conf" <<END
ClusterName=bench
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=$port
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=$dir/munge/socket,cred_expire=10
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool/%n
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd-%n.pid
SlurmctldLogFile=$dir/log/slurmctld.log
SlurmdLogFile=$dir/log/slurmd-%n.log
SlurmdParameters=config_overrides
TaskProlog=$dir/task-prolog
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
MailProg=/bin/true
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc=$dir/log/jobcomp.txt
SchedulerType=sched/backfill
SchedulerParameters=batch_sched_delay=1,sched_interval=3,bf_interval=3
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
KillWait=10
SlurmdTimeout=10
SlurmctldTimeout=15
MessageTimeout=5
InactiveLimit=0
MinJobAge=3600
ReturnToService=2
JobRequeue=1
END
  for node in $nodes; do
    mkdir -p "$dir/nodes/n$node"/{tmp,served} "$dir/spool/n$node"
    printf '127.0.0.1 localhost %s n%s\n' "$host" "$node" >"$dir/nodes/n$node/hosts"
    [ -s "$dir/unshare" ] && host=n$node
    echo "NodeName=n$node NodeHostname=$host NodeAddr=127.0.0.1" \
      "Port=$((port + node)) CPUs=${CLUSTER_CPUS:-2} RealMemory=64000 State=UNKNOWN" >>"$conf"
  done
  cat >>"$conf" <<END
PartitionName=main Nodes=ALL Default=YES PriorityTier=1 GraceTime=20 MaxTime=INFINITE State=UP
PartitionName=urgent Nodes=ALL PriorityTier=10 PreemptMode=OFF MaxTime=INFINITE State=UP
END
  # shellcheck disable=SC2016
  printf '#!/bin/sh\necho "export TMPDIR=%s/nodes/$SLURMD_NODENAME/tmp"\n' "$dir" >"$dir/task-prolog"
  # sshfs starts it as ssh: it needs no ssh, only the program that serves files.
  printf '#!/bin/sh\nexec %s\n' "$sftp_server" >"$dir/serve"
  chmod 755 "$dir/task-prolog" "$dir/serve"
}

# What runs as node N, in its namespaces where there are any (then as their first process, which collects the
# orphans' exit codes).
node_main() {
  local name=n$1 slurmd
  if [ -s "$dir/unshare" ]; then
    mount --make-rprivate / 2>/dev/null || true
    hostname "$name"
    mount --bind "$dir/nodes/$name/hosts" /etc/hosts
    if [ "${CLUSTER_SSHFS:-0}" = 1 ]; then
      # The server must not see the mount that it serves, so it gets the folder under another name.
      mount --bind "$dir/shared" "$dir/nodes/$name/served"
      sshfs -o "ssh_command=$dir/serve" "x:$dir/nodes/$name/served" "$dir/shared"
    fi
  fi
  slurmd -D -N "$name" -f "$conf" &
  slurmd=$!
  trap 'kill -TERM $slurmd' TERM
  while kill -0 $slurmd 2>/dev/null; do wait $slurmd || true; done
}

start_node() {
  local words=()
  rm -rf "$dir/nodes/n$1/tmp"
  mkdir -p "$dir/nodes/n$1/tmp"
  mapfile -t words <"$dir/unshare"
  spawn "node-n$1" "${words[@]}" "$self" node-main "$1"
}

# steps N: the processes of node N's jobs where a node has no namespace. slurmd clears the environment of its
# slurmstepd, which is no child of it: known by its program and the node's log that it holds open; jobs' own
# processes by the environment that SLURM gives them.
steps() {
  local process file
  for process in /proc/[0-9]*; do
    process=${process#/proc/}
    if has_environment "$process" "SLURM_CONF=$conf" && has_environment "$process" "SLURMD_NODENAME=n$1"; then
      echo "$process"
    else
      case $(readlink "/proc/$process/exe" 2>/dev/null) in */slurmstepd*) ;; *) continue ;; esac
      for file in "/proc/$process/fd"/*; do
        [ "$(readlink "$file" 2>/dev/null)" != "$dir/log/slurmd-n$1.log" ] || { echo "$process"; break; }
      done
    fi
  done
}

kill_node() {
  local process
  end "node-n$1" KILL 5
  [ ! -s "$dir/unshare" ] || return 0
  # Twice: a process may just have been starting another.
  for _ in 1 2; do
    for process in /proc/[0-9]*; do
      process=${process#/proc/}
      has_environment "$process" "CLUSTER_MARK=$dir" || continue
      has_environment "$process" "CLUSTER_DAEMON=node-n$1" || continue
      kill -KILL "$process" 2>/dev/null || true
    done
    for process in $(steps "$1"); do kill -KILL "$process" 2>/dev/null || true; done
  done
}

has_munge() { munge -n -S "$dir/munge/socket" >/dev/null 2>&1; }
idle_nodes() { timeout 5 sinfo -h -p main -N -o %T 2>/dev/null | grep -cx idle || true; }
all_idle() { [ "$(idle_nodes)" = "$(wc -w <<<"$nodes")" ]; }
no_jobs() { [ -z "$(timeout 5 squeue -h 2>/dev/null)" ]; }

start_controller() { spawn slurmctld slurmctld -D -f "$conf"; }

start() {
  local node
  [ ! -d "$dir/pid" ] || die "$dir is in use: stop it first"
  install_missing
  if [ -d "$dir" ] && [ ! -f "$conf" ] && [ -n "$(ls -A "$dir")" ]; then
    die "$dir is not a cluster's folder"
  fi
  rm -rf "$dir"
  mkdir -p "$dir"
  write_configuration
  if [ "${CLUSTER_SSHFS:-0}" = 1 ] && ! { [ -s "$dir/unshare" ] && [ -w /dev/fuse ]; }; then
    rm -rf "$dir"
    die "sshfs mounts need /dev/fuse and mount namespaces, which are not to be had here"
  fi
  spawn munged munged --foreground --socket="$dir/munge/socket" --key-file="$dir/munge/key" \
    --log-file="$dir/log/munged.log" --pid-file="$dir/munge/pid" --seed-file="$dir/munge/seed"
  wait_until 20 has_munge || { tail -n 5 "$dir/log/munged.out" >&2; stop; die "munged did not start"; }
  start_controller
  for node in $nodes; do start_node "$node"; done
  wait_until 90 all_idle || {
    timeout 5 sinfo -N -l >&2 || true
    tail -n 15 "$dir"/log/*.out "$dir"/log/slurm*.log >&2 || true
    stop
    die "the cluster did not come up"
  }
}

stop() {
  local node
  [ -d "$dir/pid" ] || return 0
  if is_alive slurmctld; then
    for node in main urgent; do timeout 10 scancel --partition=$node 2>/dev/null || true; done
    wait_until 20 no_jobs || say "jobs are left"
  fi
  for node in $nodes; do kill_node "$node"; done
  end slurmctld TERM 15
  end munged TERM 5
  rm -rf "$dir/pid"
}

status() {
  local file name
  for file in "$dir"/pid/*; do
    [ -e "$file" ] || continue
    name=${file##*/}
    if is_alive "$name"; then echo "$name $(pid_of "$name") alive"; else echo "$name dead"; fi
  done
  timeout 10 sinfo -N -l
}

case ${1:-} in
  install) install_missing ;;
  start | stop | status) "$1" ;;
  env) printf 'export SLURM_CONF=%q\n' "$conf" ;;
  node-kill) is_alive "node-n$2" || die "node $2 is not up"; kill_node "$2" ;;
  node-start) ! is_alive "node-n$2" || die "node $2 is up"; start_node "$2" ;;
  node-main) node_main "$2" ;;
  controller-stop) end slurmctld TERM 15 ;;
  controller-start) ! is_alive slurmctld || die "slurmctld is up"; start_controller ;;
  *) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$self" >&2; exit 2 ;;
esac
