"""What befalls a sweep: drawn from a seed beforehand, so that a seed names one course of events as far
as the machine's own timing allows."""

import collections
import dataclasses
import random
import signal
import time

from victims import LAUNCHER, RANK, SUPERVISOR, processes_of, saving_rank, send

SAVING_RANK = "rank that saves"
# Whom a fault strikes, and how often among a hundred faults.
VICTIMS = {
    RANK: 28,
    SAVING_RANK: 12,  # while it writes a checkpoint or final weights
    LAUNCHER: 15,
    "group": 18,  # all processes of one worker group
    SUPERVISOR: 15,
    "supervisor and its group": 8,  # the group first: nobody is left to report its end
    "everything": 4,
}
SIGNALS = {"KILL": 50, "STOP": 30, "TERM": 20}
SECONDS_FOR_AIM = 0.7


@dataclasses.dataclass(frozen=True)
class Fault:
    victim: str
    signal: str
    pause: float  # seconds after the fault before
    pick: float  # in [0, 1): which of the processes that fit
    stopped_for: float  # seconds until SIGCONT after SIGSTOP; infinite: never


def draw_stop(chance, hang_seconds):
    """Short stops go unnoticed, long ones must be noticed, and some never end."""
    kind = chance.randrange(3)
    if kind == 0:
        return chance.uniform(0.2, 3)
    return chance.uniform(hang_seconds + 2, hang_seconds + 8) if kind == 1 else float("inf")


def draw_faults(seed, count, pace_seconds, hang_seconds, kills_only=False):
    chance = random.Random(seed)
    faults = []
    for _ in range(count):
        victim = chance.choices(list(VICTIMS), list(VICTIMS.values()))[0]
        name = "KILL" if kills_only else chance.choices(list(SIGNALS), list(SIGNALS.values()))[0]
        if victim in (SAVING_RANK, "supervisor and its group"):
            name = "KILL"
        faults.append(Fault(victim, name, chance.uniform(0.1, 2 * pace_seconds - 0.1),
                            chance.random(), draw_stop(chance, hang_seconds)))
    return faults


class Striker:
    """Delivers faults, and keeps the book of who has been stopped and until when."""

    def __init__(self, run, admin_seconds):
        self.run = run
        self.admin_seconds = admin_seconds  # until an administrator kills a supervisor that is stopped
        self.delivered = collections.Counter()
        self.stopped = []  # (when, process, signal to send then)
        self.log = []

    def processes(self):
        return processes_of(self.run)

    def strike(self, fault):
        """False when nobody was there to be struck."""
        kind, aimed_at = self.aim(fault)
        struck = [process for process in aimed_at if send(process, self.number(fault))]
        if not struck:
            return False
        self.delivered[(kind, fault.signal)] += 1
        self.log.append(f"{time.strftime('%H:%M:%S')} SIG{fault.signal} to {kind}: "
                        + ", ".join(f"{one.role} {one.pid} {one.group}" for one in struck)
                        + (f", for {fault.stopped_for:.1f} s" if fault.signal == "STOP" else ""))
        if fault.signal == "STOP":
            for process in struck:
                self.note_stop(process, fault.stopped_for)
        return True

    @staticmethod
    def number(fault):
        return getattr(signal, "SIG" + fault.signal)

    def note_stop(self, process, seconds):
        now = time.monotonic()
        if process.role == SUPERVISOR and seconds > self.admin_seconds:
            self.stopped.append((now + self.admin_seconds, process, signal.SIGKILL))
        elif seconds != float("inf"):
            self.stopped.append((now + seconds, process, signal.SIGCONT))

    def wake_those_due(self, all_of_them=False):
        now = time.monotonic()
        due = [entry for entry in self.stopped if all_of_them or entry[0] <= now]
        self.stopped = [entry for entry in self.stopped if entry not in due]
        for _, process, number in due:
            send(process, number)

    def aim(self, fault):
        """The kind of victim, and the processes. For want of a rank that saves, any rank will do."""
        saving = self.saving_rank() if fault.victim == SAVING_RANK else None
        if saving is not None:
            return SAVING_RANK, [saving]
        kind = RANK if fault.victim == SAVING_RANK else fault.victim
        return kind, self.of_kind(kind, fault.pick)

    def of_kind(self, kind, pick):
        alive = self.processes()
        if kind == "everything":
            return alive
        if kind not in ("group", "supervisor and its group"):
            return picked([one for one in alive if one.role == kind], pick)
        name = picked(sorted({one.group for one in alive if one.group}), pick)
        members = [one for one in alive if one.group in name]
        if kind == "group":
            return members
        parents = {one.parent for one in members}
        return members + [one for one in alive if one.role == SUPERVISOR and one.pid in parents]

    def saving_rank(self):
        """As soon as there is one, within the time there is to aim."""
        deadline = time.monotonic() + SECONDS_FOR_AIM
        found = None
        while found is None and time.monotonic() < deadline:
            found = saving_rank(self.run)
            time.sleep(0.0005)
        return found


def picked(candidates, pick):
    """One of them, or none of none."""
    return candidates[int(pick * len(candidates)):][:1]
