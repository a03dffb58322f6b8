#!/usr/bin/env python3
"""One rank of the gloo contestant of compare.py: gloo_rank.py RANK SIZE STORE_FILE PIPE.

Follows the protocol of bench_all_reduce (all_reduce.cpp).
"""

import sys
import time

import torch
from torch import distributed


def seconds_per_sum(values, repetitions):
    distributed.all_reduce(values)  # warms up
    distributed.barrier()
    start = time.monotonic()
    for _ in range(repetitions):
        distributed.all_reduce(values)
    distributed.barrier()
    return (time.monotonic() - start) / repetitions


def main():
    rank, size, store, pipe = int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{store}", rank=rank, world_size=size)
    with open(pipe, encoding="utf-8") as commands:
        if rank == 0:
            print("ready", flush=True)
        for line in commands:
            elements, repetitions = map(int, line.split())
            seconds = seconds_per_sum(torch.full((elements,), 1e-30), repetitions)
            if rank == 0:
                print(f"{seconds:.9f}", flush=True)
    distributed.destroy_process_group()


if __name__ == "__main__":
    main()
