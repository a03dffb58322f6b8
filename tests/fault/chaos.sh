#!/usr/bin/env bash
# The short form of bench/chaos: 20 faults. The seed is printed; SEED sets it.
set -euo pipefail

exec python3 "$SOURCE_DIR/tests/support/chaos" --faults 20 --seeds 1 --epochs 12 --pace 1 --deaf-seconds 60 \
  ${SEED:+--seed "$SEED"}
