#!/usr/bin/env python3
"""The other side of compare.py: the same model and optimiser in PyTorch, channels_last.

Takes `eager` or `compile` (torch.compile in its default mode), then the arguments of
bench_train_throughput (headway_trainer.cpp), and follows the same protocol. Its
batches are ready tensors, in pinned memory for GPUs: it is spared the decoding and the augmentation
that headway's step does. On GPUs cuDNN may choose its fastest kernels, whether or not they repeat
their bits, which headway's must.
"""

import contextlib
import pathlib
import sys
import time

import torch
from torch.nn import functional

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "tests" / "fixtures" / "models"))
from reference_models import ResNet18, SmallCnn  # noqa: E402  (the models of the test fixtures)

MODELS = {"resnet18": ResNet18, "small_cnn": SmallCnn}
BATCHES = 16


def main():
    mode, encoder, width, channels, side, batch, _shards, precision, device, threads = sys.argv[1:]
    torch.manual_seed(1)
    torch.set_num_threads(int(threads))
    torch.backends.cudnn.benchmark = True
    model = MODELS[encoder](int(width), int(channels)).train()
    model = model.to(device, memory_format=torch.channels_last)
    for parameter in model.parameters():
        if parameter.dim() > 1:
            torch.nn.init.kaiming_uniform_(parameter)
        elif parameter is model.linear.bias:
            torch.nn.init.zeros_(parameter)
    optimiser = torch.optim.SGD(
        model.parameters(), lr=0.01, momentum=0.9, nesterov=True, weight_decay=5e-4, fused=True
    )
    shape = (int(batch), int(channels), int(side), int(side))
    images = [torch.randn(shape).contiguous(memory_format=torch.channels_last) for _ in range(BATCHES)]
    labels = [torch.randint(10, (int(batch),)) for _ in range(BATCHES)]
    if device != "cpu":
        images = [batch_images.pin_memory() for batch_images in images]
        labels = [batch_labels.pin_memory() for batch_labels in labels]

    if mode == "compile":
        model = torch.compile(model)

    def autocast():
        if precision == "bf16":
            return torch.autocast(device, torch.bfloat16)
        return contextlib.nullcontext()

    def seconds(steps):
        start = time.perf_counter()
        for step in range(steps):
            optimiser.zero_grad(set_to_none=True)
            batch_images = images[step % BATCHES].to(device, non_blocking=True)
            batch_labels = labels[step % BATCHES].to(device, non_blocking=True)
            with autocast():
                logits = model(batch_images)
            loss = functional.cross_entropy(logits.float(), batch_labels)
            loss.backward()
            optimiser.step()
            loss.item()  # every runner watches its loss
        return time.perf_counter() - start

    print("ready", flush=True)
    for line in sys.stdin:
        print(f"{seconds(int(line)):.9f}", flush=True)


if __name__ == "__main__":
    main()
