#!/usr/bin/env bash
# A trial that does not fit into memory: recorded as oom with its peak and with what would fit, tried
# again on fewer ranks, then given up; the others of the sweep are trained.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

make_dataset "$work/data" 2000 50
cat >"$work/memory.yaml" <<YAML
name: memory
trial:
  dataset: {root: $work/data}
  encoder: {name: resnet18, width: 4}
  training: {epochs: 1, batch_size: 1000, shards: 2}
sweep: {grid: {encoder.width: [4, 96]}}
resources: {ranks: 2, groups: 1}
YAML
status=0
(ulimit -v 3500000 && exec "$HEADWAY" run "$work/memory.yaml") || status=$?
[[ $status -eq 1 ]] || fail "exit code $status, expected 1"
attempts="select a.state, a.failure, a.world_size from attempts a join trials t using (trial_id)"
[[ $(query memory "$attempts where t.state = 'failed' order by a.attempt") == $'failed|oom|2\nfailed|oom|1' ]] ||
  fail "attempts: $(query memory 'select trial_id, attempt, state, failure, world_size, message from attempts')"
[[ $(query memory "select count(*) from trials where state = 'done'") == 1 ]] || fail "the small trial was not trained"
trial=$(query memory "select trial_id from trials where state = 'failed'")
"$HEADWAY" why "$trial" >"$work/why"
for text in 'peak ' 'training.shards=' 'memory does not suffice' 'headway retry'; do
  grep -qF -- "$text" "$work/why" || { cat "$work/why"; fail "why lacks '$text'"; }
done
echo "told with peak and advice: $(query memory "select message from attempts where failure = 'oom' and attempt = 1")"
