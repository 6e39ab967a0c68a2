"""Targets and answers for every step of sequences."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length, column_or_1d

from fastdl.estimators.inputs.sequences import (
    are_rows,
    check_sequences,
    check_sequences_and_targets,
    is_list,
)
from fastdl.samples import Sequences, inside


def check_sequences_and_steps(
    estimator: Any, X: Any, y: Any, *, reset: bool, numeric: bool
) -> tuple[Sequences, Sequences]:
    """X and y padded, with one length for both.

    Parameters
    ----------
    estimator : estimator
    X : see `check_sequences`
    y : list of n array-likes (T_i,) or (T_i, n_outputs), or array-like (n, T) or (n, T, n_outputs)
        Of X with rows that are steps, (n,) or (n, n_outputs).
    reset : bool
    numeric : bool
        Whether y holds numbers, or labels.

    Raises
    ------
    ValueError
        For targets that are not one for every step, differ in form, or are not finite.
    """
    if estimator._rows_are_steps and are_rows(X):
        checked, y = check_sequences_and_targets(estimator, X, y, reset=reset, y_numeric=numeric)
        return checked, Sequences(y[:, np.newaxis], checked.lengths)
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__} needs y, with a value for every step of each sequence."
        )
    check_consistent_length(X, y)
    checked = check_sequences(estimator, X, reset=reset)
    return checked, _check_steps(estimator, y, checked.lengths, numeric)


def _check_steps(estimator: Any, y: Any, lengths: NDArray[np.int32], numeric: bool) -> Sequences:
    name = type(estimator).__name__
    targets = [np.asarray(of_one, np.float64 if numeric else None) for of_one in y]
    for i, (target, length) in enumerate(zip(targets, lengths, strict=True)):
        if target.ndim not in (1, 2):
            raise ValueError(
                f"y[{i}] has shape {target.shape}; {name} takes one value for every step, shape "
                f"(steps,) or (steps, n_outputs)."
            )
        if len(target) != length:
            raise ValueError(
                f"y[{i}] has {len(target)} values, but X[{i}] has {length} steps; {name} takes one "
                "for every step."
            )
        if target.shape[1:] != targets[0].shape[1:]:
            raise ValueError(
                f"y[{i}] has shape {target.shape}, but y[0] has {targets[0].shape}; all sequences "
                "have the same outputs."
            )
        if numeric and not np.isfinite(target).all():
            t = int(np.argwhere(~np.isfinite(target))[0][0])
            what = "NaN" if np.isnan(target[t]).any() else "infinity"
            raise ValueError(f"Input y contains {what}: step {t} of y[{i}].")
    steps = np.concatenate(targets)
    if steps.ndim == 2 and steps.shape[1] == 1:
        steps = column_or_1d(steps, warn=True)
    values = np.zeros((len(lengths), lengths.max(), *steps.shape[1:]), steps.dtype)
    values[inside(lengths, values.shape[1])] = steps
    return Sequences(values, lengths)


def in_form_of(X: Any, lengths: Any, answers: NDArray[Any], *, rows_are_steps: bool = False) -> Any:
    """Answers for all steps, one sequence after the other, in the form in which the user gave X.

    A list of arrays (T_i, ...) for a list; an array (n, T, ...) for an array, with zeros, or empty
    strings, past `lengths`.
    """
    if lengths is not None:
        real = inside(np.asarray(lengths), np.shape(X)[1])
        padded = np.zeros((*real.shape, *answers.shape[1:]), answers.dtype)
        padded[real] = answers
        return padded
    if is_list(X):
        return np.split(answers, np.cumsum([len(x) for x in X])[:-1])
    if rows_are_steps and are_rows(X):
        return answers
    return answers.reshape(len(X), -1, *answers.shape[1:])
