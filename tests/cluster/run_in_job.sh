#!/usr/bin/env bash
# `headway run` in a Slurm job uses all its nodes, which are uneven: every trial is done once, by the bits of this
# machine alone, also when a trial's ranks stand on two nodes, a rank dies, the job is cancelled or its time is up.
# shellcheck disable=SC2016 # jobs expand their own variables
set -euo pipefail
# shellcheck source=tests/support/testbed.sh
source "$SOURCE_DIR/tests/support/testbed.sh"

start_testbed nodes=4 cpus=2,1,2,2 gpus=0
export HEADWAY HEADWAY_WORKER

make_dataset "$work/data" 600 100
cat >"$work/sweep.yaml" <<YAML
name: local
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 4}
  training: {epochs: 2, batch_size: 40}
sweep: {seeds: 9}
YAML
long=(sweep.seeds=1 training.shards=4 training.epochs=60)

# submit_run SBATCH-OPTIONS... -- RUN-ARGUMENTS...: what it says ends in `exit CODE`. scancel also ends the script.
submit_run() {
  local options=()
  while [[ $1 != -- ]]; do
    options+=("$1")
    shift
  done
  printf '#!/bin/sh\n%s\ntrap : TERM\nexec 2>&1\n"$HEADWAY" run %s/sweep.yaml %s\necho "exit $?"\n' \
    "${before:-}" "$work" "${*:2}" >"$work/job.sh"
  submit --exclusive --nodes=4 "${options[@]}" "$work/job.sh"
}

# run_ended JOB CODE: the run in it ended so.
run_ended() {
  wait_until "${3:-300}" says "$work/$1.out" 'exit [0-9]*'
  says "$work/$1.out" "exit $2" || { cat "$work/$1.out"; fail "not exit code $2"; }
}

hashes() { query "$1" "select trial_id, weights_sha256, state_sha256, metrics_sha256 from trials order by 1"; }
has_started() { grep -q 'started by group' "$work/$1.out"; }

# -- every trial once, on all nodes, with the bits that this machine gives
"$HEADWAY" run "$work/sweep.yaml"
job=$(submit_run -- name=many)
run_ended "$job" 0
expect "trials" "9|1|1" "$(query many "select count(*), min(attempts), max(attempts) from trials where state = 'done'")"
expect "hashes" "$(hashes local)" "$(hashes many)"
# Which group is first to take a trial is a matter of speed; that there is one for each core is not.
expect "other hosts" "" "$(query many "select host from trials where host not in ('n1', 'n2', 'n3', 'n4')")"
groups=("$HEADWAY_RESULTS"/many/logs/*-*.log)
[[ ${#groups[@]} -ge 7 ]] || fail "not a group for each core: ${groups[*]}"

# -- four ranks fit on no node: they stand on two, and one of them dies
"$HEADWAY" run "$work/sweep.yaml" name=long_local "${long[@]}"
job=$(submit_run -- name=wide resources.ranks=4 "${long[@]}")
wait_until 120 has_started "$job"
works_on() { on_node "$1" pgrep -x headway-worker >/dev/null; }
busy=()
for node in n1 n2 n3 n4; do
  if works_on "$node"; then busy+=("$node"); fi
done
expect "nodes of the group" 2 "${#busy[@]}"
on_node "${busy[1]}" pkill -KILL -o -x headway-worker
run_ended "$job" 0
expect "attempts" "1|crash|137
2||0" "$(query wide 'select attempt, failure, exit_code from attempts order by 1')"
expect "hashes of four ranks" "$(hashes long_local)" "$(hashes wide)"

# -- cancelled, all leave in order; another job goes on
job=$(submit_run -- name=cancelled "${long[@]}" training.epochs=2000)
wait_until 120 has_started "$job"
in_testbed scancel "$job"
run_ended "$job" 75
wait_until_gone "$job"
for node in n1 n2 n3 n4; do
  if works_on "$node"; then fail "a worker is left on $node"; fi
done
expect "attempts" "preempted|75" "$(query cancelled 'select failure, exit_code from attempts')"

# -- its time is nearly over, as squeue tells; another job goes on
job=$(before='sleep 30' submit_run --partition=short -- name=limited sweep.seeds=2 training.epochs=400)
run_ended "$job" 75
grep -q "the Slurm job's time is nearly over" "$work/$job.out" || fail "it does not say why"
job=$(submit_run -- name=limited sweep.seeds=2 training.epochs=400)
run_ended "$job" 0 900
expect "trials" "done|2" "$(query limited 'select state, count(*) from trials group by 1')"
