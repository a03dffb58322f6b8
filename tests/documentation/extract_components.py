#!/usr/bin/env python3
"""Writes the example components of docs/adding_a_component.md as files.

    extract_components.py PAGE SOURCE_DIRECTORY OUTPUT_DIRECTORY

A code block after `<!-- file: PATH -->` becomes OUTPUT/PATH. One after `<!-- line: PATH, LIST -->` is put
at the end of `using LIST = ComponentList<...>` in a copy of SOURCE/PATH. What stands in SOURCE already, by
someone who follows the page, is left out. Prints the files written, one a line; files whose text did not
change keep their time.
"""

import pathlib
import re
import sys

BLOCK = re.compile(r"<!-- (file|line): (\S+?)(?:, (\w+))? -->\s*```cpp\n(.*?)```", re.DOTALL)


def with_entry(text, name, entry):
    """`text` with `entry` at the end of the list `name`, unless it is there."""
    tables = re.findall(r"using %s =\s*ComponentList<[^;]*?>;" % name, text)
    if len(tables) != 1:
        sys.exit(f"'using {name} = ComponentList<...>' stands {len(tables)} times, expected once")
    if re.search(r"%s\b" % entry.strip(), tables[0]):
        return text
    return text.replace(tables[0], tables[0].removesuffix(">;") + f", {entry.strip()}>;")


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text() != text:
        path.write_text(text)


def main():
    page, source, output = map(pathlib.Path, sys.argv[1:])
    files = {}
    for kind, path, name, block in BLOCK.findall(page.read_text()):
        if kind == "file":
            if not (source / path).exists():
                files[path] = block
        else:
            files[path] = with_entry(files.get(path) or (source / path).read_text(), name, block)
    for path, text in files.items():
        write(output / path, text)
        print(path)


if __name__ == "__main__":
    main()
