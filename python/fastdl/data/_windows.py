"""Time series as windows, and what comes after each."""

from __future__ import annotations

from contextlib import suppress
from numbers import Integral
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray


def windows(
    series: ArrayLike,
    length: int,
    horizon: int = 1,
    stride: int = 1,
    exogenous: ArrayLike | None = None,
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Cut a time series into windows, and give the steps that follow each: what to forecast.

    Window i is steps i * stride to i * stride + length - 1; the last one still has `horizon` steps
    after it. A network that is fitted on them forecasts with `RNNRegressor.forecast`; of other
    estimators, which take rows, ``X.reshape(len(X), -1)`` are the lags.

    Parameters
    ----------
    series : array-like of shape (T,) or (T, F)
        One number a step, or several: an array, or a Series or frame of numbers.
    length : int
        Steps of a window.
    horizon : int, default=1
        How many steps after a window are its target.
    stride : int, default=1
        Steps from one window to the next.
    exogenous : array-like of shape (T,) or (T, E), default=None
        What else is known of each step, and is not forecast: weather, the time of the year. It
        stands behind the series' own values in X.

    Returns
    -------
    X : ndarray of shape (n, length, F + E)
        n = (T - length - horizon) // stride + 1 windows, of float32 if all is, else of float64.
    y : ndarray of shape (n,), (n, horizon), (n, F) or (n, horizon * F)
        The steps that follow: one number for horizon=1 of a series (T,); otherwise numbers side by
        side, step after step: ``y.reshape(n, horizon, F)``.

    Raises
    ------
    ValueError
        If the series is shorter than a window and its horizon, or anything is of another form.
        NaN is let through: ``np.isfinite(X).all((1, 2))`` are the windows without it.

    Examples
    --------
    >>> from fastdl.data import windows
    >>> X, y = windows([0, 1, 2, 3, 4, 5], length=3, horizon=2)
    >>> X[:, :, 0].tolist(), y.tolist()
    ([[0.0, 1.0, 2.0], [1.0, 2.0, 3.0]], [[3.0, 4.0], [4.0, 5.0]])
    """
    for name, value in {"length": length, "horizon": horizon, "stride": stride}.items():
        if not isinstance(value, Integral) or value < 1:
            raise ValueError(f"{name}={value!r}; expected a positive integer.")
    values = as_series(series, "series")
    n_steps, n_series = len(values), 1 if values.ndim == 1 else values.shape[1]
    if n_steps < length + horizon:
        raise ValueError(
            f"series has {n_steps} steps; a window of length={length} and what comes after it, "
            f"horizon={horizon}, need {length + horizon}. Pass a longer series, or make them less."
        )
    y = sliding_window_view(values[length:], horizon, axis=0)[::stride]
    y = np.moveaxis(y, -1, 1).reshape(len(y), horizon * n_series)
    other = columns(exogenous, "exogenous", n_steps)
    if len(other) != n_steps:
        raise ValueError(
            f"exogenous has {len(other)} steps, but series has {n_steps}; expected a row for each."
        )
    known = np.column_stack([values, other])[: n_steps - horizon]
    X = np.moveaxis(sliding_window_view(known, length, axis=0)[::stride], -1, 1)
    alone = horizon == 1 and values.ndim == 1
    return np.ascontiguousarray(X), np.ascontiguousarray(y[:, 0] if alone else y)


def as_series(values: Any, name: str) -> NDArray[Any]:
    """A time series as an array (T,) or (T, F) of float32 or float64."""
    array = np.asarray(values)
    if array.dtype.kind == "O":  # a frame of several types
        with suppress(TypeError, ValueError):
            array = array.astype(np.float64)
    if array.ndim not in (1, 2) or 0 in array.shape[1:] or array.dtype.kind not in "biuf":
        raise ValueError(
            f"{name} has shape {array.shape} and dtype {array.dtype}; expected numbers, one for "
            "each step (T,) or several (T, F)."
        )
    return array if array.dtype == np.float32 else array.astype(np.float64)


def columns(values: Any, name: str, n_steps: int) -> NDArray[Any]:
    """A series as an array (T, F); no columns (n_steps, 0) for None."""
    if values is None:
        return np.empty((n_steps, 0), np.float32)
    array = as_series(values, name)
    return array.reshape(len(array), -1)
