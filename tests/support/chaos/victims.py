"""The processes that serve a sweep, as /proc shows them."""

import dataclasses
import json
import os
import pathlib

SUPERVISOR, LAUNCHER, RANK = "supervisor", "mpirun", "rank"


@dataclasses.dataclass(frozen=True)
class Process:
    pid: int
    parent: int
    started: int  # clock ticks since boot: with the number it names one process for good
    state: str
    role: str
    group: str  # worker group; "" for supervisors

    def is_stopped(self):
        return self.state == "T"


def stat_of(pid):
    """State, parent and start time; nothing when there is no such process."""
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return fields[0], int(fields[1]), int(fields[19])


def role_of(words):
    program = os.path.basename(words[0])
    if program == "headway" and "run" in words:
        return SUPERVISOR
    if program in ("mpirun", "orterun"):
        return LAUNCHER
    return RANK if program.startswith("headway-worker") else ""


def command_line(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []


def group_settings(words):
    """What a worker group is told: the JSON behind `serve`; nothing for supervisors."""
    try:
        return json.loads(words[words.index("serve") + 1])
    except (ValueError, IndexError):
        return {}


def serves(words, run):
    """Supervisors name the sweep's file, groups its folder."""
    folder = group_settings(words).get("sweep_directory")
    return folder == str(run.results) or {str(run.file), f"name={run.name}"} <= set(words)


def process_at(pid, run):
    """The process of that number if it serves `run`."""
    words = command_line(pid)
    role = role_of(words) if serves(words, run) else ""
    stat = stat_of(pid)
    if not role or stat is None or stat[0] in "ZX":
        return None
    group = group_settings(words).get("group", "")
    return Process(int(pid), stat[1], stat[2], stat[0], role, group)


def processes_of(run):
    """All processes that serve a sweep, in the order in which they started."""
    found = [process_at(entry, run) for entry in os.listdir("/proc") if entry.isdigit()]
    return sorted(filter(None, found), key=lambda process: (process.started, process.pid))


def is_same(process):
    """Whether the process still lives under its number."""
    stat = stat_of(process.pid)
    return stat is not None and stat[2] == process.started and stat[0] not in "ZX"


def send(process, signal):
    """False when it was gone."""
    if not is_same(process):
        return False
    try:
        os.kill(process.pid, signal)
    except ProcessLookupError:
        return False
    return True


def saving_rank(run):
    """A rank that writes a checkpoint or final weights at this moment."""
    for part in ("checkpoints", "artifacts"):
        for file in run.results.glob(f"{part}/*/.*.tmp"):
            claims = run.results / "claims" / file.parent.name
            attempts = [int(path.name) for path in claims.glob("[1-9]*")]
            try:
                heartbeat = json.loads((claims / str(max(attempts)) / "heartbeat.json").read_text())
            except (OSError, ValueError):
                continue
            return process_at(heartbeat["process"]["pid"], run)
    return None
