"""Targets for every step of sequences."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import column_or_1d

from fastdl._warn import warn
from fastdl.estimators.inputs.text import items
from fastdl.samples import Sequences, inside, plain


def masked(labels: NDArray[Any], classes: Any = None) -> NDArray[np.bool_]:
    """Which labels stand for "does not count".

    None and NaN do, and -1 among integers where it is no class: where `classes` are not known yet,
    all other labels must be 0 or more, and not all of them 1.

    Parameters
    ----------
    labels : ndarray of shape (n,) or (n, n_outputs)
        Labels or numbers; of several outputs all must be marked.
    classes : ndarray, optional
        Known ones.
    """
    if labels.dtype == object:
        marked = np.frompyfunc(_is_missing, 1, 1)(labels).astype(bool)
    elif labels.dtype.kind == "f":
        marked = np.isnan(labels)
    elif labels.dtype.kind == "i":
        marked = labels == -1
        others = labels[~marked]
        if classes is not None and np.asarray(classes).dtype.kind in "biuf":
            others = np.asarray(classes)
        if others.size and marked.any() and (others.min() < 0 or (others == 1).all()):
            marked = np.zeros_like(marked)
    else:
        marked = np.zeros(labels.shape, bool)
    return marked if marked.ndim == 1 else marked.all(axis=1)


def _is_missing(label: Any) -> bool:
    is_nan = isinstance(label, float) and math.isnan(label)
    return label is None or is_nan or type(label).__name__ == "NAType"  # of pandas


def _array(y: Any, numeric: bool) -> NDArray[Any]:
    """The targets of one sequence; labels in an object array of their own dtype, but for texts."""
    return np.asarray(y, np.float64) if numeric else plain(np.asarray(y))


def check_steps(
    name: str, y: Any, lengths: NDArray[np.int32], *, numeric: bool, classes: Any = None
) -> Sequences:
    """Targets for every step of sequences, padded; see `masked` for those that do not count.

    Parameters
    ----------
    name : str
        Of the estimator, for messages.
    y : list of n array-likes (T_i,) or (T_i, n_outputs), or array-like (n, T) or (n, T, n_outputs)
    lengths : ndarray of shape (n,)
    numeric : bool
        Whether y holds numbers, or labels.
    classes : ndarray, optional
        The labels, where they are known.

    Raises
    ------
    ValueError
        For targets that are not one for every step, differ in form, or are infinite; where a step
        has a NaN among its numbers, and where no step counts.
    """
    listed = items(y)
    targets = [_array(of_one, numeric) for of_one in (y if listed is None else listed)]
    some = next((target for target in targets if len(np.atleast_1d(target))), None)
    if some is None:
        raise ValueError(f"y holds no value; {name} learns from at least one step.")
    for i, (target, length) in enumerate(zip(targets, lengths, strict=True)):
        if target.shape == (0,) == (length,):
            continue
        if target.ndim not in (1, 2):
            of_samples = " RNNClassifier and RNNRegressor learn one for each sequence."
            raise ValueError(
                f"y[{i}] has shape {target.shape}; {name} takes one value for every step, shape "
                f"(steps,) or (steps, n_outputs).{'' if target.ndim else of_samples}"
            )
        if len(target) != length:
            raise ValueError(
                f"y[{i}] has {len(target)} values, but X[{i}] has {length} steps; {name} takes one "
                "for every step."
            )
        if target.shape[1:] != some.shape[1:]:
            j = next(j for j, other in enumerate(targets) if other is some)
            raise ValueError(
                f"y[{i}] has shape {target.shape}, but y[{j}] has {some.shape}; all sequences have "
                "the same outputs."
            )
        if numeric:
            _check_finite(target, i)
    steps = np.concatenate([target for target in targets if len(target)])
    if steps.ndim == 2 and steps.shape[1] == 1:
        steps = column_or_1d(steps, warn=True)
    values = np.zeros((len(lengths), max(1, lengths.max()), *steps.shape[1:]), steps.dtype)
    values[inside(lengths, values.shape[1])] = steps
    return marked_off(name, Sequences(values, lengths), classes)


def marked_off(name: str, y: Sequences, classes: Any) -> Sequences:
    """Targets of steps or pixels, with those apart that do not count."""
    steps, parts = y.steps, y.parts
    marked = masked(steps, classes)
    if not marked.any():
        return y
    if marked.all():
        raise ValueError(
            f"y marks all {parts} as ones that do not count, by {steps[0]}; {name} needs at least "
            "one that does."
        )
    if classes is None and steps.dtype.kind == "i" and set(np.unique(steps)) == {-1, 0, 1}:
        warn(
            f"{name}: y holds -1, 0 and 1. {parts.capitalize()} with -1 do not count: label them "
            "None to say so. If -1 is a class, call the classes otherwise, by strings."
        )
    counts = y.inside
    counts[counts] = ~marked
    return replace(y, counts=counts)


def labels_that_count(y: Any) -> NDArray[Any]:
    """The labels of all parts of y, as the user passed it, that count."""
    labels = plain(np.concatenate([np.atleast_1d(of_one) for of_one in y]))
    return plain(labels[~masked(labels)])


def _check_finite(target: NDArray[Any], i: int) -> None:
    """Raise for infinity, and for NaN in some of a step's numbers."""
    bad = np.isinf(target)
    if target.ndim == 2:
        is_nan = np.isnan(target)
        bad |= is_nan & ~is_nan.all(axis=1, keepdims=True)
    if not bad.any():
        return
    t = int(np.argwhere(bad)[0][0])
    if np.isinf(target[t]).any():
        raise ValueError(f"Input y contains infinity: step {t} of y[{i}].")
    raise ValueError(
        f"Input y contains NaN: step {t} of y[{i}], in some of its numbers. A step that does not "
        "count has NaN in all of them."
    )
