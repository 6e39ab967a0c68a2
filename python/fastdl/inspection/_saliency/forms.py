"""What the samples of X are, as the user has them: images, rows, sequences or symbols."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastdl.estimators.inputs.forms import Seen, cut
from fastdl.estimators.inputs.text import unpacked


class Form(NamedTuple):
    """What X holds, and of images their shape."""

    name: str  # "images" "rows" "sequences" "symbols"
    shape: tuple[int, ...] = ()  # (height, width, channels)


def form_of(final: Any, X: Any, lengths: Any, image_shape: Any) -> Form:
    """What X is to this estimator, or to a pipeline that ends with it.

    Raises
    ------
    ValueError
        If `image_shape` has another number of values than a row of X.
    """
    seen = Seen.of(X)
    if seen.texts is not None or hasattr(final, "symbols_"):
        return Form("symbols")
    known = tuple(getattr(final, "input_shape_", ()))
    shape = getattr(X, "shape", None) or np.shape(() if seen.is_list else X)
    if lengths is not None or len(known) == 2 or not shape:
        return Form("sequences")
    if len(shape) > 2:
        return Form("images", (*shape[1:], 1)[:3])
    if image_shape is not None:
        image = (*image_shape, 1)[:3]
        if math.prod(image) != shape[1]:
            raise ValueError(
                f"a row of X has {shape[1]} values: got image_shape={image_shape!r}, expected "
                "image_shape=(height, width) or (height, width, channels) of as many pixels."
            )
        return Form("images", image)
    if len(known) == 3 and known[0] > 1 and math.prod(known) == shape[1]:
        return Form("images", known)
    return Form("rows")


def listed(X: Any, lengths: Any) -> list[Any]:
    """The sequences of X, one by one, without their padding."""
    return list(unpacked(cut(X, lengths)))


def in_form_of(X: Any, lengths: Any, found: list[NDArray[Any]]) -> Any:
    """One array (n, T) if X is one, zero past the ends of sequences, else a list of (T_i,)."""
    if not isinstance(X, np.ndarray) or X.dtype == object:
        return found
    padded = np.zeros(X.shape[:2])
    for row, values in zip(padded, found, strict=True):
        row[: len(values)] = values
    return padded
