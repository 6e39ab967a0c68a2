"""The forms in which users have sequences, and answers in the same form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl.estimators.inputs.text import as_texts, is_empty, unpacked
from fastdl.samples import inside


@dataclass(frozen=True, eq=False)
class Seen:
    """X, looked at once.

    Attributes
    ----------
    X : list or as the user passed it
        A column of arrays, lists or texts is a list of them.
    texts : list or None
        Its strings or lists of tokens, if it holds such.
    is_list : bool
        Whether it is a list of sequences; lists of as many numbers each are rows.
    """

    X: Any
    texts: list[Any] | None = None
    is_list: bool = False

    @classmethod
    def of(cls, X: Any) -> Seen:
        """X as the user passed it."""
        if is_array_of_numbers(X):
            return cls(X)
        X = unpacked(X)
        texts = as_texts(X)
        return cls(X, texts, texts is not None or _holds_sequences(X))

    @property
    def are_rows(self) -> bool:
        """Whether it is one array of two dimensions, or goes for one."""
        if self.is_list or getattr(self.X, "ndim", None) not in (2, None):
            return False
        return np.asarray(self.X).ndim == 2

    @property
    def is_empty(self) -> bool:
        """Whether it is a list of sequences without steps."""
        return self.is_list and all(map(is_empty, self.X))


def is_array_of_numbers(X: Any) -> bool:
    """Whether X can be nothing else: no list, no texts, no column of arrays."""
    return isinstance(X, np.ndarray) and X.ndim > 1 and X.dtype.kind in "biuf"


def cut(X: Any, lengths: Any) -> Any:
    """X, or with lengths the list of its sequences without their padding (no copies).

    Raises
    ------
    ValueError
        If X is not one array (n, steps, features) or (n, steps), or a length is not 0 to steps.
    """
    if lengths is None:
        return X
    if Seen.of(X).is_list or np.ndim(X) not in (2, 3):
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


def _holds_sequences(X: Any) -> bool:
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
    seen = Seen.of(X)
    if seen.is_list or (of_symbols and isinstance(seen.X, (list, tuple))):
        return np.split(answers, np.cumsum([steps(x) for x in seen.X])[:-1])
    if rows_are_steps and seen.are_rows:
        return answers
    return answers.reshape(len(seen.X), -1, *answers.shape[1:])
