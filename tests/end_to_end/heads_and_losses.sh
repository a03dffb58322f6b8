#!/usr/bin/env bash
# A tiny sweep over heads, losses and fixed class vectors, planned, run and read back.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

make_dataset "$work/data" 400 100
cat >"$work/losses.yaml" <<YAML
name: losses
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 4}
  optimizer: {learning_rate: 0.01}
  augmentation: [{name: mixup}]
  training: {epochs: 1, batch_size: 32, shards: 2, label_smoothing: 0.1}
sweep:
  grid:
    head: [{name: dot}, {name: arcface, scale: 16, margin: 0.3}]
    class_vectors.learned: [true, false]
    loss.name: [cross_entropy, mse]
YAML
"$HEADWAY" plan "$work/losses.yaml" >"$work/plan.txt"
grep -q '^trials  8 in 8 cells$' "$work/plan.txt" || fail "wrong counts: $(cat "$work/plan.txt")"
"$HEADWAY" run "$work/losses.yaml"
[[ $(query losses "select count(*) from trials where state = 'done'") == 8 ]] || fail 'not all done'

# The loss is a parameter of every trial, under its own key; so is each option that it has.
[[ $(query losses "select value, count(*) from parameters where key = 'loss.name' group by value" |
  sort | tr '\n' ' ') == 'cross_entropy|4 mse|4 ' ]] || fail 'loss.name is not recorded'
[[ $(query losses "select distinct value from parameters where key = 'loss.label_smoothing'") == 0.1 ]] ||
  fail 'loss.label_smoothing is not recorded'
[[ -z $(query losses "select value from parameters where key = 'training.label_smoothing'") ]] ||
  fail 'label smoothing is recorded under its old key'

# The cross entropy stands beside a loss that is another one, and nowhere else.
[[ $(query losses "select distinct p.value from results r join parameters p on p.trial_id = r.trial_id
  and p.key = 'loss.name' where r.split = 'test' and r.name = 'cross_entropy'") == mse ]] ||
  fail 'cross_entropy is recorded where it should not be, or is missing'
[[ $(query losses "select count(*) from results where split = 'test' and name = 'loss'") == 8 ]] ||
  fail 'a loss is missing'
"$HEADWAY" table losses --by loss.name,head.name >"$work/table.txt" || fail 'no table by loss'
grep -q arcface "$work/table.txt" || fail "no arcface in the table: $(cat "$work/table.txt")"
