#!/usr/bin/env bash
# `cmake --install` gives a tree that can be moved anywhere and runs with HEADWAY_TORCH set.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

build=$(dirname -- "$(dirname -- "$HEADWAY")")
torch=$(sed -n 's/^HEADWAY_TORCH:PATH=//p' "$build/CMakeCache.txt")
cmake --install "$build" --prefix "$work/first" >"$work/log"
mv -- "$work/first" "$work/moved"
unset HEADWAY_WORKER HEADWAY_TORCH LD_LIBRARY_PATH
installed=$work/moved/bin

"$installed/headway" --version | grep -q '^headway ' || fail "headway does not say its version"
HEADWAY_TORCH=$torch "$installed/headway-worker" --version | grep -q '^LibTorch 2\.' ||
  fail "headway-worker does not name LibTorch"
status=0
"$installed/headway-worker" --version 2>"$work/err" || status=$?
[[ $status -eq 2 ]] || fail "without HEADWAY_TORCH: exit code $status instead of 2"
grep -q 'HEADWAY_TORCH is not set' "$work/err" || fail "HEADWAY_TORCH is not asked for: $(cat "$work/err")"
[[ -e $work/moved/share/headway/sweeps/quickstart.yaml ]] || fail "the sweeps are not installed"

make_dataset "$work/data" 200 50
cat >"$work/installed.yaml" <<YAML
name: installed
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 4}
  training: {epochs: 1, batch_size: 20, shards: 2}
sweep: {seeds: 2}
YAML
for torch_of_run in '' "$work"; do
  exits 2 env ${torch_of_run:+HEADWAY_TORCH="$torch_of_run"} "$installed/headway" run "$work/installed.yaml" name=no_torch
  [[ $(grep -c HEADWAY_TORCH "$work/log") -eq 1 ]] || { cat "$work/log"; fail "not said once, before a group starts"; }
done
[[ ! -e $HEADWAY_RESULTS/no_torch/claims ]] || fail "a group was started without LibTorch"

for ranks in 1 2; do
  HEADWAY_TORCH=$torch "$installed/headway" run "$work/installed.yaml" \
    "name=installed$ranks" "resources.ranks=$ranks"
  [[ $(query "installed$ranks" "select count(*) from trials where state = 'done'") == 2 ]] ||
    fail "the installed programs did not train on $ranks ranks"
done
