# The cases of run.sh: a sweep on a real SLURM, disturbed in every way that clusters know. Each begins with a
# cluster of its own and ends with the same question: is every run there once, with the bits of a plain
# `bench run`?
# shellcheck shell=bash disable=SC2154,SC2317
# Sourced by run.sh after support.sh; functions with a name `is_…` inside a case are called by wait_for.

# The shortest: both nodes, one task cancelled, the same command again. At most three minutes with all that it
# starts.
case_quick() {
  patience=400
  with_cluster CLUSTER_CPUS=1
  write_spec quick.json quick "[0, 1, 2, 3]" 1.5
  check_that "bench slurm writes the script and submits nothing" \
    "$bench" slurm quick.json --db results/bench.sqlite
  check_that "no job is there" no_jobs
  must_submit quick.json --chunk 2
  wait_for 120 "a task on each node" has_running 2
  wait_for 120 "both train" has_unfinished 2
  local task
  task=$(running n2 | head -n 1)
  scancel "$task"
  note "cancelled $task on n2"
  check_that "bench status on the folder" "$bench" status --db "$folder"
  must_submit quick.json --chunk 2
  complete quick.json 12 --chunk 2
  check_sweep quick.json 12
  check_that "bench report on the folder" "$bench" report quick --db "$folder"
  note "tasks ended: $(job_ends)"

  # Where everything is done the same command may say so or submit tasks that find nothing to do.
  check_that "the same command when all is done" submit quick.json --chunk 2
  wait_for "$patience" "no job is left" no_jobs
  check "runs done" "$(done_count)" 12
}

# 60 runs and all that can happen to a task.
case_array60() {
  with_cluster CLUSTER_CPUS=2
  write_spec array60.json array60 "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]" 6
  # Submitted by hand, as a user may, with a limit that it reaches; SLURM's warning is a signal without meaning.
  check_that "bench slurm writes the script" "$bench" slurm array60.json --db results/bench.sqlite --cpus 1 \
    --stale-after "$stale"
  local limited task victims urgent
  limited=$(sbatch --parsable --array=0-0 --time=1 --cpus-per-task=1 --signal=B:CONT@1 --nodelist=n2 \
    results/slurm/array60/job.sh)
  wait_for 120 "job $limited runs, with a limit of one minute" has_running 1 n2

  must_submit array60.json --chunk 4
  local array=${arrays[0]}
  wait_for 120 "four tasks run" has_running 4
  wait_for 300 "two runs are done" has_done 2
  wait_for 120 "four runs are in work" has_unfinished 4

  mapfile -t victims < <(running | grep "^${array}_" | head -n 2)
  check "tasks to cancel" "${#victims[@]}" 2
  scancel "${victims[@]}"
  note "cancelled ${victims[*]}"

  wait_for 120 "two tasks train on n1" has_tasks 2 n1
  task=$(running n1 | grep "^${array}_" | tail -n 1)
  scontrol requeue "$task" || fail "scontrol requeue $task"
  note "requeued $task"
  is_restarted() { [ "$(restarts "$task")" -ge 1 ]; }
  wait_for 120 "SLURM counts the restart" is_restarted

  wait_for 120 "a task trains on n1" has_tasks 1 n1
  mapfile -t victims < <(running n1)
  urgent=$(sbatch --parsable --partition=urgent --nodelist=n1 --exclusive --output=/dev/null --wrap 'sleep 2')
  note "an urgent job takes n1 from ${victims[*]}"
  is_over() { [ -z "$(squeue -h -j "$urgent")" ]; }
  wait_for 120 "the urgent job is over" is_over
  local requeued=0
  for task in "${victims[@]}"; do
    # One that was about to end is not preempted.
    if [ "$(restarts "$task")" -gt 0 ] || scontrol -o show job "$task" | grep -q JobState=COMPLETED; then
      requeued=$((requeued + 1))
    fi
  done
  check "tasks that it took the node from and that are requeued" $requeued ${#victims[@]}

  wait_for 120 "two tasks train on n1" has_tasks 2 n1
  sleep 2
  "$here/cluster.sh" node-kill 1
  note "n1 has lost its power"
  wait_for 180 "SLURM sees n1 down" is_down n1
  "$here/cluster.sh" node-start 1
  wait_for 120 "n1 is back" is_up n1
  check_that "runs were left to do after all this" test "$(done_count)" -lt 60

  complete array60.json 60 --chunk 4
  check_that "the job came to its limit of one minute" grep -qE "JobState=TIMEOUT|Restarts=[1-9]" \
    <(scontrol -o show job "$limited")
  check_sweep array60.json 60
  note "tasks ended: $(job_ends)"
}

# Two arrays of one spec, submitted at the same moment.
case_two_arrays() {
  with_cluster CLUSTER_CPUS=2
  write_spec two.json two "[0, 1, 2, 3, 4, 5]" 2
  local first second code=0
  "$bench" slurm two.json --submit --db results/bench.sqlite --time 30 --cpus 1 --chunk 3 --max-running 2 \
    --stale-after "$stale" >first.out 2>&1 &
  first=$!
  "$bench" slurm two.json --submit --db results/bench.sqlite --time 30 --cpus 1 --chunk 3 --max-running 2 \
    --stale-after "$stale" >second.out 2>&1 &
  second=$!
  wait $first || code=$?
  wait $second || code=$?
  check "exit code of both" $code 0
  check "arrays submitted" "$(cat first.out second.out | grep -c '^Submitted: job [0-9]')" 2
  folder=$shared/results/slurm/two
  wait_for 120 "tasks of both run" has_running 3
  complete two.json 18 --chunk 3
  check_sweep two.json 18
}

# Each node sees the folder through an sshfs mount of its own, with its caches; one goes on where the other was.
case_sshfs() {
  with_cluster CLUSTER_CPUS=1 CLUSTER_SSHFS=1
  check "mounts that the nodes see" \
    "$(srun -N2 bash -c "grep -c ' $shared fuse.sshfs ' /proc/mounts" | xargs)" "1 1"
  # Longer than two times the 20 s for which sshfs remembers what a folder has.
  local options=(--chunk 3 --stale-after 45s)
  write_spec sshfs.json sshfs "[0, 1, 2]" 5
  must_submit sshfs.json "${options[@]}"
  wait_for 120 "a task on each node" has_running 2
  wait_for 120 "two runs are done" has_done 2
  wait_for 120 "two runs are in work" has_unfinished 2
  # n1 gets nothing more, so n2 has to go on with what n1 began.
  local task
  task=$(running n1)
  scontrol update nodename=n1 state=drain reason=test
  scancel "$task"
  note "cancelled $task on n1, which takes no more jobs"
  complete sshfs.json 9 "${options[@]}"
  check_sweep sshfs.json 9
  # The host of an attempt is the one that began it, and n1 did nothing more.
  check "runs that n1 began, left with a checkpoint, and n2 finished" \
    "$(value "SELECT count(*) FROM attempts WHERE resumed AND preemptions > 0 AND host = 'n1'" "$folder")" 1
  check_text "n2 goes on where n1 was" "goes on after step" \
    "$(grep -L "preempted after step" "$folder"/output/* | xargs grep -l "goes on after step")"
}

# No slurmctld when tasks end: those that are done, and those that were told to stop and have to be requeued.
case_controller_down() {
  with_cluster CLUSTER_CPUS=1
  write_spec down.json down "[0, 1]" 4
  must_submit down.json --chunk 3
  wait_for 120 "a task on each node" has_running 2
  wait_for 120 "both train" has_unfinished 2
  "$here/cluster.sh" controller-stop
  wait_for 300 "the tasks have ended without slurmctld" no_tasks
  "$here/cluster.sh" controller-start
  wait_for 120 "slurmctld is back" has_controller
  complete down.json 6 --chunk 3
  check_sweep down.json 6

  # One task only, so that nobody else finishes what it leaves.
  write_spec stop.json stop "[0]" 6
  must_submit stop.json --chunk 3
  check "tasks" "$(squeue -h -r | wc -l)" 1
  wait_for 120 "it runs" has_running 1
  wait_for 120 "it trains" has_unfinished 1
  "$here/cluster.sh" controller-stop
  local scripts
  mapfile -t scripts < <(batch_scripts)
  check_that "its batch script is found" test ${#scripts[@]} -gt 0
  kill -USR1 "${scripts[@]}"
  note "warned the batch script, as SLURM does before the limit"
  wait_for 120 "the task has stopped" no_tasks
  check "runs done" "$(done_count)" 0
  sleep 15
  "$here/cluster.sh" controller-start
  wait_for 120 "slurmctld is back" has_controller
  wait_for "$patience" "no job is left" no_jobs
  check "runs done without another submission" "$(done_count)" 3
  complete stop.json 3 --chunk 3
  check_sweep stop.json 3
}

# A task stands still, another takes its run; when it wakes it leaves the run alone.
case_stood_still() {
  with_cluster CLUSTER_CPUS=1
  write_spec still.json still "[0, 1, 2]" 12
  must_submit still.json --chunk 5
  wait_for 120 "a task on each node" has_running 2
  wait_for 120 "both train" has_unfinished 2
  local process still
  process=$(tasks n1 | head -n 1)
  kill -STOP "$process"
  note "the task on n1 stands still"
  still=$(unfinished)
  is_taken() {
    local run
    for run in $still; do
      if grep -qs '^held' "$folder/runs/$run/claim.2"; then return 0; fi
    done
    return 1
  }
  wait_for 900 "its run is taken over" is_taken
  kill -CONT "$process"
  note "it wakes"
  complete still.json 9 --chunk 5
  check_text "it notices" "1 taken over elsewhere" "$folder"/output/*
  check_sweep still.json 9
}

# More tasks than one array may have.
case_split() {
  with_cluster
  local seeds
  seeds=[$(seq -s , 0 399)]
  write_steps split.json split "$seeds" 100
  must_submit split.json --chunk 1 --sbatch-arg=--hold
  check "arrays for 1,200 runs, one a task" ${#arrays[@]} 2
  check "tasks that wait" "$(squeue -h -r | wc -l)" 1200
  scancel --partition=main
  wait_for 120 "no job is left" no_jobs
}

case_bad_input() {
  with_cluster CLUSTER_CPUS=1
  write_spec bad.json bad "[0, 1]" 3
  local code=0
  submit bad.json --cpus 0 || code=$?
  check "--cpus 0: exit code" $code 2
  check_text "--cpus 0: message" "cpus" "$submitted" "$submitted.errors"
  check_that "--cpus 0: no job" no_jobs

  code=0
  submit bad.json --partition nosuch || code=$?
  check "no such partition: exit code" $code 2
  check_text "no such partition: SLURM's message" "invalid partition specified: nosuch" "$submitted.errors"
  check_that "no such partition: the script is there" test -s "$folder/job.sh"

  code=0
  submit bad.json --sbatch-arg=--no-such-option || code=$?
  check "no such option of sbatch: exit code" $code 2
  check_text "no such option of sbatch: SLURM's message" "no-such-option" "$submitted" "$submitted.errors"

  # Without SLURM.
  mkdir -p "$work/empty"
  rm -rf "$folder"
  code=0
  env PATH="$work/empty" "$bench" slurm bad.json --db results/bench.sqlite >without.out 2>&1 || code=$?
  check "no SLURM here, nothing submitted: exit code" $code 0
  check_that "… and the script is there" test -s "$folder/job.sh"
  rm -rf "$folder"
  code=0
  env PATH="$work/empty" "$bench" slurm bad.json --submit --db results/bench.sqlite >without.out 2>&1 ||
    code=$?
  check "no sbatch: exit code" $code 2
  check_text "no sbatch: message" "sbatch" without.out
  check_that "no sbatch: the script is there" test -s "$folder/job.sh"

  # Another spec under the same name, while the first waits.
  must_submit bad.json --sbatch-arg=--hold
  sed 's/"learningRate": 0.02/"learningRate": 0.03/' bad.json >bad-new.json
  check_that "the changed spec differs" test "$(cmp bad.json bad-new.json || echo differs)" != ""
  cp bad.json bad-old.json
  cp bad-new.json bad.json
  code=0
  submit bad.json || code=$?
  check "changed spec: exit code" $code 2
  check_text "changed spec: message" "spec|changed|differ" "$submitted.errors" "$submitted"
  cp bad-old.json bad.json

  # Another program of the same version, and a sweep that another version began.
  local other=$work/other/bench real=$bench
  mkdir -p "$work/other"
  cp "$bench" "$other"
  printf 'x' >>"$other"
  bench=$other
  must_submit bad.json --sbatch-arg=--hold
  bench=$real
  check "programs kept, each for the tasks that were submitted with it" \
    "$(find "$folder" -maxdepth 1 -name 'program-*' | wc -l)" 2
  cp "$folder/sweep.json" sweep.json
  sed 's/"engineVersion" : "[^"]*"/"engineVersion" : "0"/' sweep.json >"$folder/sweep.json"
  code=0
  submit bad.json || code=$?
  check "another version of the engine: exit code" $code 2
  check_text "another version of the engine: message" "version 0 of the engine" "$submitted.errors"
  sed 's/"version" : "[^"]*"/"version" : "0.0.1"/' sweep.json >"$folder/sweep.json"
  must_submit bad.json --sbatch-arg=--hold
  check_text "another version with the same engine is told" "begun by bench 0.0.1" "$submitted.errors"
  cp sweep.json "$folder/sweep.json"
  squeue -h -o %A | sort -u | xargs -r scontrol release
  complete bad.json 6
  check_sweep bad.json 6
}

# 60 tiny runs over an array, against plain `bench run --jobs 2` on the same two cores. The best ratio of three
# pairs, since other programs' load makes one of the two slower.
case_speed() {
  with_cluster CLUSTER_CPUS=1
  write_spec tiny.json speed60 "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19]" 1
  local round start plain array ratio best=99
  for round in 1 2 3; do
    start=$(date +%s.%N)
    "$bench" run tiny.json --db "$work/plain-$round/bench.sqlite" --jobs 2 --threads 1 --quiet \
      >/dev/null 2>&1 || fail "the plain bench run"
    plain=$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }')
    start=$(date +%s.%N)
    shared=$CLUSTER_DIR/shared/$round
    # Twenty tasks: those that come late find nothing left to do.
    must_submit tiny.json
    until no_jobs; do sleep 0.1; done
    array=$(awk -v a="$start" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }')
    check "runs done" "$(done_count)" 60
    ratio=$(awk -v a="$array" -v p="$plain" 'BEGIN { printf "%.2f", a / p }')
    best=$(awk -v a="$best" -v b="$ratio" 'BEGIN { print (a < b ? a : b) }')
    note "pair $round: bench run --jobs 2 in $plain s, the array in $array s, ratio $ratio"
    awk -v r="$best" 'BEGIN { exit !(r <= 1.5) }' && break
  done
  check_that "an array of 60 runs takes at most 1.5 times as long ($best)" \
    awk -v r="$best" 'BEGIN { exit !(r <= 1.5) }'
  check_sweep tiny.json 60
}
