#!/usr/bin/env bash
# Locks that other processes hold: who waits says so, with the holder, is not hung, and goes on.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"
export HEADWAY_CACHE=$work/cache

make_dataset "$work/data" 400 50
cat >"$work/sweep.yaml" <<YAML
name: locks
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 4}
  training: {epochs: 1, batch_size: 20}
YAML

# hold FILE: another process that holds its lock; $holder is its number.
hold() {
  python3 -c 'import fcntl, sys, time
file = open(sys.argv[1], "a")
fcntl.flock(file, fcntl.LOCK_EX)
open(sys.argv[2], "w").close()
time.sleep(600)' "$1" "$work/held" &
  holder=$!
  wait_until 20 test -e "$work/held"
  rm "$work/held"
}
release() {
  kill -KILL "$holder"
  wait "$holder" || true
}
finished() {
  wait "$1" || { cat "$work/log"; fail "exit code $?"; }
}

"$HEADWAY" run "$work/sweep.yaml" >"$work/log" 2>&1 # makes the files that are locked below

hold "$HEADWAY_RESULTS/locks/.plan.lock"
"$HEADWAY" run "$work/sweep.yaml" sweep.seeds=2 >"$work/log" 2>&1 &
run=$!
told() { grep -q "waiting for the lock '.*$1', which process $holder (python3" "$work/log"; }
wait_until 30 told .plan.lock
kill -0 "$run" || fail "it did not wait"
release
finished "$run"
grep -q 'is free: going on' "$work/log" || { cat "$work/log"; fail "the end of the wait was not told"; }

# The groups' own: they may wait for longer than a group may stand still. In a sweep without records, as
# `run` itself compares the data with those of the records.
hold "$(find "$HEADWAY_CACHE/datasets" -name '*.pack.lock')"
find "$HEADWAY_CACHE/datasets" -name '*.pack' -delete
"$HEADWAY" run "$work/sweep.yaml" name=waits --hang-timeout 7s >"$work/log" 2>&1 &
run=$!
wait_until 60 told pack.lock
sleep 8
kill -0 "$run" || { cat "$work/log"; fail "it did not wait"; }
release
finished "$run"

# Nor is the group deaf meanwhile.
hold "$(find "$HEADWAY_CACHE/datasets" -name '*.pack.lock')"
find "$HEADWAY_CACHE/datasets" -name '*.pack' -delete
"$HEADWAY" run "$work/sweep.yaml" name=leaves >"$work/log" 2>&1 &
run=$!
told_by_group() { grep -qs "waiting for the lock '.*pack.lock'" "$HEADWAY_RESULTS"/leaves/logs/*.log; }
wait_until 60 told_by_group
kill -TERM "$run"
code=0
wait "$run" || code=$?
[[ $code -eq 75 ]] || { cat "$work/log"; fail "exit code $code"; }
[[ $(query leaves "select state, message from attempts") == "yielded|stopped while its data set was loaded" ]] ||
  fail "the end of the wait was not recorded: $(query leaves 'select state, message from attempts')"
release
"$HEADWAY" run "$work/sweep.yaml" name=leaves >"$work/log" 2>&1 || { cat "$work/log"; fail "exit code $?"; }

for sweep in locks waits leaves; do
  [[ $(query "$sweep" "select count(*) from attempts where failure not in ('', 'preempted')") -eq 0 ]] ||
    fail "a wait was taken for a failure: $(query "$sweep" 'select attempt, failure, message from attempts')"
  [[ $(query "$sweep" "select count(*) from trials where state <> 'done'") -eq 0 ]] || fail "not all are done"
done
echo "held locks are told of and waited for"
