# shellcheck shell=bash
# For tests that run small sweeps with the real programs. Source it after `set -euo pipefail`.

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
export HEADWAY_RESULTS=$work/results

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# exits CODE COMMAND...; what it says is in $work/log.
exits() {
  local wanted=$1 status=0
  shift
  "$@" >"$work/log" 2>&1 || status=$?
  [[ $status -eq $wanted ]] || { cat "$work/log"; fail "exit code $status, not $wanted: $*"; }
}

# make_dataset FOLDER TRAIN TEST [cifar10]: a small data set in Fashion-MNIST's own format, or CIFAR-10's;
# class k is a bright stripe at row 2k under noise.
make_dataset() { python3 "$SOURCE_DIR/tests/support/make_dataset.py" "$@"; }

# write_plain_sweep: plain.yaml and its data in this folder, two trials of a moment each.
write_plain_sweep() {
  make_dataset data 60 30
  cat >plain.yaml <<YAML
name: plain
trial:
  dataset: {root: $PWD/data}
  encoder: {name: small_cnn, width: 2}
  training: {epochs: 1, batch_size: 20}
sweep: {seeds: 2}
YAML
}

# json_field FILE KEY: one top-level value.
json_field() { python3 -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$@"; }

# query SWEEP SQL: rows of the results store, fields separated by |.
query() {
  python3 - "$HEADWAY_RESULTS/$1/results.sqlite" "$2" <<'PYTHON'
import sqlite3, sys
for row in sqlite3.connect(sys.argv[1]).execute(sys.argv[2]):
    print("|".join("" if value is None else str(value) for value in row))
PYTHON
}

# wait_until SECONDS COMMAND...: looks ten times a second until the command succeeds.
wait_until() {
  local left=$(($1 * 10))
  shift
  until "$@"; do
    ((left-- > 0)) || fail "waited in vain for: $*"
    sleep 0.1
  done
}
