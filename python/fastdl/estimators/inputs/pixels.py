"""Targets for every pixel of images."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl.estimators.inputs.steps import marked_off
from fastdl.samples import Pixels, Sequences, plain


def check_pixels(
    name: str,
    y: Any,
    n: int,
    *,
    numeric: bool,
    shape: tuple[int, ...] | None = None,
    classes: Any = None,
) -> Sequences:
    """An image of targets for each of n samples; see `masked` for pixels that do not count.

    Parameters
    ----------
    name : str
        Of the estimator, for messages.
    y : array-like of shape (n, height, width) or (n, height, width, n_outputs)
    n : int
    numeric : bool
        Whether y holds numbers, or labels.
    shape : tuple of int, optional
        Of an image of y in the first fit.
    classes : ndarray, optional
        The labels, where they are known.

    Raises
    ------
    ValueError
        For images of other shapes, another number of them, and infinite numbers; where a pixel has
        a NaN among its numbers, and where no pixel counts.
    """
    values = images_of(y, numeric=numeric)
    if values.ndim not in (3, 4) or 0 in values.shape:
        raise ValueError(
            f"y has shape {values.shape}; {name} takes an image for every sample, (n, height, "
            "width) or (n, height, width, n_outputs)."
        )
    if shape is not None and values.shape[1:] != shape:
        raise ValueError(
            f"y has images of shape {values.shape[1:]}, but {name} was fitted with {shape}."
        )
    if len(values) != n:
        raise ValueError(
            f"y has {len(values)} images, but X has {n} samples; {name} takes one for each."
        )
    if numeric:
        _check_numbers(name, values)
    return marked_off(name, Pixels.of(plain(values)), classes)


def _check_numbers(name: str, values: NDArray[Any]) -> None:
    """Raise for what is no number, infinity, and NaN in some of a pixel's numbers."""
    if values.dtype.kind not in "biuf":
        raise ValueError(
            f"y holds {values.dtype.name}; {name} takes images of numbers. For a class for every "
            "pixel, use NetClassifier."
        )
    bad = ~np.isfinite(values)
    if values.ndim == 4:
        bad &= ~np.isnan(values).all(axis=3, keepdims=True)
    else:
        bad &= ~np.isnan(values)
    if bad.any():
        i, row, column = (int(k) for k in np.argwhere(bad)[0][:3])
        is_nan = not np.isinf(values[i, row, column]).any()
        what = "NaN, in some of its numbers" if is_nan else "infinity"
        raise ValueError(
            f"Input y contains {what}: row {row}, column {column} of y[{i}]. A pixel that does not "
            "count has NaN in all of its numbers."
        )


def images_of(y: Any, *, numeric: bool) -> NDArray[Any]:
    """Y as one array, of labels without an axis of one; ValueError if its images differ."""
    values = _together(y)
    return values[..., 0] if not numeric and values.ndim == 4 and values.shape[3] == 1 else values


def _together(y: Any) -> NDArray[Any]:
    """The images in one array."""
    images = list(y) if isinstance(y, (list, tuple)) or getattr(y, "ndim", 0) == 1 else None
    if images is None:
        return np.asarray(y)
    shapes = [np.shape(image) for image in images]
    for i, shape in enumerate(shapes):
        if shape != shapes[0]:
            raise ValueError(
                f"y[{i}] has shape {shape}, but y[0] has {shapes[0]}; all images have one shape. "
                "Crop, scale or pad them."
            )
    return np.asarray(images)
