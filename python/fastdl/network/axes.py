"""Axes of arrays in another order than the layers have them: channels first, for example."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl._rules import Rule
from fastdl._saved import NATURAL


def checked_axes(axes: Sequence[int] | None, *, answers: bool = False) -> tuple[int, ...] | None:
    """A user's axes as a tuple; ValueError for what is no order."""
    if axes is None:
        return None
    kept = [a for a in axes if a >= 0]
    if answers:
        if len(set(kept)) != len(kept) or 0 not in kept or min(axes) < -1 or max(kept) > 3:
            raise ValueError(
                f"output_axes={axes!r}; expected numbers from 0 to 3, each once and 0 among them, "
                "and -1 for axes of size 1."
            )
    elif sorted(axes) != list(range(len(axes))):
        raise ValueError(f"axes={axes!r}; expected each of 0 to {len(axes) - 1} once.")
    return tuple(map(int, axes))


def put(answers: NDArray[Any], axes: tuple[int, ...] | None) -> NDArray[Any]:
    """Answers with their axes where the user wants them."""
    if axes is None:
        return answers
    kept = [a for a in axes if a >= 0]
    if answers.ndim == max(kept):  # of one number, which it leaves out
        answers = answers[..., np.newaxis]
    gone = tuple(a for a in range(answers.ndim) if a not in kept)
    if max(kept) >= answers.ndim or any(answers.shape[a] != 1 for a in gone):
        return answers
    answers = answers.transpose(*kept, *gone).reshape([answers.shape[a] for a in kept])
    return np.expand_dims(answers, tuple(i for i, a in enumerate(axes) if a < 0))


def _is_axis(value: Any) -> bool:
    return NATURAL.accepts(value) or (type(value) is int and value == -1)


AXES = Rule(
    "None or a list of axes",
    lambda v: v is None or (isinstance(v, list) and all(map(_is_axis, v)) and len(v) < 9),
    lambda v: v,
)
