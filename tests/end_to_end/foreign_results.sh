#!/usr/bin/env bash
# Another user's results, and results on a read-only file system, are read like one's own: the store is
# built elsewhere when it is not up to date. Needs root, to become another user and to mount.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

if [[ $(id -u) -ne 0 ]]; then
  echo "skipped: not root"
  exit 0
fi
mkdir -p "$HEADWAY_RESULTS" "$work/cache"
cp -r "$SOURCE_DIR/tests/fixtures/store/kept" "$HEADWAY_RESULTS/kept"
chmod -R go+rX "$work"
chown 65534 "$work/cache"
export HEADWAY_CACHE=$work/cache
program=$work/headway  # where another user may run it
cp "$HEADWAY" "$program"
trial=7c91340d6fe1

ask() { (cd / && setpriv --reuid=65534 --clear-groups "$program" "$@"); }

# ask_all FOLDER: what every command says of the sweep; they end as on results of one's own.
ask_all() {
  mkdir -p "$1"
  ask table kept --metrics test/top1_accuracy --by head.name >"$1/table"
  ask show "$trial" --sweep kept >"$1/show"
  ask export trials kept --format csv >"$1/trials"
  ask export metrics kept --format jsonl >"$1/metrics"
  ask status kept >"$1/status" || [[ $? -eq 1 ]]
  ask why "$trial" kept >"$1/why"
  ask logs "$trial" --sweep kept >"$1/logs" 2>&1 || true
}

expect_same() {
  for file in table show trials metrics status why; do
    cmp "$work/own/$file" "$1/$file" || fail "$1: '$file' differs from that of the owner"
  done
}

chown -R 65534 "$HEADWAY_RESULTS"
ask_all "$work/own"
chown -R 0 "$HEADWAY_RESULTS"
[[ -z $(ls "$work/cache") ]] || fail "the owner's store is in the cache"

# What may not be read or written is named, by no name of a temporary file, with what to do.
printf 'trial: {}\n' >"$work/hidden.yaml"
chmod 000 "$work/hidden.yaml"
exits 2 ask plan "$work/hidden.yaml"
grep -q "hidden.yaml': the sweep file cannot be read: Permission denied" "$work/log" || { cat "$work/log"; fail "no reason"; }
printf 'trial: {}\n' >"$work/mine.yaml"
exits 1 ask run "$work/mine.yaml"
grep -q 'Permission denied; results are in .*--results' "$work/log" || { cat "$work/log"; fail "no advice"; }
exits 1 ask export trials kept --out "$work/rows.csv"
grep -qF '.tmp:' "$work/log" && { cat "$work/log"; fail "a temporary name"; }

rm "$HEADWAY_RESULTS/kept/results.sqlite"
ask_all "$work/foreign" 2>"$work/notes"
expect_same "$work/foreign"
grep -q "results.sqlite: .*; read into '$work/cache/stores/" "$work/notes" || { cat "$work/notes"; fail "no note"; }
[[ ! -e $HEADWAY_RESULTS/kept/results.sqlite ]] || fail "it wrote to another user's results"

HEADWAY_CACHE=/proc/nowhere ask_all "$work/in_memory" 2>"$work/notes"
expect_same "$work/in_memory"
grep -q "read into memory instead" "$work/notes" || { cat "$work/notes"; fail "no note"; }

# An up-to-date store as a run leaves it, on a medium that cannot be written: nothing is built.
"$HEADWAY" table kept >/dev/null 2>&1
if mount --bind "$HEADWAY_RESULTS" "$HEADWAY_RESULTS" 2>/dev/null; then
  trap 'umount -l "$HEADWAY_RESULTS"; rm -rf -- "$work"' EXIT
  mount -o remount,bind,ro "$HEADWAY_RESULTS"
  ask_all "$work/read_only" 2>"$work/notes"
  expect_same "$work/read_only"
  ! grep -q "instead" "$work/notes" || { cat "$work/notes"; fail "it built a store that is there"; }
  [[ $(query kept "select count(*) from trials") -gt 0 ]] || fail "the database cannot be opened"
fi
echo "read as by its owner: another user's results, a read-only file system"
