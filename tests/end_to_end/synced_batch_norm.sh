#!/usr/bin/env bash
# Batch norm over the whole batch takes one rank per shard: said by the plan, refused where there are
# fewer.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

make_dataset "$work/data" 1000 100
cat >"$work/synced.yaml" <<YAML
name: synced
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 8}
  training: {epochs: 2, batch_size: 40, shards: 2, sync_batch_norm: true, precision: fp32}
YAML

# expect_in TEXT FILE
expect_in() { grep -qF -- "$1" "$2" || fail "'$1' is not in $(cat "$2")"; }

# refused COMMAND...: ends with exit code 2 and leaves its message in $work/refusal.
refused() {
  local status=0
  "$@" >"$work/refusal" 2>&1 || status=$?
  [[ $status -eq 2 ]] || fail "exit code $status of: $*"
}

"$HEADWAY" plan "$work/synced.yaml" resources.ranks=2 >"$work/plan"
expect_in "1 trial runs on as many ranks as shards: training.sync_batch_norm" "$work/plan"
"$HEADWAY" plan "$work/synced.yaml" resources.ranks=1 >"$work/plan"
expect_in "needs 2 ranks, but resources.ranks is 1; set resources.ranks=2" "$work/plan"
refused "$HEADWAY" run "$work/synced.yaml" resources.ranks=1
expect_in "needs 2 ranks, but resources.ranks is 1; set resources.ranks=2" "$work/refusal"
refused "$HEADWAY" train "$work/synced.yaml"
expect_in "a trial of training.shards=2 with training.sync_batch_norm is trained on 2 ranks, found 1" \
  "$work/refusal"

# Beside trials that run on one rank.
"$HEADWAY" run "$work/synced.yaml" resources.ranks=2 training.sync_batch_norm=true,false \
  training.shards=1,2
[[ $(query synced "select world_size, count(*) from trials where state = 'done' group by 1") == \
  $'1|2\n2|2' ]] || fail "not two trials each on 1 and 2 ranks"

echo "one rank per shard"
