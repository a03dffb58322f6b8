#!/bin/sh
# Starts the installed worker with the LibTorch that HEADWAY_TORCH names.
if [ -z "${HEADWAY_TORCH:-}" ]; then
  echo "headway-worker: HEADWAY_TORCH is not set; point it at the torch folder of an installation (the one with lib/libtorch_cpu.so)" >&2
  exit 2
fi
if [ ! -e "$HEADWAY_TORCH/lib/libtorch_cpu.so" ]; then
  echo "headway-worker: HEADWAY_TORCH is '$HEADWAY_TORCH', but lib/libtorch_cpu.so is not there" >&2
  exit 2
fi
here=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)
LD_LIBRARY_PATH="$HEADWAY_TORCH/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}"
export LD_LIBRARY_PATH
exec "$here/../libexec/headway/headway-worker" "$@"
