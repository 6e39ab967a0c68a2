"""Checks of weights and ranges; X and y themselves are checked by `estimators.inputs`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils.class_weight import compute_class_weight, compute_sample_weight

from fastdl._sklearn import _check_sample_weight
from fastdl.samples import Sequences


def float_dtype(X: Any) -> np.dtype[Any]:
    """scikit-learn's rule: float32 stays float32, everything else is float64."""
    return np.dtype(np.float32 if X.dtype == np.float32 else np.float64)


def check_weights(
    sample_weight: Any, X: Any, *, class_weight: Any = None, y: Any = None
) -> NDArray[Any] | None:
    """One weight for each sample, or None where all are 1.

    Parameters
    ----------
    sample_weight : array-like of shape (n_samples,), number or None
    X : array of n_samples samples
    class_weight : dict, list of dict, "balanced" or None
        Multiplied in, as in scikit-learn's classifiers.
    y : array of labels, for `class_weight`

    Raises
    ------
    ValueError
        For a wrong shape, a weight that is negative or not finite, no weight above zero, or a
        `class_weight` for classes that y does not have.
    """
    weight = None
    if sample_weight is not None:
        _check_numbers(sample_weight)
        weight = _check_sample_weight(sample_weight, X, ensure_non_negative=True)
    if class_weight is not None:
        _check_class_weight(class_weight, y)
        of_class = _expand(class_weight, y, weight)
        weight = of_class if weight is None else weight * of_class
        if not weight.any():
            raise ValueError(
                f"class_weight={class_weight!r} leaves no sample with a weight above 0. Give the "
                "classes that are to be learnt a weight above 0."
            )
    return weight


def _check_numbers(sample_weight: Any) -> None:
    """Raise for weights that are no numbers."""
    try:
        np.asarray(sample_weight, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"sample_weight holds what is no number ({error}); expected numbers of 0 or more, one "
            "for each sample."
        ) from error


def check_step_weights(
    sample_weight: Any, y: Sequences, *, class_weight: Any = None
) -> NDArray[Any] | None:
    """Weights of sequences (n,), or of their steps (n, T); None where all steps weigh 1.

    Parameters
    ----------
    sample_weight : array-like of shape (n,) or (n, T), list of n array-likes (T_i,) or None
        Of pixels (n,) or (n, height, width).
    y : Sequences
        Targets of steps, or `Pixels`; those that do not count get no weight.
    class_weight : dict, list of dict, "balanced" or None
        Multiplied in; "balanced" is over the steps that count.

    Raises
    ------
    ValueError
        As `check_weights`, and where there is not one weight for each step.
    """
    sample_weight = y.given_weights(sample_weight)
    if is_of_steps(sample_weight):
        of_all = _flat_weights(sample_weight, y)
        of_all = _check_sample_weight(of_all, of_all, ensure_non_negative=True)
        flat = of_all[y.counts_of_real]
    else:
        weight = check_weights(sample_weight, y.values)
        if class_weight is None and y.counts is None:
            return weight
        flat = np.ones(len(y.steps)) if weight is None else y.of_steps(weight)
    weights = np.zeros(y.shape[:2])
    weights[y.inside] = check_weights(flat, y.steps, class_weight=class_weight, y=y.steps)
    return weights


def is_of_steps(sample_weight: Any) -> bool:
    """Whether there is a weight for each step, not one for each sequence."""
    if hasattr(sample_weight, "ndim"):
        return sample_weight.ndim == 2 or (sample_weight.dtype == object and len(sample_weight) > 0)
    return isinstance(sample_weight, (list, tuple)) and any(
        hasattr(of_one, "__len__") for of_one in sample_weight
    )


def _flat_weights(sample_weight: Any, y: Sequences) -> NDArray[Any]:
    """The weights of all real steps, one sequence after the other."""
    for of_one in sample_weight:
        _check_numbers(of_one)
    listed = [np.asarray(of_one, np.float64) for of_one in sample_weight]
    if len(listed) != len(y.values):
        raise ValueError(
            f"sample_weight holds weights for {len(listed)} sequences, but X has {len(y.values)}."
        )
    for i, (weights, length) in enumerate(zip(listed, y.lengths, strict=True)):
        if weights.shape != (length,):
            raise ValueError(
                f"sample_weight[{i}] has shape {weights.shape}, but X[{i}] has {length} steps; "
                "expected one weight for each step, or one for each sequence."
            )
    return np.concatenate(listed)


def _check_class_weight(class_weight: Any, y: Any) -> None:
    """Raise for weights that are none, and for classes that are not in y."""
    said = f"class_weight={class_weight!r}"
    columns = y.T if y.ndim == 2 else [y]
    tables = class_weight if isinstance(class_weight, (list, tuple)) else [class_weight]
    if isinstance(class_weight, str):
        return  # "balanced"; the estimators' constraints refuse any other
    if not all(isinstance(table, Mapping) for table in tables):
        raise ValueError(
            f"{said} holds what is no dict; expected {{label: weight}}, a list of such dicts for "
            "several outputs, 'balanced' or None."
        )
    if len(tables) != len(columns):
        raise ValueError(
            f"{said} has {len(tables)} dict{'s' * (len(tables) > 1)}, but y has {len(columns)} "
            f"output{'s' * (len(columns) > 1)}; expected one dict for each, or 'balanced'."
        )
    for table, column in zip(tables, columns, strict=True):
        for label, weight in table.items():
            if not isinstance(weight, Real) or not 0 <= float(weight) < math.inf:
                raise ValueError(
                    f"{said}: the weight of class {label!r} is {weight!r}; expected a finite "
                    "number of 0 or more."
                )
        classes = np.unique(column).tolist()
        missing = [label for label in classes if label not in table]
        strange = [label for label in table if label not in classes]
        if missing and strange:  # those of classes that happen to be missing in y are no harm
            raise ValueError(
                f"{said} has a weight for {strange[0]!r}, which is no class of y, and "
                f"none for {missing[0]!r}, which is one. The classes of y: "
                f"{', '.join(map(repr, classes[:10]))}{', ...' * (len(classes) > 10)}."
            )


def _expand(class_weight: Any, y: Any, weight: NDArray[Any] | None) -> NDArray[Any]:
    """The weight of each sample's class; "balanced" counts a sample as often as its weight says."""
    if y.ndim == 2:
        return compute_sample_weight(class_weight, y)
    weight = np.ones(len(y)) if weight is None else weight
    there = weight > 0
    classes, codes = np.unique(y[there], return_inverse=True)
    if isinstance(class_weight, str) and class_weight == "balanced":
        counts = np.bincount(codes, weights=weight[there])
        of_class = counts.sum() / (len(classes) * counts)
    else:
        of_class = compute_class_weight(class_weight, classes=classes, y=y[there])
    return of_class[np.searchsorted(classes, y).clip(max=len(classes) - 1)]


def outside_unit_interval(estimator: Any, X: Any) -> str | None:
    """The start of a sentence about the first column with values outside of [0, 1], if any."""
    if sparse.issparse(X):
        low, high = X.min(axis=0).toarray().ravel(), X.max(axis=0).toarray().ravel()
    else:
        low, high = X.min(axis=0), X.max(axis=0)
    outside = np.flatnonzero((low < 0) | (high > 1))
    if not len(outside):
        return None
    column = int(outside[0])
    names = getattr(estimator, "feature_names_in_", None)
    called = "" if names is None else f" ({names[column]!r})"
    return f"X has values from {low[column]:g} to {high[column]:g} in column {column}{called}"
