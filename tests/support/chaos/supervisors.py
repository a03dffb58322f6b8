"""Supervisors that serve one sweep side by side and are started again whenever they have ended with
work left, as a cluster that requeues does."""

import collections
import json
import os
import signal
import subprocess

DONE, SOME_FAILED, NOTHING_TO_DO, YIELDED = 0, 1, 3, 75
# Ends that faults explain; any other is a bug. A signal may come before its handler is in place.
EXPECTED_ENDS = {DONE, SOME_FAILED, NOTHING_TO_DO, YIELDED, -signal.SIGKILL, -signal.SIGTERM}
# Standard descriptors that one supervisor after the other is started without.
CLOSED = ((), (), (1,), (), (0, 1, 2))


class UnexpectedEnd(Exception):
    pass


class Supervisors:
    """`sweep`: what to run; see sweeps.py."""

    def __init__(self, programs, sweep, count, hang_seconds):
        self.programs = programs
        self.sweep = sweep
        self.hang_seconds = hang_seconds
        self.running = [None] * count
        self.finished = set()  # places in `running`
        self.started = 0
        self.ends = collections.Counter()
        self.retries = 0

    def start(self):
        self.started += 1
        # Every other one trains on two ranks: bits must not depend on it.
        command = [self.programs.headway, "run", *self.sweep.arguments, f"resources.ranks={self.started % 2 + 1}",
                   "--hang-timeout", f"{self.hang_seconds}s"]
        closed = CLOSED[self.started % len(CLOSED)]
        with open(self.sweep.logs / f"supervisor-{self.started}.log", "wb") as log:
            return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                    env=self.sweep.environment(), start_new_session=True,
                                    preexec_fn=lambda: [os.close(descriptor) for descriptor in closed])

    def tend(self):
        """Starts again what has ended with work left; true when no work is left."""
        for index, process in enumerate(self.running):
            code = process.poll() if process is not None else YIELDED
            if code is None or index in self.finished:
                continue
            if process is not None:
                self.note_end(code)
            if code in (DONE, NOTHING_TO_DO):
                self.finished.add(index)
            else:
                self.running[index] = self.start()
        return len(self.finished) == len(self.running)

    def note_end(self, code):
        self.ends[code] += 1
        if code not in EXPECTED_ENDS:
            raise UnexpectedEnd(f"a supervisor ended with exit code {code}; see {self.sweep.logs}")
        if code == SOME_FAILED:
            self.retry_failed()

    def retry_failed(self):
        """As a user would who sees that trials crashed too often."""
        retry = subprocess.run([self.programs.headway, "retry", self.sweep.name, "--failed", "--json"],
                               env=self.sweep.environment(), capture_output=True, text=True, check=False)
        if retry.returncode == DONE:
            self.retries += len(json.loads(retry.stdout)["retried"])
        elif retry.returncode != NOTHING_TO_DO:
            raise UnexpectedEnd(f"headway retry ended with exit code {retry.returncode}: {retry.stderr}")

    def kill(self):
        for process in self.running:
            if process is not None and process.poll() is None:
                process.kill()
                process.wait()
