"""The sweeps that are disturbed, each with an undisturbed twin under another name."""

import dataclasses
import os
import pathlib
import sqlite3

CHAOS = """\
name: {name}
trial:
  dataset: {{root: {data}}}
  encoder: {{name: small_cnn, width: 4}}
  optimizer: {{name: sgd, learning_rate: 0.05}}
  training: {{epochs: {epochs}, batch_size: 20, shards: 2, precision: fp32}}
  evaluation: {{every: 5}}
sweep:
  grid:
    encoder.width: [4, 8]
    head: [{{name: dot}}, {{name: cosine, scale: 20}}]
    optimizer: [{{name: sgd, momentum: 0.9, nesterov: true}}, {{name: adamw, learning_rate: 0.002}}]
  seeds: {seeds}
resources: {{device: cpu, checkpoint_seconds: 0.3, threads_per_rank: 1}}
"""


@dataclasses.dataclass(frozen=True)
class SweepRun:
    name: str
    work: pathlib.Path  # holds file, data, logs and results
    file: pathlib.Path
    overrides: tuple = ()

    @property
    def arguments(self):
        return [self.file, f"name={self.name}", *self.overrides]

    @property
    def logs(self):
        return self.work / f"supervisors-of-{self.name}"

    @property
    def results(self):
        return self.work / "results" / self.name

    @property
    def temporary(self):
        return self.work / f"tmp-of-{self.name}"

    def environment(self):
        return {**os.environ, "HEADWAY_RESULTS": str(self.work / "results"), "HEADWAY_CACHE": str(self.work / "cache"),
                "TMPDIR": str(self.temporary)}

    def query(self, sql):
        with sqlite3.connect(self.results / "results.sqlite") as store:
            return store.execute(sql).fetchall()

    def trials_done(self):
        """By the segments' own text: the store lags behind."""
        done = b'"state":"done"'
        return sum(path.read_bytes().count(done) for path in (self.results / "segments").glob("*.jsonl"))


def write_chaos_sweep(work, data, epochs, seeds):
    file = work / "chaos.yaml"
    file.write_text(CHAOS.format(name="chaos", data=data, epochs=epochs, seeds=seeds))
    return file
