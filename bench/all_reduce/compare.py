#!/usr/bin/env python3
"""Sums over two ranks: headway's against MPI_Allreduce's and gloo's.

    .deps/pytorch/bin/python bench/all_reduce/compare.py [--quick] [--namespaces]

Without --namespaces both ranks run on this machine; with it (as root) in two network namespaces, with
TCP between them. Needs Open MPI and the benchmarks built by `cmake --workflow --preset release`; gloo
takes part where Python has PyTorch. All contestants stand ready at once and take turns; each turn gives
a ratio to headway's time in it, and the median of the ratios is printed with their range, so that a
slow minute of the machine hits all of them.
"""

import argparse
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

from namespaces import Namespaces

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
SIZES = {"44.7 MB": 11_173_962, "1 MB": 262_144}  # floats; the first are resnet18's gradients
ALGORITHMS = {
    1: "basic linear", 2: "nonoverlapping", 3: "recursive doubling", 4: "ring", 5: "segmented ring",
    6: "rabenseifner",
}  # fmt: skip


def open_pipe(path):
    """The writing end of a new named pipe, without waiting for a reader."""
    os.mkfifo(path)
    both_ends = os.open(path, os.O_RDWR)
    writer = os.open(path, os.O_WRONLY)
    os.close(both_ends)
    return os.fdopen(writer, "w")


class Contestant:
    """Two ranks, of which the first tells how long a sum took. Each reads from a pipe of its own."""

    def __init__(self, name, commands, pipes, environment):
        self.name = name
        self.pipes = [open_pipe(f"{pipes}.{rank}") for rank in range(2)]
        self.processes = [
            subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
                env={**os.environ, **environment},
            )
            for command in commands
        ]
        self.started = self.processes[0].stdout.readline() == "ready\n"

    def seconds(self, elements, repetitions):
        for pipe in self.pipes:
            pipe.write(f"{elements} {repetitions}\n")
            pipe.flush()
        return float(self.processes[0].stdout.readline())

    def close(self):
        for pipe in self.pipes:
            pipe.close()
        for process in self.processes:
            process.wait()


def open_mpi_environment(algorithm):
    chosen = {
        "OMPI_ALLOW_RUN_AS_ROOT": "1",
        "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1",
        "OMPI_MCA_mpi_yield_when_idle": "1",
    }
    if algorithm:
        chosen["OMPI_MCA_coll_tuned_use_dynamic_rules"] = "1"
        chosen["OMPI_MCA_coll_tuned_allreduce_algorithm"] = str(algorithm)
    return chosen


def mpi_contestants(mpirun, program, folder):
    def contestant(name, kind, algorithm=0):
        environment = open_mpi_environment(algorithm)
        forwarded = [word for key in environment for word in ("-x", key)]  # to other nodes
        pipes = f"{folder}/{kind}{algorithm}"
        command = [*mpirun, *forwarded, program, kind, pipes]
        return Contestant(name, [command], pipes, environment)

    yield contestant("headway", "headway")
    yield contestant("MPI_Allreduce", "mpi")
    for number, name in ALGORITHMS.items():
        yield contestant(f"MPI, {name}", "mpi", number)


def gloo_contestant(folder):
    command = [sys.executable, str(HERE / "gloo_rank.py")]
    pipes = f"{folder}/gloo"
    ranks = [
        [*command, str(rank), "2", f"{folder}/store", f"{pipes}.{rank}"] for rank in range(2)
    ]
    return Contestant("gloo", ranks, pipes, {"OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"})


def race(contestants, elements, turns, seconds):
    """Seconds per sum of every contestant, one column each."""
    counts = [max(3, round(seconds / one.seconds(elements, 3))) for one in contestants]
    return [
        [one.seconds(elements, count) for one, count in zip(contestants, counts)]
        for _ in range(turns)
    ]


def report(size, contestants, times):
    print(f"{size:<24} {'milliseconds':>12}   times headway's, median (range)")
    for column, contestant in enumerate(contestants):
        ratios = sorted(turn[column] / turn[0] for turn in times)
        milliseconds = 1000 * statistics.median(turn[column] for turn in times)
        spread = f"{statistics.median(ratios):7.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"
        print(f"  {contestant.name:<22} {milliseconds:>12.3f}   {spread}", flush=True)


def compare(mpirun, options, folder):
    program = str(options.build / "bench" / "bench_all_reduce")
    contestants = list(mpi_contestants(mpirun, program, folder))
    if not options.namespaces:
        contestants.append(gloo_contestant(folder))
    for contestant in contestants:
        if not contestant.started:
            print(f"{contestant.name} did not start and takes no part", file=sys.stderr)
    contestants = [contestant for contestant in contestants if contestant.started]
    if not contestants or contestants[0].name != "headway":
        sys.exit("no figures without headway's own ranks")
    turns, seconds = (3, 0.1) if options.quick else (15, 0.5)
    for size, elements in SIZES.items():
        report(size, contestants, race(contestants, elements, turns, seconds))
    for contestant in contestants:
        contestant.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, default=REPOSITORY / "build" / "release")
    parser.add_argument("--namespaces", action="store_true", help="TCP between two namespaces; root")
    parser.add_argument("--quick", action="store_true", help="few short turns, to see that it works")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.namespaces:
            with Namespaces() as namespaces:
                compare(namespaces.mpirun(), options, folder)
        else:
            mpirun = [str(REPOSITORY / "tests" / "support" / "mpirun.sh"), "2"]
            compare(mpirun, options, folder)


if __name__ == "__main__":
    main()
