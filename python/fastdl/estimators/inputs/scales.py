"""Whether a validation set has the scale of the training set, and X one that weights can take."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from fastdl._warn import warn
from fastdl.samples import Sequences

_LEAST = 20  # values: fewer say little
_LOOKED_AT = 1000  # samples, of more
# Of iris, wine, digits, diabetes and breast cancer, standardised or in [0, 1], half of the columns
# differ by more from what they were, and none does between two halves.
_SHIFT, _FACTOR = 2.5, 4.0
_LARGE = 1e15  # values of X that may overflow weights of float32; smaller ones are not to blame


def warn_of_other_scale(estimator: Any, X: Any, y: Any, X_val: Any, y_val: Any) -> None:
    """Warn of a validation set that did not go through the steps that the training set did.

    Parameters
    ----------
    estimator : estimator
    X, y, X_val, y_val : as checked; y of numbers, or None
    """
    for what, train, val, way_out in (
        ("X", X, X_val, 'If X was scaled, scale X_val too; Pipeline: transform_input=["X_val"].'),
        ("y", y, y_val, "TransformedTargetRegressor transforms y alone: transform y_val too."),
    ):
        n_columns, n_far = _compare(train, val)
        if n_far and n_far >= n_columns / 2:
            where = f"in {n_far} of {n_columns} columns " if n_columns > 1 else ""
            warn(
                f"{type(estimator).__name__}: {what}_val has another scale than {what}: {where}its "
                f"middle is more than {_SHIFT:g} spreads away, or its spread differs by more than "
                f"a factor of {_FACTOR:g}. {way_out}"
            )


def _compare(train: Any, val: Any) -> tuple[int, int]:
    """How many columns there are, and in how many the one is far from the other."""
    train, val = _columns(train), _columns(val)
    if min(len(train), len(val)) < _LEAST or train.shape[1] != val.shape[1]:
        return 0, 0
    (middle, spread), (middle_val, spread_val) = _place(train), _place(val)
    varies = (spread > 0) & (spread_val > 0)
    shift = abs(middle_val - middle) > _SHIFT * spread
    factor = (spread_val > _FACTOR * spread) | (spread > _FACTOR * spread_val)
    return int(varies.sum()), int((varies & (shift | factor)).sum())


def _place(columns: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Middle and spread of columns: median and quartiles, where most values are not the same."""
    low, middle, high = np.percentile(columns, [25, 50, 75], axis=0)
    spread = (high - low) / 1.35  # of normal values the standard deviation
    same = spread == 0
    return np.where(same, columns.mean(axis=0), middle), np.where(same, columns.std(axis=0), spread)


def _columns(values: Any) -> NDArray[Any]:
    """Some values as rows: of sequences the columns are features, of images channels."""
    if isinstance(values, Sequences):
        if values.dtype.kind == "i":  # codes of symbols
            return np.empty((0, 1))
        values = values[_some(len(values.values))].steps
    if sparse.issparse(values):
        values = values.data.reshape(-1, 1)  # what is not zero
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "biuf" or not values.size:
        return np.empty((0, 1))
    n_columns = 1 if values.ndim == 1 else values.shape[-1]
    return values[_some(len(values))].reshape(-1, n_columns).astype(np.float64)


def _some(n: int) -> NDArray[np.int64]:
    return np.linspace(0, n - 1, min(n, _LOOKED_AT)).astype(np.int64)


def about_overflow(name: str, X: Any, outputs: NDArray[Any], dtype: Any) -> str:
    """What to say of a network's outputs for X that are infinite, or none.

    Parameters
    ----------
    name : str
        Of the estimator.
    X : ndarray or Sequences
    outputs : ndarray of shape (n_samples, ...)
    dtype : dtype or str
        Of the weights.
    """
    values = X.values if isinstance(X, Sequences) else X
    i, largest = int(np.argwhere(~np.isfinite(outputs))[0][0]), float(abs(values).max())
    of = "" if isinstance(X, Sequences) else f" for X[{i}]"
    said = f"{name} gives what is not finite{of}: "
    if largest < _LARGE:
        return f"{said}its weights are too large. Scale y, or lower learning_rate_init, in fit."
    return (
        f"{said}X has values up to {largest:g}, too large for weights of {dtype}. Scale X, as for "
        "fit."
    )
