"""Forecasts of time series by networks that were fitted on its windows."""

from __future__ import annotations

import math
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl.data._windows import as_series, columns


def forecast(estimator: Any, series: Any, n_steps: int, exogenous: Any) -> NDArray[Any]:
    """See `RNNRegressor.forecast`."""
    if not isinstance(n_steps, Integral) or n_steps < 1:
        raise ValueError(f"n_steps={n_steps!r}; expected a positive integer.")
    values = as_series(series, "series")
    known, n = columns(values, "series", 0), len(values)
    n_others = columns(exogenous, "exogenous", n).shape[1]
    length, horizon = _window(estimator, known, n_others)
    needed = n + horizon * (math.ceil(n_steps / horizon) - 1)
    others = columns(exogenous, "exogenous", needed)
    if len(others) < needed:
        raise ValueError(
            f"exogenous has {len(others)} steps; a forecast of {n_steps} steps, {horizon} at a "
            f"time, needs it for {needed}: the {n} of the series and {needed - n} after it."
        )
    while len(known) < n + n_steps:
        at = slice(len(known) - length, len(known))
        window = np.hstack([known[at], others[at]])
        answer = np.asarray(estimator.predict(window[np.newaxis])[0])
        answer = answer[-1] if estimator.return_sequences else answer
        ahead = answer.reshape(horizon, known.shape[1]).astype(known.dtype)
        known = np.vstack([known, ahead])
    ahead = known[n : n + n_steps]
    return ahead[:, 0] if values.ndim == 1 else ahead


def _window(estimator: Any, series: NDArray[Any], n_others: int) -> tuple[int, int]:
    """Steps of a window, and how many steps ahead the network answers for."""
    name, n_series = type(estimator).__name__, series.shape[1]
    if hasattr(estimator, "symbols_"):
        raise ValueError(f"{name} was fitted with symbols, of which there is no forecast.")
    length, n_features = estimator.input_shape_
    if n_series + n_others != n_features:
        raise ValueError(
            f"series has {n_series} and exogenous {n_others} columns, but {name} was fitted with "
            f"windows of {n_features} features. Pass what fastdl.data.windows had."
        )
    if len(series) < length:
        raise ValueError(
            f"series has {len(series)} steps, but {name} was fitted with windows of {length}. Pass "
            "at least as many."
        )
    n_outputs = estimator._targets.n_outputs
    if n_outputs % n_series:
        raise ValueError(
            f"{name} was fitted with {n_outputs} numbers for each window, which is no number of "
            f"steps of a series of {n_series} columns. Fit it on the y of fastdl.data.windows."
        )
    return length, n_outputs // n_series
