"""Targets for every step of sequences."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import column_or_1d

from fastdl.estimators.inputs.text import items
from fastdl.samples import Sequences, inside


def _array(y: Any, numeric: bool) -> NDArray[Any]:
    """The targets of one sequence; labels in an object array of their own dtype, but for texts."""
    if numeric:
        return np.asarray(y, np.float64)
    y = np.asarray(y)
    plain = np.asarray(y.tolist()) if y.dtype == object else y
    return plain if plain.dtype.kind in "biuf" else y


def check_steps(name: str, y: Any, lengths: NDArray[np.int32], *, numeric: bool) -> Sequences:
    """Targets for every step of sequences, padded.

    Parameters
    ----------
    name : str
        Of the estimator, for messages.
    y : list of n array-likes (T_i,) or (T_i, n_outputs), or array-like (n, T) or (n, T, n_outputs)
    lengths : ndarray of shape (n,)
    numeric : bool
        Whether y holds numbers, or labels.

    Raises
    ------
    ValueError
        For targets that are not one for every step, differ in form, or are not finite.
    """
    listed = items(y)
    targets = [_array(of_one, numeric) for of_one in (y if listed is None else listed)]
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
