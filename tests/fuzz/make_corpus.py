#!/usr/bin/env python3
"""Writes the first inputs of the fuzz targets into corpus/: one sound file of each kind, and the faults that
readers once fell for. Inputs that a run of scripts/fuzz found are added beside them by hand.

usage: tests/fuzz/make_corpus.py
"""
import gzip
import json
import pathlib
import struct

CORPUS = pathlib.Path(__file__).parent / "corpus"
ID, OTHER = "0123456789ab", "ba9876543210"
AT = "2026-01-02T03:04:05.678Z"


def put(target, name, content):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def idx(kind, sizes, values):
    return bytes([0, 0, kind, len(sizes)]) + b"".join(struct.pack(">I", n) for n in sizes) + bytes(values)


def idx_pair(images, labels):
    return struct.pack("<H", len(images)) + images + labels


def safetensors(header, data=b""):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + data


def record(kind, **keys):
    return json.dumps({"kind": kind, "at": AT, "trial_id": ID, **keys})


def records():
    started = record("attempt_started", attempt=1, group="node1-00000001-0", host="node1", device="cpu",
                     world_size=2, threads_per_rank=1, precision="fp32", resumed_from_step=0)
    metrics = record("metrics", attempt=1, epoch=1, step=10, values={"validation": {"loss": 0.5, "nll": None}})
    done = record("attempt_finished", attempt=1, state="done", failure="", message="", exit_code=0, duration_s=2.5,
                  weights_sha256="aa", results={"test": {"top1_accuracy": 0.5}}, missing={"test": {"nll": "no"}})
    failed = record("attempt_finished", attempt=2, state="failed", failure="out_of_memory", message="too much",
                    exit_code=1, groups_beside=1, world_size=2)
    evaluated = record("evaluated", evaluation="calibration", attempt=1, weights_sha256="aa", claim=1,
                       results={"test": {"ece": 0.1}}, missing={})
    return [json.dumps({"kind": "writer", "at": AT, "role": "worker", "record_version": 1}), started, metrics,
            failed, done, record("cancel_requested"), record("retry_requested", through_attempt=2), evaluated,
            record("evaluation_failed", evaluation="calibration", claim=2, failure="crashed", message="it broke"),
            record("evaluation_requested", evaluation="calibration", through_claim=2)]


def write_data():
    images = idx(8, (3, 4, 4), range(48))
    labels = idx(8, (3,), (0, 1, 2))
    put("idx", "sound", idx_pair(images, labels))
    put("idx", "gzip", idx_pair(gzip.compress(images, mtime=0), gzip.compress(labels, mtime=0)))
    put("idx", "claims_far_more", idx_pair(idx(8, (0xFFFFFFFF, 4, 4), range(48)), labels))
    put("idx", "gzip_claims_far_more", idx_pair(gzip.compress(idx(8, (1 << 30, 4, 4), bytes(1 << 12)), mtime=0), labels))
    put("idx", "too_many_dimensions", idx_pair(idx(8, (1,) * 255, (0,)), labels))
    put("idx", "label_out_of_range", idx_pair(images, idx(8, (3,), (0, 1, 9))))
    picture = bytes(i % 251 for i in range(3072))
    put("cifar", "sound", bytes([7, 0]) + picture + bytes([3, 1]) + picture)
    put("cifar", "gzip", gzip.compress(bytes([7, 0]) + picture + bytes([3, 1]) + picture, mtime=0))
    put("cifar", "cut", bytes([7, 0]) + picture[:100])


def write_safetensors():
    two = {"__metadata__": {"format": "pt"}, "a": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]},
           "b": {"dtype": "I64", "shape": [1, 1], "data_offsets": [8, 16]}}
    put("safetensors", "sound", safetensors(two, bytes(16)))
    put("safetensors", "deep", safetensors(b"[" * 5000))
    put("safetensors", "header_beyond_the_file", struct.pack("<Q", 1 << 62) + b"{}")
    wraps = {"a": {"dtype": "F32", "shape": [1 << 32, 1 << 32], "data_offsets": [0, 0]}}
    put("safetensors", "size_wraps_around", safetensors(wraps))
    overlap = {"a": {"dtype": "U8", "shape": [4], "data_offsets": [0, 4]},
               "b": {"dtype": "U8", "shape": [4], "data_offsets": [2, 6]}}
    put("safetensors", "overlap", safetensors(overlap, bytes(6)))


def write_records():
    put("segments", "sound", "f" + "\n".join(records()))
    put("segments", "unframed", "r" + "\n".join(records()))
    put("segments", "deep", "f" + '{"kind":' + "[" * 5000)
    put("segments", "attempt_beyond_int", "f" + record("attempt_started", attempt=1 << 32, resumed_from_step=0))
    put("segments", "id_that_leads_out", "f" + records()[1].replace(ID, "../../victim"))
    put("claims", "heartbeat", "heartbeat\n" + json.dumps(
        {"host": "node1", "pid": 7, "start_time": 9, "boot_id": "b", "group": "node1-00000001-0", "world_size": 2,
         "counter": 3, "epoch": 1, "epochs": 2, "step": 3, "total_steps": 4, "phase": "training"}))
    put("claims", "supervisor", "supervisor\n" + json.dumps({"host": "node1", "pid": 7, "start_time": 9, "boot_id": "b"}))
    put("claims", "offers", "offers\n" + json.dumps({"first": [[ID, 2], [OTHER, 1]], "width_of_others": 1}))
    put("claims", "crash", "crash\nout_of_memory\nrank 1: too much")
    put("claims", "deep", "heartbeat\n" + "[" * 5000)
    put("manifest", "sound", json.dumps({"trial_id": ID, "cell_id": OTHER, "seed": 1, "config": {"seed": 1}}) + "\n---\n"
        + json.dumps({"name": "small", "description": "", "resources": {}, "slurm": {}, "flags": [], "notes": []}))
    put("manifest", "id_that_leads_out",
        json.dumps({"trial_id": "../../victim", "cell_id": OTHER, "seed": 1, "config": {}}) + "\n---\n{}")
    put("sweep_folder", "sound", "=== segments/a.jsonl\nframe\n" + "\n".join(records()).replace(ID, "@0"))
    put("sweep_folder", "strange_files", "=== segments/b.jsonl/\n=== claims/@0/1/heartbeat\n{}\n=== claims/@1/x\n"
        "=== plan.json\n[[[[\n=== trials.vanished.jsonl\nnonsense\n=== segments/c.jsonl\nframe\n{}\n\n[]\n")
    put("sweep_folder", "weights", "=== artifacts/@0/weights.safetensors\nnonsense\n=== segments/a.jsonl\nframe\n"
        + "\n".join(records()).replace(ID, "@0"))


def write_sweeps():
    put("sweep_file", "small", "name: s\ntrial: {dataset: {name: fashion_mnist}, head: {name: cosine}}\n"
        "sweep: {seeds: 2, grid: {optimizer.learning_rate: [0.1, 0.01]}}\n")
    put("sweep_file", "list_and_random", "name: s\nsweep:\n  list: [{head.name: dot}, {head: {name: arcface, margin: 0.2}}]\n"
        "  random: {samples: 3, seed: 1, keys: {optimizer.learning_rate: {log_uniform: [0.001, 0.1]}}}\n"
        "  exclude: [{head.name: dot}]\nresources: {groups: 2, ranks: 1-4}\nslurm: {time: 1h}\n")
    put("sweep_file", "anchors", "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{n}: &{n} [{', '.join(['*' + p] * 9)}]\n" for p, n in zip("abcdefgh", "bcdefghi")))
    put("sweep_file", "deep", "a: " + "[" * 3000)
    put("sweep_file", "million_cells", "name: s\nsweep: {seeds: 1000000000000}\n")
    put("sweep_file", "not_utf8", b"name: s\ntrial: {head: {name: \xff\xfe}}\n")
    put("overrides", "several", "training.epochs=3\ntraining.epochs=1,2\n~augmentation\nsweep.seeds=4\n")
    put("overrides", "broken", "=\na.b.c=[\n~\ntraining.epochs=99999999999999999999\nresources.groups=9223372036854775807\n")


write_data()
write_safetensors()
write_records()
write_sweeps()
