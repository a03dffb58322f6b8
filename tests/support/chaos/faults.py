"""What befalls a sweep: drawn from a seed beforehand, so that a seed names one course of events as far
as the machine's own timing allows."""

import collections
import dataclasses
import random
import signal
import time

from deeds import DELETED, HELD, NO_TEMPORARY, READ, REBUILT
from victims import LAUNCHER, RANK, SUPERVISOR, is_same, processes_of, saving_rank, send

SAVING_RANK = "rank that saves"
ORPHAN = "stopped rank, killed supervisor"
DEEDS = (HELD, READ, REBUILT, DELETED, NO_TEMPORARY)
# Whom a fault strikes, and how often among a hundred faults.
VICTIMS = {
    RANK: 28,
    SAVING_RANK: 12,  # while it writes a checkpoint or final weights
    LAUNCHER: 15,
    "group": 18,  # all processes of one worker group
    SUPERVISOR: 15,
    "supervisor and its group": 8,  # the group first: nobody is left to report its end
    "everything": 4,
    ORPHAN: 6,
    HELD: 6,
    READ: 3,
    REBUILT: 3,
    DELETED: 3,
    NO_TEMPORARY: 3,
}
SIGNALS = {"KILL": 50, "STOP": 30, "TERM": 20}
SECONDS_FOR_AIM = 0.7


@dataclasses.dataclass(frozen=True)
class Fault:
    victim: str
    signal: str
    pause: float  # seconds after the fault before
    pick: float  # in [0, 1): which of the processes that fit
    lasts: float  # seconds until SIGCONT after SIGSTOP (infinite: never), or until a deed is undone


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
        kinds = {kind: weight for kind, weight in VICTIMS.items() if not kills_only or kind not in (*DEEDS, ORPHAN)}
        victim = chance.choices(list(kinds), list(kinds.values()))[0]
        name = "KILL" if kills_only else chance.choices(list(SIGNALS), list(SIGNALS.values()))[0]
        if victim in (SAVING_RANK, ORPHAN, "supervisor and its group"):
            name = "KILL"
        lasts = chance.uniform(0.5, 10) if victim in DEEDS else draw_stop(chance, hang_seconds)
        faults.append(Fault(victim, name, chance.uniform(0.1, 2 * pace_seconds - 0.1), chance.random(), lasts))
    return faults


class Striker:
    """Delivers faults, and keeps the book of who has been stopped and until when."""

    def __init__(self, run, deeds, admin_seconds):
        self.run = run
        self.deeds = deeds
        self.admin_seconds = admin_seconds  # until an administrator kills a supervisor that is stopped
        self.delivered = collections.Counter()
        self.stopped = []  # (when, process, signal to send then)
        self.undone = []  # (when, what undoes a deed)
        self.asked = {}  # supervisor -> when it was asked to leave
        self.slowest_to_leave = 0.0
        self.log = []

    def processes(self):
        return processes_of(self.run)

    def strike(self, fault):
        """False when nobody was there to be struck."""
        if fault.victim in DEEDS:
            return self.do(fault)
        if fault.victim == ORPHAN:
            return self.make_orphan(fault)
        kind, aimed_at = self.aim(fault)
        struck = [process for process in aimed_at if send(process, self.number(fault))]
        if not struck:
            return False
        self.note(kind, "SIG" + fault.signal, f"SIG{fault.signal} to {kind}: {names(struck)}"
                  + (f", for {fault.lasts:.1f} s" if fault.signal == "STOP" else ""))
        for process in struck:
            if fault.signal == "STOP":
                self.note_stop(process, fault.lasts)
            elif fault.signal == "TERM" and process.role == SUPERVISOR and not process.is_stopped():
                self.asked.setdefault(process, time.monotonic())
        return True

    def note(self, kind, what, text):
        self.delivered[(kind, what)] += 1
        self.log.append(f"{time.strftime('%H:%M:%S')} {text}")

    def do(self, fault):
        undo = self.deeds.do(fault.victim)
        if undo is None:
            return False
        self.undone.append((time.monotonic() + fault.lasts, undo))
        self.note(fault.victim, "deed", f"{fault.victim}, for {fault.lasts:.1f} s")
        return True

    def make_orphan(self, fault):
        """One rank is stopped for good and the supervisor killed: nobody is left to end the others."""
        alive = self.processes()
        for rank in picked([one for one in alive if one.role == RANK], fault.pick):
            launchers = {one.parent for one in alive if one.group == rank.group}
            struck = [one for one in alive if one.role == SUPERVISOR and one.pid in launchers]
            if struck and send(rank, signal.SIGSTOP):
                for supervisor in struck:
                    send(supervisor, signal.SIGKILL)
                self.note(ORPHAN, "SIGKILL", f"{ORPHAN}: {names([rank, *struck])}")
                return True
        return False

    def deaf(self, seconds):
        """Supervisors that were asked to leave longer ago, and have not."""
        now = time.monotonic()
        for process, since in list(self.asked.items()):
            if any(process == other for _, other, _ in self.stopped):
                del self.asked[process]  # stopped since
            elif not is_same(process):
                self.slowest_to_leave = max(self.slowest_to_leave, now - since)
                del self.asked[process]
        return [process for process, since in self.asked.items() if now - since > seconds]

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
        deeds = [entry for entry in self.undone if all_of_them or entry[0] <= now]
        self.undone = [entry for entry in self.undone if entry not in deeds]
        for _, undo in deeds:
            undo()

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


def names(processes):
    return ", ".join(f"{one.role} {one.pid} {one.group}" for one in processes)


def picked(candidates, pick):
    """One of them, or none of none."""
    return candidates[int(pick * len(candidates)):][:1]
