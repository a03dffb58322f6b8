#!/usr/bin/env bash
# Interruptions, crashes, the time budget and cancellation with the real programs: each recorded for
# what it was, and recovered from.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

make_dataset "$work/data" 2000 200
write_sweep() { # NAME EPOCHS SEEDS RANKS
  cat >"$work/$1.yaml" <<YAML
name: $1
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 8}
  training: {epochs: $2, batch_size: 20, shards: 2}
sweep: {seeds: $3}
resources: {ranks: $4, groups: 1, checkpoint_seconds: 0.2}
YAML
}
claims() { cat "$HEADWAY_RESULTS/$1"/claims/*/"$2"/heartbeat.json 2>/dev/null; }
training() { claims "$1" "$2" | grep -q '"phase":"training"'; }
trial_of() { find "$HEADWAY_RESULTS/$1/claims" -path "*/$2/heartbeat.json" -printf '%P\n' | head -n 1 | cut -d/ -f1; }
attempts() { query "$1" "select attempt, state, failure from attempts order by attempt" | tr '\n' ' '; }

# -- interrupt: two ranks checkpoint, another group goes on with the same bits; then a rank crashes
write_sweep calm 80 1 2
"$HEADWAY" run "$work/calm.yaml"
write_sweep rough 80 1 2
"$HEADWAY" run "$work/rough.yaml" >"$work/rough.log" 2>&1 &
supervisor=$!
wait_until 30 training rough 1
"$HEADWAY" interrupt --all rough
wait_until 30 training rough 2
mapfile -t ranks < <(pgrep -f -- "^[^ ]*headway-worker serve .*$work/results/rough")
kill -SEGV "${ranks[1]}"
wait "$supervisor" || { cat "$work/rough.log"; fail "the interrupted sweep did not end well"; }
trial=$(query rough "select trial_id from trials")
[[ $(attempts rough) == "1|yielded|preempted 2|failed|crash 3|done| " ]] || fail "attempts: $(attempts rough)"
"$HEADWAY" why "$trial" rough >"$work/why"
grep -Eq 'rank [01]: signal 11 \(segmentation fault\)' "$work/why" || { cat "$work/why"; fail "why does not name the signal"; }
grep -q 'ended by signal 11 (segmentation fault); the stack:' "$HEADWAY_RESULTS"/rough/logs/*-1.log ||
  fail "the group's log has no stack"
hashes="select weights_sha256, state_sha256, metrics_sha256 from trials"
[[ $(query rough "$hashes") == "$(query calm "$hashes")" ]] || fail "hashes differ from the undisturbed run"

# -- the pack is cut under a trial that has it mapped: told by its name, and packed anew
write_sweep lost 80 1 1 # two threads lose it at once
HEADWAY_CACHE=$work/cache "$HEADWAY" run "$work/lost.yaml" resources.threads_per_rank=2 >"$work/lost.log" 2>&1 &
supervisor=$!
wait_until 30 training lost 1
truncate --size 0 "$work"/cache/datasets/*.pack
wait "$supervisor" || { cat "$work/lost.log"; fail "a sweep whose pack was cut did not end well"; }
[[ $(attempts lost) == "1|failed|crash 2|done| " ]] || fail "attempts: $(attempts lost)"
message=$(query lost "select message from attempts where attempt = 1")
[[ $message == *"cache/datasets/"*".pack: could not be read any more"*"signal 7 (bus error)"* ]] ||
  fail "the file is not named: $message"
grep -q 'ended by .*signal 7 (bus error); the stack:' "$HEADWAY_RESULTS"/lost/logs/*.log || fail "the log has no stack"

# -- a supervisor that is told to yield does so as a whole
write_sweep yielding 60 2 1
"$HEADWAY" run "$work/yielding.yaml" 2>"$work/yielding.log" &
supervisor=$!
wait_until 30 training yielding 1
# -- meanwhile a running trial is cancelled, and its group goes on with the other one
cancelled=$(trial_of yielding 1)
"$HEADWAY" cancel "$cancelled" yielding
is_cancelled() { "$HEADWAY" why "$cancelled" yielding --json | grep -q '"state": "cancelled"'; }
wait_until 30 is_cancelled
other_trains() { grep -ls '"phase":"training"' "$HEADWAY_RESULTS"/yielding/claims/*/*/heartbeat.json | grep -qv "$cancelled"; }
wait_until 30 other_trains
kill -USR2 "$supervisor"
status=0
wait "$supervisor" || status=$?
[[ $status -eq 75 ]] || { cat "$work/yielding.log"; fail "exit code $status after SIGUSR2, expected 75"; }
"$HEADWAY" retry yielding "$cancelled"
"$HEADWAY" run "$work/yielding.yaml"
[[ $(query yielding "select count(*) from trials where state = 'done'") == 2 ]] || fail "a cancelled trial did not come back"

# -- the time budget: it yields by itself before the limit; with two ranks mpirun's own end is within it, too
# stops_at_limit NAME RANKS
stops_at_limit() {
  local start status=0 took
  write_sweep "$1" 400 1 "$2"
  start=$(date +%s.%N)
  "$HEADWAY" run "$work/$1.yaml" --time-limit 10s || status=$?
  took=$(python3 -c "import time; print(time.time() - $start)")
  [[ $status -eq 124 ]] || fail "$1: exit code $status at the time limit, expected 124"
  python3 -c "import sys; sys.exit(not $took < 10.3)" || fail "$1: it took $took s of 10"
  [[ $(attempts "$1") == "1|yielded|preempted " ]] || fail "$1: attempts: $(attempts "$1")"
}
stops_at_limit limited 1
stops_at_limit limited_two 2
echo "interrupted, crashed, cancelled, yielded and out of time: all recorded for what they were"
