#!/usr/bin/env bash
# A sweep on a GPU: chosen by itself, its bits repeated, kept through an interruption.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

"$HEADWAY_WORKER" info >"$work/info.json"
[[ $(json_field "$work/info.json" gpus) -gt 0 ]] || fail "no GPU here"

make_dataset "$work/data" 2000 400
cat >"$work/gpu.yaml" <<YAML
name: gpu
trial:
  dataset: {root: $work/data, validation_fraction: 0.1}
  encoder: {name: resnet18, width: 8}
  augmentation: [{name: crop, padding: 2}, {name: flip}]
  training: {epochs: 3, batch_size: 64, shards: 2}
sweep:
  grid:
    head.name: [dot, cosine]
    class_vectors.learned: [true, false]
    training.precision: [fp32, bf16]
YAML
hashes() {
  query "$1" "select trial_id, weights_sha256, metrics_sha256 from trials where state = 'done' order by trial_id"
}

"$HEADWAY" run "$work/gpu.yaml" name=first
hashes first >"$work/first"
[[ $(wc -l <"$work/first") == 8 ]] || fail "not all trials are done: $(cat "$work/first")"
[[ $(query first "select distinct device from attempts") == cuda ]] || fail "not trained on the GPU"
"$HEADWAY" table first --by head.name,training.precision --metric test/top1_accuracy,test/nc1

"$HEADWAY" run "$work/gpu.yaml" name=second &
supervisor=$! status=0
trains() { grep -qs '"step":[1-9][0-9]' "$HEADWAY_RESULTS"/second/claims/*/*/heartbeat.json; }
until trains; do
  kill -0 $supervisor 2>/dev/null || fail "the sweep ended before it could be interrupted"
  sleep 0.05
done
kill -USR2 $supervisor
wait $supervisor || status=$?
[[ $status -eq 75 ]] || fail "exit code $status after SIGUSR2, expected 75"
"$HEADWAY" run "$work/gpu.yaml" name=second
hashes second >"$work/second"
cmp "$work/first" "$work/second" || fail "other bits after an interruption"
echo "equal hashes on a GPU, interrupted and not"
