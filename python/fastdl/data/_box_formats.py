"""The ways in which a box is written down."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdl.data._boxes import check_values

FORMATS = ("xyxy", "xywh", "cxcywh", "yolo")


def convert_boxes(
    boxes: ArrayLike, source: str, target: str, *, size: Sequence[int] | None = None
) -> NDArray[Any]:
    """Boxes in another of the ways in which they are written down.

    =========  ==========================================================================
    "xyxy"     x1 y1 x2 y2: left, top, right, bottom in pixels; fastdl's own, and VOC's
    "xywh"     left, top, width, height in pixels; COCO's
    "cxcywh"   centre, width, height in pixels
    "yolo"     centre, width, height as fractions of the image's width and height
    =========  ==========================================================================

    Parameters
    ----------
    boxes : array-like of shape (..., 4)
    source, target : {"xyxy", "xywh", "cxcywh", "yolo"}
    size : (height, width), optional
        Of the image, in pixels; "yolo" needs it.

    Returns
    -------
    ndarray of the same shape
        A new array; float32 if `boxes` is, else float64.

    Raises
    ------
    ValueError
        For another shape or format, NaN, a negative width or height, or "yolo" without a size.

    Examples
    --------
    >>> from fastdl.data import convert_boxes
    >>> convert_boxes([[10, 20, 5, 5]], "xywh", "xyxy")
    array([[10., 20., 15., 25.]])
    """
    for name, value in (("source", source), ("target", target)):
        if value not in FORMATS:
            raise ValueError(f"{name}={value!r}; expected one of {', '.join(map(repr, FORMATS))}.")
    given = np.asarray(boxes)
    if given.dtype.kind not in "biuf":
        raise ValueError(f"boxes has dtype {given.dtype}; expected numbers.")
    given = given.astype(np.float32 if given.dtype == np.float32 else np.float64)
    if given.shape == (0,):
        given = given.reshape(0, 4)
    if given.ndim == 0 or given.shape[-1] != 4:
        raise ValueError(f"boxes has shape {given.shape}; expected (n, 4).")
    flat = given.reshape(-1, 4)
    scale = _scale(size, "yolo" in (source, target)).astype(flat.dtype)
    corners = _to_corners(flat * scale if source == "yolo" else flat, source)
    _check(corners, flat, source)
    found = _from_corners(corners, target)
    return (found / scale if target == "yolo" else found).reshape(given.shape)


def _scale(size: Any, is_needed: bool) -> NDArray[np.float64]:
    """What fractions of an image are multiplied by."""
    if not is_needed:
        return np.ones(4)
    if np.shape(size) != (2,) or min(size) <= 0:
        raise ValueError(
            f'size={size!r}; "yolo" boxes are fractions of the image: pass size=(height, width).'
        )
    height, width = size
    return np.array([width, height, width, height], np.float64)


def _to_corners(boxes: NDArray[Any], source: str) -> NDArray[Any]:
    first, second = boxes[:, :2], boxes[:, 2:]
    if source == "xyxy":
        return boxes
    if source == "xywh":
        return np.hstack([first, first + second])
    return np.hstack([first - second / 2, first + second / 2])


def _from_corners(corners: NDArray[Any], target: str) -> NDArray[Any]:
    first, second = corners[:, :2], corners[:, 2:]
    if target == "xyxy":
        return corners
    if target == "xywh":
        return np.hstack([first, second - first])
    return np.hstack([(first + second) / 2, second - first])


def _check(corners: NDArray[Any], given: NDArray[Any], source: str) -> None:
    if source == "xyxy":
        return check_values(corners, lambda b: f"boxes[{b}]")
    wrong = ~np.isfinite(given).all(axis=1) | (given[:, 2:] < 0).any(axis=1)
    for b in np.flatnonzero(wrong)[:1]:
        raise ValueError(
            f"boxes[{b}] is {given[b].tolist()}; expected finite numbers, and a width and height "
            f"of 0 or more in {source!r}."
        )
