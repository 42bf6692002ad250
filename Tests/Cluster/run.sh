#!/usr/bin/env bash
# Tests `bench slurm` on a real SLURM of two nodes, started here and stopped again.
#
#   run.sh [CASE...]     the named cases, or all of them: see `run.sh --list`
#
# BENCH names the program (default: the release build). KEEP=1 keeps the temporary folder and prints its name.
# Exit code: 0 all checks hold, 1 some do not, 2 bad input, 77 a program is missing and cannot be installed.
set -euo pipefail

here=$(dirname "$(realpath "${BASH_SOURCE[0]}")")
bench=${BENCH:-$here/../../.build/release/bench}
# shellcheck source=Tests/Cluster/support.sh
. "$here/support.sh"
# shellcheck source=Tests/Cluster/cases.sh
. "$here/cases.sh"

all=(quick array60 two-arrays sshfs controller-down stood-still split bad-input speed)
if [ "${1:-}" = --list ]; then
  printf '%s\n' "${all[@]}"
  exit 0
fi
cases=("$@")
[ $# -gt 0 ] || cases=("${all[@]}")
for name in "${cases[@]}"; do
  if ! declare -F "case_${name//-/_}" >/dev/null; then
    echo "no case $name; there are: ${all[*]}" >&2
    exit 2
  fi
done
if ! bench=$(realpath -e "$bench" 2>/dev/null); then
  echo "no program at ${BENCH:-.build/release/bench}: set BENCH, or make build" >&2
  exit 2
fi
needs=0
[[ " ${cases[*]} " != *" sshfs "* ]] || needs=1
CLUSTER_SSHFS=$needs "$here/cluster.sh" install || exit 77

work=$(mktemp -d "${TMPDIR:-/tmp}/bench-cluster-test.XXXXXX")
chmod 755 "$work"
# Sockets' names are short: at most 108 characters.
export CLUSTER_DIR=$work/c
# The program's own settings, and an outer SLURM job's, are not the test's.
unset "${!BENCH_@}" "${!SLURM_@}" "${!SBATCH_@}"

child=
stop_cluster() { "$here/cluster.sh" stop || true; }
finish() {
  local code=$?
  trap - EXIT INT TERM
  [ -z "$child" ] || kill -KILL -- "-$child" 2>/dev/null || true
  stop_cluster
  cd /
  if [ "${KEEP:-0}" = 1 ]; then echo "kept: $work"; else rm -rf "$work"; fi
  exit $code
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

touch "$work/checks"
begin=$SECONDS
for name in "${cases[@]}"; do
  start=$SECONDS
  before=$(wc -l <"$work/checks")
  echo "== $name"
  # A case that ends early, by `exit` or by a command that fails, has failed; the others are still made.
  # In the background and in a process group of its own, so that a signal ends all of it at once.
  code=0
  set -m
  (
    set +m -e
    "case_${name//-/_}"
  ) &
  child=$!
  set +m
  wait $child || code=$?
  child=
  stop_cluster
  if [ $code -ne 0 ]; then fail "$name ended early, with exit code $code"; fi
  if [ "$(wc -l <"$work/checks")" = "$before" ]; then fail "$name has checked nothing"; fi
  [ "${KEEP:-0}" = 0 ] || [ ! -d "$CLUSTER_DIR" ] || mv "$CLUSTER_DIR" "$work/$name"
  rm -rf "$CLUSTER_DIR"
  echo "   $name: $((SECONDS - start)) s"
done
failed=$(grep -c failed "$work/checks" || true)
echo "$(wc -l <"$work/checks") checks, $failed failed, ${#cases[@]} cases, $((SECONDS - begin)) s"
[ "$failed" = 0 ]
