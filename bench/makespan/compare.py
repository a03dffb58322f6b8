#!/usr/bin/env python3
"""Makespan of 24 mixed trials on two cores: against its lower bound and against a PyTorch process pool.

    .deps/pytorch/bin/python bench/makespan/compare.py [--rounds N] [--quick]

Runs `headway run` and pytorch_pool.py on sweep.yaml in turn (A B A B), each timed from its command to
its end, on the first images of Fashion-MNIST. Prints for each round
  - headway's makespan over the lower bound: the sum of the trials' own times in that run, over two;
  - the pool's time over headway's.
At the end the trials are run one at a time, with the other core idle: the same bound by these times.
Needs Python with PyTorch 2.11 (see bench/README.md), Fashion-MNIST and a release build.
"""

import argparse
import gzip
import json
import os
import pathlib
import sqlite3
import statistics
import struct
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
REPOSITORY = HERE.parents[1]
CORES = 2
COUNTS = {"train": 6000, "t10k": 1000}
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "2147483647", "MALLOC_TRIM_THRESHOLD_": "2147483647"}


def cut_dataset(source, folder, counts):
    """The first images of each part, as IDX files."""
    folder.mkdir()
    for part, count in counts.items():
        for kind, header in (("images-idx3", 16), ("labels-idx1", 8)):
            plain = source / f"{part}-{kind}-ubyte"
            zipped = plain.with_name(plain.name + ".gz")
            content = plain.read_bytes() if plain.exists() else gzip.decompress(zipped.read_bytes())
            size = (len(content) - header) // struct.unpack(">I", content[4:8])[0]
            cut = content[:4] + struct.pack(">I", count) + content[8 : header + count * size]
            (folder / plain.name).write_bytes(cut)


class Bench:
    def __init__(self, build, work, counts):
        self.headway = str(build / "bin" / "headway")
        self.data = work / "data"
        cut_dataset(fashion_mnist(), self.data, counts)
        self.settings = [f"dataset.root={self.data}"]
        self.environment = {
            **os.environ,
            "HEADWAY_RESULTS": str(work / "results"),
            "HEADWAY_CACHE": str(work / "cache"),
            "OMP_NUM_THREADS": "1",
        }

    def command(self, verb, *arguments):
        return [self.headway, verb, str(HERE / "sweep.yaml"), *self.settings, *arguments]

    def run_headway(self, name, *arguments):
        """Seconds from the command to its end, and the summary that it prints."""
        start = time.monotonic()
        command = self.command("run", f"name={name}", "--json", *arguments)
        run = subprocess.run(
            command, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        seconds = time.monotonic() - start
        if run.returncode != 0:
            sys.exit(f"{' '.join(command)} ended with {run.returncode}")
        return seconds, json.loads(run.stdout)

    def run_pool(self):
        plan = subprocess.run(
            self.command("plan", "--json"), env=self.environment, capture_output=True, text=True, check=True
        ).stdout
        start = time.monotonic()
        run = subprocess.run(
            [sys.executable, str(HERE / "pytorch_pool.py"), str(self.data)],
            input=plan,
            env={**self.environment, **KEEP_MEMORY},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            check=True,
        )
        return time.monotonic() - start, json.loads(run.stdout)


def fashion_mnist():
    for folder in (os.environ.get("HEADWAY_DATA"), "/usr/share/datasets"):
        for name in ("fashion-mnist", "fashion_mnist"):
            if folder and (pathlib.Path(folder) / name).is_dir():
                return pathlib.Path(folder) / name
    sys.exit("Fashion-MNIST is not here; scripts/setup brings it")


def query(summary, sql):
    with sqlite3.connect(summary["database"]) as store:
        return store.execute(sql).fetchone()[0]


def race(bench, rounds):
    bounds, speedups = [], []
    makespans = []
    for i in range(rounds):
        ours, summary = bench.run_headway(f"makespan_{i}")
        theirs, pool = bench.run_pool()
        bound = query(summary, "select sum(duration_s) from trials") / CORES
        top1 = query(summary, "select avg(value) from results where split = 'test' and name = 'top1_accuracy'")
        makespans.append(ours)
        bounds.append(ours / bound)
        speedups.append(theirs / ours)
        print(
            f"round {i + 1}: headway {ours:6.1f} s, {bounds[-1]:.3f} x its lower bound of {bound:.1f} s; "
            f"pool {theirs:6.1f} s, {speedups[-1]:.3f} x headway's   "
            f"(mean top-1 {top1:.3f} and {pool['mean_top1']:.3f})",
            flush=True,
        )
    print(f"makespan over lower bound: {statistics.median(bounds):.3f} (at most 1.10 is wanted)")
    print(f"pool over headway:         {statistics.median(speedups):.3f} (at least 1.15 is wanted)")
    return makespans


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=REPOSITORY / "build" / "release")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="one short round, to see that it works")
    options = parser.parse_args()
    counts = {"train": 1000, "t10k": 200} if options.quick else COUNTS
    rounds = 1 if options.quick else options.rounds
    with tempfile.TemporaryDirectory() as work:
        bench = Bench(options.build, pathlib.Path(work), counts)
        bench.run_headway("warm_up", "training.epochs=1", "sweep.seeds=1")  # fills the caches
        makespans = race(bench, rounds)
        _, summary = bench.run_headway("alone", "--groups", "1", "--ranks", "1")
        alone = query(summary, "select sum(duration_s) from trials") / CORES
        print(f"by times of trials that run alone: {statistics.median(makespans) / alone:.3f} x {alone:.1f} s")


if __name__ == "__main__":
    main()
