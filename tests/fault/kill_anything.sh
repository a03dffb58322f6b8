#!/usr/bin/env bash
# A sweep under random SIGKILL of ranks, groups and supervisors: the same command, repeated, ends with
# every trial recorded exactly once and with the bits of an undisturbed run.
# FAULTS and SEED may be set.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

faults=${FAULTS:-10}
RANDOM=${SEED:-$((RANDOM % 10000 + 1))}
seed=${SEED:-$RANDOM}
RANDOM=$seed
echo "seed $seed, $faults faults"

make_dataset "$work/data" 2000 200
cat >"$work/chaos.yaml" <<YAML
name: chaos
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 8}
  training: {epochs: 3, batch_size: 20, shards: 2}
sweep: {grid: {head: [{name: dot}, {name: cosine, scale: 20}]}, seeds: 3}
resources: {checkpoint_seconds: 0.2}
YAML
"$HEADWAY" run "$work/chaos.yaml" name=calm
expected=$(query calm "select trial_id, weights_sha256, state_sha256, metrics_sha256 from trials order by 1")

# victims: every process of the disturbed sweep, supervisor, mpirun and ranks alike.
victims() { pgrep -f -- "$work/(chaos.yaml|results/chaos)" || true; }

start() {
  # Every other run trains on two ranks: bits must not depend on it.
  setsid "$HEADWAY" run "$work/chaos.yaml" "resources.ranks=$((RANDOM % 2 + 1))" >>"$work/log" 2>&1 &
  supervisor=$!
}

start
for ((fault = 0; fault < faults; ++fault)); do
  sleep "0.$((RANDOM % 9 + 1))"
  if ! kill -0 "$supervisor" 2>/dev/null; then start && sleep 0.3; fi
  mapfile -t alive < <(victims)
  [[ ${#alive[@]} -gt 0 ]] || continue
  kill -KILL "${alive[RANDOM % ${#alive[@]}]}" 2>/dev/null || true
done
status=1
for ((try = 0; try < 5 && status != 0 && status != 3; ++try)); do
  status=0
  wait "$supervisor" || status=$?
  [[ $status -eq 0 || $status -eq 3 ]] && break
  "$HEADWAY" retry chaos --failed >>"$work/log" 2>&1 || true
  start
done
if [[ $status -ne 0 && $status -ne 3 ]]; then
  tail -50 "$work/log" >&2
  fail "the sweep did not end well: exit code $status"
fi
found=$(query chaos "select trial_id, weights_sha256, state_sha256, metrics_sha256 from trials order by 1")
[[ $(query chaos "select count(*), count(distinct trial_id) from trials where state = 'done'") == "6|6" ]] ||
  fail "not every trial is recorded exactly once: $(query chaos 'select trial_id, state from trials')"
[[ $found == "$expected" ]] || fail "hashes differ from the undisturbed run:"$'\n'"$found"$'\n'"$expected"
"$HEADWAY" fsck chaos
echo "6 trials, each recorded once, with equal hashes, after $faults faults:" \
  "$(query chaos "select sum(attempts) from trials") attempts"
