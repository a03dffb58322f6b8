#!/usr/bin/env bash
# A sweep that version 0.1.0 ran, with its records and its results store, is read as that version
# read it: tests/fixtures/store/expected holds what that version said of it.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

expected=$SOURCE_DIR/tests/fixtures/store/expected
mkdir -p "$HEADWAY_RESULTS" "$work/found"
cp -r "$SOURCE_DIR/tests/fixtures/store/kept" "$HEADWAY_RESULTS/kept"
cd "$work/found"

ask_everything() {
  "$HEADWAY" status kept --json >status.json || [[ $? -eq 1 ]]
  "$HEADWAY" table kept --metrics test/top1_accuracy,validation/loss,train/nc1 --json >table.json
  "$HEADWAY" table kept --by head.name,augmentation --metrics test/top1_accuracy --format csv \
    >by_augmentation.csv
  "$HEADWAY" table kept --by augmentation.0.padding --metrics test/top1_accuracy --format csv \
    >by_padding.csv
  for kind in trials parameters results metrics attempts; do
    "$HEADWAY" export "$kind" kept --format csv >"$kind.csv"
  done
  for file in "$expected"/show_*.json; do
    trial=${file##*/show_}
    "$HEADWAY" show "${trial%.json}" --sweep kept --json >"${file##*/}"
  done
  "$HEADWAY" fsck kept --quick >fsck.txt  # no weights are kept with it
}

# New columns, rows and configuration keys may be added, and a key of a configuration may have moved;
# what was there stands.
compare() {
  python3 - "$expected" "$HEADWAY_RESULTS" <<'PYTHON'
import csv, json, pathlib, sqlite3, sys

expected, results = pathlib.Path(sys.argv[1]), sys.argv[2]

def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))

MOVED = {"training.label_smoothing": "loss.label_smoothing"}  # key then -> now

def check(what, found, wanted):
    assert found == wanted, f"{what}:\n found    {found}\n expected {wanted}"

def leaves(config, prefix=""):
    if not isinstance(config, dict):
        return {prefix: config}
    found = {}
    for key, value in config.items():
        found.update(leaves(value, f"{prefix}.{key}" if prefix else key))
    return found

def check_leaves(what, found, wanted):
    for key, value in wanted.items():
        check(f"{what}: {key}", found[key if key in found else MOVED[key]], value)

for kind in ("trials", "results", "metrics", "attempts"):
    found, wanted = rows(f"{kind}.csv"), rows(expected / f"{kind}.csv")
    check(f"rows of {kind}", len(found), len(wanted))
    for one, other in zip(found, wanted):
        if kind == "trials":
            configs = [leaves(json.loads(row.pop("config"))) for row in (one, other)]
            check_leaves("config", *configs)
        check(kind, {key: one[key] for key in other}, other)

def parameters(path):
    found = {}
    for row in rows(path):
        found.setdefault(row["trial_id"], {})[row["key"]] = row["value"]
    return found

found = parameters("parameters.csv")
for trial, wanted in parameters(expected / "parameters.csv").items():
    check_leaves("parameters", found[trial], wanted)

check("by padding", rows("by_padding.csv"), rows(expected / "by_padding.csv"))
values = lambda path: [{k: v for k, v in row.items() if k != "augmentation"} for row in rows(path)]
check("by augmentation", values("by_augmentation.csv"), values(expected / "by_augmentation.csv"))

found, wanted = json.load(open("table.json")), json.load(open(expected / "table.json"))
check("notes", found["notes"], wanted["notes"])
check("rows of the table", len(found["rows"]), len(wanted["rows"]))
for one, other in zip(found["rows"], wanted["rows"]):
    check("table", one["metrics"], other["metrics"])
    check("trials of a row", one["trials"], other["trials"])

def check_within(what, found, wanted):
    if isinstance(wanted, dict):
        for key, value in wanted.items():
            check_within(f"{what}.{key}", found[key], value)
    elif isinstance(wanted, list) and wanted and isinstance(wanted[0], dict):
        check(f"{what}, entries", len(found), len(wanted))
        for one, other in zip(found, wanted):
            check_within(what, one, other)
    else:
        wanted = wanted.replace("RESULTS", results) if isinstance(wanted, str) else wanted
        check(what, found, wanted)

for path in [expected / "status.json", *expected.glob("show_*.json")]:
    found, wanted = json.load(open(path.name)), json.load(open(path))
    if "config" in wanted:
        check_leaves(path.name, *(leaves(one.pop("config")) for one in (found, wanted)))
    check_within(path.name, found, wanted)

found = pathlib.Path("fsck.txt").read_text().splitlines()
wanted = (expected / "fsck.txt").read_text().replace("RESULTS", results).splitlines()
check("fsck", sorted(found), sorted(wanted))

store = sqlite3.connect(f"{results}/kept/results.sqlite")
cells = store.execute("SELECT cell_id, split, name, n, mean, std, min, max, n_missing FROM cells "
                      "ORDER BY 1, 2, 3").fetchall()
check("cells", [list(row) for row in cells], json.load(open(expected / "cells.json")))
PYTHON
}

ask_everything # from the database that version left
compare
"$HEADWAY" fsck kept --rebuild --quick
ask_everything
compare
rm "$HEADWAY_RESULTS/kept/results.sqlite"
ask_everything
compare
