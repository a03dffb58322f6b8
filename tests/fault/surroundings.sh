#!/usr/bin/env bash
# Surroundings as programs meet them: a standard error that nobody reads, no usable TMPDIR, a PATH with
# folders that cannot be searched, mpirun and nohup around, a full standard output, quotes in paths.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

make_dataset "$work/data" 400 50
cat >"$work/sweep.yaml" <<YAML
name: plain
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 4}
  training: {epochs: 1, batch_size: 20, shards: 2}
resources: {ranks: 2}
YAML
says() { grep -qF -- "$1" "$work/log" || { cat "$work/log"; fail "it does not say '$1'"; }; }
run=("$HEADWAY" run "$work/sweep.yaml")

# A pipe that is full and that nobody reads.
cat >"$work/full_pipe.py" <<'PYTHON'
import os, signal, subprocess, sys, time
program, sweep, results = sys.argv[1:]
reader, writer = os.pipe()
os.set_blocking(writer, False)
try:
    while True:
        os.write(writer, b"x" * 4096)
except BlockingIOError:
    pass
os.set_blocking(writer, True)
run = [program, "run", sweep]
assert subprocess.run(run + ["name=unread"], stderr=writer, timeout=120).returncode == 0
train = [program, "train", sweep, "name=unread_train"]
assert subprocess.run(train, stderr=writer, timeout=120).returncode == 0
json = subprocess.Popen(run + ["name=unread_json", "--json"], stdout=writer)
deadline = time.monotonic() + 90
while json.poll() is None:
    assert time.monotonic() < deadline, "it cannot be ended"
    time.sleep(1)
    if os.path.exists(f"{results}/unread_json/results.sqlite"):
        json.send_signal(signal.SIGTERM)
long = subprocess.Popen(run + ["name=unread_long", "training.epochs=5000"], stderr=writer)
claims = f"{results}/unread_long/claims"
deadline = time.monotonic() + 60
while not any(files for _, _, files in os.walk(claims)):
    assert time.monotonic() < deadline, "no group began"
    time.sleep(0.1)
long.send_signal(signal.SIGTERM)
assert long.wait(timeout=60) == 75, long.returncode
PYTHON
python3 "$work/full_pipe.py" "$HEADWAY" "$work/sweep.yaml" "$HEADWAY_RESULTS" ||
  fail "a standard error that nobody reads"

# TMPDIR.
touch "$work/file"
for unusable in "$work/missing" "$work/file"; do
  exits 0 env TMPDIR="$unusable" "${run[@]}" "name=tmpdir${unusable##*/}"
  says "TMPDIR is '$unusable'"
  exits 0 env TMPDIR="$unusable" "$HEADWAY" fsck tmpdirmissing # it can do without
  exits 1 env TMPDIR="$unusable" "$HEADWAY" doctor
  says "TMPDIR is '$unusable'"
done
mkdir "$work/tmp"
TMPDIR=$work/tmp "${run[@]}" name=gone sweep.seeds=6 >"$work/log" 2>&1 &
gone=$!
began() { compgen -G "$HEADWAY_RESULTS/gone/claims/*/1" >/dev/null; }
wait_until 60 began
rm -rf "$work/tmp"
wait "$gone" || { cat "$work/log"; fail "exit code $? when TMPDIR went away"; }

# A folder of PATH that may not be searched; for root, one that cannot be.
mkdir -m 000 "$work/locked"
ln -s "$work/loop" "$work/loop"
exits 0 env PATH="$work/locked:$work/loop:$PATH" "${run[@]}" name=path

# Folders that there cannot be: of these doctor tells, and goes on.
long=$work/$(printf 'x%.0s' {1..300})
for unusable in "$long:File name too long" "$work/loop:Too many levels of symbolic links"; do
  for variable in HEADWAY_RESULTS HEADWAY_CACHE; do
    exits 1 env "$variable=${unusable%:*}" "$HEADWAY" doctor
    says "${unusable%:*}/"
    says "${unusable##*:}"
    says "\$$variable to a folder that you may write to"
    says 'two ranks'
  done
done

# Under mpirun, as the one rank of a launch.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
exits 0 mpirun --oversubscribe -np 1 "${run[@]}" name=launched
exits 0 "${run[@]}" name=by_itself
[[ $(query launched "select world_size from trials") -eq 2 ]] || fail "not two ranks under mpirun"
hashes="select weights_sha256, state_sha256, metrics_sha256 from trials"
[[ $(query launched "$hashes") == "$(query by_itself "$hashes")" ]] || fail "other bits under mpirun"

# nohup: the terminal may go.
nohup "$HEADWAY" train "$work/sweep.yaml" name=kept training.epochs=40 >"$work/log" 2>&1 &
kept=$!
steps() { grep -Eqs '"step":[1-9]' "$HEADWAY_RESULTS"/kept/claims/*/1/heartbeat.json; }
wait_until 60 steps
kill -HUP "$kept"
wait "$kept" || { cat "$work/log"; fail "exit code $? after a SIGHUP that is ignored"; }

# Whoever prints notices that it was not written.
trial=$(query by_itself "select trial_id from trials")
full() {
  local status=0
  "$HEADWAY" "$@" >/dev/full 2>"$work/log" || status=$?
  [[ $status -ne 0 ]] || fail "exit code 0 although nothing could be written: $*"
  says 'standard output could not be written'
  status=0
  "$HEADWAY" "$@" >&- 2>"$work/log" || status=$?
  [[ $status -ne 0 ]] || fail "exit code 0 although standard output is closed: $*"
  says 'standard output could not be written: it is closed'
}
full table by_itself
full list heads
full plan "$work/sweep.yaml"
full status by_itself
full show "$trial" --sweep by_itself
full logs "$trial" --sweep by_itself
full export trials by_itself
full --help
full --version
# What says all it has to say on standard error is not held up.
exits 0 bash -c 'exec "$@" >&-' bash "${run[@]}" name=closed_output
exits 1 bash -c 'exec "$@" >&-' bash "${run[@]}" name=closed_json --json
[[ $(query closed_json "select state from trials") == 'done' ]] || fail "not trained without standard output"

# Quotes in a path.
mkdir "$work/say \"a b\" = c"
exits 0 env HEADWAY_RESULTS="$work/say \"a b\" = c" "${run[@]}" name=quoted
exits 0 env HEADWAY_RESULTS="$work/say \"a b\" = c" "$HEADWAY" table quoted
[[ -s $work/say\ \"a\ b\"\ =\ c/quoted/results.sqlite ]] || fail "the database is somewhere else"
exits 0 env HEADWAY_RESULTS="$work/say \"a b\" = c" "$HEADWAY" fsck quoted

# Something else in the place of a folder is the machine's fault, and no trial's.
folders=$HEADWAY_RESULTS/in_the_way
for folder in checkpoints artifacts; do
  mkdir -p "$folders"
  : >"$folders/$folder"
  for verb in run train; do
    exits 1 "$HEADWAY" "$verb" "$work/sweep.yaml" name=in_the_way
    says "in_the_way/$folder: found a regular file, expected a directory; move it away"
  done
  [[ ! -e $folders/claims ]] || fail "the trial was tried"
  rm "$folders/$folder"
done
exits 0 "${run[@]}" name=in_the_way

# What a killed supervisor leaves, the next run removes.
"${run[@]}" name=killed training.epochs=300 >"$work/log" 2>&1 &
killed=$!
held() { grep -qs '"phase":"training"' "$HEADWAY_RESULTS"/killed/claims/*/1/heartbeat.json; }
wait_until 60 held
kill -KILL "$killed"
wait "$killed" || true
left() { ls -A "$HEADWAY_RESULTS/killed/supervisors"; }
[[ -n $(left) ]] || fail "a killed supervisor left nothing: nothing is tested"
half_made=$HEADWAY_RESULTS/killed/.plan.json.0123456789abcdef0123456789abcdef.tmp
: >"$half_made"
touch -d '2 days ago' "$half_made"
exits 0 "${run[@]}" name=killed training.epochs=300
[[ ! -e $half_made ]] || fail "still there: $half_made"
[[ -z $(left) ]] || fail "still there: $(left)"
echo "the surroundings do no harm"
