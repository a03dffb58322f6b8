"""A small data set in Fashion-MNIST's own format; class k is a bright stripe at row 2k under noise.

usage: make_dataset.py FOLDER TRAIN TEST
"""

import pathlib
import random
import struct
import sys


def images_of(count, noise):
    images = bytearray(struct.pack(">IIII", 2051, count, 28, 28))
    for i in range(count):
        label = i % 10
        for row in range(28):
            base = 150 if row in (2 * label + 4, 2 * label + 5) else 0
            images += bytes(base + noise.randrange(100) for _ in range(28))
    return images


def make_dataset(folder, train, test):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    noise = random.Random(1)
    for part, count in (("train", train), ("t10k", test)):
        labels = struct.pack(">II", 2049, count) + bytes(i % 10 for i in range(count))
        (folder / f"{part}-images-idx3-ubyte").write_bytes(images_of(count, noise))
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(labels)


if __name__ == "__main__":
    make_dataset(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
