#!/usr/bin/env bash
# Every verb explains itself, and the command line's mistakes name their remedy.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

fail() {
  echo "cli_help: $*" >&2
  exit 1
}

# expect CODE COMMAND...: runs it, keeps its streams in out and err.
expect() {
  local code=$1 actual=0
  shift
  "$@" >out 2>err || actual=$?
  [[ $actual -eq $code ]] || fail "$* ended with $actual instead of $code: $(cat out err)"
}

expect 0 "$HEADWAY" --help
mapfile -t verbs < <(sed -n '/^Subcommands:/,/^$/p' out | awk '/^  [a-z]/ {print $1}')
[[ ${#verbs[@]} -ge 11 ]] || fail "only ${#verbs[@]} verbs in --help"
for verb in "${verbs[@]}" 'export weights' 'export features' 'export metrics'; do
  # shellcheck disable=SC2086  # "export weights" is two words
  expect 0 "$HEADWAY" $verb --help
  grep -q '^Example' out || fail "'$verb --help' has no example"
  grep -q "headway ${verb%% *}" out || fail "the example of '$verb' is not its own"
  [[ ! -s err ]] || fail "'$verb --help' wrote to standard error"
done

expect 0 "$HEADWAY" --version
grep -Eq '^headway [0-9]+\.[0-9]+\.[0-9]+ \(([0-9a-f]{12}|unknown)' out || fail "odd version: $(cat out)"
grep -q 'SQLite 3' out || fail 'the version does not name the database'

expect 2 "$HEADWAY"
expect 2 "$HEADWAY" lsit
grep -q "unknown verb 'lsit'; did you mean 'list'?" err || fail "no suggestion: $(cat err)"
expect 2 "$HEADWAY" plan --jsn
grep -q "unknown option '--jsn'; did you mean '--json'?" err || fail "no suggestion: $(cat err)"
expect 2 "$HEADWAY" show
[[ ! -s out ]] || fail 'a mistake wrote to standard output'
