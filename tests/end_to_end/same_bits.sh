#!/usr/bin/env bash
# One trial on one rank and on two: the recorded hashes must be equal.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

make_dataset "$work/data" 400 100
cat >"$work/bits.yaml" <<YAML
name: bits
trial:
  dataset: {root: $work/data}
  encoder: {name: resnet18, width: 8}
  head: {name: cosine, scale: 10, learned_scale: true}
  class_vectors: {distribution: simplex, learned: true}
  augmentation: [{name: crop, padding: 2}, {name: flip}]
  training: {epochs: 1, batch_size: 32, shards: 2}
YAML
for ranks in 1 2; do
  "$HEADWAY" run "$work/bits.yaml" resources.ranks=$ranks name=bits_$ranks
  trial=$(query bits_$ranks "select trial_id from trials")
  "$HEADWAY" show "$trial" --sweep bits_$ranks --json >"$work/$ranks.json"
  [[ $(json_field "$work/$ranks.json" world_size) == "$ranks" ]] || fail "not trained on $ranks ranks"
done
for hash in weights_sha256 state_sha256 metrics_sha256 class_vectors_sha256; do
  one=$(json_field "$work/1.json" $hash)
  two=$(json_field "$work/2.json" $hash)
  [[ ${#one} -eq 64 ]] || fail "$hash is '$one'"
  [[ $one == "$two" ]] || fail "$hash differs: $one on one rank, $two on two"
done
[[ $(json_field "$work/1.json" trial_id) == $(json_field "$work/2.json" trial_id) ]] ||
  fail "the number of ranks is part of the trial's identity"
echo "equal hashes on 1 and 2 ranks"
