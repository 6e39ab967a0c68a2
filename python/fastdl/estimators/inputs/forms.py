"""The forms in which users have sequences, and answers in the same form."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl.estimators.inputs.text import as_texts, unpacked
from fastdl.samples import inside


def cut(X: Any, lengths: Any) -> Any:
    """X, or with lengths the list of its sequences without their padding (no copies).

    Raises
    ------
    ValueError
        If X is not one array (n, steps, features) or (n, steps), or a length is not 0 to steps.
    """
    if lengths is None:
        return X
    if is_list(X) or np.ndim(X) not in (2, 3):
        raise ValueError(
            "lengths belongs to padded sequences, one array (n, steps, features) or (n, steps). "
            "The sequences of a list have lengths of their own: leave it out."
        )
    X, lengths = np.asarray(X), np.asarray(lengths)
    if lengths.shape != X.shape[:1] or lengths.dtype.kind not in "iu":
        raise ValueError(
            f"lengths has shape {lengths.shape} and dtype {lengths.dtype}; expected {len(X)} "
            "integers, one for each sequence of X."
        )
    wrong = np.flatnonzero((lengths < 0) | (lengths > X.shape[1]))
    if len(wrong):
        i = wrong[0]
        raise ValueError(
            f"lengths[{i}] is {lengths[i]}, but X has {X.shape[1]} steps; expected 0 to "
            f"{X.shape[1]}."
        )
    sequences = Cut(x[:length] for x, length in zip(X, lengths, strict=True))
    sequences.padded_to = int(X.shape[1]) if (lengths < X.shape[1]).any() else 0
    return sequences


class Cut(list[Any]):
    """Sequences that came as one array, without their padding to so many steps, 0 if none."""

    padded_to: int = 0


def are_rows(X: Any) -> bool:
    """Whether X is one array of two dimensions, or goes for one."""
    X = unpacked(X)
    return not is_list(X) and getattr(X, "ndim", None) in (2, None) and np.asarray(X).ndim == 2


def is_list(X: Any) -> bool:
    """Whether X is a list of sequences; lists of as many numbers each are rows."""
    X = unpacked(X)
    return as_texts(X) is not None or holds_sequences(X)


def holds_sequences(X: Any) -> bool:
    """Whether unpacked X, which is no text, is a list of sequences."""
    if isinstance(X, Cut):
        return True
    if not isinstance(X, (list, tuple)) or not any(hasattr(x, "__len__") for x in X):
        return False
    lengths = {len(x) if hasattr(x, "__len__") else None for x in X}
    return len(lengths) > 1 or lengths == {0} or _has_steps(X[0])


def _has_steps(x: Any) -> bool:
    """Whether an item of X is a list of steps, not of numbers."""
    if isinstance(x, (list, tuple)) or getattr(x, "dtype", None) == np.dtype(object):
        return len(x) > 0 and np.ndim(x[0]) == 1
    return np.ndim(x) == 2


def in_form_of(
    X: Any,
    lengths: Any,
    answers: NDArray[Any],
    *,
    rows_are_steps: bool = False,
    of_symbols: bool = False,
    steps: Callable[[Any], int] = len,
) -> Any:
    """Answers for all steps, one sequence after the other, in the form in which the user gave X.

    A list of arrays (T_i, ...) for a list; an array (n, T, ...) for an array, with zeros, or empty
    strings, past `lengths`. Lists of numbers are rows; if they stand for symbols (`of_symbols`),
    they are sequences. `steps` counts those of each.
    """
    if lengths is not None:
        real = inside(np.asarray(lengths), np.shape(X)[1])
        padded = np.zeros((*real.shape, *answers.shape[1:]), answers.dtype)
        padded[real] = answers
        return padded
    X = unpacked(X)
    if is_list(X) or (of_symbols and isinstance(X, (list, tuple))):
        return np.split(answers, np.cumsum([steps(x) for x in X])[:-1])
    if rows_are_steps and are_rows(X):
        return answers
    return answers.reshape(len(X), -1, *answers.shape[1:])
