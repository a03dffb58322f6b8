#!/usr/bin/env bash
# Options of one `run` are no part of the sweep, and the log of a resumed trial has every epoch once.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

make_dataset "$work/data" 400 50
cat >"$work/sweep.yaml" <<YAML
name: plain
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 8}
  training: {epochs: 60, batch_size: 20, shards: 2}
resources: {ranks: 1}
YAML

exits 2 "$HEADWAY" run "$work/sweep.yaml" --time-limit 1s --groups 3 --ranks 2 resources.ranks=1 slurm.nodes=4
grep -qF "note: --ranks counts for this run; 'resources.ranks=1' becomes part of the sweep" "$work/log" ||
  { cat "$work/log"; fail "it does not say which number of ranks counts"; }
[[ $(grep -c 'note: slurm: has no effect yet' "$work/log") -eq 1 ]] || { cat "$work/log"; fail "no word of slurm:"; }
resources=$(json_field "$HEADWAY_RESULTS/plain/plan.json" resources)
[[ $resources != *time_limit* && $resources == *"'groups': 'auto'"* && $resources == *"'ranks': 1"* ]] ||
  fail "options of one run stick: $resources"

"$HEADWAY" run plain 2>"$work/first.txt" &
run=$!
past_epoch_two() { grep -Eqs '"epoch":([3-9]|[1-9][0-9]),' "$HEADWAY_RESULTS"/plain/claims/*/1/heartbeat.json; }
wait_until 60 past_epoch_two
kill -TERM $run
exits 75 wait $run
exits 0 "$HEADWAY" run plain

trial=$(query plain "select trial_id from trials")
"$HEADWAY" logs "$trial" --sweep plain >"$work/log.txt"
grep -q 'attempt 2 .* from step' "$work/log.txt" || { cat "$work/log.txt"; fail "not resumed"; }
grep -Eq 'epoch [0-9]+/0 | 0 images/s' "$work/log.txt" && { cat "$work/log.txt"; fail "empty values"; }
grep -o 'epoch [0-9]*/60' "$work/log.txt" >"$work/epochs.txt"
seq -f 'epoch %g/60' 60 | diff - "$work/epochs.txt" || fail "the log has not every epoch once, in order"
[[ $(query plain "select count(*) from metrics where name = 'images_per_second'") -eq 60 ]] ||
  fail "the second attempt lacks the epochs of the first"

train=("$HEADWAY" run "$work/sweep.yaml" name=cancelled)
exits 2 "${train[@]}" --time-limit 1s
"$HEADWAY" cancel --all cancelled
exits 3 "${train[@]}"
grep -q 'nothing to do: 0 of 1 trial done, 1 cancelled; .headway retry cancelled --all. takes' "$work/log" ||
  { cat "$work/log"; fail "it does not say what takes a cancellation back"; }
# Without a standard output, what is meant for it goes into no file of the sweep.
for json in '' --json; do
  exits 0 "$HEADWAY" retry cancelled --all
  code=0
  [[ -z $json ]] || code=1
  # shellcheck disable=SC2086  # none or one
  exits "$code" bash -c 'exec "$@" >&-' bash "$HEADWAY" cancel --all cancelled $json
  exits 0 "$HEADWAY" fsck cancelled
  exits 3 "${train[@]}"
done
echo "options of a run stay with it"
