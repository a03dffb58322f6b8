#!/usr/bin/env python3
"""The other side of compare.py: a sweep's trials in a Python process pool with PyTorch.

    headway plan SWEEP --json | pytorch_pool.py DATA_FOLDER

What a careful user would write: two processes of one thread, forked after PyTorch was imported and the
data read, that take trials in the order of the file; eager, channels_last, the fused optimiser. It does
what headway does for these trials: training; after each epoch loss, top-1 and top-5 accuracy on
validation and test images; at the end the mean feature norm and the mean largest cosine to a class
vector, apart for right and wrong predictions, on training and test images.
"""

import json
import multiprocessing
import pathlib
import struct
import sys
import time

import torch
from torch.nn import functional

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "fixtures" / "models"))
from reference_models import ResNet18, SmallCnn  # noqa: E402  (the models of the test fixtures)

MODELS = {"resnet18": ResNet18, "small_cnn": SmallCnn}
PROCESSES = 2
EVALUATION_BATCH = 256
DATA = {}  # split -> images, labels; read before the fork


def read_split(folder, part):
    images = (folder / f"{part}-images-idx3-ubyte").read_bytes()
    labels = (folder / f"{part}-labels-idx1-ubyte").read_bytes()
    _, count, height, width = struct.unpack(">IIII", images[:16])
    pixels = torch.frombuffer(bytearray(images[16:]), dtype=torch.uint8).view(count, 1, height, width)
    normalised = (pixels.float() / 255 - 0.2860) / 0.3530
    classes = torch.frombuffer(bytearray(labels[8:]), dtype=torch.uint8).long()
    return normalised.contiguous(memory_format=torch.channels_last), classes


def accuracy(model, images, labels):
    model.eval()
    loss = top1 = top5 = 0.0
    with torch.inference_mode():
        for batch, target in zip(images.split(EVALUATION_BATCH), labels.split(EVALUATION_BATCH)):
            logits = model(batch)
            loss += functional.cross_entropy(logits, target, reduction="sum").item()
            right = logits.topk(5, dim=1).indices == target[:, None]
            top1 += right[:, 0].sum().item()
            top5 += right.sum().item()
    model.train()
    return loss / len(labels), top1 / len(labels), top5 / len(labels)


def statistics(model, images, labels):
    """Mean feature norm and mean largest cosine, for right and for wrong predictions."""
    model.eval()
    sums = torch.zeros(2, 3, dtype=torch.double)
    vectors = functional.normalize(model.linear.weight.detach())
    with torch.inference_mode():
        for batch, target in zip(images.split(EVALUATION_BATCH), labels.split(EVALUATION_BATCH)):
            features = model.features(batch)
            right = (model.linear(features).argmax(1) == target).long()
            norms = features.norm(dim=1)
            cosines = (features @ vectors.t()).amax(1) / norms
            sums.index_add_(0, right, torch.stack([norms, cosines, torch.ones_like(norms)], 1).double())
    return sums[:, :2] / sums[:, 2:]


def train(trial):
    config = trial["config"]
    torch.manual_seed(trial["seed"])
    model = MODELS[config["encoder"]["name"]](config["encoder"]["width"], 1)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.kaiming_uniform_(parameter)
    torch.nn.init.zeros_(model.linear.bias)
    model = model.train().to(memory_format=torch.channels_last)
    given = config["optimizer"]
    optimiser = torch.optim.SGD(
        model.parameters(),
        lr=given["learning_rate"],
        momentum=given["momentum"],
        nesterov=given["nesterov"],
        weight_decay=given["weight_decay"],
        fused=True,
    )
    images, labels = DATA["train"]
    held_out = round(len(labels) * config["dataset"]["validation_fraction"])
    batch_size = config["training"]["batch_size"]
    for _ in range(config["training"]["epochs"]):
        order = torch.randperm(len(labels) - held_out) + held_out
        for batch in order.split(batch_size)[: len(order) // batch_size]:
            optimiser.zero_grad(set_to_none=True)
            loss = functional.cross_entropy(model(images[batch]), labels[batch])
            loss.backward()
            optimiser.step()
            if not loss.isfinite():
                return trial["trial_id"], None
        accuracy(model, images[:held_out], labels[:held_out])
        result = accuracy(model, *DATA["t10k"])
    statistics(model, images[held_out:], labels[held_out:])
    statistics(model, *DATA["t10k"])
    return trial["trial_id"], result


def main():
    start = time.monotonic()
    folder = pathlib.Path(sys.argv[1])
    torch.set_num_threads(1)
    for part in ("train", "t10k"):
        DATA[part] = read_split(folder, part)
    trials = json.load(sys.stdin)["trials"]
    with multiprocessing.get_context("fork").Pool(PROCESSES) as pool:
        results = list(pool.imap_unordered(train, trials, chunksize=1))
    top1 = [result[1] for _, result in results if result]
    print(json.dumps({"trials": len(top1), "mean_top1": sum(top1) / len(top1), "seconds": time.monotonic() - start}))


if __name__ == "__main__":
    main()
