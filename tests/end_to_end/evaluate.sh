#!/usr/bin/env bash
# Finished trials are evaluated later, and what is found equals what training would have recorded.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

make_dataset "$work/data" 300 100
cat >"$work/later.yaml" <<YAML
name: later
trial:
  dataset: {root: $work/data, validation_fraction: 0.1}
  encoder: {name: small_cnn, width: 4}
  head: {name: cosine, scale: 12}
  training: {epochs: 1, batch_size: 32, shards: 2}
  evaluation: {batch_size: 20}
sweep:
  grid: {training.precision: [fp32, bf16]}
  seeds: 2
YAML

# expect CODE COMMAND...: runs it, keeps its streams in out and err.
expect() {
  local code=$1 actual=0
  shift
  "$@" >"$work/out" 2>"$work/err" || actual=$?
  [[ $actual -eq $code ]] || fail "$* ended with $actual instead of $code: $(cat "$work/out" "$work/err")"
}

# said PATTERN: the last command did, on standard error.
said() { grep -Eq -- "$1" "$work/err" || fail "'$1' was not said, but: $(cat "$work/err")"; }

records() { cat "$HEADWAY_RESULTS/$1"/segments/*.jsonl | grep -c "\"kind\":\"$2\"" || true; }

expect 2 "$HEADWAY" evaluate later --suite calibration
said "no sweep 'later'"
"$HEADWAY" run "$work/later.yaml"

# A sweep of which nothing is trained yet.
mkdir "$HEADWAY_RESULTS/untrained"
cp "$HEADWAY_RESULTS"/later/{trials.jsonl,plan.json,sweep.yaml} "$HEADWAY_RESULTS/untrained"
expect 3 "$HEADWAY" evaluate untrained --suite calibration
said 'nothing to do: no trial .* is done; .headway run '
rm -r "$HEADWAY_RESULTS/untrained"

expect 2 "$HEADWAY" evaluate later --suite callibration
said "unknown suite 'callibration'; did you mean 'calibration'\?"
expect 2 "$HEADWAY" evaluate latre --suite calibration
said "did you mean 'later'\?"
"$HEADWAY" list suites | grep -q '^calibration' || fail "'list suites' lacks calibration"

# The same, recorded by training itself.
"$HEADWAY" run "$work/later.yaml" name=trained evaluation.calibration=true
expect 3 "$HEADWAY" evaluate trained --suite calibration
said 'nothing to do'

expect 0 "$HEADWAY" evaluate later --suite calibration --dry-run
said "would evaluate 'calibration' of 4 of 4 finished trials"
[[ $(records later evaluated) -eq 0 ]] || fail 'a dry run evaluated'
expect 0 "$HEADWAY" evaluate later --suite calibration
said "finished: 'calibration' of 4 recorded of 4 finished trials"
expect 3 "$HEADWAY" evaluate later --suite calibration
said 'nothing to do'

# Values: those of the trial that differs in evaluation.calibration alone, bit for bit.
cat >"$work/compare.py" <<'PYTHON'
import json, sqlite3, sys

def calibration(database):
    values = {}
    rows = sqlite3.connect(database).execute(
        "select t.config, r.split, r.name, r.value from results r join trials t using (trial_id)"
        " where r.name in ('ece', 'mce', 'nll', 'brier')")
    for config, split, name, value in rows:
        config = json.loads(config)
        key = (config["training"]["precision"], config["seed"], split, name)
        assert key not in values, f"{key} stands there twice"
        values[key] = value
    return values

later, trained = map(calibration, sys.argv[1:])
assert len(later) == 4 * 2 * 4, len(later)
assert later == trained, {key: (later[key], trained.get(key)) for key in later}
PYTHON
compare() {
  python3 "$work/compare.py" "$HEADWAY_RESULTS"/{later,trained}/results.sqlite || fail "$1"
}
compare 'values differ from those that training records'

# A store built anew has both what training recorded and what was evaluated.
results='select trial_id, split, name, value, missing_reason from results order by 1, 2, 3'
query later "$results" >"$work/before"
expect 0 "$HEADWAY" fsck later --rebuild
query later "$results" >"$work/after"
cmp "$work/before" "$work/after" || fail 'a rebuilt store has other results'
compare 'a rebuilt store has lost values'
expect 0 "$HEADWAY" fsck later
"$HEADWAY" table later --by training.precision --metrics test/ece,test/top1_accuracy --format csv >"$work/table"
[[ $(wc -l <"$work/table") -eq 3 ]] || fail "odd table: $(cat "$work/table")"
"$HEADWAY" status later --json >"$work/status"

# Interrupted by SIGKILL in the middle, the same command goes on; nothing is lost or doubled.
expect 0 "$HEADWAY" evaluate later --suite calibration --again --dry-run
setsid "$HEADWAY" evaluate later --suite calibration --again --groups 1 2>"$work/killed" &
victim=$!
claimed_again() { compgen -G "$HEADWAY_RESULTS/later/evaluations/calibration/claims/*/2" >"$work/claims"; }
for _ in $(seq 3000); do
  if claimed_again; then break; fi
  sleep 0.02
done
kill -KILL "$victim"
wait "$victim" 2>/dev/null || true
expect 0 "$HEADWAY" evaluate later --suite calibration
[[ $(records later evaluated) -eq 8 ]] || fail "$(records later evaluated) records instead of 8"
compare 'values differ after an interruption'
expect 3 "$HEADWAY" evaluate later --suite calibration

[[ -z $(find "$HEADWAY_RESULTS/later/evaluations" -name 'step-*') ]] || fail 'checkpoints of evaluations that are done stay'

trial=$(query later 'select trial_id from trials order by plan_position limit 1')
expect 0 "$HEADWAY" evaluate later --suite calibration --trial "${trial:0:8}" --again --json
grep -q '"done": 1' "$work/out" || fail "odd summary: $(cat "$work/out")"

# Two at once share the work.
"$HEADWAY" evaluate later --suite calibration --again --groups 1 2>"$work/one" &
first=$!
status=0
"$HEADWAY" evaluate later --suite calibration --groups 1 2>"$work/two" || status=$?
[[ $status -eq 0 || $status -eq 3 ]] || fail "the second one ended with $status: $(cat "$work/two")"
wait "$first" || fail "the first one failed: $(cat "$work/one")"
compare 'values differ after two at once'

# Damaged or missing weights fail that trial alone, with the remedy.
weights=$HEADWAY_RESULTS/later/artifacts/$trial/weights.safetensors
cp "$weights" "$work/kept"
printf 'X' | dd of="$weights" bs=1 seek=$(($(stat -c %s "$weights") - 3)) conv=notrunc status=none
expect 1 "$HEADWAY" evaluate later --suite calibration --again
said "trial $trial failed .*weights.safetensors: holds weights .*; given up"
said "'calibration' of 3 recorded, 1 failed"
rm "$weights"
expect 1 "$HEADWAY" evaluate later --suite calibration
said 'put the file back'
cp "$work/kept" "$weights"
expect 0 "$HEADWAY" evaluate later --suite calibration
compare 'values differ after a damage was mended'

# So do other images.
make_dataset "$work/data" 300 60
expect 2 "$HEADWAY" evaluate later --suite calibration --again --trial "$trial"
said "data set 'fashion_mnist' has SHA-256 .* but the trial was trained on SHA-256"
compare 'a refused evaluation changed values'
echo "evaluations hold"
