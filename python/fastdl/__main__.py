"""`python -m fastdl` tells what it would run on; `python -m fastdl demo` shows it at work."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from fastdl import _core


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the result is the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m fastdl", description="Print the version, the backends and the threads."
    )
    commands = parser.add_subparsers(dest="command")
    demo = commands.add_parser("demo", help="train a network on scikit-learn's handwritten digits")
    demo.add_argument(
        "--out", type=Path, default=Path("demo"), metavar="DIR", help="where the files go (demo)"
    )
    arguments = parser.parse_args(argv)
    if arguments.command == "demo":
        from fastdl.demo import run

        return run(arguments.out)
    try:
        print(describe())
    except ValueError as error:  # FASTDL_BACKEND names none of them
        print(error, file=sys.stderr)
        return 1
    return 0


def describe() -> str:
    """Version, backends (best first), the one that programs get by default, threads."""
    flatten = {"kind": "flatten", "title": "Flatten", "name": "flatten_1"}
    chosen = _core.Program([flatten], (1,)).backend
    lines = [f"fastdl {_core.__version__}", "backends:"]
    for backend in _core.backends():
        state = "" if backend.available else "not on this machine"
        if backend.name == chosen:
            state = "chosen"
        lines.append(f"  {backend.name:12} {backend.lanes:3} float32 lanes  {state}".rstrip())
    lines.append(f"threads: {_core.max_threads()}")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
