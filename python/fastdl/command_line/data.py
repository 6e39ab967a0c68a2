"""DATA of a call: a table, arrays, or images; what is learnt of them apart."""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastdl.command_line import images, tables
from fastdl.command_line.errors import CallError, DataError


class Data(NamedTuple):
    """X, and y and lengths where they are there."""

    X: Any
    y: NDArray[Any] | None = None
    lengths: NDArray[Any] | None = None


def read(
    where: str,
    a: Any,
    *,
    target: str | None = None,
    needs_y: bool = False,
    model: Any = None,
    labels: bool = False,
) -> Data:
    """The data of a call.

    Parameters
    ----------
    where : str
        A path, or "-".
    a : Namespace
        With what concerns images.
    target : str, optional
        The column of a table.
    needs_y : bool
        Whether there is no going on without it.
    model : estimator, optional
        Which decides whether a table may hold text, and which columns it has.
    labels : bool
        Whether y holds labels, else numbers.
    """
    if where != "-" and Path(where).is_dir():
        X, y = images.read(Path(where), a, labelled=needs_y)
        return Data(X, y)
    content = sys.stdin.buffer.read() if where == "-" else Path(where).read_bytes()
    name = "stdin" if where == "-" else where
    if content[:4] == b"PK\x03\x04":
        return _arrays(name, content, needs_y)
    if needs_y and target is None:
        raise CallError(f"{name} is a table: say with --target which column is to be learnt.")
    return Data(*tables.read(name, content, target, needs_y, model, labels))


def _arrays(name: str, content: bytes, needs_y: bool) -> Data:
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays = dict(file)
    except (ValueError, OSError, zipfile.BadZipFile, EOFError, KeyError) as error:
        raise DataError(f"{name} cannot be read as .npz: {error}") from error
    for key in ("X", "y")[: 1 + needs_y]:
        if key not in arrays:
            there = ", ".join(map(repr, arrays)) or "nothing"
            raise DataError(f"{name} has no array {key!r}; it has {there}.")
    return Data(arrays["X"], arrays.get("y"), arrays.get("lengths"))
