"""`python -m fastdl` shows what it would run on; `python -m fastdl demo` shows it at work."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from fastdl import _core
from fastdl._versions import describe


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; the result is the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m fastdl", description="Print versions, the backends and the threads."
    )
    parser.add_argument("--version", action="version", version=f"fastdl {_core.__version__}")
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


if __name__ == "__main__":
    sys.exit(main())
