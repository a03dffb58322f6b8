#!/usr/bin/env bash
# bash completes headway's command line by asking the program, in less than a tenth of a second.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
PATH=$(dirname "$HEADWAY"):$PATH
export HEADWAY_RESULTS=$folder/results

fail() {
  echo "completion: $*" >&2
  exit 1
}

# offers WORDS...: what bash offers in place of the last of the words behind `headway`.
offers() {
  local COMP_WORDS=(headway "$@") COMP_CWORD=$# COMPREPLY=()
  _headway headway
  printf '%s\n' "${COMPREPLY[@]}"
}

# expect OFFER WORDS...: it is among them.
expect() {
  local offer=$1
  shift
  grep -qxF -- "$offer" <<<"$(offers "$@")" || fail "no '$offer' behind '$*': $(offers "$@")"
}

# shellcheck source=/dev/null
source <("$HEADWAY" completion bash)
complete -p headway >/dev/null || fail 'the script registers nothing'

cp "$SOURCE_DIR/sweeps/quickstart.yaml" .
expect plan pl
expect heads list ''
expect cosine list heads c
expect quickstart.yaml plan ''
expect head.name= plan quickstart.yaml head.n
expect cosine plan quickstart.yaml head.name = c
expect gaussian plan quickstart.yaml class_vectors.distribution = ''
expect latex table --format ''

# A sweep that was planned is known by its name, and its trials by their ids.
mkdir -p results/quickstart
"$HEADWAY" plan quickstart.yaml --json >plan.json
python3 - plan.json results/quickstart/trials.jsonl <<'PYTHON'
import json, sys

with open(sys.argv[2], "w") as lines:
    for trial in json.load(open(sys.argv[1]))["trials"]:
        keys = ("trial_id", "cell_id", "seed", "config")
        print(json.dumps({key: trial[key] for key in keys}), file=lines)
PYTHON
trial=$(python3 -c 'import json; print(json.load(open("plan.json"))["trials"][0]["trial_id"])')
expect quickstart status ''
expect quickstart show "$trial" --sweep ''

started=$(date +%s%N)
for _ in 1 2 3 4 5; do offers plan quickstart.yaml head.name = c >/dev/null; done
milliseconds=$((($(date +%s%N) - started) / 5000000))
((milliseconds < 100)) || fail "an answer takes $milliseconds ms"
