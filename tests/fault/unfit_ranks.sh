#!/usr/bin/env bash
# Ranks that cannot train together end at once with a reason, and none of them waits for the others.
set -euo pipefail
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_mpi_yield_when_idle=1
mpirun=(mpirun --bind-to none --oversubscribe)

# settings THREADS: of a group, as its supervisor passes them.
settings() {
  printf '{"sweep_directory":"/nowhere","group":"test","threads_per_rank":%s,"has_lifeline":false}' "$1"
}
serve=("$HEADWAY_WORKER" serve)

# expect_refusal TEXT MPIRUN_ARGUMENTS...
expect_refusal() {
  local text=$1 output
  shift
  if output=$(timeout 60 "${mpirun[@]}" "$@" 2>&1); then
    echo "unfit ranks were accepted: $*" >&2
    return 1
  fi
  if ! grep -qF -- "$text" <<<"$output"; then
    echo "no '$text' in: $output" >&2
    return 1
  fi
}

expect_refusal "ranks disagree about the kind and number of processors: rank 0 has 'cpu, 1 threads', \
but rank 1 has something else" -np 1 "${serve[@]}" "$(settings 1)" : -np 1 "${serve[@]}" "$(settings 2)"
expect_refusal "a trial needs 1, 2, 4, 8, ... ranks; this launch has 3" -np 3 "${serve[@]}" "$(settings 1)"
