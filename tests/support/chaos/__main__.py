"""Sweeps under random SIGKILL, SIGSTOP and SIGTERM of ranks, worker groups and supervisors, and other programs
at their store and temporary files: every trial must end recorded exactly once, with the bits of an undisturbed
run, no process may be left over, and a supervisor that is asked to leave must do so.

    HEADWAY=... HEADWAY_WORKER=... python3 tests/support/chaos [--faults N] [--seed N] [--seeds N] ...

Prints the seed first; the same seed draws the same faults. When something is wrong, the folder with all
results and logs is kept and named.
"""

import argparse
import collections
import dataclasses
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]
sys.dont_write_bytecode = True  # nothing is left in the source folder

import verdict
from deeds import Deeds
from faults import Striker, draw_faults
from make_dataset import make_dataset
from supervisors import Supervisors, UnexpectedEnd
from sweeps import SweepRun, write_chaos_sweep
from victims import RANK, send

TICK_SECONDS = 0.05
SECONDS_FOR_VICTIM = 0.5
FAULTS_LEAD = 0.8  # when all faults are delivered, a fifth of the trials is still to be done
SECONDS_TO_LEAVE = 30  # for processes that were stopped for long, once they are woken


@dataclasses.dataclass(frozen=True)
class Programs:
    headway: str
    worker: str


class Failure(Exception):
    pass


class Chaos:
    """One disturbed run of a sweep."""

    def __init__(self, programs, run, options):
        self.programs = programs
        self.run = run
        self.options = options
        self.deeds = Deeds(programs, run)
        self.striker = Striker(run, self.deeds, 1.2 * options.hang_seconds)
        self.supervisors = Supervisors(programs, run, options.supervisors, options.hang_seconds)
        self.undelivered = 0

    def disturb(self, faults, trials):
        """Delivers the faults while trials are left, then lets the sweep come to its end."""
        prepare_folders(self.run)
        try:
            for index, fault in enumerate(faults):
                limit = FAULTS_LEAD * index * trials / len(faults)
                self.pass_time(fault.pause, limit)
                self.deliver(fault)
            self.finish()
            self.wake_all()
        finally:
            self.striker.wake_those_due(all_of_them=True)
            self.supervisors.kill()
            for process in self.striker.processes():
                send(process, signal.SIGKILL)
            (self.run.logs / "faults.log").write_text("\n".join(self.striker.log) + "\n")

    def pass_time(self, seconds, trials_done):
        """The sweep must not end before the faults do: when more trials are done, they come sooner."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and self.run.trials_done() <= trials_done:
            self.tick()

    def tick(self):
        self.striker.wake_those_due()
        deaf = self.striker.deaf(self.options.deaf_seconds)
        if deaf:
            raise Failure(f"asked to leave by SIGTERM, and still here after {self.options.deaf_seconds} s: {deaf}")
        over = self.supervisors.tend()
        time.sleep(TICK_SECONDS)
        return over

    def deliver(self, fault):
        """A fault for which there is no victim (no group of two ranks runs, say) soon takes another, and
        waits when there is none at all."""
        start = time.monotonic()
        while not self.striker.strike(fault):
            if self.tick():
                self.undelivered += 1
                return
            if time.monotonic() > start + SECONDS_FOR_VICTIM:
                fault = dataclasses.replace(fault, victim=RANK)
            if time.monotonic() > start + self.options.patience_seconds:
                raise Failure(f"for {self.options.patience_seconds} s there was no rank to strike")

    def finish(self):
        deadline = time.monotonic() + self.options.patience_seconds
        done = -1
        while not self.tick():
            if self.run.trials_done() != done:
                done = self.run.trials_done()
                deadline = time.monotonic() + self.options.patience_seconds
            if time.monotonic() > deadline:
                raise Failure(f"no trial was finished for {self.options.patience_seconds} s after the last fault")

    def wake_all(self):
        """Whoever was stopped and given up must leave without a word when it goes on after all."""
        self.striker.wake_those_due(all_of_them=True)
        left = self.striker.processes()
        for process in left:
            send(process, signal.SIGCONT)
        deadline = time.monotonic() + SECONDS_TO_LEAVE
        while left and time.monotonic() < deadline:
            time.sleep(TICK_SECONDS)
            left = self.striker.processes()
        if left:
            raise Failure(f"processes that serve no one any more: {left}")


def prepare_folders(run):
    run.logs.mkdir()
    run.temporary.mkdir()


def run_undisturbed(programs, run):
    prepare_folders(run)
    with open(run.logs / "supervisor.log", "wb") as log:
        code = subprocess.run([programs.headway, "run", *run.arguments], env=run.environment(),
                              stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False).returncode
    if code != 0:
        raise Failure(f"the undisturbed run ended with exit code {code}; see {run.logs}")
    return run.query("select count(*) from trials")[0][0]


def counts(counter):
    return ", ".join(f"{count} {' '.join(key) if isinstance(key, tuple) else key}"
                     for key, count in sorted(counter.items(), key=lambda item: (-item[1], str(item[0]))))


def tell(chaos, trials, seconds):
    by_victim, by_signal = collections.Counter(), collections.Counter()
    for (victim, name), count in chaos.striker.delivered.items():
        by_victim[victim] += count
        by_signal[name] += count
    attempts = verdict.attempts_by_end(chaos.run)
    files, size = verdict.leftovers(chaos.run)
    print(f"  {trials} trials, {sum(by_signal.values())} faults in {seconds:.0f} s")
    print(f"  faults by kind: {counts(by_signal)}")
    print(f"  faults by victim: {counts(by_victim)}")
    print(f"  attempts by end: {counts(attempts)}")
    print(f"  ends of supervisors by exit code: {counts(chaos.supervisors.ends)}; "
          f"{chaos.supervisors.retries} trials forgiven by headway retry; "
          f"slowest to leave: {chaos.striker.slowest_to_leave:.1f} s")
    print(f"  left behind: {files} temporary files ({size} bytes), "
          f"{verdict.mpi_leftovers(chaos.run)} folders of mpirun's", flush=True)


def survive(programs, calm, run, options):
    """Runs a sweep undisturbed and disturbed, and compares."""
    start = time.monotonic()
    trials = run_undisturbed(programs, calm)
    print(f"{run.name}: {trials} trials, undisturbed in {time.monotonic() - start:.0f} s", flush=True)
    chaos = Chaos(programs, run, options)
    faults = draw_faults(options.seed, options.faults, options.pace, options.hang_seconds, options.kills_only)
    start = time.monotonic()
    chaos.disturb(faults, trials)
    tell(chaos, trials, time.monotonic() - start)
    problems = list(chaos.deeds.problems())
    problems.extend(verdict.problems_of(run, calm, trials, programs.headway))
    if chaos.undelivered:
        problems.append(f"the sweep ended before {chaos.undelivered} faults could be delivered")
    if problems:
        raise Failure("\n".join(problems))
    print("  verdict: every trial is recorded once, with the hashes of the undisturbed run", flush=True)


def survive_chaos(programs, work, options):
    make_dataset(work / "data", options.images, 200)
    file = write_chaos_sweep(work, work / "data", options.epochs, options.seeds)
    survive(programs, SweepRun("calm", work, file), SweepRun("chaos", work, file), options)


def survive_quickstart(programs, work, options):
    file = HERE.parents[2] / "sweeps" / "quickstart.yaml"
    calm, disturbed = (SweepRun(name, work, file, ("dataset.samples_per_class=200",))
                       for name in ("quickstart_calm", "quickstart"))
    kills = argparse.Namespace(**{**vars(options), "faults": options.quickstart_faults, "supervisors": 1,
                                  "kills_only": True})
    survive(programs, calm, disturbed, kills)


def parse_options():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--faults", type=int, default=200)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1, 100000))
    parser.add_argument("--seeds", type=int, default=5, help="trials are eight times as many")
    parser.add_argument("--epochs", type=int, default=30)
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--pace", type=float, default=2.0, help="seconds between faults, on average")
    parser.add_argument("--quickstart-faults", type=int, default=0, help="of the quick-start sweep, by SIGKILL")
    parser.add_argument("--hang-seconds", type=int, default=8)
    parser.add_argument("--deaf-seconds", type=float, default=5.0, help="from SIGTERM to a supervisor's end")
    parser.add_argument("--patience-seconds", type=int, default=300, help="without progress")
    parser.add_argument("--keep", action="store_true", help="keep the folder in any case")
    options = parser.parse_args()
    options.supervisors, options.kills_only = 2, False
    return options


def main():
    options = parse_options()
    print(f"seed {options.seed}, {options.faults} faults", flush=True)
    programs = Programs(os.environ["HEADWAY"], os.environ["HEADWAY_WORKER"])
    work = pathlib.Path(tempfile.mkdtemp(prefix="headway-chaos-"))
    try:
        survive_chaos(programs, work, options)
        if options.quickstart_faults:
            survive_quickstart(programs, work, options)
    except BaseException as failure:
        print(f"FAILED (seed {options.seed}): {failure}\nall results and logs are kept in {work}", file=sys.stderr)
        if isinstance(failure, (Failure, UnexpectedEnd)):
            return 1
        raise
    if options.keep:
        print(f"kept: {work}")
    else:
        shutil.rmtree(work)
    return 0


if __name__ == "__main__":
    sys.exit(main())
