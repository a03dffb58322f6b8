#!/usr/bin/env bash
# A sweep's folder is moved away, replaced or deleted while a run is at work: the run says so and ends,
# makes nothing at the old place, and what was moved is whole.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

make_dataset "$work/data" 2000 200
cat >"$work/there.yaml" <<YAML
name: there
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 8}
  training: {epochs: 20, batch_size: 20}
sweep: {seeds: 2}
resources: {groups: 2, ranks: 1, checkpoint_seconds: 0.2}
YAML
sweep=$HEADWAY_RESULTS/there
at_work() { [[ $(grep -ls '"phase":"training"' "$sweep"/claims/*/1/heartbeat.json | wc -l) -eq 2 ]]; }
none_left() { ! pgrep -f -- "headway-worker serve .*$sweep" >/dev/null; }
# ends_after COMMAND...: what it does to the folder ends a run.
ends_after() {
  local status=0
  "$HEADWAY" run "$work/there.yaml" >"$work/log" 2>&1 &
  local supervisor=$!
  wait_until 60 at_work
  "$@"
  wait "$supervisor" || status=$?
  [[ $status -eq 1 ]] || { cat "$work/log"; fail "exit code $status, not 1, after $*"; }
  grep -q "folder '.*/there' is gone or was replaced" "$work/log" || { cat "$work/log"; fail "it does not say so"; }
  ! grep -Eq 'supervisor is dead|node_failure|crash|error' "$work/log" || { cat "$work/log"; fail "it says more"; }
  wait_until 10 none_left
}
moved() { mv "$sweep" "$HEADWAY_RESULTS/moved"; }
replaced() {
  mv "$sweep" "$HEADWAY_RESULTS/again"
  mkdir "$sweep"
}
deleted() { until rm -rf "$sweep" 2>/dev/null; do sleep 0.01; done; } # while others write in it

ends_after moved
[[ ! -e $sweep ]] || { find "$sweep"; fail "the folder was made anew"; }
ends_after replaced
[[ ! -e $sweep/claims && ! -e $sweep/segments ]] || { find "$sweep"; fail "it goes on in another folder"; }
rm -r "$sweep" # a checkpoint may have been on its way
ends_after deleted
[[ ! -e $sweep ]] || { find "$sweep"; fail "the folder was made anew"; }

hashes="select trial_id, weights_sha256, state_sha256, metrics_sha256 from trials order by trial_id"
"$HEADWAY" run "$work/there.yaml" 2>/dev/null
for name in moved again; do
  "$HEADWAY" run "$name" 2>"$work/log" || { cat "$work/log"; fail "the moved sweep does not go on"; }
  "$HEADWAY" fsck "$name"
  [[ $(query "$name" "$hashes") == "$(query there "$hashes")" ]] || fail "hashes differ from the undisturbed run"
  [[ -z $(query "$name" "select * from attempts where failure not in ('', 'node_failure', 'preempted')") ]] ||
    fail "the move counts as a failure"
done
echo "noticed that the folder was gone, made nothing there, went on elsewhere"
