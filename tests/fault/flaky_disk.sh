#!/usr/bin/env bash
# One in fifty file operations of a supervisor fails: it says so, tries again, and carries the sweep
# through. When all fail, it ends after a bounded number of tries, and nothing is damaged. $SEEDS says how
# often the first is done.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

if ! LD_PRELOAD=$FLAKY_FILES "$HEADWAY" --version >/dev/null 2>&1; then
  echo "skipped: nothing can be preloaded, as under a sanitizer"
  exit 0
fi
make_dataset "$work/data" 200 100
cat >"$work/flaky.yaml" <<YAML
name: flaky
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 8}
  training: {epochs: 1, batch_size: 20}
sweep: {seeds: 2}
resources: {groups: 2, ranks: 1}
YAML

# flaky PROBABILITY SEED COMMAND...: of `headway run` alone, not of what it starts.
flaky() {
  LD_PRELOAD=$FLAKY_FILES FLAKY_FOLDER=$HEADWAY_RESULTS FLAKY_ARGUMENT=run FLAKY_PROBABILITY=$1 \
    FLAKY_SEED=$2 "${@:3}"
}

for ((seed = 1; seed <= ${SEEDS:-5}; ++seed)); do
  export HEADWAY_RESULTS=$work/results$seed
  status=0
  flaky 0.02 "$seed" "$HEADWAY" run "$work/flaky.yaml" >>"$work/log" 2>&1 || status=$?
  [[ $status -eq 0 ]] || { cat "$work/log"; fail "seed $seed: exit code $status"; }
  "$HEADWAY" fsck flaky || fail "seed $seed"
  [[ $(query flaky "select count(*) from trials where state = 'done'") == 2 ]] || fail "seed $seed: trials"
done
grep -q 'Input/output error; trying again' "$work/log" || { cat "$work/log"; fail "nobody was told"; }

# Workers ride it out, too: no trial pays for a disk.
for ((seed = 1; seed <= ${SEEDS:-5}; ++seed)); do
  export HEADWAY_RESULTS=$work/workers$seed
  LD_PRELOAD=$FLAKY_FILES FLAKY_FOLDER=$HEADWAY_RESULTS FLAKY_ARGUMENT=serve FLAKY_PROBABILITY=0.02 \
    FLAKY_SEED=$seed exits 0 "$HEADWAY" run "$work/flaky.yaml"
  cat "$HEADWAY_RESULTS"/flaky/logs/*.log >>"$work/groups"
  "$HEADWAY" fsck flaky || fail "workers, seed $seed"
  [[ $(query flaky "select count(*) from trials where state = 'done'") == 2 ]] || fail "workers, seed $seed: trials"
  [[ -z $(query flaky "select * from attempts where failure not in ('', 'node_failure')") ]] ||
    fail "workers, seed $seed: a trial pays for the disk"
done
grep -q 'Input/output error; trying again' "$work/groups" || { cat "$work/groups"; fail "no worker tried again"; }
LD_PRELOAD=$FLAKY_FILES FLAKY_FOLDER=$HEADWAY_RESULTS FLAKY_ARGUMENT=evaluate FLAKY_PROBABILITY=0.02 \
  FLAKY_SEED=1 exits 0 "$HEADWAY" evaluate flaky --suite calibration
export HEADWAY_RESULTS=$work/results1

# So does one that evaluates again and finds the segments, which hold the requests, failing.
"$HEADWAY" evaluate flaky --suite calibration || fail "nothing was evaluated"
for ((seed = 1; seed <= ${SEEDS:-5}; ++seed)); do
  LD_PRELOAD=$FLAKY_FILES FLAKY_FOLDER=$HEADWAY_RESULTS/flaky/segments FLAKY_ARGUMENT=--again \
    FLAKY_PROBABILITY=0.02 FLAKY_SEED=$seed exits 0 "$HEADWAY" evaluate flaky --suite calibration --again
done
"$HEADWAY" fsck flaky || fail "evaluated again"

status=0
SECONDS=0
flaky 1 1 "$HEADWAY" run flaky >"$work/log" 2>&1 || status=$?
[[ $status -eq 1 ]] || { cat "$work/log"; fail "exit code $status of a run on a dead disk"; }
((SECONDS < 60)) || fail "it took $SECONDS s to give up"
grep -q 'given up after 20 tries' "$work/log" || { cat "$work/log"; fail "no clear end"; }
"$HEADWAY" fsck flaky
echo "rode out a failing disk, gave up on a dead one"
