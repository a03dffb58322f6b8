# shellcheck shell=bash
# For tests that run small sweeps with the real programs. Source it after `set -euo pipefail`.

work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
export HEADWAY_RESULTS=$work/results

fail() {
  printf 'FAILED: %s\n' "$*" >&2
  exit 1
}

# make_dataset FOLDER TRAIN TEST: a small data set in Fashion-MNIST's own format; class k is a bright
# stripe at row 2k under noise.
make_dataset() {
  mkdir -p "$1"
  python3 - "$@" <<'PYTHON'
import random, struct, sys
folder, train, test = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
noise = random.Random(1)
for part, count in (("train", train), ("t10k", test)):
    images = bytearray(struct.pack(">IIII", 2051, count, 28, 28))
    labels = bytearray(struct.pack(">II", 2049, count))
    for i in range(count):
        label = i % 10
        labels.append(label)
        for row in range(28):
            base = 150 if row in (2 * label + 4, 2 * label + 5) else 0
            images += bytes(base + noise.randrange(100) for _ in range(28))
    open(f"{folder}/{part}-images-idx3-ubyte", "wb").write(images)
    open(f"{folder}/{part}-labels-idx1-ubyte", "wb").write(labels)
PYTHON
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
