#!/usr/bin/env bash
# Every command about the testbed that docs/ shows works as shown.
set -euo pipefail
# shellcheck source=tests/support/testbed.sh
source "$SOURCE_DIR/tests/support/testbed.sh"

page=$SOURCE_DIR/docs/slurm_testbed.md
awk -v only=cluster -f "$SOURCE_DIR/tests/end_to_end/documented_blocks.awk" "$page" >"$work/commands"
[[ $(grep -c 'scripts/testbed' "$work/commands") -ge 10 ]] || fail "the page shows fewer commands than it should"
start_testbed nodes=1 cpus=1  # skips the test where none can run
"$testbed" down
(cd -- "$SOURCE_DIR" && bash -euxo pipefail "$work/commands") >"$work/log" 2>&1 || { cat "$work/log"; fail "$page"; }
grep -qx 'hello from n4' "$work/log" || { cat "$work/log"; fail "no greeting from n4"; }
[[ ! -e $HEADWAY_TESTBED ]] || fail "the page leaves a testbed up"
