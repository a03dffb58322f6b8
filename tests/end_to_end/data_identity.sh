#!/usr/bin/env bash
# Results of different data never stand side by side: what a trial was trained on is recorded, and
# compared before anything is called done, begun or resumed.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"
export HEADWAY_CACHE=$work/cache

cat >"$work/s.yaml" <<YAML
name: r
trial:
  dataset: {name: fashion_mnist, root: $work/A, samples_per_class: 20}
  encoder: {name: small_cnn, width: 8}
  training: {epochs: 1, batch_size: 20}
sweep: {seeds: 2}
YAML
make_dataset "$work/A" 300 50
make_dataset "$work/B" 300 50
cp -r "$work/A" "$work/copy of A"
# Of equal sizes, and images of another colour.
python3 - "$work/B/train-images-idx3-ubyte" <<'PYTHON'
import pathlib, sys
file = pathlib.Path(sys.argv[1])
content = bytearray(file.read_bytes())
content[16:] = bytes(255 - value for value in content[16:])
file.write_bytes(content)
PYTHON

# The documented hash, computed by a program of its own.
hash_of() {
  python3 - "$1" <<'PYTHON'
import hashlib, pathlib, struct, sys
folder, text = pathlib.Path(sys.argv[1]), "headway data 1\n"
for part, name in (("train", "train"), ("t10k", "test")):
    images = (folder / f"{part}-images-idx3-ubyte").read_bytes()[16:]
    labels = (folder / f"{part}-labels-idx1-ubyte").read_bytes()[8:]
    labels32 = b"".join(struct.pack("<i", label) for label in labels)
    text += (f"{name} {len(labels)} 28 28 1 {hashlib.sha256(images).hexdigest()} "
             f"{hashlib.sha256(labels32).hexdigest()}\n")
print(hashlib.sha256(text.encode()).hexdigest())
PYTHON
}
hash_a=$(hash_of "$work/A")
hash_b=$(hash_of "$work/B")

# refused CODE COMMAND...: it ends so, and its messages are kept.
refused() {
  local code=0
  "${@:2}" >"$work/out" 2>"$work/err" || code=$?
  [[ $code == "$1" ]] || fail "exit $code instead of $1: $* $(cat "$work/err")"
}
says() { grep -qF -- "$1" "$work/err" || fail "no word of '$1' in: $(cat "$work/err")"; }
data_of() { query r "select group_concat(distinct coalesce(data_sha256, '-')) from trials"; }
roots() { query r "select group_concat(distinct value) from parameters where key = 'dataset.root'"; }

"$HEADWAY" run "$work/s.yaml"
[[ $(data_of) == "$hash_a" ]] || fail "recorded $(data_of), expected $hash_a"
[[ $(query r "select group_concat(distinct data_folder) from attempts") == "$work/A" ]] ||
  fail 'the folder of the data is not recorded'

# More seeds on other data: refused by both names, and nothing has changed.
before=$(sha256sum "$HEADWAY_RESULTS/r/trials.jsonl")
refused 2 "$HEADWAY" run "$work/s.yaml" sweep.seeds=4 "dataset.root=$work/B"
says "$hash_a in '$work/A'"
says "$hash_b in '$work/B'"
says 'name=NAME'
refused 2 "$HEADWAY" run "$work/s.yaml" "dataset.root=$work/B" # all is done, of other data
says "$hash_b"
refused 2 "$HEADWAY" train "$work/s.yaml" "sweep.seeds=[3]" "dataset.root=$work/B"
says "$hash_b"
[[ $(sha256sum "$HEADWAY_RESULTS/r/trials.jsonl") == "$before" ]] || fail 'a refused run changed the plan'

# The same data elsewhere are the same data; what is done keeps the folder it was recorded with.
"$HEADWAY" run "$work/s.yaml" sweep.seeds=3 "dataset.root=$work/copy of A"
[[ $(query r "select count(*) from trials where state = 'done'") == 3 ]] || fail 'not all done'
[[ $(data_of) == "$hash_a" ]] || fail "recorded $(data_of)"
[[ $(query r "select count(*) from parameters where key = 'dataset.root' and value = '$work/A'") == 2 ]] ||
  fail "a finished trial's configuration was rewritten: $(roots)"
refused 3 "$HEADWAY" run r

# Files exchanged under the same name, size and time.
touch -r "$work/A/train-images-idx3-ubyte" "$work/B/train-images-idx3-ubyte"
mv "$work/A/train-images-idx3-ubyte" "$work/kept"
cp -p "$work/B/train-images-idx3-ubyte" "$work/A/train-images-idx3-ubyte"
refused 2 "$HEADWAY" run "$work/s.yaml"
says "$hash_b in '$work/A'"
refused 2 "$HEADWAY" evaluate r --suite calibration
says "$hash_b in '$work/A'"
says "$hash_a in '$work/A'"
! grep -q 'failed' "$work/err" || fail "a trial is said to have failed: $(cat "$work/err")"
trial=$(query r "select trial_id from trials where seed = 0")
refused 2 "$HEADWAY" export features "$trial" --out "$work/features.safetensors"
says "$hash_b in '$work/A'"
mv "$work/kept" "$work/A/train-images-idx3-ubyte"
refused 3 "$HEADWAY" run "$work/s.yaml"

# Results can be asked for where the data are not.
mv "$work/A" "$work/gone"
refused 3 "$HEADWAY" run "$work/s.yaml"
says 'note: the data cannot be compared'
# A finished trial finds its data elsewhere: where the sweep has them now, or in HEADWAY_DATA.
refused 2 "$HEADWAY" run "$work/s.yaml" sweep.seeds=5
says "dataset.root: found no files of 'fashion_mnist', expected them in '$work/A'"
[[ $(query r "select count(*) from attempts where state != 'done'") == 0 ]] || fail 'attempts without data'
[[ -d /usr/share/datasets/fashion-mnist ]] || {
  refused 2 "$HEADWAY" evaluate r --suite calibration --trial "$trial"
  says "no longer in '$work/A'"
}
HEADWAY_DATA=$work/gone "$HEADWAY" evaluate r --suite calibration --trial "$trial"
HEADWAY_DATA=$work/B refused 2 "$HEADWAY" export features "$trial" --out "$work/features.safetensors"
says "$hash_b in '$work/B'"
refused 3 "$HEADWAY" run "$work/s.yaml" "dataset.root=$work/gone"
"$HEADWAY" export features "$trial" --out "$work/features.safetensors"
HEADWAY_DATA=$work/nowhere refused 3 "$HEADWAY" run "$work/s.yaml" "dataset.root=$work/gone"
says "note: HEADWAY_DATA is '$work/nowhere', which is no folder"
mv "$work/gone" "$work/A"
refused 3 "$HEADWAY" run "$work/s.yaml"

# Interrupted on A: it does not go on with B, nor does its checkpoint, until it may begin anew.
half=("$HEADWAY" run "$work/s.yaml" name=half sweep.seeds=1 training.epochs=1000000)
train_until_stopped() { # ATTEMPT OPTIONS...
  "${half[@]}" "${@:2}" >"$work/out" 2>"$work/err" &
  local run=$!
  trains() { [[ $(cat "$HEADWAY_RESULTS"/half/artifacts/*/log.txt | grep -c 'first step done') == "$1" ]]; }
  wait_until 120 trains "$1" 2>/dev/null
  kill -TERM "$run"
  local code=0
  wait "$run" || code=$?
  [[ $code == 75 ]] || fail "exit $code instead of 75: $(cat "$work/err")"
}
train_until_stopped 1
id=$(query half "select trial_id from trials")
compgen -G "$HEADWAY_RESULTS/half/checkpoints/$id/step-*.json" >/dev/null || fail 'no checkpoint'
[[ $(query half 'select data_sha256 from trials') == "$hash_a" ]] || fail 'no hash while it is open'
grep -qF "\"data_sha256\":\"$hash_a\"" "$HEADWAY_RESULTS/half/checkpoints/$id/"step-*.json ||
  fail 'the checkpoint does not say of which data it is'
refused 2 "${half[@]}" "dataset.root=$work/B"
says "$hash_b in '$work/B'"
says "headway retry"
"$HEADWAY" retry half "$id"
train_until_stopped 2 "dataset.root=$work/B"
[[ $(query half 'select data_sha256 from trials') == "$hash_b" ]] || fail 'not begun anew on B'
grep -qF 'it begins anew' "$HEADWAY_RESULTS/half/artifacts/$id/log.txt" || fail 'no word in the log'
[[ $(query half 'select resumed_from_step from attempts order by attempt desc limit 1') == 0 ]] ||
  fail 'went on from a checkpoint of other data'

# A worker that finds other data than its supervisor refuses to train on them, and the trial stays open.
printf '#!/bin/sh\nHEADWAY_DATA=%q exec %q "$@"\n' "$work/B" "$HEADWAY_WORKER" >"$work/worker"
chmod +x "$work/worker"
nodes=("$HEADWAY" run "$work/s.yaml" name=nodes '~dataset.root')
HEADWAY_DATA=$work/A refused 0 "${nodes[@]}" sweep.seeds=1
HEADWAY_DATA=$work/A HEADWAY_WORKER=$work/worker refused 2 "${nodes[@]}" sweep.seeds=2
says "$hash_b in '$work/B'"
[[ $(query nodes "select group_concat(state, ' ') from trials") == 'done pending' ]] ||
  fail "states: $(query nodes "select state, failure from trials")"
HEADWAY_DATA=$work/A refused 0 "${nodes[@]}" sweep.seeds=2

# Records of earlier versions know no hash: they fit any data.
python3 - "$HEADWAY_RESULTS/r/segments" <<'PYTHON'
import json, pathlib, sys, zlib
for file in pathlib.Path(sys.argv[1]).glob("*.jsonl"):
    lines = []
    for line in file.read_text().splitlines():
        record = json.loads(line.split(" ", 2)[2])
        record.pop("data_sha256", None), record.pop("data_folder", None)
        text = json.dumps(record, separators=(",", ":"), sort_keys=True)
        lines.append(f"{len(text):08x} {zlib.crc32(text.encode()):08x} {text}\n")
    file.write_text("".join(lines))
PYTHON
rm "$HEADWAY_RESULTS/r/results.sqlite"
refused 3 "$HEADWAY" run "$work/s.yaml" sweep.seeds=3 "dataset.root=$work/B"

# A damaged pack is made anew, and one that anyone can have planted is not used; results stay.
weights_of() { query "$1" 'select group_concat(weights_sha256) from trials'; }
refused 0 "$HEADWAY" run "$work/s.yaml" name=sound
python3 - "$HEADWAY_CACHE"/datasets/*.pack <<'PYTHON'
import pathlib, sys
for name in sys.argv[1:]:
    pack = bytearray(pathlib.Path(name).read_bytes())
    pack[8192:58192] = bytes(255 - value for value in pack[8192:58192])
    pathlib.Path(name).write_bytes(pack)
PYTHON
refused 0 "$HEADWAY" run "$work/s.yaml" name=damaged
grep -qhF 'does not match its checksum' "$HEADWAY_RESULTS"/damaged/logs/*.log || fail 'no word of the damage'
[[ $(weights_of damaged) == "$(weights_of sound)" ]] || fail 'trained on a damaged pack'
chmod 777 "$HEADWAY_CACHE"
refused 0 "$HEADWAY" run "$work/s.yaml" name=planted
says 'is not used: any user can write to it'
[[ $(weights_of planted) == "$(weights_of sound)" ]] || fail 'other results without a cache'
chmod 700 "$HEADWAY_CACHE"

# Where files lie is no axis.
refused 2 "$HEADWAY" plan "$work/s.yaml" "dataset.root=$work/A,$work/B"
says 'dataset.root'
says 'in quotes'
mkdir "$work/with,comma"
cp "$work/A/"* "$work/with,comma"
"$HEADWAY" run "$work/s.yaml" name=comma "dataset.root='$work/with,comma'"
[[ $(query comma "select count(distinct value) from parameters where key = 'dataset.root'") == 1 ]] ||
  fail 'a comma split a path'
[[ $(query comma "select distinct data_sha256 from trials") == "$hash_a" ]] || fail 'other data'
echo 'different data never met'
