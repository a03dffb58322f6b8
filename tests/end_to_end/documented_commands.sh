#!/usr/bin/env bash
# Every command that the README and docs/ show works as shown, here on sweeps cut down to seconds.
set -euo pipefail

: "${HEADWAY:?the program under test}" "${SOURCE_DIR:?the checkout}"
work=$(mktemp -d)
trap 'rm -rf -- "$work"' EXIT
PATH=$(dirname -- "$HEADWAY"):$PATH
export PATH
unset HEADWAY_RESULTS

# The sweeps as a reader has them beside the current folder, but small.
mkdir -- "$work/sweeps"
for sweep in "$SOURCE_DIR"/sweeps/*.yaml; do
  sed -E 's/samples_per_class: [0-9]+/samples_per_class: 20/; s/([ {])epochs: [0-9]+/\1epochs: 1/;
          s/batch_size: [0-9]+/batch_size: 16/; s/width: [0-9]+/width: 4/' \
    "$sweep" >"$work/sweeps/$(basename -- "$sweep")"
done

# running.md comes first: the others read the results of the sweep that it runs.
failed=0
for page in "$SOURCE_DIR"/docs/running.md "$SOURCE_DIR"/README.md "$SOURCE_DIR"/docs/*.md; do
  if [[ $page == */running.md && -e $work/ran ]]; then continue; fi
  touch "$work/ran"
  script=$work/$(basename -- "$page").sh
  awk -f "$SOURCE_DIR/tests/end_to_end/documented_blocks.awk" "$page" >"$script"
  echo "== $(basename -- "$page"): $(grep -c . "$script" || true) lines"
  if ! (cd -- "$work" && bash -euxo pipefail "$script") >"$work/log" 2>&1; then
    echo "FAILED: $page" >&2
    tail -n 25 -- "$work/log" >&2
    failed=1
  fi
done
exit "$failed"
