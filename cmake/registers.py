"""Registers, shared memory and spills of each CUDA kernel, from what ptxas said when it was built.

`python cmake/registers.py build/cuda` prints a table in Markdown, of all variants of a kernel the
most; `make cuda` ends with it.
"""

import re
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

KERNEL = re.compile(r"Compiling entry function '(\w+)' for")
NUMBERS = {
    "registers": re.compile(r"Used (\d+) registers"),
    "shared bytes": re.compile(r"(\d+) bytes smem"),
    "stack bytes": re.compile(r"(\d+) bytes stack frame"),
    "spilled bytes": re.compile(r"(\d+) bytes spill stores"),
}


def demangled(names: list[str]) -> list[str]:
    """The functions' own names, without namespaces, arguments and types."""
    done = subprocess.run(
        ["c++filt", "-p"], input="\n".join(names), capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    return [line.partition("<")[0].rpartition("::")[2].strip() for line in lines]


def read(messages: str) -> dict[str, list[list[int]]]:
    """By kernel: the numbers of each of its variants, for each architecture."""
    parts = [part for part in re.split(r"(?=Compiling entry)", messages) if KERNEL.match(part)]
    found = defaultdict(list)
    for name, part in zip(demangled([KERNEL.match(p)[1] for p in parts]), parts, strict=True):
        matches = [pattern.search(part) for pattern in NUMBERS.values()]
        found[name].append([int(match[1]) if match else 0 for match in matches])
    return found


def main(folder: str) -> None:
    """Print the table of all that was built below a folder."""
    files = sorted(Path(folder).rglob("*.cu.o.messages"))
    if not files:
        sys.exit(f"{folder}: no CUDA kernels have been built there (make cuda).")
    print("| file | kernel | variants |", *[f"{title} |" for title in NUMBERS])
    print("| --- | --- |" + " ---: |" * (1 + len(NUMBERS)))
    for file in files:
        for kernel, variants in sorted(read(file.read_text()).items()):
            most = [max(numbers) for numbers in zip(*variants, strict=True)]
            source = file.name.removesuffix(".o.messages")
            print(f"| {source} | `{kernel}` | {len(variants)} |", *[f"{n} |" for n in most])


if __name__ == "__main__":
    main(*sys.argv[1:])
