"""Whether a disturbed sweep ended as its undisturbed twin did."""

import collections
import fcntl
import json
import os
import pathlib
import re
import subprocess
import time

DONE, NOTHING_TO_DO = 0, 3
TIMINGS = "('images_per_second')"
HASHES = "select trial_id, weights_sha256, state_sha256, metrics_sha256 from trials"
METRICS = f"select trial_id, epoch, step, split, name, value from metrics where name not in {TIMINGS}"
RESULTS = f"select trial_id, split, name, value from results where name not in {TIMINGS}"
LARGEST_MPI_LEFTOVER = 8  # in the default place, where mpirun goes when there is no TMPDIR
ABANDONED_SECONDS = 2 * 24 * 3600  # nobody writes such a file any more, headway says after one day
# Ends of attempts that no fault of ours explains: a program that crashed by itself.
OWN_CRASHES = re.compile(r"signal (4|6|7|8|11)\b|Segmentation|Aborted|Bus error|expects|terminate called")


def check_trials(run, trials):
    rows = run.query("select trial_id, state from trials")
    if len(rows) != trials or len(set(rows)) != trials:
        yield f"{len(rows)} trials in the store, not {trials}"
    for trial_id, state in rows:
        if state != "done":
            yield f"trial {trial_id} is {state}"


def check_deciding_attempts(run):
    for trial_id, done, last, deciding in run.query(
            "select trial_id, sum(state = 'done'), max(attempt), max(attempt * (state = 'done')) "
            "from attempts group by 1"):
        if done != 1 or last != deciding:
            yield f"trial {trial_id}: {done} attempts done, attempt {deciding} of {last} decides"
    for trial_id, attempt in run.query("select trial_id, attempt from attempts where state = 'running'"):
        yield f"trial {trial_id}: attempt {attempt} has no end"


def check_duplicates(run):
    for trial_id, epoch, split, name, count in run.query(
            "select trial_id, epoch, split, name, count(*) from metrics group by 1, 2, 3, 4 having count(*) > 1"):
        yield f"trial {trial_id}: {count} rows of {split}/{name} of epoch {epoch}"


def check_equal(run, calm):
    for what, sql in (("hashes", HASHES), ("metrics", METRICS), ("results", RESULTS)):
        expected, found = set(calm.query(sql)), set(run.query(sql))
        for row in sorted(expected - found)[:5]:
            yield f"{what} of the undisturbed run that the disturbed one lacks: {row}"
        for row in sorted(found - expected)[:5]:
            yield f"{what} of the disturbed run alone: {row}"


def crash_reports(log):
    """What Open MPI prints when a process crashes; mpirun itself does when signals meet its own end."""
    text = log.read_text(errors="replace")
    reports = re.findall(r"\*\*\* Process received signal.*?(?:\*\*\* End of error message|\Z)", text, re.DOTALL)
    launchers = [report for report in reports if "mpirun(" in report]
    for report in launchers:
        text = text.replace(report, "")
    return text, len(launchers)


def check_own_crashes(run):
    crashed_launchers = set()
    for log in sorted((run.results / "logs").glob("*.log")):
        text, launchers = crash_reports(log)
        if launchers:
            crashed_launchers.add(log.stem)
        for line in filter(OWN_CRASHES.search, text.splitlines()):
            yield f"{log}: {line}"
    for trial_id, attempt, group, failure, message in run.query(
            "select trial_id, attempt, worker_group, failure, message from attempts where state = 'failed'"):
        if OWN_CRASHES.search(message) and group not in crashed_launchers:
            yield f"trial {trial_id}, attempt {attempt}: {failure}: {message}"
        if failure in ("error", "diverged", "oom"):
            yield f"trial {trial_id}, attempt {attempt} failed by itself: {failure}: {message}"


def half_made(run):
    """What killed processes were making: files to be renamed, claims, databases."""
    cache = run.work / "cache"
    return [*run.results.rglob(".*.tmp"), *run.results.rglob(".prepared-*"), *run.results.glob("results.sqlite.*.tmp*"),
            *cache.rglob(".*.tmp"), *run.temporary.glob("headway-fsck-*")]


def is_abandoned(folder):
    """Whether nobody holds a group's scratch folder."""
    try:
        with open(folder / "lock", "rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def abandoned_scratch(run):
    """In shared memory those of other programs, too, whose groups may end at any time."""
    found = set()
    for place in (run.temporary, pathlib.Path("/dev/shm")):
        root = place / f"headway-{os.geteuid()}"
        if not (root / ".lock").exists():
            continue
        with open(root / ".lock", "rb") as lock:  # or a folder that is just being made would count
            fcntl.flock(lock, fcntl.LOCK_EX)
            found.update(folder for folder in root.glob("*/") if is_abandoned(folder))
    return found


def check_leftovers(run, headway):
    """After one more run, which has nothing else to do, a long time later."""
    before = abandoned_scratch(run)
    for path in half_made(run):
        old = time.time() - ABANDONED_SECONDS
        os.utime(path, (old, old))
    code = subprocess.run([headway, "run", run.name], env=run.environment(), stdin=subprocess.DEVNULL,
                          capture_output=True, check=False).returncode
    if code not in (DONE, NOTHING_TO_DO):
        yield f"a last run, with nothing to do, ended with exit code {code}"
    for path in half_made(run):
        yield f"half made and left behind: {path}"
    for path in (run.results / "supervisors").glob("*"):
        yield f"of a supervisor that is gone: {path}"
    for path in (run.results / "checkpoints").glob("*"):
        yield f"checkpoints of a trial that is done: {path}"
    for path in sorted(before & abandoned_scratch(run)):
        yield f"scratch folder of a group that is gone: {path}"
    count = len([*run.temporary.glob("ompi.*/pid.*")])
    if count > LARGEST_MPI_LEFTOVER:
        yield f"{count} folders of killed mpirun processes are left in {run.temporary}"


def check_fsck(run, headway, *options):
    report = subprocess.run([headway, "fsck", run.name, "--json", *options], env=run.environment(),
                            capture_output=True, text=True, check=False)
    if report.returncode != 0:
        yield f"headway fsck {' '.join(options)} ended with {report.returncode}: {report.stderr}"
    if report.stdout:
        for problem in json.loads(report.stdout)["problems"]:
            if problem["damage"]:
                yield f"headway fsck: {problem['where']}: {problem['message']}"


def problems_of(run, calm, trials, headway):
    """What is wrong, in words; nothing when the disturbed run ended as it should."""
    found = list(check_fsck(run, headway))
    for check in (check_trials(run, trials), check_deciding_attempts(run), check_duplicates(run),
                  check_equal(run, calm), check_own_crashes(run)):
        found.extend(check)
    found.extend(check_fsck(run, headway, "--rebuild"))
    return found + list(check_leftovers(run, headway))


def attempts_by_end(run):
    return collections.Counter(dict(run.query(
        "select coalesce(nullif(failure, ''), state), count(*) from attempts group by 1")))


def leftovers(run):
    """Temporary files that nobody renamed or removed: how many, and their bytes."""
    files = [*run.results.rglob(".*.tmp"), *run.results.rglob(".prepared-*")]
    return len(files), sum(path.stat().st_size for path in files)


def mpi_leftovers(run):
    """Folders of mpirun's that nobody removed. The last groups' may stay until the next one starts."""
    return len([*run.temporary.glob("headway-*/*/"), *run.temporary.glob("ompi.*/pid.*")])
