#!/usr/bin/env bash
# Which device trials are given: what the machine shows and the worker was built for decide.
set -euo pipefail
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"

make_dataset "$work/data" 40 20
cat >"$work/devices.yaml" <<YAML
name: devices
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 4}
  training: {epochs: 1, batch_size: 20}
YAML

# A worker that finds a GPU, and tells how it was started instead of training.
cat >"$work/worker" <<'SH'
#!/bin/sh
if [ "$*" = info ]; then echo '{"gpus": 1}'; exit 0; fi
case $1 in serve) echo "$@" >"$STARTED_AS"; exit 1 ;; esac
echo "unexpected arguments: $*" >&2
exit 2
SH
chmod +x "$work/worker"
started_with() {
  STARTED_AS=$work/started HEADWAY_WORKER=$work/worker "$HEADWAY" train "$work/devices.yaml" "$@" >"$work/out" 2>&1 || true
  cat "$work/started" 2>/dev/null || fail "no worker was started: $(cat "$work/out")"
  rm "$work/started"
}
CUDA_VISIBLE_DEVICES=0 started_with name=found | grep -q '"device":"cuda"' || fail "a GPU was left alone"
CUDA_VISIBLE_DEVICES='' started_with name=hidden | grep -q '"device":"cpu"' || fail "a hidden GPU was used"
CUDA_VISIBLE_DEVICES=0 started_with name=cpu resources.device=cpu | grep -q '"device":"cpu"' ||
  fail "resources.device was not obeyed"

# Another program in the worker's place.
for info in '[1]' '1' '{}' '{"gpus": "1"}' '{"gpus": 1.5}' '{"gpus": -1}' 'nothing'; do
  printf '#!/bin/sh\necho '"'%s'"'\n' "$info" >"$work/other"
  chmod +x "$work/other"
  CUDA_VISIBLE_DEVICES=0 HEADWAY_WORKER=$work/other exits 1 "$HEADWAY" run "$work/devices.yaml" name=other
  grep -q "other info' is not what a headway-worker says" "$work/log" || fail "unclear of '$info': $(cat "$work/log")"
  grep -q 'is HEADWAY_WORKER another program' "$work/log" || fail "no remedy for '$info': $(cat "$work/log")"
done

status=0
CUDA_VISIBLE_DEVICES=0 HEADWAY_WORKER=$work/worker "$HEADWAY" run "$work/devices.yaml" name=crowded \
  resources.ranks=2 training.shards=2 2>"$work/err" || status=$?
[[ $status -eq 2 ]] || fail "exit code $status for two ranks on one GPU, expected 2"
grep -q "resources.ranks is 2, but this machine shows 1 GPU" "$work/err" || fail "unclear: $(cat "$work/err")"

[[ $(unset CUDA_VISIBLE_DEVICES && "$HEADWAY_WORKER" info | grep -c '"gpus": 0') == 1 ]] || {
  echo "the rest is for machines without a GPU"
  exit 0
}
# The real worker finds none here.
status=0
CUDA_VISIBLE_DEVICES=0 "$HEADWAY" run "$work/devices.yaml" resources.device=cuda 2>"$work/err" || status=$?
[[ $status -eq 2 ]] || fail "exit code $status for a GPU that is not there, expected 2"
grep -q "info' finds none" "$work/err" || fail "the message does not say why: $(cat "$work/err")"
CUDA_VISIBLE_DEVICES=0 "$HEADWAY" run "$work/devices.yaml" 2>"$work/err" || fail "not trained on the CPU: $(cat "$work/err")"
grep -q "training on CPUs: this machine shows GPUs" "$work/err" || fail "no warning: $(cat "$work/err")"
[[ $(query devices "select device from trials") == cpu ]] || fail "not recorded as trained on the CPU"

# A worker that cannot start is an error, and no reason to train on the CPU.
printf '#!/bin/sh\necho "error while loading shared libraries" >&2\nexit 127\n' >"$work/worker"
status=0
CUDA_VISIBLE_DEVICES=0 HEADWAY_WORKER=$work/worker "$HEADWAY" run "$work/devices.yaml" name=broken 2>"$work/err" || status=$?
[[ $status -ne 0 ]] || fail "a worker that cannot start went unnoticed"
grep -q "exit code 127: error while loading shared libraries" "$work/err" || fail "unclear: $(cat "$work/err")"
