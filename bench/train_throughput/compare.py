#!/usr/bin/env python3
"""Images per second of headway's training step against PyTorch's, eager and under torch.compile, and on
two ranks against one.

    .deps/pytorch/bin/python bench/train_throughput/compare.py [--quick]

Needs Python with PyTorch 2.11 (see bench/README.md) and the benchmarks built by
`cmake --workflow --preset release`. All contestants of a case stand ready at once and take turns of
a few seconds, A B C A B C; each turn gives a ratio, and the median of the ratios is printed with their
range, so that a slow minute of the machine hits both sides.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]

# name: encoder, width, channels, side, global batch, shards, precision
CASES = {
    "small_cnn w32 28x28": ("small_cnn", 32, 1, 28, 128, 1, "fp32"),
    "small_cnn w16 28x28": ("small_cnn", 16, 1, 28, 128, 1, "fp32"),
    "resnet18 w16 32x32": ("resnet18", 16, 3, 32, 128, 1, "fp32"),
    "resnet18 w64 32x32": ("resnet18", 64, 3, 32, 128, 1, "fp32"),
    "resnet18 w64 32x32 bf16": ("resnet18", 64, 3, 32, 128, 1, "bf16"),
}
GPU_CASES = CASES | {"resnet18 w64 32x32 b512 bf16": ("resnet18", 64, 3, 32, 512, 1, "bf16")}
PEERS = ("eager", "compile")
RANKS_CASE = ("resnet18", 64, 3, 32, 128, 2, "fp32")


class Contestant:
    """A trainer process that runs as many steps as it is told and says how long they took."""

    def __init__(self, command, arguments, device, threads, environment=None):
        self.process = subprocess.Popen(
            [*command, *map(str, arguments), device, str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads), **(environment or {})},
        )
        if self.process.stdout.readline() != "ready\n":
            sys.exit(f"{command[-1]} did not start")

    def begin(self, steps):
        self.process.stdin.write(f"{steps}\n")
        self.process.stdin.flush()

    def seconds(self, steps):
        self.begin(steps)
        return self.end()

    def end(self):
        return float(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait()


class RankedContestant(Contestant):
    """The same on MPI ranks. mpirun hands its input to one rank alone, so each has a pipe of its own."""

    def __init__(self, command, arguments, ranks, threads):
        self.folder = tempfile.TemporaryDirectory()
        paths = [os.path.join(self.folder.name, str(rank)) for rank in range(ranks)]
        for path in paths:
            os.mkfifo(path)
        # Opened for reading too: neither side then waits for the other to open it.
        self.pipes = [open(os.open(path, os.O_RDWR), "w") for path in paths]
        shell = f'exec "$@" <"{self.folder.name}/$OMPI_COMM_WORLD_RANK"'
        mpirun = [str(REPOSITORY / "tests" / "support" / "mpirun.sh"), str(ranks)]
        super().__init__([*mpirun, "sh", "-c", shell, "sh", *command], arguments, "cpu", threads)

    def begin(self, steps):
        for pipe in self.pipes:
            pipe.write(f"{steps}\n")
            pipe.flush()

    def close(self):
        for pipe in self.pipes:
            pipe.close()
        super().close()
        self.folder.cleanup()


def race(contestants, turns, seconds):
    """Steps per turn, and for each turn the seconds that each contestant took. Ends the contestants."""
    for contestant in contestants:
        contestant.seconds(3)  # torch.compile compiles now
    steps = max(3, round(seconds / (contestants[-1].seconds(3) / 3)))
    times = [[contestant.seconds(steps) for contestant in contestants] for _ in range(turns)]
    for contestant in contestants:
        contestant.close()
    return steps, times


def report(name, batch, steps, times):
    """A line for every contestant but the first: the first one's speed over its."""
    columns = list(zip(*times))
    speeds = [steps * batch / statistics.median(column) for column in columns]
    for peer in range(1, len(columns)):
        ratios = sorted(theirs / ours for ours, theirs in zip(columns[0], columns[peer]))
        label = name if len(columns) == 2 else f"{name}, {PEERS[peer - 1]}"
        print(
            f"{label:<38} {speeds[0]:>9.1f} {speeds[peer]:>9.1f} images/s   ratio "
            f"{statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f})",
            flush=True,
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=REPOSITORY / "build" / "release")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--case", help="only the cases whose name contains this")
    parser.add_argument("--turns", type=int, default=9, help="of each side")
    parser.add_argument("--seconds", type=float, default=4, help="of a turn")
    parser.add_argument("--quick", action="store_true", help="few short turns, to see that it works")
    options = parser.parse_args()
    turns, seconds = (3, 0.3) if options.quick else (options.turns, options.seconds)
    wanted = options.case or ""

    ours = [str(options.build / "bench" / "bench_train_throughput")]
    as_launched = {"GLIBC_TUNABLES": "glibc.malloc.hugetlb=1"}  # as `headway run` starts its workers
    # glibc would give each tensor's memory back and fault it in again; PyTorch is spared that too.
    peer = [sys.executable, str(HERE / "pytorch_trainer.py")]
    keep_memory = {"MALLOC_MMAP_THRESHOLD_": "2147483647", "MALLOC_TRIM_THRESHOLD_": "2147483647"}
    print(f"{options.threads} threads; headway, then PyTorch; ratio above 1: headway is faster")
    for name, case in (CASES if options.device == "cpu" else GPU_CASES).items():
        if wanted in name:
            contestants = [Contestant(ours, case, options.device, options.threads, as_launched)]
            for mode in PEERS:
                contestants.append(
                    Contestant([*peer, mode], case, options.device, options.threads, keep_memory)
                )
            report(name, case[4], *race(contestants, turns, seconds))

    name = "resnet18 w64, 2 ranks x 1 thread"
    if options.device == "cpu" and wanted in name:
        print("2 ranks of 1 thread, then 1 rank of 2 threads; ratio above 1: ranks are faster")
        contestants = [RankedContestant(ours, RANKS_CASE, 2, 1), Contestant(ours, RANKS_CASE, "cpu", 2)]
        report(name, RANKS_CASE[4], *race(contestants, turns, seconds))


if __name__ == "__main__":
    main()
