"""Images changed at random, with the boxes in them and what their pixels show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdl import _core
from fastdl import layers as L
from fastdl._rules import SEED, integer
from fastdl.functional._arrays import buffer, deliver, expect, floats
from fastdl.functional._device import refuse
from fastdl.functional._layer import named_as_function

_EPOCH = integer("an integer from 0 to 2**32 - 1", 0, 2**32 - 1)
_LEAST_PART = 0.25  # of the area of a box


def augment(
    x: ArrayLike,
    *,
    seed: int = 0,
    epoch: int = 0,
    boxes: Sequence[ArrayLike] | None = None,
    targets: ArrayLike | None = None,
    return_draws: bool = False,
    out: NDArray[Any] | None = None,
    **options: Any,
) -> Any:
    """What `fastdl.layers.Augment` does to images in training, by the same code.

    The draws of image i are a function of `seed`, `epoch` and i. All images together are the
    epoch's samples, of which `mixup` takes a partner for each; the targets are the caller's to mix,
    ``w y + (1 - w) y[partner]`` with "weight" and "partner" of the draws.

    Parameters
    ----------
    x : array-like of shape (n, h, w, c) or (n, h, w)
        uint8, float32 or float64; other numbers are taken as float64.
    seed : int, default=0
    epoch : int, default=0
    boxes : list of n array-likes of shape (k, 4), optional
        x1, y1, x2, y2 in pixels, from the upper left corner of an image to its width and height.
        They move along: the smallest upright box around the moved corners, cut off at the border,
        and dropped if less than a quarter of its area is left.
    targets : array-like of shape (n, h, w) or (n, h, w, k), optional
        What every pixel is to show, as y of `fastdl.NetClassifier` and `fastdl.NetRegressor`, but
        of the size of x only. They move along and nothing else happens to them. Floats are
        interpolated between the pixels that count, those that are not NaN; all else is taken for
        labels, of the nearest pixel.
    return_draws : bool, default=False
        Whether to return what was drawn, too.
    out : ndarray of the result's shape and dtype, optional
        Written to and returned.
    **options
        As of `fastdl.layers.Augment`.

    Returns
    -------
    x : ndarray of the dtype of x
        uint8 is rounded; with `crop`, of that height and width.
    boxes : list of n ndarrays of shape (k, 4), float64
        If `boxes` are given.
    targets : ndarray
        If `targets` are given: of their dtype, or one with a sign. What comes from outside of the
        image is NaN, -1 among integers and None among objects: a fit then knows that the pixel does
        not count. Give 0 and 1 as objects: -1, 0 and 1 might be three classes.
    draws : dict of ndarray
        If `return_draws`: "map" (n, 2, 3), of which row and column of x a pixel's value is,
        ``map @ (row, column, 1)``; the factors "brightness", "contrast" and "saturation", the turns
        of "hue" and the "weight" of the image in the mix with its "partner", (n,); "cutout" (n, 4),
        first row and the one past the last, likewise of columns; and with boxes "kept", a list of
        masks (k,).

    Raises
    ------
    TypeError
        For an option that `Augment` does not have.
    ValueError
        For one out of range, and for shapes that do not fit.
    """
    with named_as_function():
        try:
            layer = L.Augment(**options, name="augment")
        except TypeError as error:
            text = str(error).replace("Augment has no parameter", "augment() has no option")
            raise TypeError(text) from None
        plain = L.to_dict([layer])
    seed, epoch = expect("augment", "seed", seed, SEED), expect("augment", "epoch", epoch, _EPOCH)
    images, is_grey = _images(x)
    given = None if boxes is None else _checked(boxes, len(images), layer)
    shown = None if targets is None else _Shown.of(targets, images.shape[:3])
    dtype = "float64" if images.dtype == np.float64 else "float32"
    with named_as_function():
        y, found = _core.augment(
            plain,
            images,
            seed=seed,
            epoch=epoch,
            dtype=dtype,
            targets=None if shown is None else shown.core,
            weights=None if shown is None else shown.counts,
        )
    y, drawn = y[..., 0] if is_grey else y, dict[str, Any](found)
    if images.dtype == np.uint8:
        y = np.rint(y).astype(np.uint8)
    buffer("augment", out, y.shape, y)  # raises
    result: list[Any] = [deliver(y, out)]
    if given is not None:
        size = layer.output_shape(images.shape[1:])[:2]
        moved = [moved_boxes(b, at, size) for b, at in zip(given, drawn["map"], strict=True)]
        result.append([there for there, _ in moved])
        drawn["kept"] = [kept for _, kept in moved]
    if shown is not None:
        result.append(shown.moved(*drawn.pop("targets")))
    if return_draws:
        result.append(drawn)
    return result[0] if len(result) == 1 else tuple(result)


def _images(x: ArrayLike) -> tuple[NDArray[Any], bool]:
    """Images (n, h, w, c) as the core takes them, and whether the channel was left out."""
    refuse("augment", x=x)
    images = np.asarray(x)
    if images.dtype == np.uint8:
        images = np.ascontiguousarray(images)
    else:
        (images,) = floats("augment", x=images)
    if images.ndim not in (3, 4) or 0 in images.shape[1:]:
        raise ValueError(
            f"augment(): x has shape {images.shape}; expected images (n, height, width, channels) "
            "or (n, height, width)."
        )
    return (images, False) if images.ndim == 4 else (images[..., np.newaxis], True)


class _Shown(NamedTuple):
    """What pixels show, as the core moves it: numbers, or of labels the places."""

    given: NDArray[Any]  # (n, h, w) or (n, h, w, k)
    core: NDArray[Any]
    counts: NDArray[Any]

    @classmethod
    def of(cls, targets: ArrayLike, shape: tuple[int, ...]) -> Self:
        given = np.asarray(targets)
        if given.shape[:3] != shape or given.ndim not in (3, 4) or given.size == 0 < np.prod(shape):
            raise ValueError(
                f"augment(): targets has shape {given.shape}; expected {shape}, one for every "
                f"pixel, or {str(shape)[:-1]}, k)."
            )
        if given.dtype.kind != "f":
            places = np.arange(shape[1] * shape[2], dtype=np.int32).reshape(shape[1:])
            return cls(given, np.broadcast_to(places, shape).copy(), np.ones(shape, np.float32))
        (numbers,) = floats("augment", targets=given if given.ndim == 4 else given[..., np.newaxis])
        return cls(given, numbers, (~np.isnan(numbers).all(axis=3)).astype(numbers.dtype))

    def moved(self, found: NDArray[Any], weights: NDArray[Any]) -> NDArray[Any]:
        """What they are where they came to."""
        outside = weights == 0
        if self.given.dtype.kind == "f":
            found[outside] = np.nan
            numbers = found.astype(self.given.dtype, copy=False)
            return numbers if self.given.ndim == 4 else numbers[..., 0]
        n, h, w, *outputs = self.given.shape
        labels = self.given.reshape(n, h * w, *outputs)
        labels = labels[np.arange(n)[:, np.newaxis, np.newaxis], found]
        if not outside.any():
            return labels
        if labels.dtype.kind in "biu":
            signed = np.result_type(labels.dtype, np.int8)
            labels = labels.astype(signed if signed.kind == "i" else np.int64, copy=False)
            labels[outside] = -1
        else:
            labels = labels.astype(object, copy=False)
            labels[outside] = None
        return labels


def _checked(boxes: Sequence[ArrayLike], n: int, layer: L.Augment) -> list[NDArray[np.float64]]:
    if layer.mixup != 0:
        raise ValueError(
            "augment(): boxes belong to one image, and mixup makes one of two. Leave mixup out."
        )
    if len(boxes) != n:
        raise ValueError(
            f"augment(): boxes has {len(boxes)} entries; expected {n}, an array (k, 4) for each "
            "image."
        )
    return [_of_one(i, of_one) for i, of_one in enumerate(boxes)]


def _of_one(i: int, boxes: ArrayLike) -> NDArray[np.float64]:
    found = np.asarray(boxes, np.float64)
    if found.size == 0:
        return np.zeros((0, 4))
    if found.ndim != 2 or found.shape[1] != 4:
        raise ValueError(f"augment(): boxes[{i}] has shape {found.shape}; expected (k, 4).")
    if not np.isfinite(found).all() or (found[:, :2] > found[:, 2:]).any():
        raise ValueError(
            f"augment(): boxes[{i}] holds a box that is none; expected x1, y1, x2, y2 with "
            "x1 <= x2 and y1 <= y2."
        )
    return found


def moved_boxes(
    boxes: NDArray[np.float64], draw: NDArray[np.float64], size: tuple[int, ...]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The boxes of an image where its pixels went, and which of them are kept.

    The map leads from indices of pixels that come out to those of x; the centre of pixel k is at
    k + 0.5.
    """
    corners = boxes[:, [[1, 0], [1, 2], [3, 0], [3, 2]]]  # (k, 4, 2), rows and columns
    there = (corners - 0.5 - draw[:, 2]) @ np.linalg.inv(draw[:, :2]).T + 0.5
    hull = np.hstack([there.min(axis=1)[:, ::-1], there.max(axis=1)[:, ::-1]])
    cut = hull.clip(0, [size[1], size[0]] * 2)
    area = _area(cut)
    kept = (area > 0) & (area >= _LEAST_PART * _area(hull))
    return cut[kept], kept


def _area(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    width, height = (boxes[:, 2:] - boxes[:, :2]).T
    return np.asarray(width * height)
