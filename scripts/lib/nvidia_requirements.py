"""Prints the NVIDIA libraries that an unpacked torch wheel needs at run time, as pip requirements.

usage: nvidia_requirements.py NAME METADATA [NAME METADATA ...]

Each METADATA is the metadata file of a wheel. Requirements called nvidia-* are printed one a line;
of the cuda-toolkit wheel (a list without contents of its own) only those that belong to the extras
which another METADATA asks for, as in cuda-toolkit[cublas,cudart]==13.0.2.
"""

import re
import sys

REQUIREMENT = re.compile(r"^(?P<name>[\w.-]+)(\[(?P<extras>[^\]]*)\])?\s*(?P<version>==[^;\s]+)?")
EXTRA = re.compile(r"""extra\s*==\s*['"](?P<extra>[^'"]+)['"]""")


def requirements(path):
    """Yields (name, extras asked for, version, extra it belongs to or None)."""
    with open(path, encoding="utf-8") as metadata:
        for line in metadata:
            if not line.startswith("Requires-Dist:"):
                continue
            text, _, marker = line.partition(":")[2].strip().partition(";")
            found = REQUIREMENT.match(text)
            extra = EXTRA.search(marker)
            yield (found["name"], (found["extras"] or "").split(","), found["version"] or "",
                   extra["extra"] if extra else None)


def nvidia_requirements(wheels):
    asked_extras = {extra for path in wheels.values()
                    for name, extras, _, _ in requirements(path) if name == "cuda-toolkit"
                    for extra in extras}
    wanted = set()
    for wheel, path in wheels.items():
        for name, _, version, extra in requirements(path):
            selected = extra in asked_extras if wheel == "cuda-toolkit" else extra is None
            if name.startswith("nvidia-") and selected:
                wanted.add(name + version)
    return sorted(wanted)


def main():
    arguments = sys.argv[1:]
    if not arguments or len(arguments) % 2 != 0:
        sys.exit(__doc__)
    print("\n".join(nvidia_requirements(dict(zip(arguments[::2], arguments[1::2])))))


if __name__ == "__main__":
    main()
