#!/usr/bin/env bash
# One trial on 1, 2 and 4 ranks, then interrupted by SIGUSR2 on one number of ranks and taken up on
# another by the same command: the recorded hashes must be equal.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

make_dataset "$work/data" 1000 100
cat >"$work/elastic.yaml" <<YAML
name: elastic
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 16}
  head: {name: cosine, scale: 10, learned_scale: true}
  optimizer: {name: adamw, learning_rate: 0.003, weight_decay: 0.01}
  augmentation: [{name: crop, padding: 2}, {name: flip}, {name: mixup, alpha: 0.2}]
  training: {epochs: 4, batch_size: 40, shards: 4, precision: bf16, label_smoothing: 0.1, dropout: 0.2}
YAML

# hashes NAME: those of the finished trial of that sweep.
hashes() {
  local trial
  trial=$(query "$1" "select trial_id from trials where state = 'done'")
  [[ -n $trial ]] || fail "the trial of $1 is not done"
  "$HEADWAY" show "$trial" --sweep "$1" --json >"$work/$1.json"
  for hash in weights_sha256 state_sha256 metrics_sha256; do json_field "$work/$1.json" $hash; done
}

# steps_done NAME ATTEMPT: as the heartbeat of that attempt tells; 0 before there is one.
steps_done() {
  local beat
  beat=$(find "$HEADWAY_RESULTS/$1/claims" -path "*/$2/heartbeat.json" 2>/dev/null)
  { [[ -n $beat ]] && grep -o '"step":[0-9]*' "$beat" | cut -d: -f2; } || echo 0
}

# interrupt NAME ATTEMPT RANKS STEP: starts the sweep and sends SIGUSR2 once that attempt reached STEP.
interrupt() {
  "$HEADWAY" run "$work/elastic.yaml" "name=$1" "resources.ranks=$3" "${long[@]}" &
  local supervisor=$! status=0
  until [[ $(steps_done "$1" "$2") -ge $4 ]]; do
    kill -0 "$supervisor" 2>/dev/null || fail "$1 ended before step $4 of attempt $2"
    sleep 0.05
  done
  kill -USR2 "$supervisor"
  wait "$supervisor" || status=$?
  [[ $status -eq 75 ]] || fail "$1 on $3 ranks: exit code $status after SIGUSR2, expected 75"
}

for ranks in 1 2 4; do
  "$HEADWAY" run "$work/elastic.yaml" name=calm_$ranks resources.ranks=$ranks
  hashes calm_$ranks >"$work/calm_$ranks"
  [[ $(json_field "$work/calm_$ranks.json" world_size) == "$ranks" ]] || fail "not on $ranks ranks"
  diff "$work/calm_1" "$work/calm_$ranks" || fail "$ranks ranks give other bits than one"
done

# In fp32: processors without bfloat16 arithmetic take several times as long in bf16.
long=(training.epochs=48 training.precision=fp32)
"$HEADWAY" run "$work/elastic.yaml" name=long resources.ranks=2 "${long[@]}"
hashes long >"$work/long"
interrupt narrowed 1 4 1
"$HEADWAY" run "$work/elastic.yaml" name=narrowed resources.ranks=1 "${long[@]}"
interrupt widened 1 1 1
interrupt widened 2 4 1
"$HEADWAY" run "$work/elastic.yaml" name=widened resources.ranks=2 "${long[@]}"
for name in narrowed widened; do
  hashes $name >"$work/$name"
  diff "$work/long" "$work/$name" || fail "$name: other bits than undisturbed"
done
[[ $(query widened "select count(*) from attempts") == 3 ]] || fail "expected three attempts"
echo "equal hashes on 1, 2 and 4 ranks, interrupted and resumed"
