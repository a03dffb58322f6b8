#!/usr/bin/env bash
# Checkpoints as a user meets them: an interrupted trial's weights load in Python, a damaged one is
# told of and costs no bit, and the weights of the best epoch are kept.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

make_dataset "$work/data" 300 50
cat >"$work/trial.yaml" <<YAML
name: whole
trial:
  dataset: {root: $work/data, validation_fraction: 0.1}
  encoder: {name: small_cnn, width: 16}
  head: {name: dot, bias: learned}
  class_vectors: {learned: true}
  training: {epochs: 20, batch_size: 32, precision: fp32}
resources: {checkpoint_steps: 7, keep_best_checkpoint: true}
YAML
"$HEADWAY" run "$work/trial.yaml"
trial=$(query whole "select trial_id from trials")
[[ -z $(ls -A "$HEADWAY_RESULTS/whole/checkpoints/$trial" 2>/dev/null) ]] ||
  fail "a finished trial's checkpoints were not removed"

"$HEADWAY" export weights "$trial" --sweep whole --best --out "$work/best.safetensors"
best_epoch=$(query whole "select cast(value as integer) from results where name = 'best_epoch'")

# Interrupted once there are two checkpoints.
checkpoints=$HEADWAY_RESULTS/stopped/checkpoints/$trial
"$HEADWAY" run "$work/trial.yaml" name=stopped &
run=$!
for _ in $(seq 600); do
  [[ $(find "$checkpoints" -name 'step-*.json' 2>/dev/null | wc -l) -ge 2 ]] && break
  kill -0 $run || break
  sleep 0.02
done
kill -TERM $run
status=0
wait $run || status=$?
[[ $status -eq 75 ]] || fail "an interrupted run ended with $status, not 75"

cat >"$work/read.py" <<'PYTHON'
import hashlib, json, os, struct, sys

source, folder, best, best_epoch = sys.argv[1:]

def read(path):
    """{name: (dtype, shape, bytes)} and the metadata of a safetensors file."""
    data = open(path, "rb").read()
    (size,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8:8 + size])
    metadata = header.pop("__metadata__", {})
    return {name: (entry["dtype"], entry["shape"], data[8 + size:][slice(*entry["data_offsets"])])
            for name, entry in header.items()}, metadata

steps = sorted(int(name[5:-5]) for name in os.listdir(folder) if name.endswith(".json"))
assert len(steps) == 2, os.listdir(folder)
newest = f"{folder}/step-{steps[-1]}"
manifest = json.load(open(newest + ".json"))
assert manifest["step"] == steps[-1]
found = hashlib.sha256(open(newest + ".safetensors", "rb").read()).hexdigest()
assert found == manifest["tensors_sha256"], (found, manifest)

keys = json.load(open(f"{source}/tests/fixtures/models/state_dict_keys.json"))["small_cnn/16/1"]
checkpoint, _ = read(newest + ".safetensors")
best_weights, metadata = read(best)
assert metadata["epoch"] == best_epoch, (metadata, best_epoch)
assert {name: shape for name, (_, shape, _) in best_weights.items()} == keys
weights = {name: tensor for name, tensor in checkpoint.items()
           if not name.startswith(("optimizer.", "shards.", "evaluation."))}
assert {name: shape for name, (_, shape, _) in weights.items()} == keys

sys.path[:0] = [f"{source}/.deps/torch", f"{source}/tests/fixtures/models"]
try:
    import torch
    from reference_models import SmallCnn
except ImportError:
    print("PyTorch is not at hand: names and shapes fit, nothing was loaded")
    sys.exit(0)
dtypes = {"F32": torch.float32, "I64": torch.int64}
for state in (weights, best_weights):
    model = SmallCnn(16, 1)
    model.load_state_dict({name: torch.frombuffer(bytearray(data), dtype=dtypes[dtype]).reshape(shape)
                           for name, (dtype, shape, data) in state.items()}, strict=True)
    assert torch.isfinite(model.eval()(torch.zeros(2, 1, 28, 28))).all()
print("the weights load in PyTorch")
PYTHON
python3 -W ignore "$work/read.py" "$SOURCE_DIR" "$checkpoints" "$work/best.safetensors" "$best_epoch" ||
  fail "Python does not read the checkpoints"

# The newest one gets a wrong byte.
newest=$(find "$checkpoints" -name '*.safetensors' | sort -V | tail -n 1)
python3 - "$newest" <<'PYTHON'
import sys
with open(sys.argv[1], "r+b") as file:
    file.seek(-5, 2)
    byte = file.read(1)[0]
    file.seek(-5, 2)
    file.write(bytes([byte ^ 16]))
PYTHON
"$HEADWAY" fsck stopped >"$work/fsck.txt" || fail "a damaged checkpoint is damage: $(cat "$work/fsck.txt")"
grep -q "^note .*a checkpoint cannot be used, step .*: $newest" "$work/fsck.txt" || fail "fsck says nothing of it"
"$HEADWAY" run "$work/trial.yaml" name=stopped
"$HEADWAY" logs "$trial" --sweep stopped >"$work/log.txt"
grep -q "checkpoint of step .* is damaged: $newest" "$work/log.txt" || fail "the damage was not told"
grep -q "going on from an earlier checkpoint" "$work/log.txt" || fail "not resumed from the one before"
for hash in weights_sha256 state_sha256 metrics_sha256; do
  [[ $(query whole "select $hash from trials") == $(query stopped "select $hash from trials") ]] ||
    fail "$hash differs after an interruption and a damaged checkpoint"
done
cmp "$HEADWAY_RESULTS"/{whole,stopped}/artifacts/"$trial"/best.safetensors ||
  fail "the best weights differ"
"$HEADWAY" fsck stopped
echo "checkpoints hold"
