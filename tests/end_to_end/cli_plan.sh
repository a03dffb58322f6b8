#!/usr/bin/env bash
# list, plan, status and completion as a user without a single trained trial sees them.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
export HEADWAY_RESULTS=$folder/results

fail() {
  echo "cli_plan: $*" >&2
  exit 1
}

expect() {
  local code=$1 actual=0
  shift
  "$@" >out 2>err || actual=$?
  [[ $actual -eq $code ]] || fail "$* ended with $actual instead of $code: $(cat out err)"
}

cat >sweep.yaml <<'YAML'
name: margins
description: does the scale matter?
trial:
  dataset: {name: fashion_mnist}
  encoder: {name: small_cnn}
  training: {epochs: 2}
sweep:
  grid:
    head: [{name: dot}, {name: cosine, scale: 10}, {name: cosine, scale: 20}]
    class_vectors.learned: [true, false]
  seeds: [0, 1, 2]
YAML

# Every mistake at once, each with its place and the nearest name.
cat >mistakes.yaml <<'YAML'
name: mistakes
trial:
  datset: {name: fashion_mnist}
  encoder: {name: resnet81}
  optimizer: {learnig_rate: 0.1}
  training: {epochs: many, batch_size: -3}
YAML
expect 2 "$HEADWAY" plan mistakes.yaml
[[ $(grep -c '^mistakes\.yaml:[0-9]*:[0-9]*: ' err) -eq 5 ]] || fail "not five errors: $(cat err)"
for word in "'dataset'" "'resnet18'" "'learning_rate'"; do
  grep -q "did you mean $word" err || fail "no suggestion of $word: $(cat err)"
done
[[ ! -s out ]] || fail 'mistakes went to standard output'
expect 2 "$HEADWAY" plan no_such_file.yaml
grep -q no_such_file.yaml err || fail "the missing file is not named: $(cat err)"
expect 2 "$HEADWAY" plan .
grep -q "'.' is a directory; expected a sweep file" err || fail "a directory is not called one: $(cat err)"
expect 2 "$HEADWAY" plan /dev/full
grep -q 'is a device' err || fail "a device is not called one: $(cat err)"

for root in "$folder/sweep.yaml" /proc/nowhere; do
  expect 1 env HEADWAY_RESULTS="$root" "$HEADWAY" run sweep.yaml
  grep -q "results are in '$root': name a folder that you may" err || fail "no advice: $(cat err)"
done

expect 0 "$HEADWAY" plan sweep.yaml
grep -q '^trials  18 in 6 cells$' out || fail "wrong counts: $(cat out)"
for word in head.name head.scale class_vectors.learned cosine '^time '; do
  grep -q -- "$word" out || fail "plan does not show '$word': $(cat out)"
done
expect 0 "$HEADWAY" plan sweep.yaml --trials head.name=dot
expect 0 "$HEADWAY" plan sweep.yaml --json
python3 -m json.tool out >/dev/null || fail 'plan --json is no JSON'
python3 - <<'PYTHON'
import json
plan = json.load(open("out"))
ids = [trial["trial_id"] for trial in plan["trials"]]
assert len(plan["cells"]) == 6 and len(set(ids)) == 18, plan
assert sorted(id for cell in plan["cells"] for id in cell["trials"]) == sorted(ids)
assert "head.name" in plan["axes"] and "seed" not in plan["axes"], plan["axes"]
assert all(trial["predicted_seconds"] > 0 for trial in plan["trials"])
PYTHON
expect 0 "$HEADWAY" plan sweep.yaml 'sweep.seeds=[0,5,9223372036854775807]'
grep -q ' 0,5,9223372036854775807$' out || fail "other seeds: $(cat out)"
[[ ! -e results ]] || fail 'plan wrote something'

# What one trial in the foreground would ignore, however it is written.
one=(head.name=dot class_vectors.learned=true 'sweep.seeds=[0]')
for ignored in resources.ranks=2 'resources={ranks: 2}' 'resources={device: cpu, "time_limit": 1h}' \
  'resources.time_limit=1h' '~resources.groups' '~resources.ranks' resources.groups=2; do
  expect 2 "$HEADWAY" train sweep.yaml "${one[@]}" "$ignored"
  grep -qF "command line: '$ignored': resources." err || fail "train does not name $ignored: $(cat err)"
  grep -q 'has no effect in .headway train.; ' err || fail "train takes $ignored: $(cat err)"
done
[[ ! -e results ]] || fail 'train wrote something'

expect 0 "$HEADWAY" list
for kind in heads losses class-vectors encoders datasets schedules optimizers augmentations metrics; do
  grep -q "^$kind " out || fail "list does not know '$kind'"
done
for kind in heads losses class-vectors encoders datasets schedules optimizers augmentations metrics; do
  expect 0 "$HEADWAY" list "$kind"
  [[ -s out ]] || fail "list $kind is empty"
  expect 0 "$HEADWAY" list "$kind" --json
  python3 -m json.tool out >/dev/null || fail "list $kind --json is no JSON"
done
# A head without bias, and options of a loss that another one lacks.
cat >heads_and_losses.yaml <<'YAML'
name: heads_and_losses
trial:
  training: {label_smoothing: 0.1}
sweep:
  grid:
    head: [{name: dot}, {name: arcface, scale: 16, margin: 0.3}]
    class_vectors.learned: [true, false]
    loss.name: [cross_entropy, mse]
YAML
expect 0 "$HEADWAY" plan heads_and_losses.yaml
grep -q '^trials  8 in 8 cells$' out || fail "wrong counts: $(cat out)"
cat out err >both
grep -q "dropped loss.label_smoothing of the base configuration where loss.name is 'mse'" both ||
  fail "plan does not tell of the dropped option: $(cat both)"
expect 2 "$HEADWAY" plan heads_and_losses.yaml head.name=arcface head.bias=learned
grep -q "head 'arcface' has no option 'bias'" err || fail "no word on the bias: $(cat err)"

expect 0 "$HEADWAY" list heads cosine
grep -q scale out || fail 'list heads cosine does not tell of its scale'

for shell in bash zsh fish; do
  expect 0 "$HEADWAY" completion "$shell"
  cp out "completion.$shell"
  if command -v "$shell" >/dev/null; then
    "$shell" -n "completion.$shell" || fail "$shell does not take its script"
  fi
done
expect 2 "$HEADWAY" completion csh

expect 2 "$HEADWAY" status
grep -q HEADWAY_RESULTS err || fail "status does not say where it looked: $(cat err)"
expect 2 "$HEADWAY" status sweep.yaml
grep -q "'margins'" err || fail "status does not name the sweep: $(cat err)"

# The first word must come at once: no library of the worker may have been loaded.
start=$(date +%s%N)
"$HEADWAY" list heads >/dev/null
took=$((($(date +%s%N) - start) / 1000000))
[[ $took -lt 1000 ]] || fail "list heads took $took ms"
if ldd "$HEADWAY" | grep -E 'libtorch|libc10|libmpi'; then fail 'headway loads the worker'"'"'s libraries'; fi
