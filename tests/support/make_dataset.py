"""A small data set in a published one's own format; class k is a bright stripe at row 2k under noise.

usage: make_dataset.py FOLDER TRAIN TEST [fashion_mnist | cifar10]
"""

import pathlib
import random
import struct
import sys


def stripes(label, side, noise):
    """side x side grey pixels, row by row."""
    pixels = bytearray()
    for row in range(side):
        base = 150 if row in (2 * label + 4, 2 * label + 5) else 0
        pixels += bytes(base + noise.randrange(100) for _ in range(side))
    return pixels


def make_fashion_mnist(folder, train, test):
    noise = random.Random(1)
    for part, count in (("train", train), ("t10k", test)):
        images = bytearray(struct.pack(">IIII", 2051, count, 28, 28))
        for i in range(count):
            images += stripes(i % 10, 28, noise)
        labels = struct.pack(">II", 2049, count) + bytes(i % 10 for i in range(count))
        (folder / f"{part}-images-idx3-ubyte").write_bytes(images)
        (folder / f"{part}-labels-idx1-ubyte").write_bytes(labels)


def make_cifar10(folder, train, test):
    noise = random.Random(1)

    def records(count):
        content = bytearray()
        for i in range(count):
            content.append(i % 10)
            for _ in ("red", "green", "blue"):
                content += stripes(i % 10, 32, noise)
        return content

    for batch in range(1, 6):
        (folder / f"data_batch_{batch}.bin").write_bytes(records(train // 5))
    (folder / "test_batch.bin").write_bytes(records(test))


def make_dataset(folder, train, test, name="fashion_mnist"):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    makers = {"fashion_mnist": make_fashion_mnist, "cifar10": make_cifar10}
    makers[name](folder, train, test)


if __name__ == "__main__":
    make_dataset(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
