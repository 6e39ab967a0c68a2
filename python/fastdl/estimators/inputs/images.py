"""Images and rows, as users have them, as the samples of one shape that a network takes."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl._rules import SHAPE, Rule
from fastdl._sklearn import validate_data
from fastdl.layers import Layer

_OPTIONS: dict[str, Any] = {"dtype": (np.float64, np.float32, np.uint8), "allow_nd": True}
_INPUT_SHAPE = Rule(
    "None, (height, width) or (height, width, channels), positive integers",
    lambda v: v is None or (isinstance(v, (list, tuple)) and _is_image_shape(image_shape(v))),
    lambda v: v,
)
_FORMS = "images (n, height, width, channels) or (n, height, width), or rows (n, n_features)"


def check_samples(estimator: Any, X: Any, *, reset: bool) -> NDArray[Any]:
    """X of shape (n, *estimator.input_shape_), uint8, float32 or float64.

    Parameters
    ----------
    estimator : estimator
        With `input_shape` as the user set it; `input_shape_` and `n_features_in_` are set where
        `reset`, and compared otherwise.
    X : array-like of shape (n, H, W, C), (n, H, W) or (n, n_features)
        (n, H, W) are images of one channel; rows are read as images if there is an `input_shape`.
    reset : bool
        Whether X is the first that the estimator sees.

    Raises
    ------
    ValueError
        For another form, another shape than `input_shape` or the one seen first, NaN or infinity.
    """
    X = X if hasattr(X, "ndim") else np.asarray(X)
    X = validate_data(estimator, X, reset=reset, ensure_2d=X.ndim <= 2, **_OPTIONS)
    return _samples(estimator, X, reset)


def check_samples_and_targets(
    estimator: Any, X: Any, y: Any, *, reset: bool, y_numeric: bool
) -> tuple[NDArray[Any], NDArray[Any]]:
    """`check_samples` for X and y together; y of shape (n,) or (n, n_outputs)."""
    X = X if hasattr(X, "ndim") else np.asarray(X)
    X, y = validate_data(
        estimator,
        X,
        y,
        reset=reset,
        ensure_2d=X.ndim <= 2,
        multi_output=True,
        y_numeric=y_numeric,
        **_OPTIONS,
    )
    return _samples(estimator, X, reset), y


def _samples(estimator: Any, X: NDArray[Any], reset: bool) -> NDArray[Any]:
    name = type(estimator).__name__
    if X.ndim > 4 or 0 in X.shape:
        raise ValueError(f"X has shape {X.shape}; {name} takes {_FORMS}.")
    given = X[..., np.newaxis] if X.ndim == 3 else X
    if reset:
        estimator.input_shape_ = _input_shape(estimator, given)
        estimator.n_features_in_ = math.prod(estimator.input_shape_)
    shape = estimator.input_shape_
    if given.ndim == 2 and given.shape[1] == math.prod(shape):
        return given.reshape(len(given), *shape)
    if given.shape[1:] != shape:
        fitted = f"images of shape {shape}" if len(shape) == 3 else f"{shape[0]} features"
        raise ValueError(
            f"X has shape {X.shape}, but {name} was fitted with {fitted}. {_way_out(given, shape)}"
        )
    return given


def _input_shape(estimator: Any, X: NDArray[Any]) -> tuple[int, ...]:
    """What a sample of X is; `input_shape` decides where the user has set it."""
    name, asked = type(estimator).__name__, estimator.input_shape
    if not _INPUT_SHAPE.accepts(asked):
        raise ValueError(f"{name}: {_INPUT_SHAPE.complaint('input_shape', asked)}")
    if asked is None:
        if X.ndim == 4 and X.shape[1] in (1, 3) and min(X.shape[2:]) > 4:
            raise ValueError(
                f"X has shape {X.shape}, which looks like channels first; {name} takes images as "
                "(n, height, width, channels). Use np.moveaxis(X, 1, -1), or set "
                f"input_shape={X.shape[1:]} if it is right as it is."
            )
        if X.ndim == 2 and estimator._rows_are_strips():
            return (1, X.shape[1], 1)
        return X.shape[1:]
    shape = image_shape(asked)
    fits = X.shape[1:] == shape or (X.ndim == 2 and X.shape[1] == math.prod(shape))
    if not fits:
        raise ValueError(
            f"X has shape {X.shape}, but input_shape={asked!r} asks for images of shape {shape}, "
            f"or rows of {math.prod(shape)} features. Leave input_shape out to take it from X."
        )
    return shape


def _is_image_shape(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and SHAPE.accepts(shape)


def image_shape(shape: Sequence[int]) -> tuple[int, ...]:
    """With the one channel that (height, width) leaves out."""
    return (*shape, 1) if len(shape) == 2 else tuple(shape)


def _way_out(X: NDArray[Any], shape: tuple[int, ...]) -> str:
    if len(shape) == 1 or X.ndim == 2:
        return f"It takes {_FORMS} of that size."
    height, width, channels = shape
    if X.shape[1:] == (channels, height, width):
        return "It looks like channels first: use np.moveaxis(X, 1, -1)."
    if X.shape[1:3] != (height, width):
        return f"Crop or scale to {height}x{width}, or fit on images of this size."
    here, there = (f"{n} channel{'s' * (n > 1)}" for n in (X.shape[3], channels))
    return f"Convert to {'grey' if channels == 1 else there}, or fit on {here}."


def warn_of_unscaled(estimator: Any, X: NDArray[Any], layers: Sequence[Layer]) -> None:
    """Warn of pixels from 0 to 255, unless a normalisation follows before the second weights."""
    if X.ndim < 4 or _normalises(layers):
        return
    low, high = X.min(), X.max()
    if low >= 0 and 127 < high <= 255:
        warnings.warn(
            f"X has values from {low:g} to {high:g}, which look like unscaled pixels. Networks "
            "learn best from inputs around 0 with a spread of 1: put NDScaler() before "
            f"{type(estimator).__name__}, or divide X by 255.",
            UserWarning,
            stacklevel=2,
        )


def _normalises(layers: Sequence[Layer]) -> bool:
    n_weighted = 0
    for layer in L.walk(layers):
        if layer.normalises:
            return True
        n_weighted += layer.has_weights
        if n_weighted == 2:
            return False
    return False
