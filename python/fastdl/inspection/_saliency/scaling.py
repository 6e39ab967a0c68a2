"""Gradients on their way back through the steps of a pipeline."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn import preprocessing
from sklearn.decomposition import PCA

from fastdl.estimators.scaling.scaler import Scaler

Pullback = Callable[[NDArray[Any]], NDArray[Any]]


def through(steps: Sequence[Any], X: Any) -> tuple[Any, list[Pullback]]:
    """X after the steps, and for each step a function from the gradient after to that before."""
    pullbacks = []
    for step in steps:
        pullbacks.append(_pullback(step, X))
        X = step.transform(X)
    return X, pullbacks


def pulled_back(gradient: Any, pullbacks: Sequence[Pullback]) -> Any:
    """The gradient by X before the steps."""
    for pull in reversed(pullbacks):
        gradient = [pull(g) for g in gradient] if isinstance(gradient, list) else pull(gradient)
    return gradient


def _pullback(step: Any, X: Any) -> Pullback:
    if isinstance(step, Scaler):
        return lambda g: (g / step.scale_).astype(g.dtype)
    if isinstance(step, preprocessing.MinMaxScaler):
        slope = _slope_of_min_max(step, X)
        return lambda g: g * slope
    known = (preprocessing.StandardScaler, preprocessing.MaxAbsScaler, preprocessing.RobustScaler)
    if isinstance(step, known):
        scale = getattr(step, "scale_", None)
        return lambda g: g if scale is None else g / scale
    if isinstance(step, PCA):
        spread = np.sqrt(step.explained_variance_) if step.whiten else 1.0
        return lambda g: (g / spread) @ step.components_
    if isinstance(step, preprocessing.FunctionTransformer):
        from fastdl.autodiff import vjp  # which few need

        if step.func is None:
            return lambda g: g
        words = step.kw_args or {}
        _, pull = vjp(lambda x: step.func(x, **words), np.asarray(X, np.float64))
        return lambda g: np.asarray(pull(np.asarray(g, np.float64))[0])
    name = type(step).__name__
    raise ValueError(
        f"the pipeline's {name} has a derivative that is not known here. Pass what comes after it "
        "(pipeline[-1] and pipeline[:-1].transform(X)), or use method='occlusion'."
    )


def _slope_of_min_max(step: Any, X: Any) -> NDArray[Any]:
    """Zero where a value was clipped."""
    scale: NDArray[Any] = step.scale_
    if not step.clip:
        return scale
    inside = (np.asarray(X) >= step.data_min_) & (np.asarray(X) <= step.data_max_)
    return np.where(inside, scale, 0.0)
