"""Images of one size or of several, padded to one where they go through a network together."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastdl.estimators.inputs import ImageInput
from fastdl.estimators.inputs.frames import is_frame
from fastdl.estimators.inputs.refused import holds_nothing, refuse, shown
from fastdl.estimators.inputs.rows import TAKEN
from fastdl.estimators.inputs.text import refuse_path
from fastdl.layers import Layer
from fastdl.samples import is_sparse

_FORM = "images (n, height, width, channels), or a list of images (height, width, channels)"


class Images(NamedTuple):
    """Checked images, each as it is."""

    each: Sequence[NDArray[Any]] | NDArray[Any]  # (h, w, c), of one type
    dtype: np.dtype[Any]

    @property
    def sizes(self) -> NDArray[np.int64]:
        """Heights and widths, (n, 2)."""
        return np.array([image.shape[:2] for image in self.each], np.int64).reshape(-1, 2)

    def padded(self, shape: tuple[int, ...]) -> NDArray[Any]:
        """In one array (n, *shape), with zeros below and to the right."""
        if isinstance(self.each, np.ndarray) and self.each.shape[1:] == shape:
            return self.each
        together = np.zeros((len(self.each), *shape), self.dtype)
        for i, image in enumerate(self.each):
            together[i, : image.shape[0], : image.shape[1]] = image
        return together


@dataclass(frozen=True)
class ImagesInput:
    """X: images (n, H, W, C), (n, H, W) with one channel, or a list of images of several sizes.

    A fitted estimator has `input_shape_`, height, width and channels that all of them fit into; its
    `_room_for(shape)` says which shape the layers can take.
    """

    def images(self, estimator: Any, X: Any, *, reset: bool) -> Images:
        """Each image by itself; uint8, float32 and float64 stay as they are.

        Raises
        ------
        ValueError
            For another form, NaN or infinity, and other channels than those of fit.
        """
        name = type(estimator).__name__
        images = _listed(name, X)
        channels = None if reset else estimator.input_shape_[2]
        _check_channels(name, images, channels)
        return images

    def check(self, estimator: Any, X: Any, *, reset: bool) -> NDArray[Any]:
        """Images of shape (n, *estimator.input_shape_), padded with zeros."""
        return self.together(estimator, self.images(estimator, X, reset=reset), reset=reset)

    def together(self, estimator: Any, images: Images, *, reset: bool) -> NDArray[Any]:
        """Checked images in one array; the first ones decide its shape."""
        largest = images.sizes.max(axis=0)
        if reset:
            shape = (int(largest[0]), int(largest[1]), images.each[0].shape[2])
            estimator.input_shape_ = estimator._room_for(shape)
            estimator.n_features_in_ = math.prod(estimator.input_shape_)
        shape = estimator.input_shape_
        if (largest > shape[:2]).any():
            i = int((images.sizes > shape[:2]).any(axis=1).argmax())
            height, width = images.sizes[i]
            raise ValueError(
                f"X[{i}] has {height}x{width} pixels, but those of fit have {shape[0]}x{shape[1]} "
                "at most. Fit with an image as large among the first, or scale this one."
            )
        return images.padded(shape)

    def check_with(
        self, estimator: Any, X: Any, y: Any, *, reset: bool, numeric: bool
    ) -> tuple[NDArray[Any], Any]:
        """`check` for X; y is the head's."""
        return self.check(estimator, X, reset=reset), y

    def sample_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """With the channel that may be left out."""
        return (*input_shape, 1) if len(input_shape) == 2 else input_shape

    def warn(self, estimator: Any, X: NDArray[Any], layers: Sequence[Layer]) -> None:
        """As of any images."""
        ImageInput().warn(estimator, X, layers)

    def tag(self, tags: Any) -> None:
        """More than two dimensions."""
        tags.three_d_array, tags.two_d_array = True, False


def _listed(name: str, X: Any) -> Images:
    refuse_path(name, "X", X)
    if holds_nothing(X) or is_sparse(X) or is_frame(X):
        raise ValueError(f"X is {shown(X)}; {name} takes {_FORM}.")
    refuse(name, "X", X)
    if len(X) == 0:
        raise ValueError(f"X holds no image; {name} takes {_FORM}.")
    if hasattr(X, "ndim") and X.dtype != np.dtype(object):  # also what acts as an array
        X = np.asarray(X)
        if X.ndim not in (3, 4) or 0 in X.shape:
            raise ValueError(f"X has shape {X.shape}; {name} takes {_FORM}.")
        together = _numbers(X if X.ndim == 4 else X[..., np.newaxis], "X")
        return Images(together, together.dtype)
    each = [_one(name, i, x) for i, x in enumerate(X)]
    dtype = np.result_type(*{x.dtype for x in each})
    return Images([x.astype(dtype, copy=False) for x in each], dtype)


def _one(name: str, i: int, x: Any) -> NDArray[Any]:
    """An image of a list."""
    refuse_path(name, f"X[{i}]", x)
    image = np.asarray(x)
    if image.ndim not in (2, 3) or 0 in image.shape:
        raise ValueError(f"X[{i}] has shape {image.shape}; {name} takes {_FORM}.")
    return _numbers(image if image.ndim == 3 else image[..., np.newaxis], f"X[{i}]")


def _numbers(values: NDArray[Any], place: str) -> NDArray[Any]:
    if values.dtype.kind not in "biuf":
        raise ValueError(f"{place} holds {values.dtype} values; expected numbers.")
    values = values.astype(values.dtype.newbyteorder("="), copy=False)
    if values.dtype not in TAKEN:
        values = values.astype(np.float32 if values.dtype == np.float16 else np.float64)
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        raise ValueError(f"{place} holds NaN or infinity; expected finite numbers.")
    return values


def _check_channels(name: str, images: Images, fitted: int | None) -> None:
    """Raise for channels that differ, or come first."""
    first = images.each[0].shape
    if fitted is None and first[0] in (1, 3) and min(first[1:]) > 4:
        raise ValueError(
            f"X[0] has shape {first}, which looks like channels first; {name} takes {_FORM}. Use "
            "np.moveaxis(image, 0, -1)."
        )
    expected, of = (first[2], "X[0]") if fitted is None else (fitted, "those of fit")
    for i, image in enumerate(images.each):
        if image.shape[2] != expected:
            raise ValueError(
                f"X[{i}] has shape {image.shape}, {image.shape[2]} channel"
                f"{'s' * (image.shape[2] > 1)}, but {of} {'has' if fitted is None else 'have'} "
                f"{expected}. Convert all images to as many; a single image goes into a list."
            )
