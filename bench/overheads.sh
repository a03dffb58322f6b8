#!/usr/bin/env bash
# What a worker group costs besides training: from its start to its first step, and from one trial to
# the next. Both are measured from outside, as time between the records of trials of one step and of a
# data set so small that its evaluation takes next to nothing.
#   bench/overheads.sh [BUILD FOLDER]
set -euo pipefail

repository=$(cd -- "$(dirname -- "$0")/.." && pwd)
build=${1:-$repository/build/release}
SOURCE_DIR=$repository
# shellcheck source=tests/support/sweeps.sh
source "$SOURCE_DIR/tests/support/sweeps.sh"
headway=$build/bin/headway

make_dataset "$work/data" 200 10
cat >"$work/tiny.yaml" <<YAML
name: tiny
trial:
  dataset: {root: $work/data}
  encoder: {name: small_cnn, width: 4}
  training: {epochs: 1, batch_size: 200, precision: fp32}
sweep: {seeds: 100}
YAML
cat >"$work/fashion.yaml" <<YAML
name: fashion
trial:
  dataset: {name: fashion_mnist}
  encoder: {name: small_cnn, width: 16}
  training: {epochs: 1, batch_size: 64, precision: fp32}
YAML

# first_step RANKS: seconds from the command to the log's word of the first step of a Fashion-MNIST trial.
first_step() {
  python3 - "$headway" "$work/fashion.yaml" "$1" <<'PYTHON'
import glob, os, signal, subprocess, sys, time
headway, sweep, ranks = sys.argv[1:]
name = f"name=fashion{ranks}x{time.time_ns()}"
start = time.monotonic()
run = subprocess.Popen([headway, "run", sweep, f"resources.ranks={ranks}", f"training.shards={ranks}", name],
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
pattern = os.path.join(os.environ["HEADWAY_RESULTS"], name[5:], "**", "log.txt")
while not any("first step" in open(path).read() for path in glob.glob(pattern, recursive=True)):
    if run.poll() is not None or time.monotonic() - start > 60:
        sys.exit("no first step was seen")
    time.sleep(0.005)
print(f"{time.monotonic() - start:.2f}")
run.send_signal(signal.SIGINT)
run.wait()
PYTHON
}

first_step 1 >/dev/null # decodes the data set into the cache
for ranks in 1 2; do
  printf 'command to first step, Fashion-MNIST cached, %s rank(s), five runs: ' "$ranks"
  for _ in 1 2 3 4 5; do printf '%s s  ' "$(first_step "$ranks")"; done
  printf '\n'
done
for ranks in 1 2; do
  "$headway" run "$work/tiny.yaml" "name=tiny$ranks" "resources.ranks=$ranks" resources.groups=1 \
    "training.shards=$ranks" >/dev/null 2>&1
  printf 'one trial to the next, %s rank(s), one step and its evaluation included: ' "$ranks"
  query "tiny$ranks" "select round(1000 * (julianday(max(started_at)) - julianday(min(started_at)))
                             * 86400 / (count(*) - 1), 1) || ' ms' from trials"
done
