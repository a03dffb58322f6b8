#!/usr/bin/env bash
# Names and files made to do harm: nothing outside the sweep is written, read or deleted, and nothing that
# a terminal, a spreadsheet or a browser would obey comes out as it went in.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"
cd -- "$work"

# expect CODE COMMAND...: runs it, keeps its streams in out and err, which must be harmless.
expect() {
  local code=$1 actual=0
  shift
  "$@" >out 2>err </dev/null || actual=$?
  [[ $actual -eq $code ]] || fail "$* ended with $actual instead of $code: $(cat -v out err)"
  harmless out "$*"
  harmless err "$*"
}
# harmless FILE COMMAND: no control characters but newlines and tabs.
harmless() {
  if LC_ALL=C grep -qaP '[\x00-\x08\x0b-\x1f\x7f]' "$1"; then fail "raw in what '$2' says: $(cat -v "$1")"; fi
}

write_plain_sweep
grep -v '^name:' plain.yaml >nameless.yaml

# A name that comes from the file's own.
for file in ...yaml ..yaml $'a\nb.yaml' $'a\x1b[31mb.yaml' '<script>.yaml' 'a b.yaml' '=1+1.yaml' '-x.yaml'; do
  cp -- nameless.yaml "./$file"
  for verb in plan run train status; do
    expect 2 "$HEADWAY" "$verb" "./$file"
    grep -q "cannot be the sweep's: expected at most 128 letters" err || fail "$verb of '$file': $(cat -v err)"
  done
  expect 0 "$HEADWAY" plan "./$file" name=fine
done
for name in .. . a/b '' $'a\nb' '<script>'; do
  expect 2 "$HEADWAY" run plain.yaml "name=$name"
done
[[ ! -e results ]] || fail 'something was written under the results root'

# What the configuration says is shown, not obeyed.
cat >escapes.yaml <<'YAML'
name: escapes
description: "\e]0;title\a first\nsecond"
trial:
  dataset: {root: "/nowhere\e[31m\nnoplace"}
  encoder: {name: small_cnn, width: 2}
YAML
expect 0 "$HEADWAY" plan escapes.yaml
grep -qF '\x1b]0;title\x07 first\nsecond' out || fail "the description is not shown: $(cat -v out)"
expect 2 "$HEADWAY" plan escapes.yaml $'head.name=\x1b[31m'
expect 2 "$HEADWAY" plan escapes.yaml $'head.\x1b[31m=1'
expect 2 "$HEADWAY" plan escapes.yaml $'description=\xff'
expect 2 "$HEADWAY" $'\x1b[31m'
expect 2 "$HEADWAY" status $'\x1b[31m\nx'
"$HEADWAY" run escapes.yaml >out 2>err </dev/null || true
harmless err 'run escapes.yaml'
expect 1 "$HEADWAY" train escapes.yaml
trial=$(query escapes 'select trial_id from trials')
for verb in why show; do
  expect 0 "$HEADWAY" "$verb" "$trial"
  grep -qF '\x1b[31m' out || fail "$verb does not show the root: $(cat -v out)"
done
expect 0 "$HEADWAY" logs "$trial"
"$HEADWAY" status escapes >out 2>err || [[ $? -eq 1 ]]
harmless out 'status escapes'

# A results folder of such a name.
odd=$'odd\x1b[31m'
for command in 'run plain.yaml' 'evaluate plain --suite calibration'; do
  # shellcheck disable=SC2086  # words
  expect 0 "$HEADWAY" $command --results "$odd"
  grep -qF 'results in odd\x1b[31m/plain' err || fail "'$command' does not name the folder: $(cat -v err)"
  # shellcheck disable=SC2086
  expect 3 "$HEADWAY" $command --results "$odd"
done

# An id that leads out of the sweep.
expect 0 "$HEADWAY" run plain.yaml
mkdir -p victim results/victim
echo precious | tee victim/file >results/victim/file
cp -r results/plain kept
first=$(query plain 'select trial_id from trials order by seed limit 1')
for id in ../../../victim ../victim /etc "$work/victim" ..; do
  rm -rf results/plain
  cp -r kept results/plain
  python3 - results/plain/trials.jsonl "$first" "$id" <<'PYTHON'
import sys
path, old, new = sys.argv[1:]
text = open(path).read()
assert old in text
open(path, "w").write(text.replace(old, new))
PYTHON
  rm -rf edited
  cp -r results/plain edited
  for command in 'run plain' 'run plain.yaml' 'train plain.yaml sweep.seeds=[0]' 'status plain' 'table plain' \
    'fsck plain' 'retry plain --all' 'cancel --all plain' 'interrupt --all plain' 'export trials plain' \
    'evaluate plain --suite calibration'; do
    code=4
    [[ $command != 'run plain.yaml' ]] || code=3 # the file says what the trials are; they are done
    # shellcheck disable=SC2086  # words
    expect "$code" "$HEADWAY" $command
    [[ $code -eq 3 ]] || grep -qh 'is no trial id: expected 12 of the digits' out err || fail "$command: $(cat out err)"
    rm -rf results/plain
    cp -r edited results/plain
    [[ $(cat victim/file results/victim/file) == $'precious\nprecious' && $(find victim results/victim | wc -l) -eq 4 ]] ||
      fail "'$command' with the id '$id' touched what is not its own: $(find victim results/victim)"
  done
  rm -rf results/plain
  cp -r kept results/plain
  for verb in show why logs; do expect 2 "$HEADWAY" "$verb" "$id"; done
done

# Bytes that are no UTF-8, in what programs read.
printf 'caf\xe9 \xc2\x9b31m\n' >>"results/plain/artifacts/$first/log.txt"
for verb in why show; do
  expect 0 "$HEADWAY" "$verb" "$first" --json
  python3 -m json.tool out >formatted || fail "$verb --json is no JSON: $(cat -v out)"
done
expect 0 "$HEADWAY" why "$first" --json
grep -qF '\u009b31m' out || fail "the end of the log is not shown: $(cat -v out)"
cp "$(find results/plain/segments -name '*.jsonl' | sort | head -1)" $'results/plain/segments/\xff.jsonl'
"$HEADWAY" fsck plain --json >out 2>err || true
harmless out 'fsck --json'
harmless err 'fsck --json'
python3 -m json.tool out >formatted || fail "fsck --json is no JSON: $(cat -v out err)"
rm -rf results/plain
cp -r kept results/plain
for command in 'run plain.yaml' 'train plain.yaml sweep.seeds=[0]'; do
  # shellcheck disable=SC2086  # words
  expect 2 "$HEADWAY" $command --results $'results\xff'
  grep -qF 'results\xff/plain' err || fail "the folder is not named: $(cat -v err)"
  [[ ! -e $'results\xff' ]] || fail "'$command' wrote into a folder that it cannot use"
done

# A link that leads out of the sweep.
rm -rf results/plain/artifacts
ln -s "$work/victim" results/plain/artifacts
"$HEADWAY" export weights "$first" --out weights.safetensors >out 2>err && fail 'a link out of the sweep was followed'
grep -q 'leads out of the sweep' err || fail "the link is not named: $(cat err)"
[[ $(ls victim) == file ]] || fail 'the link out of the sweep was written through'
rm -rf results/plain
cp -r kept results/plain

# --out follows links, keeps modes, and writes into pipes and devices.
expect 0 "$HEADWAY" export weights "$first" --out weights.safetensors
"$HEADWAY" export weights "$first" --out - >piped 2>err
cmp weights.safetensors piped || fail '--out - is not standard output'
[[ ! -e - ]] || fail '--out - made a file of that name'
"$HEADWAY" export trials plain --out - >piped.csv 2>err
"$HEADWAY" export trials plain --out trials.csv
cmp trials.csv piped.csv || fail 'export trials --out - is not standard output'
expect 2 "$HEADWAY" export weights "$first" --out weights.safetensors
chmod 600 weights.safetensors
ln -s weights.safetensors link
expect 2 "$HEADWAY" export weights "$first" --out link
expect 0 "$HEADWAY" export weights "$first" --out link --force
[[ -L link && $(stat -c %a weights.safetensors) == 600 ]] || fail 'the link or the mode did not stay'
cmp weights.safetensors piped
"$HEADWAY" export features "$first" --out - >features.safetensors 2>err
"$HEADWAY" export features "$first" --out features_too.safetensors
cmp features.safetensors features_too.safetensors || fail 'features on standard output differ'
chmod 640 features_too.safetensors
expect 0 "$HEADWAY" export features "$first" --out features_too.safetensors --force
[[ $(stat -c %a features_too.safetensors) == 640 ]] || fail 'the mode of the features did not stay'
for what in "weights $first" "features $first" 'metrics plain'; do
  # shellcheck disable=SC2086  # words
  expect 0 "$HEADWAY" export $what --out /dev/null --force
  [[ -c /dev/null ]] || fail '/dev/null is no device any more'
  mkfifo pipe
  cat pipe >through &
  # shellcheck disable=SC2086
  expect 0 "$HEADWAY" export $what --out pipe --force
  wait $!
  [[ -p pipe && -s through ]] || fail "the pipe is none any more after $what"
  rm pipe
  # shellcheck disable=SC2086
  expect 2 "$HEADWAY" export $what --out "$work" --force
done

# Sweep files that ask for too much, in little memory.
for text in "$(printf '[%.0s' {1..100})" "$(printf 'a%.0s: ' {1..3})" $'a: \xff' '{sweep: {seeds: 1000000}}' \
  '{sweep: {random: {n: 100000000, seed: 1}}}'; do
  printf '%s' "$text" >hostile.yaml
  expect 2 "$HEADWAY" plan hostile.yaml
done
python3 - <<'PYTHON'
def write(name, text):
    open(name + ".huge.yaml", "w").write(text)
write("brackets", "[" * 16_000_000)
write("lines", "{\n" * 8_000_000)
write("dashes", "- " * 8_000_000)
write("newlines", "\n" * 50_000_000)
write("keys", "trial:\n" + "".join(f"  key{i}: 1\n" for i in range(100_000)))
write("axes", "sweep:\n  grid:\n" + "".join(f"    key{i}: [1]\n" for i in range(100_000)))
write("aliases", "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i-1}, *a{i-1}]\n" for i in range(1, 60)))
write("exclusions", "sweep: {exclude: [{seed: [%s]}]}" % ", ".join(map(str, range(100_001))))
nested = "".join(f"&a{i} [" for i in range(60)) + "x, " * 60_000 + "]" * 60
write("anchors", nested)
write("cells", "sweep: {seeds: 100, grid: {training.epochs: [%s]}}" % ", ".join(map(str, range(1, 10_001))))
PYTHON
for file in *.huge.yaml; do
  (ulimit -v 1500000 && expect 2 "$HEADWAY" plan "$file")
done
(ulimit -v 1500000 && expect 2 "$HEADWAY" plan exclusions.huge.yaml)
grep -q ' sweep.exclude: more than 100000 different values;' err || fail "other exclusions: $(cat err)"
# Many cells take memory in proportion.
sed -i 's/seeds: 100,/seeds: 1,/' cells.huge.yaml
(ulimit -v 1500000 && expect 0 "$HEADWAY" plan cells.huge.yaml)
