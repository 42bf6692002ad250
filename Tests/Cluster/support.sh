# What the cases of run.sh share: checks, specs, waiting, and how two databases are compared.
# shellcheck shell=bash disable=SC2154
# Sourced by run.sh, which sets `here` (this folder), `bench` (the program) and `work` (a temporary folder).

# The first words of a line of the transcript say what it is; the file `checks` keeps them for the count.
note() { printf '  %s\n' "$*"; }
pass() { printf '  ok      %s\n' "$*"; echo ok >>"$work/checks"; }
fail() { printf '  FAILED  %s\n' "$*"; echo failed >>"$work/checks"; }

# check WHAT FOUND EXPECTED
check() {
  if [ "$2" = "$3" ]; then pass "$1: $2"; else fail "$1: $2, expected $3"; fi
}
# check_that WHAT COMMAND...: it succeeds.
check_that() {
  local what=$1
  shift
  if "$@" >/dev/null 2>&1; then pass "$what"; else fail "$what"; fi
}
# check_text WHAT PATTERN FILE...: one of the files has a line that matches.
check_text() {
  local what=$1 pattern=$2
  shift 2
  if grep -qE -- "$pattern" "$@"; then
    pass "$what: $(grep -hE -m 1 -- "$pattern" "$@" | head -n 1)"
  else
    fail "$what: no line matches '$pattern' in: $(cat "$@" | head -n 5 | tr '\n' '|')"
  fi
}

# wait_for SECONDS WHAT COMMAND...: until it succeeds. What does not come in time ends the case.
wait_for() {
  local limit=$1 what=$2 start=$SECONDS
  shift 2
  until "$@" >/dev/null 2>&1; do
    if [ $((SECONDS - start)) -ge "$limit" ]; then
      fail "waited $limit s in vain: $what"
      show_state
      exit 1
    fi
    sleep 0.2
  done
  note "after $((SECONDS - start)) s: $what"
}

show_state() {
  {
    squeue -a || true
    sinfo -N || true
    "$here/cluster.sh" status || true
    find "$CLUSTER_DIR/shared" -path '*/output/*' -type f -size +0 -exec tail -n 5 {} + || true
  } 2>&1 | head -n 100 | sed 's/^/    | /'
}

# with_cluster [NAME=VALUE...]: starts one with these settings, in a folder of the case's own; `shared` is the
# folder that all nodes see, and the current one. It is stopped when the case ends, see run.sh.
with_cluster() {
  local start=$SECONDS
  env "$@" "$here/cluster.sh" start || { fail "the cluster starts"; exit 1; }
  eval "$("$here/cluster.sh" env)"
  shared=$CLUSTER_DIR/shared
  cd "$shared" || exit 1
  note "the cluster is up after $((SECONDS - start)) s"
}
no_jobs() { local jobs; jobs=$(squeue -h) && [ -z "$jobs" ]; }
# running [NODE]: the running tasks of the sweep, one a line.
running() { squeue -h -r -p main -t RUNNING ${1:+-w "$1"} -o %i; }
count_running() { running "$@" | wc -l; }
has_running() { [ "$(running "${@:2}" | wc -l)" -ge "$1" ]; } # COUNT [NODE]
is_running() { running | grep -qx "$1"; }
node_state() { sinfo -h -n "$1" -p main -o %T; }
is_down() { [[ $(node_state "$1") == down* ]]; }
is_up() { [[ $(node_state "$1") =~ ^(idle|mixed|allocated)$ ]]; }
has_controller() { scontrol ping 2>/dev/null | grep -q ' UP' && squeue -h; }

# tasks [NODE]: process ids of the program's tasks, as this host counts them.
tasks() {
  local process environment
  for process in /proc/[0-9]*; do
    { tr '\0' ' ' <"$process/cmdline"; } 2>/dev/null | grep -q ' slurm-task ' || continue
    [[ $(readlink "$process/exe" 2>/dev/null) != */srun ]] || continue
    environment=$({ tr '\0' '\n' <"$process/environ"; } 2>/dev/null) || continue
    grep -qxF "SLURM_CONF=$SLURM_CONF" <<<"$environment" || continue
    [ -z "${1:-}" ] || grep -qxF "SLURMD_NODENAME=$1" <<<"$environment" || continue
    echo "${process#/proc/}"
  done
}
has_tasks() { [ "$(tasks "${@:2}" | wc -l)" -ge "$1" ]; } # COUNT [NODE]
no_tasks() { [ -z "$(tasks "$@")" ]; }
# batch_scripts: the processes of the batch scripts.
batch_scripts() {
  local process
  for process in /proc/[0-9]*; do
    { tr '\0' ' ' <"$process/cmdline"; } 2>/dev/null |
      grep -q "$CLUSTER_DIR/spool/n[12]/job[0-9]*/slurm_script" || continue
    echo "${process#/proc/}"
  done
}

# steps CORE_SECONDS: how many training steps take about that much of one core here. Measured once, by CPU
# time, which other programs' load changes little.
steps() {
  local file=$work/steps-per-second seconds
  if [ ! -s "$file" ]; then
    write_steps "$work/speed.json" speed "[0]" 600
    TIMEFORMAT='%U'
    seconds=$({ time "$bench" run "$work/speed.json" --db "$work/speed/bench.sqlite" --threads 1 --quiet \
      >/dev/null 2>"$work/speed.err"; } 2>&1)
    awk -v s="$seconds" 'BEGIN { print 1800 / (s > 0.1 ? s : 0.1) }' >"$file"
  fi
  # Whole hundreds, so that the last step is an evaluation.
  awk -v s="$1" -v rate="$(cat "$file")" \
    'BEGIN { n = int(s * rate / 100 + 0.5) * 100; print n < 100 ? 100 : n }'
}

# write_steps FILE NAME SEEDS STEPS [RATE]: three tiny nets, one in half precision, with these seeds.
write_steps() {
  cat >"$1" <<END
{"name": "$2", "title": "Three tiny nets", "protocol": {"name": "tiny",
  "data": {"name": "shapes", "size": 16, "trainCount": 60, "testCount": 24},
  "batch": 8, "iterations": $4, "optimizer": {"learningRate": ${5:-0.02}},
  "augmentation": {"padding": 2, "flip": true},
  "evaluation": {"every": 50, "recordEvery": 5}},
 "include": [{"network": "plain", "depth": 8, "width": 0.25},
  {"network": "residual", "depth": 8, "width": 0.25},
  {"network": "residual", "depth": 8, "width": 0.25, "precision": "bf16"}],
 "seeds": $3}
END
}

# write_spec FILE NAME SEEDS CORE_SECONDS: the same, each run of that length.
write_spec() {
  local count
  count=$(steps "$4")
  write_steps "$1" "$2" "$3" "$count"
  note "$2: 3 nets x $3 seeds, $count steps each (about $4 s of one core)"
}

query() { "$bench" query "$1" --db "$2" --format csv | tail -n +2; }
value() { query "$@" | head -n 1; }

# results DB: everything that must be the same: hashes, and every number but the speed.
results() {
  query "SELECT experiment, variant, seed, status, weightsHash FROM runs ORDER BY variant, seed" "$1"
  query "SELECT variant, seed, metric, step, value FROM curves WHERE metric <> 'imagesPerSecond'
    ORDER BY variant, seed, metric, step" "$1"
}

# reference SPEC: the results of a plain `bench run` of it, in a file whose name is printed.
reference() {
  local name
  name=$work/plain/$(sha256sum "$1" | cut -c 1-16)
  if [ ! -s "$name.results" ]; then
    mkdir -p "$work/plain"
    "$bench" run "$1" --db "$name/bench.sqlite" --jobs 2 --threads 1 --quiet >"$name.log" 2>&1 || {
      cat "$name.log" >&2
      return 1
    }
    results "$name/bench.sqlite" >"$name.results"
  fi
  echo "$name.results"
}

# submit SPEC OPTIONS...: `bench slurm --submit` with the options that the cases share; `arrays` gets the new
# jobs' ids. The exit code is the program's; the files $submitted and $submitted.errors have what it said.
submit() {
  local spec=$1 code=0
  shift
  submitted=$work/submitted
  "$bench" slurm "$spec" --submit --db "$shared/results/bench.sqlite" --time 30 --cpus 1 \
    --stale-after "$stale" "$@" >"$submitted" 2>"$submitted.errors" || code=$?
  mapfile -t arrays < <(sed -n 's/^Submitted: job \([0-9]*\).*/\1/p' "$submitted")
  folder=$shared/results/slurm/$(sed -n 's/^{"name": "\([^"]*\)".*/\1/p' "$spec")
  return $code
}
stale=30s
# How many seconds a sweep may take.
patience=1800
must_submit() {
  submit "$@" || { fail "bench slurm --submit: $(cat "$submitted" "$submitted.errors")"; exit 1; }
  [ ${#arrays[@]} -gt 0 ] || { fail "no job was submitted: $(cat "$submitted" "$submitted.errors")"; exit 1; }
  note "submitted as job ${arrays[*]}"
}

done_count() { find "$folder/done" -mindepth 1 -maxdepth 1 ! -name '.*' 2>/dev/null | wc -l; }
has_done() { [ "$(done_count)" -ge "$1" ]; }
# unfinished: the runs that were claimed and are not done.
unfinished() {
  local run
  for run in "$folder"/runs/*/; do
    run=$(basename "$run")
    [ ! -d "$folder/runs/$run" ] || [ -e "$folder/done/$run" ] || echo "$run"
  done
}
has_unfinished() { [ "$(unfinished | wc -l)" -ge "$1" ]; }

# complete SPEC COUNT OPTIONS...: waits for the jobs and submits the same command again until all runs are
# done, three times at most.
complete() {
  local spec=$1 count=$2 round
  shift 2
  wait_for "$patience" "no job is left" no_jobs
  for round in 1 2 3; do
    [ "$(done_count)" -lt "$count" ] || return 0
    note "$(done_count) of $count runs are done; submitted again ($round)"
    must_submit "$spec" "$@"
    wait_for "$patience" "no job is left" no_jobs
  done
}

# check_sweep SPEC COUNT: merged, the sweep has every run once and equal to a plain run's; nothing is left.
check_sweep() {
  local merged=$work/merged-$RANDOM$RANDOM/bench.sqlite plain left
  mkdir -p "$(dirname "$merged")"
  check "runs done" "$(done_count)" "$2"
  plain=$(reference "$1") || { fail "the plain bench run"; return; }
  check_that "bench merge" "$bench" merge "$folder" --db "$merged"
  results "$merged" >"$merged.results" 2>"$merged.errors" || fail "bench query: $(cat "$merged.errors")"
  check "complete runs in the merged database" \
    "$(value "SELECT count(*) FROM runs WHERE status = 'complete'" "$merged")" "$2"
  check "runs that are complete more or less than once" "$(value "SELECT count(*) FROM (
    SELECT runId FROM attempts GROUP BY runId HAVING sum(status = 'complete') <> 1)" "$merged")" 0
  check "numbers recorded" "$(wc -l <"$merged.results")" "$(wc -l <"$plain")"
  check_that "weights' hashes and every number are those of a plain bench run" cmp "$merged.results" "$plain"
  note "attempts: $(query "SELECT count(*) || ' ' || status AS text FROM attempts GROUP BY status" "$merged" |
    paste -sd ';'); $(value "SELECT sum(resumed > 0) || ' resumed; ' || sum(preemptions) || ' preemptions, '
      || sum(timeouts) || ' time-outs, ' || sum(failures) || ' failures' AS text FROM attempts" "$merged" | tr -d '"')"
  note "hosts: $(query "SELECT host || ' ' || count(*) AS text FROM attempts GROUP BY host" "$merged" | paste -sd ';')"
  # Merging again changes nothing, and the folder read as it is has the same.
  check_that "bench merge again" "$bench" merge "$folder" --db "$merged"
  check_that "… and nothing has changed" cmp <(results "$merged") "$plain"
  check_that "bench query on the folder as it is gives the same" cmp <(results "$folder") "$plain"
  check_that "the published database has the same" cmp <(results "$folder/bench.sqlite") "$plain"
  left=$(find "$shared" -name '.new-*' | wc -l)
  check "half-written files (.new-*)" "$left" 0
  left=$(find "$folder/runs" -path '*/checkpoints/*' -type f 2>/dev/null | wc -l)
  check "checkpoints of finished runs" "$left" 0
  check "claimed runs that are not done" "$(unfinished | wc -l)" 0
  check "runs given back" "$(find "$folder/back" -mindepth 1 | wc -l)" 0
  left=$(find "$CLUSTER_DIR"/nodes/*/tmp -mindepth 1 | head -n 3 | paste -sd ' ')
  check "files in the nodes' temporary folders" "${left:-none}" none
  check "processes of the sweep" "$(tasks | wc -l)" 0
}

# job_ends: how the tasks ended, as SLURM noted it.
job_ends() {
  sed -n 's/.*JobState=\([A-Z_]*\).*/\1/p' "$CLUSTER_DIR/log/jobcomp.txt" 2>/dev/null | sort | uniq -c |
    awk '{ printf "%s%s %s", (NR > 1 ? ", " : ""), $1, $2 }'
}
# restarts TASK: how often SLURM has started it again.
restarts() {
  scontrol -o show job "$1" | sed -n 's/.* Restarts=\([0-9]*\).*/\1/p' | awk '{ n += $1 } END { print n + 0 }'
}
