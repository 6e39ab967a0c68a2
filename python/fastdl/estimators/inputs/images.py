"""Images and rows, as users have them, as the samples of one shape that a network takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl._rules import SHAPE, Rule
from fastdl._warn import warn
from fastdl.estimators.inputs.rows import TAKEN, validated
from fastdl.layers import Layer

_OPTIONS: dict[str, Any] = {"dtype": TAKEN, "allow_nd": True}
_INPUT_SHAPE = Rule(
    "None, (height, width) or (height, width, channels), positive integers",
    lambda v: v is None or (isinstance(v, (list, tuple)) and _is_image_shape(image_shape(v))),
    lambda v: v,
)
_FORMS = "images (n, height, width, channels) or (n, height, width), or rows (n, n_features)"


@dataclass(frozen=True)
class ImageInput:
    """Images, and rows that are images of `input_shape` or samples of a network for rows.

    X is (n, H, W, C), (n, H, W) with one channel, or (n, n_features); uint8, float32 and float64
    stay as they are. A fitted estimator has `input_shape_`, the shape of one sample.
    """

    input_shape: Any = None  # as the user set it
    rows_as: tuple[int, ...] | None = None  # the image that a row is, where it is not set
    strips: Callable[[], bool] = bool  # whether rows without it are images of height 1, one channel

    def check(self, estimator: Any, X: Any, *, reset: bool) -> NDArray[Any]:
        """X of shape (n, *estimator.input_shape_), uint8, float32 or float64.

        Raises
        ------
        ValueError
            For another form, another shape than `input_shape` or the one seen first, NaN or
            infinity.
        """
        X = validated(estimator, X, reset=reset, **_OPTIONS)
        return self._samples(estimator, X, reset)

    def check_with(
        self, estimator: Any, X: Any, y: Any, *, reset: bool, numeric: bool
    ) -> tuple[NDArray[Any], NDArray[Any]]:
        """`check` for X and y together; y of shape (n,) or (n, n_outputs)."""
        X, y = validated(estimator, X, y, reset=reset, y_numeric=numeric, **_OPTIONS)
        return self._samples(estimator, X, reset), y

    def sample_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """With the channel that may be left out; a row as a strip."""
        shape = image_shape(input_shape)
        return (1, *shape, 1) if len(shape) == 1 and self.strips() else shape

    def warn(self, estimator: Any, X: NDArray[Any], layers: Sequence[Layer]) -> None:
        """Warn of unscaled X, which a normalisation before the second weights would mend."""
        if X.ndim < 4 or normalises(layers):
            return
        low, high = X.min(), X.max()
        if low >= 0 and 127 < high <= 255:
            name, are_rows = type(estimator).__name__, X.shape[1] == X.shape[3] == 1
            what = "features that are not scaled" if are_rows else "unscaled pixels"
            way_out = "StandardScaler()" if are_rows else "NDScaler()"
            warn(
                f"X has values from {low:g} to {high:g}, which look like {what}. Networks learn "
                f"best from inputs around 0 with a spread of 1: put {way_out} before {name}"
                f"{'' if are_rows else ', or divide X by 255'}."
            )

    def tag(self, tags: Any) -> None:
        """More than two dimensions, not sparse."""
        tags.three_d_array = True

    def _samples(self, estimator: Any, X: NDArray[Any], reset: bool) -> NDArray[Any]:
        name = type(estimator).__name__
        if X.ndim > 4 or 0 in X.shape:
            raise ValueError(f"X has shape {X.shape}; {name} takes {_FORMS}.")
        given = X[..., np.newaxis] if X.ndim == 3 else X
        if reset:
            estimator.input_shape_ = self._shape_of(name, given)
            estimator.n_features_in_ = math.prod(estimator.input_shape_)
        shape = estimator.input_shape_
        if given.ndim == 2 and given.shape[1] == math.prod(shape):
            return given.reshape(len(given), *shape)
        if given.shape[1:] != shape:
            fitted = f"images of shape {shape}" if len(shape) == 3 else f"{shape[0]} features"
            raise ValueError(
                f"X has shape {X.shape}, but {name} was fitted with {fitted}. "
                f"{_way_out(given, shape)}"
            )
        return given

    def _shape_of(self, name: str, X: NDArray[Any]) -> tuple[int, ...]:
        """What a sample of X is; `input_shape` decides where the user has set it."""
        asked = self.input_shape
        if not _INPUT_SHAPE.accepts(asked):
            raise ValueError(f"{name}: {_INPUT_SHAPE.complaint('input_shape', asked)}")
        if asked is None:
            if X.ndim == 4 and X.shape[1] in (1, 3) and min(X.shape[2:]) > 4:
                raise ValueError(
                    f"X has shape {X.shape}, which looks like channels first; {name} takes images "
                    "as (n, height, width, channels). Use np.moveaxis(X, 1, -1), or set "
                    f"input_shape={X.shape[1:]} if it is right as it is."
                )
            if X.ndim == 2 and self.rows_as is not None:
                return self._as_known(X, self.rows_as)
            return (1, X.shape[1], 1) if X.ndim == 2 and self.strips() else X.shape[1:]
        shape = image_shape(asked)
        fits = X.shape[1:] == shape or (X.ndim == 2 and X.shape[1] == math.prod(shape))
        if not fits:
            raise ValueError(
                f"X has shape {X.shape}, but input_shape={asked!r} asks for images of shape "
                f"{shape}, or rows of {math.prod(shape)} features. Leave input_shape out to take "
                "it from X."
            )
        return shape

    def _as_known(self, X: NDArray[Any], shape: tuple[int, ...]) -> tuple[int, ...]:
        if X.shape[1] != math.prod(shape):
            raise ValueError(
                f"X has shape {X.shape}, but the network of init_from takes images of shape "
                f"{shape}, or rows of {math.prod(shape)} features. Set input_shape to what a row "
                "of this X is."
            )
        return shape


def _is_image_shape(shape: tuple[int, ...]) -> bool:
    return len(shape) == 3 and SHAPE.accepts(shape)


def image_shape(shape: Sequence[int]) -> tuple[int, ...]:
    """With the one channel that (height, width) leaves out."""
    return (*shape, 1) if len(shape) == 2 else tuple(shape)


def _way_out(X: NDArray[Any], shape: tuple[int, ...]) -> str:
    if shape == (X.shape[:-1] if X.ndim == 4 and X.shape[3] == 1 else (*X.shape, 1)):
        return "It looks like one image: use X[np.newaxis]."
    if len(shape) == 1 or X.ndim == 2:
        return f"It takes {_FORMS} of that size."
    height, width, channels = shape
    if X.shape[1:] == (channels, height, width):
        return "It looks like channels first: use np.moveaxis(X, 1, -1)."
    if X.shape[1:3] != (height, width):
        return f"Crop or scale to {height}x{width}, or fit on images of this size."
    here, there = (f"{n} channel{'s' * (n > 1)}" for n in (X.shape[3], channels))
    return f"Convert to {'grey' if channels == 1 else there}, or fit on {here}."


def normalises(layers: Sequence[Layer]) -> bool:
    """Whether a normalisation comes before the second layer with weights."""
    n_weighted = 0
    for layer in L.walk(layers):
        if layer.normalises:
            return True
        n_weighted += layer.has_weights
        if n_weighted == 2:
            return False
    return False
