"""The call: its arguments, what is said where, and the exit status."""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from typing import Any

from fastdl import _core
from fastdl.command_line.errors import CallError, DataError
from fastdl.command_line.result import Result

DONE, AT_FAULT, WRONG_CALL, INTERRUPTED = 0, 1, 2, 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process if not given.

    Returns
    -------
    int
        Exit status: 0 done, 1 the data or the model are at fault, 2 the call is wrong, 130
        interrupted.
    """
    parser = _parser()
    a = parser.parse_args(argv)
    if a.command == "demo":
        from fastdl.demo import run

        return run(a.out)
    out = sys.stdout
    try:
        with _on_stderr() as seen:
            a.seen = seen
            found = _run(a)
        if a.json:
            out.write(json.dumps(_plain(found.facts), allow_nan=False) + "\n")
        elif found.text:
            (sys.stderr if found.on_stderr else out).write(found.text + "\n")
        out.flush()
        if not seen["interrupted"]:
            return DONE
        what = f"the model of the last finished epoch is saved as {a.out}"
        print(f"fastdl: interrupted; {what}", file=sys.stderr)
        return INTERRUPTED
    except CallError as error:
        return _say(a, error, WRONG_CALL)
    except BrokenPipeError:  # whoever read it has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return DONE
    except KeyboardInterrupt:
        print("fastdl: interrupted; nothing was saved", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:
        return _say(a, error, AT_FAULT)


def _run(a: Any) -> Result:
    """What a command finds; scikit-learn is imported where it is needed."""
    if a.command is None:
        return _describe()
    if a.command == "info":
        from fastdl.command_line.about import about

        return about(a.file)
    from fastdl.command_line import commands

    found: Result = getattr(commands, a.command)(a)
    return found


def _say(a: Any, error: Exception, status: int) -> int:
    """One line, or with --traceback where it came from."""
    if a.traceback:
        import traceback

        traceback.print_exception(error)
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, OSError) and error.filename and error.strerror:
        text = f"{error.filename}: {error.strerror}"
    known = (DataError, CallError, ValueError, OSError, TypeError, ImportError)
    if not isinstance(error, known):
        text = f"{type(error).__name__}: {text}"
    print(f"fastdl: {text}", file=sys.stderr)
    return status


def _plain(value: Any) -> Any:
    """As JSON has it, which knows no NaN and no infinity: they become null."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


@contextmanager
def _on_stderr() -> Iterator[dict[str, bool]]:
    """What is printed and warned of goes there, warnings in a line each."""
    seen = {"interrupted": False}

    def show(message: Any, *_: Any, **__: Any) -> None:
        text = " ".join(str(message).split())
        if text.startswith("Training interrupted"):
            seen["interrupted"] = True
            return
        print(f"fastdl: warning: {text}", file=sys.stderr)

    with warnings.catch_warnings(), redirect_stdout(sys.stderr):
        warnings.simplefilter("default")
        warnings.simplefilter("ignore", DeprecationWarning)
        warnings.simplefilter("ignore", FutureWarning)
        warnings.showwarning = show
        yield seen


def _describe() -> Result:
    from fastdl._versions import describe

    return Result(describe(), {})


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="fastdl",
        description="Deep networks from the command line. Without a command: versions, backends, "
        "threads.",
    )
    parser.add_argument("--version", action="version", version=f"fastdl {_core.__version__}")
    parser.set_defaults(json=False, traceback=False)
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="one JSON object on stdout")
    shared.add_argument("--traceback", action="store_true", help="of errors, where they came from")
    data = argparse.ArgumentParser(add_help=False)
    data.add_argument(
        "data", metavar="DATA", help="a CSV file, .npz (X, y), a folder of class folders, or -"
    )
    data.add_argument("--size", type=_size, metavar="HxW", help="of images: scale them to this")
    data.add_argument("--grey", action="store_true", help="of images: one channel")
    data.add_argument("--skip-bad", action="store_true", help="leave out images that are broken")
    target = "the column of a CSV file that holds what is learnt"
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")

    train = commands.add_parser("train", parents=[data, shared], help="fit a model and save it")
    train.add_argument("--target", metavar="COL", help=target)
    train.add_argument(
        "--model", required=True, metavar="TEXT", help='"CNNClassifier(conv_layer_sizes=(32, 64))"'
    )
    train.add_argument("--out", required=True, metavar="FILE", help="the model file, or -")
    train.add_argument("--validate", metavar="DATA", help="a validation set, in the form of DATA")
    train.add_argument(
        "--no-optimizer",
        action="store_true",
        help="a smaller file; training on starts the optimizer anew",
    )

    predict = commands.add_parser("predict", parents=[data, shared], help="predict, as CSV")
    predict.add_argument("model", metavar="MODEL", help="a model file, or -")
    predict.add_argument("--target", metavar="COL", help="a column to leave out")
    predict.add_argument("--proba", action="store_true", help="probabilities of the classes")
    predict.add_argument("--out", default="-", metavar="FILE", help="a CSV file (stdout)")

    evaluate = commands.add_parser("evaluate", parents=[data, shared], help="score a model")
    evaluate.add_argument("model", metavar="MODEL", help="a model file, or -")
    evaluate.add_argument("--target", metavar="COL", help=target)

    export = commands.add_parser("export", parents=[shared], help="write a model as ONNX")
    export.add_argument("model", metavar="MODEL", help="a model file, or -")
    export.add_argument("onnx", metavar="FILE", help="the ONNX file, or -")
    export.add_argument("--opset", type=int, metavar="N", help="of the operators (18)")

    info = commands.add_parser("info", parents=[shared], help="what stands in a file")
    info.add_argument("file", metavar="FILE", help="a model file, ONNX, or any safetensors file")

    demo = commands.add_parser("demo", help="train a network on scikit-learn's handwritten digits")
    demo.add_argument(
        "--out", type=Path, default=Path("demo"), metavar="DIR", help="where the files go (demo)"
    )
    for command in (predict, evaluate):  # MODEL DATA, in this order
        _swap_positionals(command)
    return parser


def _swap_positionals(parser: argparse.ArgumentParser) -> None:
    positionals: Any = parser._get_positional_actions()
    data, model = positionals
    order = parser._actions
    i, j = order.index(data), order.index(model)
    order[i], order[j] = order[j], order[i]


def _size(text: str) -> tuple[int, int]:
    height, _, width = text.lower().partition("x")
    if not (height.isdigit() and width.isdigit() and int(height) and int(width)):
        raise argparse.ArgumentTypeError(f"{text!r}; expected height and width, such as 32x32")
    return int(height), int(width)
