"""Strings, lists of tokens and columns of them, as users have them; paths in place of images."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from fastdl.data._image_files import SUFFIXES

_WAY_OUT = "fastdl.data.ImageFolder makes images of paths, to be passed as X"


def items(X: Any) -> list[Any] | None:
    """What X holds, if it is a list, a tuple, or a column (NumPy, pandas, polars, pyarrow)."""
    if isinstance(X, (list, tuple)):
        return list(X)
    if getattr(X, "ndim", 1) != 1 or hasattr(X, "columns"):
        return None
    for name in ("tolist", "to_list", "to_pylist"):  # NumPy, pandas; polars; pyarrow
        if hasattr(X, name):
            return list(getattr(X, name)())
    return None


def unpacked(X: Any) -> Any:
    """A column of arrays, lists or texts as a list of them; else X itself."""
    numbers = isinstance(X, np.ndarray) and X.dtype.kind in "biuf"
    found = None if numbers or isinstance(X, (list, tuple)) else items(X)
    return found if found and any(hasattr(x, "__len__") for x in found) else X


def is_empty(x: Any) -> bool:
    """Whether x is a sequence without steps."""
    return hasattr(x, "__len__") and len(x) == 0


def as_texts(X: Any) -> list[Any] | None:
    """X as a list, if it holds strings or lists of tokens (strings); None if it does not.

    Bytes are for `check_texts` to refuse: they are no numbers.
    """
    texts = items(X)
    first = next((x for x in texts or () if isinstance(x, str) or not is_empty(x)), None)
    if isinstance(first, (list, tuple, np.ndarray)):
        first = first[0]
    return texts if isinstance(first, (str, bytes)) else None


def is_table_of_texts(X: Any) -> bool:
    """Whether X is a frame or an array of two dimensions that begins with a string."""
    if len(getattr(X, "shape", ())) != 2 or getattr(X, "dtype", np.dtype("O")).kind not in "OUT":
        return False
    first = np.asarray(X[:1])
    return bool(first.size) and isinstance(first.flat[0], str)


def as_integers(X: Any) -> list[Any] | None:
    """X as lists of integers, if each of its sequences is one; None if it is not."""
    if getattr(X, "ndim", 1) == 2 or hasattr(X, "columns"):
        rows = np.asarray(X)
        return rows.tolist() if rows.dtype.kind in "iu" else None
    listed = []
    for x in items(X) or ():
        if not isinstance(x, (list, tuple, np.ndarray)) or np.ndim(x[:1]) != 1:
            return None
        try:
            x = np.asarray(x)
        except ValueError:  # numbers and lists
            return None
        if x.dtype.kind not in "iu" and len(x):
            return None
        listed.append(x.astype(int).tolist())
    return listed or None


def check_texts(name: str, texts: list[Any]) -> None:
    """Raise ValueError for what is no text; `name` of the estimator."""
    for i, text in enumerate(texts):
        other = [] if isinstance(text, str) else [None]
        if isinstance(text, (list, tuple, np.ndarray)):
            other = [token for token in text if not isinstance(token, str)]
        if other:
            what = type(text).__name__ if other[0] is None else f"a list with {other[0]!r} in it"
            raise ValueError(
                f"X[{i}] is {what}; {name} takes strings, or lists of tokens that are strings."
            )


def refuse_path(name: str, which: str, x: Any) -> None:
    """Raise ValueError if x is a path, text or bytes, where the estimator `name` takes an image."""
    if isinstance(x, (bytes, bytearray)):
        what = "bytes"
    elif isinstance(x, (str, os.PathLike)):
        what = f"a path or text, {str(x)!r}"
    else:
        return
    raise ValueError(f"{which} is {what}; {name} takes images. {_WAY_OUT}.")


def way_out_of_paths(x: Any) -> str:
    """What to do with a path of an image, as a sentence; empty for all else."""
    is_path = isinstance(x, os.PathLike) or str(x).lower().endswith(tuple(SUFFIXES))
    return f" {_WAY_OUT}." if is_path else ""
