#!/usr/bin/env bash
# A trial that diverges is recorded as such, the others are trained, and the exit code says so.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

make_dataset "$work/data" 200 50
cat >"$work/failing.yaml" <<YAML
name: failing
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 4}
  schedule: {name: constant}
  training: {epochs: 1, batch_size: 20}
sweep:
  grid: {optimizer.learning_rate: [1.0e+30, 0.05]}
YAML
status=0
"$HEADWAY" run "$work/failing.yaml" || status=$?
[[ $status -eq 1 ]] || fail "exit code $status, expected 1"
[[ $(query failing "select state, failure from trials order by state") == $'done|\nfailed|diverged' ]] ||
  fail "unexpected states: $(query failing 'select trial_id, state, failure from trials')"
# -- in the very last step, of which no loss tells
status=0
"$HEADWAY" run "$work/failing.yaml" name=last_step training.batch_size=100 ~sweep.grid \
  optimizer.learning_rate=1e39 || status=$?
[[ $status -eq 1 ]] || fail "exit code $status after divergence in the last step, expected 1"
[[ $(query last_step "select state, failure from trials") == "failed|diverged" ]] ||
  fail "unexpected state: $(query last_step 'select state, failure, message from attempts')"
query last_step "select message from attempts" | grep -q 'the state after step 1 is not finite' ||
  fail "the message is $(query last_step 'select message from attempts')"
status=0
"$HEADWAY" export weights "$(query last_step 'select trial_id from trials')" --sweep last_step --out "$work/none" 2>"$work/said" || status=$?
grep -q 'has no final weights: it diverged' "$work/said" || fail "it says: $(cat "$work/said")"
[[ $status -eq 2 && ! -e $work/none ]] || fail "weights of a diverged trial were exported"

failed=$(query failing "select trial_id from trials where state = 'failed'")
"$HEADWAY" show "$failed" | grep -q 'not finite' || fail "show does not say why"
"$HEADWAY" table failing; "$HEADWAY" table failing | grep -q "missing" || fail "the table does not say what is missing"
"$HEADWAY" retry failing "$failed"
status=0
"$HEADWAY" run "$work/failing.yaml" || status=$?
[[ $(query failing "select attempts from trials where trial_id = '$failed'") == 2 ]] ||
  fail "retry did not lead to a second attempt"
