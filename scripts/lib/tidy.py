"""Runs clang-tidy over all compiled sources of src/, cluster/ and runner/.

usage: tidy.py COMPILE_COMMANDS JOBS

Nearly all of clang-tidy's time goes into the headers that a source includes, so sources with the same
compiler flags are strung together into bundles and each bundle is checked as one. Sources that do not
compile together (two unnamed namespaces may use one name) are parted. Places in the reports are those
of the sources. Exit status 1 when anything was reported.
"""

import concurrent.futures
import json
import os
import re
import shlex
import subprocess
import sys
import threading

COMPILER = "clang++-14"
TIDY = "clang-tidy-14"
FOLDERS = ("src/", "cluster/", "runner/")
LARGEST_BUNDLE = 24
# The analyzer explores at most so many states of a function: more find nothing in short functions, but
# take long wherever JSON is read.
ANALYZER_STATES = 30000

terminal = threading.Lock()


def is_of_no_matter(word):
    """Flags of code generation, and of GCC alone: its warnings, precompiled headers, OpenMP."""
    return (word.startswith(("-O", "-Wno-", "-ffp-contract="))  # what is silenced for GCC, clang need not know
            or word in ("-Winvalid-pch", "-fpch-preprocess", "-fopenmp"))


def compiler_flags(command):
    """What clang-tidy must know of a command line: neither inputs nor outputs."""
    words = shlex.split(command)
    flags, skip = [], False
    for word in words[1:]:
        if skip:
            skip = False
        elif word in ("-o", "-c", "-MF", "-MT", "-include"):  # all that is included is a precompiled header
            skip = True
        elif is_of_no_matter(word):
            continue
        elif word.startswith("-") or (flags and flags[-1] in ("-I", "-isystem", "-idirafter")):
            flags.append(word)
    return tuple(flags)


def sources_by_flags(database):
    """Each source once, as its own library or program compiles it: tests that compile it again come later."""
    flags_of = {}
    with open(database, encoding="utf-8") as file:
        for entry in json.load(file):
            name = os.path.relpath(entry["file"])
            if name.startswith(FOLDERS) and name.endswith(".cpp") and os.path.exists(name):
                flags_of.setdefault(name, compiler_flags(entry["command"]))
    groups = {}
    for name in sorted(flags_of):
        groups.setdefault(flags_of[name], []).append(name)
    return groups


class Bundle:
    """Several sources as one text, and the way back from its lines to theirs."""

    def __init__(self, folder, names, flags):
        self.names, self.flags, self.starts = names, flags, []
        self.path = os.path.join(folder, names[0].replace("/", "_") + f"-{len(names)}.cpp")
        line = 1
        with open(self.path, "w", encoding="utf-8") as bundle:
            for name in names:
                self.starts.append((line, name))
                with open(name, encoding="utf-8") as source:
                    text = source.read()
                bundle.write(text if text.endswith("\n") else text + "\n")
                line += text.count("\n") + (not text.endswith("\n"))

    def source_at(self, line):
        """The source that this line of the bundle is from, and where it starts."""
        return next(entry for entry in reversed(self.starts) if entry[0] <= line)

    def place(self, match):
        start, name = self.source_at(int(match["line"]))
        return f"{name}:{int(match['line']) - start + 1}:"

    def misfits(self):
        """The sources that do not compile behind those before them; all when that cannot be told."""
        command = [COMPILER, "-fsyntax-only", "-w", "-ferror-limit=0", *self.flags, self.path]
        result = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
        if result.returncode == 0:
            return []
        misfits, line = set(), None
        for text in result.stderr.splitlines():
            here = re.match(r"(?:In file included from )?" + re.escape(self.path) + r":(\d+):", text)
            line = int(here[1]) if here else line  # also where the header is included that the error is in
            if line and re.search(r":\d+:\d+: (?:fatal )?error: ", text):
                misfits.add(self.source_at(line)[1])
        return sorted(misfits) or self.names

    def check(self):
        """clang-tidy's report on this bundle; empty when there is nothing to report."""
        limits = ["-Xclang", "-analyzer-config", "-Xclang", f"max-nodes={ANALYZER_STATES}"]
        command = [TIDY, "--quiet", self.path, "--", *self.flags, *limits]
        result = subprocess.run(command, capture_output=True, text=True, check=False)
        if result.returncode == 0:
            return ""
        report = result.stdout + re.sub(r"^\d+ warnings?.*\n", "", result.stderr, flags=re.M)
        here = re.escape(os.path.abspath(self.path))
        report = re.sub(here + r":(?P<line>\d+):", self.place, report)
        return report.replace(os.getcwd() + "/", "") or f"{TIDY} failed on {', '.join(self.names)}\n"


def check_together(folder, names, flags):
    """Reports on the sources, parted as far as they do not compile together."""
    bundle = Bundle(folder, names, flags)
    misfits = bundle.misfits() if len(names) > 1 else []
    if misfits:
        half = len(names) // 2
        parts = [[name for name in names if name not in misfits], misfits]
        if not all(parts):
            parts = [names[:half], names[half:]]
        return sum(check_together(folder, part, flags) for part in parts)
    report = bundle.check()
    with terminal:
        print(report, end="", flush=True)
    return 1 if report else 0


def main():
    database, jobs = sys.argv[1], int(sys.argv[2])
    folder = os.path.join(os.path.dirname(database), "tidy")
    os.makedirs(folder, exist_ok=True)
    work = []
    for flags, names in sources_by_flags(database).items():
        parts = -(-len(names) // LARGEST_BUNDLE)
        work += [(folder, names[part::parts], flags) for part in range(parts)]
    work.sort(key=lambda item: -len(item[1]))
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        reports = sum(pool.map(lambda item: check_together(*item), work))
    for name in os.listdir(folder):
        os.remove(os.path.join(folder, name))
    sys.exit(1 if reports else 0)


if __name__ == "__main__":
    main()
