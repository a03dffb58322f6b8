#!/usr/bin/env bash
# Weights and features leave as safetensors that fit together: logits can be computed from features, and
# they are the ones that the trial was tested with, in its own precision.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

make_dataset "$work/data" 300 70
cat >"$work/exports.yaml" <<YAML
name: exports
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 4}
  head: {name: cosine, scale: 12}
  class_vectors: {distribution: orthonormal, learned: false, norm: unit}
  training: {epochs: 1, batch_size: 30}
sweep: {grid: {training.precision: [fp32, bf16]}}
YAML
"$HEADWAY" run "$work/exports.yaml"
trial=$(query exports "select trial_id from trials where precision = 'fp32'")
bf16=$(query exports "select trial_id from trials where precision = 'bf16'")
"$HEADWAY" export weights "$trial" --out "$work/weights.safetensors"
"$HEADWAY" export features "$trial" --split test --out "$work/features.safetensors"
"$HEADWAY" export features "$bf16" --split test --out "$work/bf16.safetensors"
status=0
"$HEADWAY" export weights "$trial" --out "$work/weights.safetensors" || status=$?
[[ $status -eq 2 ]] || fail "an existing file was overwritten without --force (exit $status)"

python3 - "$work/weights.safetensors" "$work/features.safetensors" "$work/bf16.safetensors" \
  "$HEADWAY_RESULTS/exports/results.sqlite" <<'PYTHON'
import array, json, math, sqlite3, struct, sys

def read(path):
    data = open(path, "rb").read()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    header.pop("__metadata__", None)
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        values = array.array({"F32": "f", "I64": "q"}[entry["dtype"]])
        values.frombytes(data[8 + size + begin:8 + size + end])
        tensors[name] = (entry["shape"], values)
    return tensors

weights, features = read(sys.argv[1]), read(sys.argv[2])

for precision, path in (("fp32", sys.argv[2]), ("bf16", sys.argv[3])):
    tensors = read(path)
    logits, labels = tensors["logits"][1], tensors["labels"][1]
    loss = right = 0
    for i, label in enumerate(labels):
        row = logits[10 * i:10 * i + 10]
        loss += max(row) + math.log(sum(math.exp(x - max(row)) for x in row)) - row[label]
        right += max(range(10), key=lambda k: (row[k], -k)) == label
    recorded = dict(sqlite3.connect(sys.argv[4]).execute(
        "select r.name, r.value from results r join trials t using (trial_id)"
        " where t.precision = ? and r.split = 'test'", (precision,)))
    assert right / len(labels) == recorded["top1_accuracy"], (precision, right, recorded)
    assert abs(loss / len(labels) / recorded["loss"] - 1) < 1e-6, (precision, loss, recorded)

assert weights["conv1.weight"][0] == [4, 1, 3, 3], weights["conv1.weight"][0]
assert weights["bn1.running_mean"][0] == [4]
assert features["features"][0] == [70, 16] and features["logits"][0] == [70, 10]
assert features["labels"][0] == [70] and sorted(set(features["labels"][1])) == list(range(10))
vectors = features["class_vectors"]
assert vectors[0] == [10, 16] and vectors[1] == weights["linear.weight"][1]
for i in range(70):
    z = features["features"][1][16 * i:16 * i + 16]
    norm = math.sqrt(sum(x * x for x in z))
    for k in range(10):
        w = vectors[1][16 * k:16 * k + 16]
        expected = 12 * sum(a * b for a, b in zip(z, w)) / norm
        found = features["logits"][1][10 * i + k]
        assert abs(expected - found) < 1e-3, (i, k, expected, found)
print("exports agree")
PYTHON

# Values that are not finite are told of by name. No record tells the hash of the best weights.
cat >"$work/best.yaml" <<YAML
name: best
trial:
  dataset: {root: $work/data, validation_fraction: 0.2}
  encoder: {name: small_cnn, width: 4}
  training: {epochs: 1, batch_size: 30}
resources: {keep_best_checkpoint: true}
YAML
"$HEADWAY" run "$work/best.yaml"
trial=$(query best "select trial_id from trials")
exits 0 "$HEADWAY" export weights "$trial" --best --out "$work/best.safetensors"
if grep -q 'not finite' "$work/log"; then fail "a warning of sound weights: $(cat "$work/log")"; fi
python3 - "$HEADWAY_RESULTS/best/artifacts/$trial/best.safetensors" <<'PYTHON'
import hashlib, json, struct, sys
data = bytearray(open(sys.argv[1], "rb").read())
start = 8 + struct.unpack("<Q", data[:8])[0]
header = json.loads(data[8:start])
told = header.pop("__metadata__")["weights_sha256"].encode()
first = start + header["conv1.weight"]["data_offsets"][0]
data[first:first + 8] = struct.pack("<ff", float("nan"), float("-inf"))
found = hashlib.sha256()
for name, entry in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
    begin, end = entry["data_offsets"]
    found.update(json.dumps([name, entry["dtype"], entry["shape"]], separators=(",", ":")).encode())
    found.update(data[start + begin:start + end])
assert data.count(told) == 1
open(sys.argv[1], "wb").write(data.replace(told, found.hexdigest().encode()))
PYTHON
exits 0 "$HEADWAY" export weights "$trial" --best --out "$work/best.safetensors" --force
grep -q "warning: 2 of 36 values of 'conv1.weight' are not finite" "$work/log" || fail "not told: $(cat "$work/log")"

# A table groups by the keys that the plan says vary.
cat >"$work/seeds.yaml" <<YAML
name: seeds
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 2}
  training: {epochs: 0, batch_size: 30}
sweep: {grid: {init_seed: [1, 2], head.name: [dot, cosine]}, seeds: 2}
YAML
"$HEADWAY" run "$work/seeds.yaml"
python3 - "$("$HEADWAY" plan "$work/seeds.yaml" --json)" "$("$HEADWAY" table seeds --json)" <<'PYTHON'
import json, sys
plan, table = map(json.loads, sys.argv[1:])
assert plan["axes"] == table["by"] == ["head.name", "init_seed"], (plan["axes"], table["by"])
assert len(table["rows"]) == len(plan["cells"]) == 4, table
PYTHON
