#!/usr/bin/env bash
# What a worker group costs besides training: from its start to its first step, from a stop to the next
# step after it, and from one trial to the next. All are measured from outside; the last as time between
# the records of trials of one step and of a data set so small that its evaluation takes next to nothing.
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
  training: {epochs: 1, batch_size: 180, precision: fp32}
sweep: {seeds: 100}
YAML
cat >"$work/fashion.yaml" <<YAML
name: fashion
trial:
  dataset: {name: fashion_mnist}
  encoder: {name: small_cnn, width: 16}
  training: {epochs: 1, batch_size: 64, precision: fp32}
YAML

# first_steps RANKS: of a Fashion-MNIST trial, in seconds: from the command to the log's word of its first
# step; from Ctrl-C then to the command's end, with the checkpoint on disk; from the same command again to
# the first step after the checkpoint.
first_steps() {
  python3 - "$headway" "$work/fashion.yaml" "$1" <<'PYTHON'
import glob, os, signal, subprocess, sys, time
headway, sweep, ranks = sys.argv[1:]
name = f"name=fashion{ranks}x{time.time_ns()}"
pattern = os.path.join(os.environ["HEADWAY_RESULTS"], name[5:], "**", "log.txt")

def first_steps_told():
    return sum(open(path).read().count("first step") for path in glob.glob(pattern, recursive=True))

def start_and_wait(told):
    start = time.monotonic()
    run = subprocess.Popen([headway, "run", sweep, f"resources.ranks={ranks}", f"training.shards={ranks}", name],
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while first_steps_told() < told:
        if run.poll() is not None or time.monotonic() - start > 60:
            sys.exit("no first step was seen")
        time.sleep(0.005)
    return run, time.monotonic() - start

def stop(run):
    start = time.monotonic()
    run.send_signal(signal.SIGINT)
    run.wait()
    return time.monotonic() - start

run, started = start_and_wait(1)
stopped = stop(run)
run, resumed = start_and_wait(2)
stop(run)
print(f"{started:.2f} / {stopped:.2f} / {resumed:.2f} s")
PYTHON
}

first_steps 1 >/dev/null # decodes the data set into the cache
for ranks in 1 2; do
  printf 'command to first step / Ctrl-C to end / command again to next step, Fashion-MNIST cached, %s rank(s), five runs:\n' "$ranks"
  for _ in 1 2 3 4 5; do printf '  %s\n' "$(first_steps "$ranks")"; done
done
for ranks in 1 2; do
  "$headway" run "$work/tiny.yaml" "name=tiny$ranks" "resources.ranks=$ranks" resources.groups=1 \
    "training.shards=$ranks" >/dev/null 2>&1
  printf 'one trial to the next, %s rank(s), one step and its evaluation included: ' "$ranks"
  query "tiny$ranks" "select round(1000 * (julianday(max(started_at)) - julianday(min(started_at)))
                             * 86400 / (count(*) - 1), 1) || ' ms' from trials"
done
