# shellcheck shell=bash disable=SC2034 # its variables are read by the scripts that source it
# What the scripts share; to be sourced. Messages go to stderr, so that stdout stays a script's result.

repository=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
readonly repository

say() { printf '%s: %s\n' "$(basename -- "$0")" "$*" >&2; }

die() {
  say "$*"
  exit 1
}

# usage_of SCRIPT: prints the comment block at the head of the script.
usage_of() { sed -n '2,/^[^#]/{s/^# \{0,1\}//p}' "$1"; }

is_root() { [[ $(id -u) -eq 0 ]]; }

# free_kilobytes FOLDER: what is left on the file system that holds it, or would.
free_kilobytes() {
  local folder=$1
  while [[ ! -d $folder ]]; do folder=$(dirname -- "$folder"); done
  df -Pk -- "$folder" | awk 'NR == 2 {print $4}'
}

# has_cuda_compiler: nvcc on PATH, or where the toolkit's own installer puts it.
has_cuda_compiler() { command -v nvcc >/dev/null || [[ -x ${CUDA_HOME:-/usr/local/cuda}/bin/nvcc ]]; }

# has_gpu: is there one that answers?
has_gpu() { command -v nvidia-smi >/dev/null && nvidia-smi -L 2>/dev/null | grep -q '^GPU '; }
