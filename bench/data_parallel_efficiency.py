#!/usr/bin/env python3
"""Does one trial on two ranks keep two cores as busy as two trials do?

    python3 bench/data_parallel_efficiency.py [--quick]

The training step of resnet18 width 64 on 32x32 images, 64 images a rank, one thread a rank:
  - one trial on two ranks: batch 128 in two shards, gradients summed over the ranks;
  - two trials that know nothing of each other, batch 64, at the same time.
Both stand ready and take turns of a few seconds (A B A B); each turn gives a ratio of images per second.
Needs the benchmarks built by `cmake --workflow --preset release`.
"""

import argparse
import pathlib
import statistics
import sys

REPOSITORY = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(REPOSITORY / "bench" / "train_throughput"))
from compare import Contestant, RankedContestant  # noqa: E402

CASE = ("resnet18", 64, 3, 32)
IMAGES_PER_RANK = 64
RANKS = 2


class IndependentTrials:
    """Trainers of one thread each that step at the same time."""

    def __init__(self, command):
        case = (*CASE, IMAGES_PER_RANK, 1, "fp32")
        self.trainers = [Contestant(command, case, "cpu", 1) for _ in range(RANKS)]

    def images_per_second(self, steps):
        for trainer in self.trainers:
            trainer.begin(steps)
        times = [trainer.end() for trainer in self.trainers]
        return sum(steps * IMAGES_PER_RANK / seconds for seconds in times)

    def close(self):
        for trainer in self.trainers:
            trainer.close()


class OneTrial:
    def __init__(self, command):
        case = (*CASE, IMAGES_PER_RANK * RANKS, RANKS, "fp32")
        self.trainer = RankedContestant(command, case, RANKS, 1)

    def images_per_second(self, steps):
        return steps * IMAGES_PER_RANK * RANKS / self.trainer.seconds(steps)

    def close(self):
        self.trainer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", type=pathlib.Path, default=REPOSITORY / "build" / "release")
    parser.add_argument("--quick", action="store_true", help="few short turns, to see that it works")
    options = parser.parse_args()
    turns, seconds = (3, 1) if options.quick else (15, 6)

    command = [str(options.build / "bench" / "bench_train_throughput")]
    contestants = (OneTrial(command), IndependentTrials(command))
    speeds = [contestant.images_per_second(2) for contestant in contestants]
    steps = max(2, round(seconds * speeds[1] / (IMAGES_PER_RANK * RANKS)))
    rounds = [[contestant.images_per_second(steps) for contestant in contestants] for _ in range(turns)]
    for contestant in contestants:
        contestant.close()
    ratios = sorted(ours / theirs for ours, theirs in rounds)
    medians = [statistics.median(column) for column in zip(*rounds)]
    print(f"one trial on two ranks {medians[0]:.1f} images/s, two trials at once {medians[1]:.1f} images/s")
    print(f"efficiency {statistics.median(ratios):.3f} ({ratios[0]:.3f} to {ratios[-1]:.3f}; at least 0.93 is wanted)")


if __name__ == "__main__":
    main()
