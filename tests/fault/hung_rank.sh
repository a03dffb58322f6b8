#!/usr/bin/env bash
# A rank of two is stopped (SIGSTOP): noticed, reported with what every rank does, and recovered from
# with the bits of an undisturbed run.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

make_dataset "$work/data" 2000 200
cat >"$work/hang.yaml" <<YAML
name: hang
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 8}
  training: {epochs: 60, batch_size: 20, shards: 2}
resources: {ranks: 2, checkpoint_seconds: 0.2}
YAML
"$HEADWAY" run "$work/hang.yaml" name=calm
"$HEADWAY" run "$work/hang.yaml" --hang-timeout 8s >"$work/log" 2>&1 &
supervisor=$!

ranks() { pgrep -f -- "^[^ ]*headway-worker serve .*$work/results/hang" || true; }
training() { grep -qs '"phase":"training"' "$HEADWAY_RESULTS"/hang/claims/*/1/heartbeat.json; }
wait_until 30 training
mapfile -t workers < <(ranks)
[[ ${#workers[@]} -eq 2 ]] || fail "expected 2 ranks, found ${#workers[@]}"
kill -STOP "${workers[1]}"
status=0
wait "$supervisor" || status=$?
[[ $status -eq 0 ]] || { cat "$work/log"; fail "exit code $status"; }

[[ $(query hang "select failure from attempts where attempt = 1") == hung ]] ||
  fail "attempts: $(query hang 'select attempt, state, failure, message from attempts')"
[[ $(query hang "select state from trials") == "done" ]] || fail "the trial was not completed"
message=$(query hang "select message from attempts where attempt = 1")
grep -Eq 'no progress for .* rank [01] is stopped' <<<"$message" || fail "the message is '$message'"
log=$(find "$HEADWAY_RESULTS/hang/logs" -name "*-0.log")
for text in 'rank 0 (process' 'rank 1 (process' 'T (stopped)' 'was asked where it is'; do
  grep -qF -- "$text" "$log" || { cat "$log"; fail "the log lacks '$text'"; }
done
# A rank that was struck while it allocated memory shows addresses alone: names need memory, too.
[[ $(grep -cF 'the same by names' "$log") -eq 2 ]] || { cat "$log"; fail "not every rank showed its stack"; }
hashes="select trial_id, weights_sha256, state_sha256, metrics_sha256 from trials"
[[ $(query hang "$hashes") == "$(query calm "$hashes")" ]] || fail "hashes differ from the undisturbed run"
echo "noticed, reported and recovered from: $message"
