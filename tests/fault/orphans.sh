#!/usr/bin/env bash
# The supervisor of two ranks is killed while one of them is stopped (SIGSTOP), so that they cannot
# agree to leave: they end by themselves after a while, or as soon as another run finds them.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

make_dataset "$work/data" 2000 200
cat >"$work/orphans.yaml" <<YAML
name: orphans
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 8}
  training: {epochs: 30, batch_size: 20, shards: 2}
resources: {ranks: 2, checkpoint_seconds: 0.2}
YAML
processes() { pgrep -f -- "headway-worker serve .*$work/results/$1" || true; } # mpirun and ranks
ranks() { pgrep -f -- "^[^ ]*headway-worker serve .*$work/results/$1" || true; }
none_left() { [[ -z $(processes "$1") ]]; }
training() { grep -qs '"phase":"training"' "$HEADWAY_RESULTS/$1"/claims/*/"$2"/heartbeat.json; }
stop_a_rank() {
  mapfile -t workers < <(ranks "$1")
  [[ ${#workers[@]} -eq 2 ]] || fail "expected 2 ranks, found ${#workers[@]}"
  kill -STOP "${workers[1]}"
}
hashes="select weights_sha256, state_sha256, metrics_sha256 from trials"
"$HEADWAY" run "$work/orphans.yaml" name=calm

# -- another run ends what is left
"$HEADWAY" run "$work/orphans.yaml" name=found 2>"$work/killed" &
supervisor=$!
wait_until 30 training found 1
stop_a_rank found
kill -KILL "$supervisor"
wait "$supervisor" 2>/dev/null || true
"$HEADWAY" run "$work/orphans.yaml" name=found 2>"$work/second" || { cat "$work/second"; fail "the second run failed"; }
none_left found || fail "processes are left: $(processes found)"
[[ $(query found "$hashes") == "$(query calm "$hashes")" ]] || fail "hashes differ from the undisturbed run"

# -- without one they end by themselves; here 3 s after they were asked, as the settings say
"$HEADWAY" run "$work/orphans.yaml" name=alone 2>"$work/alone" &
supervisor=$!
wait_until 30 training alone 1
kill -TERM "$supervisor"
wait "$supervisor" || true
none_left alone || fail "SIGTERM left processes"
mkfifo "$work/lifeline"
settings="{\"sweep_directory\":\"$HEADWAY_RESULTS/alone\",\"group\":\"hand-0badcafe-0\",\"stop_seconds\":3}"
OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1 OMP_NUM_THREADS=1 \
  mpirun --bind-to none --oversubscribe -np 2 "$HEADWAY_WORKER" serve "$settings" \
  <"$work/lifeline" >"$work/group.log" 2>&1 &
group=$!
exec 9>"$work/lifeline"
wait_until 30 training alone 2
stop_a_rank alone
exec 9>&-
wait_until 30 none_left alone
status=0
wait "$group" || status=$?
[[ $status -ne 0 ]] || fail "a group that was broken off ended with 0"
grep -q 'asked to stop (the supervisor is gone), but nothing came of it for 3 s' "$work/group.log" ||
  { cat "$work/group.log"; fail "the log does not say why"; }
"$HEADWAY" run "$work/orphans.yaml" name=alone
[[ $(query alone "$hashes") == "$(query calm "$hashes")" ]] || fail "hashes differ after a rank ended itself"
echo "no orphan stays"
