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
  "$HEADWAY" fsck kept >fsck.txt
}

# New columns and rows may be added; what was there stands.
compare() {
  python3 - "$expected" "$HEADWAY_RESULTS" <<'PYTHON'
import csv, json, pathlib, sqlite3, sys

expected, results = pathlib.Path(sys.argv[1]), sys.argv[2]

def rows(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))

def check(what, found, wanted):
    assert found == wanted, f"{what}:\n found    {found}\n expected {wanted}"

for kind in ("trials", "results", "metrics", "attempts"):
    found, wanted = rows(f"{kind}.csv"), rows(expected / f"{kind}.csv")
    check(f"rows of {kind}", len(found), len(wanted))
    for one, other in zip(found, wanted):
        check(kind, {key: one[key] for key in other}, other)
found = {(row["trial_id"], row["key"]): row["value"] for row in rows("parameters.csv")}
for row in rows(expected / "parameters.csv"):
    check(row["key"], found[row["trial_id"], row["key"]], row["value"])

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
    check_within(path.name, json.load(open(path.name)), json.load(open(path)))

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
"$HEADWAY" fsck kept --rebuild
ask_everything
compare
rm "$HEADWAY_RESULTS/kept/results.sqlite"
ask_everything
compare
