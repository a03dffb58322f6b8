#!/usr/bin/env bash
# The disk fills up while a trial trains: the group waits, is not taken for hung, and goes on with the
# same bits once there is room. Needs the right to mount a small file system.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

mkdir "$work/small"
if ! mount -t tmpfs -o size=4m tmpfs "$work/small" 2>/dev/null; then
  echo "skipped: no right to mount a file system"
  exit 0
fi
mkdir "$work/tiny"
mount -t tmpfs -o size=64k tmpfs "$work/tiny"
trap 'umount -l "$work/small" "$work/tiny"; rm -rf -- "$work"' EXIT
make_dataset "$work/data" 2000 200
cat >"$work/full.yaml" <<YAML
name: full
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 8}
  training: {epochs: 15, batch_size: 20, shards: 2}
resources: {groups: 1, ranks: 1, checkpoint_seconds: 0.2}
YAML
"$HEADWAY" run "$work/full.yaml"
hashes="select trial_id, weights_sha256, state_sha256, metrics_sha256 from trials"
expected=$(query full "$hashes")

# A full TMPDIR is no damage: what could not be compared was not checked. A small sweep needs none.
dd if=/dev/zero of="$work/tiny/filler" bs=4k 2>/dev/null || true
TMPDIR=$work/tiny exits 0 "$HEADWAY" fsck full
"$HEADWAY" run "$work/full.yaml" name=large sweep.seeds=3000 --time-limit 1s >/dev/null 2>&1 || true
"$HEADWAY" table large >/dev/null
TMPDIR=$work/tiny exits 6 "$HEADWAY" fsck large
grep -q "^unchecked .*: $work/tiny: the disk is full" "$work/log" ||
  { cat "$work/log"; fail "it does not say what it lacked"; }
[[ $(ls -A "$work/tiny") == filler ]] || fail "left behind: $(ls -A "$work/tiny")"
rm "$work/tiny/filler"
exits 0 "$HEADWAY" fsck large

export HEADWAY_RESULTS=$work/small
"$HEADWAY" run "$work/full.yaml" --hang-timeout 4s >"$work/log" 2>&1 &
supervisor=$!
in_phase() { grep -qs "\"phase\":\"$1\"" "$HEADWAY_RESULTS"/full/claims/*/1/heartbeat.json; }
wait_until 30 in_phase training
dd if=/dev/zero of="$work/small/filler" bs=4k 2>/dev/null || true  # ends when nothing is left
wait_until 30 in_phase 'waiting for disk space'
sleep 6  # longer than the hang timeout
in_phase 'waiting for disk space' || { cat "$work/log"; fail "it did not go on waiting"; }
touch "$work/small/full/trials.jsonl"  # something for the next sync of the results store
wait_until 60 grep -q 'results store not brought up to date: .*the disk is full' "$work/log"
kill -0 "$supervisor" || { cat "$work/log"; fail "the supervisor ended at a sync"; }
rm "$work/small/filler"
status=0
wait "$supervisor" || status=$?
[[ $status -eq 0 ]] || { cat "$work/log" "$HEADWAY_RESULTS"/full/logs/*; fail "exit code $status"; }
[[ $(grep -c 'waiting for disk space: nothing is lost' "$work/log") == 1 ]] || { cat "$work/log"; fail "not told once"; }
[[ $(grep -c '^trial .* goes on$' "$work/log") -le 1 ]] || { cat "$work/log"; fail "told more than once that it goes on"; }
[[ $(query full "$hashes") == "$expected" ]] || fail "hashes differ from the undisturbed run"
[[ $(query full "select count(*) from attempts") == 1 ]] || fail "it took more than one attempt"
"$HEADWAY" fsck full

# Who is asked to stop while it waits has not failed, however often: nothing is counted.
stop_while_waiting() {
  local signal=$1 ranks=$2 status=0
  : >"$work/log" # what it said the time before must not count
  "$HEADWAY" run "$work/full.yaml" name=stopped --ranks "$ranks" >"$work/log" 2>&1 &
  supervisor=$!
  wait_until 30 grep -q 'started by group' "$work/log"
  dd if=/dev/zero of="$work/small/filler" bs=4k 2>/dev/null || true
  (wait_until 30 grep -q 'waiting for disk space' "$work/log") || {
    cat "$work/log"
    ls -lR "$work/small"
    exit 1
  }
  kill "-$signal" "$supervisor"
  wait "$supervisor" || status=$?
  rm -f "$work/small/filler"
  [[ $status -eq 75 ]] || { cat "$work/log"; fail "exit code $status after SIG$signal, not 75"; }
}
stop_while_waiting USR2 1
stop_while_waiting TERM 2
stop_while_waiting USR2 2
stop_while_waiting TERM 1
"$HEADWAY" run "$work/full.yaml" name=stopped >"$work/log" 2>&1 || { cat "$work/log"; fail "it did not go on"; }
[[ $(query stopped "select distinct failure from attempts where state != 'done'") =~ ^(preempted|node_failure|$'\n')+$ ]] ||
  { query stopped "select attempt, state, failure, message from attempts"; fail "a request to stop counts as a failure"; }
[[ $(query stopped "$hashes") == "$expected" ]] || fail "hashes differ after the requests to stop"
"$HEADWAY" fsck stopped
echo "waited for room, went on by itself, same bits, no damage"
