"""y that a head does not take, or takes for something else than it was meant to be."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import unique_labels

from fastdl._rules import unknown
from fastdl._warn import warn
from fastdl.samples import depth


def refuse_parts(estimator: Any, y: Any, instead: str) -> None:
    """Raise for y that has something for every step or pixel, and say in a sentence what takes it.

    That is y with more than two dimensions, or with lists of different lengths.
    """
    n_dims, shape = depth(y), np.shape(y) if hasattr(y, "ndim") else ()
    is_list = n_dims == 2 and len(shape) < 2
    if n_dims > 2 or (is_list and len({len(of_one) for of_one in y}) > 1):
        raise ValueError(
            f"y {f'has shape {shape}' if len(shape) > 2 else 'holds a list for each sample'}; "
            f"{type(estimator).__name__} takes one target for each, or as many for all. "
            f"{instead}"
        )


def has_columns_for_steps(estimator: Any, y: Any) -> bool:
    """Whether X holds sequences, and y (n, n_columns) as many columns as they have steps."""
    steps_and_features = getattr(estimator, "input_shape_", ())
    return len(steps_and_features) == 2 and y.shape[1:] == steps_and_features[:1] != (1,)


def warn_of_one_hot(estimator: Any, n: int, y: Any) -> None:
    """Warn of n indicators of which each row has one: these are labels, written for a network."""
    if (y.sum(axis=1) == 1).all():
        warn(
            f"{type(estimator).__name__}: every row of y has exactly one 1, as one-hot codes of "
            f"classes have, but {n} answers of yes or no are learnt, of which several may be true. "
            "Pass y.argmax(axis=1) for classes that exclude each other."
        )


def check_loss_name(loss: object, names: tuple[str, ...]) -> None:
    """Raise for a name that is not of these."""
    if isinstance(loss, str) and loss not in names:
        raise ValueError(unknown("loss", loss, names))


def compare_classes(y: Any, known: NDArray[Any], *, exactly: bool) -> None:
    """Raise where y has other labels than those of earlier fits."""
    classes = unique_labels(y)
    if exactly and set(classes) != set(known):
        raise ValueError(
            "warm_start can only be used where `y` has the same classes as in the previous "
            f"call to fit. Previously got {known}, `y` has {classes}"
        )
    if len(np.setdiff1d(classes, known, assume_unique=True)):
        raise ValueError(
            "`y` has classes not in `self.classes_`. "
            f"`self.classes_` has {known}. 'y' has {classes}."
        )
