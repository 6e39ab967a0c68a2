"""Pooling of images."""

# mypy: allow-redefinition
from __future__ import annotations

from typing import Any, Literal, overload

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from fastdl import layers as L
from fastdl._tracing import differentiable
from fastdl.functional._arrays import expect_shape, floats
from fastdl.functional._layer import backward_input, forward
from fastdl.functional._window import Padding, Pair, window


@overload
def max_pool2d(
    x: ArrayLike,
    size: Pair,
    stride: Pair | None = None,
    padding: Padding = 0,
    return_indices: Literal[False] = False,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]: ...
@overload
def max_pool2d(
    x: ArrayLike,
    size: Pair,
    stride: Pair | None = None,
    padding: Padding = 0,
    *,
    return_indices: Literal[True],
    out: NDArray[Any] | None = None,
) -> tuple[NDArray[Any], NDArray[np.int64]]: ...
@differentiable
def max_pool2d(
    x: ArrayLike,
    size: Pair,
    stride: Pair | None = None,
    padding: Padding = 0,
    return_indices: bool = False,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any] | tuple[NDArray[Any], NDArray[np.int64]]:
    """The largest value of each window, channel by channel; padding is never the largest.

    Parameters
    ----------
    x : array-like of shape (n, h, w, c)
    size : int or (int, int)
        Of the window.
    stride : int or (int, int), optional
        None: the size.
    padding : as in `conv2d`, default=0
    return_indices : bool, default=False
        Whether to say where the values come from.
    out : ndarray of shape (n, oh, ow, c), optional
        Written to and returned.

    Returns
    -------
    y : ndarray of shape (n, oh, ow, c)
    indices : ndarray of int64, of the same shape
        Only if asked for: row * w + column of each value in its image; of equal ones the first.
    """
    (x,) = floats("max_pool2d", x=x)
    expect_shape("max_pool2d", "x", x, "(n, h, w, c)")
    indices = _argmax(x, size, stride, padding) if return_indices else None
    y = forward(L.MaxPool2D(size, stride, padding, name="max_pool2d"), x, {}, out)
    return y if indices is None else (y, indices)


@differentiable
def max_pool2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    size: Pair,
    stride: Pair | None = None,
    padding: Padding = 0,
) -> NDArray[Any]:
    """Gradient of `max_pool2d`: dy where the largest value was, the first of equal ones."""
    return _backward("max_pool2d", L.MaxPool2D(size, stride, padding, name="max_pool2d"), dy, x)


def _argmax(
    x: NDArray[Any], size: Pair, stride: Pair | None, padding: Padding
) -> NDArray[np.int64]:
    h, w = x.shape[1:3]
    at = window("max_pool2d", (h, w), size, size if stride is None else stride, padding)
    top, bottom, left, right = at.padding
    padded = np.pad(x, [(0, 0), (top, bottom), (left, right), (0, 0)], constant_values=-np.inf)
    views = sliding_window_view(padded, at.size, axis=(1, 2))
    views = views[:, :: at.stride[0], :: at.stride[1]]  # (n, oh, ow, c, kh, kw)
    taken = np.argmax(views.reshape(*views.shape[:4], -1), axis=-1)
    first_row = np.arange(at.output[0])[:, None, None] * at.stride[0] - top
    first_column = np.arange(at.output[1])[:, None] * at.stride[1] - left
    rows, columns = taken // at.size[1] + first_row, taken % at.size[1] + first_column
    # Where all is -inf the padding may have come first.
    outside = (rows < 0) | (rows >= h) | (columns < 0) | (columns >= w)
    rows = np.where(outside, np.maximum(first_row, 0), rows)
    columns = np.where(outside, np.maximum(first_column, 0), columns)
    return rows * w + columns


@differentiable
def avg_pool2d(
    x: ArrayLike,
    size: Pair,
    stride: Pair | None = None,
    padding: Padding = 0,
    count_include_pad: bool = True,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """The mean of each window, channel by channel.

    Parameters
    ----------
    x : array-like of shape (n, h, w, c)
    size : int or (int, int)
        Of the window.
    stride : int or (int, int), optional
        None: the size.
    padding : as in `conv2d`, default=0
    count_include_pad : bool, default=True
        Whether the zeros of the padding count in the mean.
    out : ndarray of shape (n, oh, ow, c), optional
        Written to and returned.

    Returns
    -------
    ndarray of shape (n, oh, ow, c)
    """
    (x,) = floats("avg_pool2d", x=x)
    expect_shape("avg_pool2d", "x", x, "(n, h, w, c)")
    layer = L.AvgPool2D(size, stride, padding, count_include_pad, name="avg_pool2d")
    return forward(layer, x, {}, out)


@differentiable
def avg_pool2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    size: Pair,
    stride: Pair | None = None,
    padding: Padding = 0,
    count_include_pad: bool = True,
) -> NDArray[Any]:
    """Gradient of `avg_pool2d`: dy shared out over its window; of x only the shape is used."""
    layer = L.AvgPool2D(size, stride, padding, count_include_pad, name="avg_pool2d")
    return _backward("avg_pool2d", layer, dy, x)


@differentiable
def global_avg_pool2d(x: ArrayLike, *, out: NDArray[Any] | None = None) -> NDArray[Any]:
    """The mean of each channel: (n, h, w, c) to (n, c)."""
    (x,) = floats("global_avg_pool2d", x=x)
    expect_shape("global_avg_pool2d", "x", x, "(n, h, w, c)")
    return forward(L.GlobalAvgPool(name="global_avg_pool2d"), x, {}, out)


@differentiable
def global_avg_pool2d_backward(dy: ArrayLike, x: ArrayLike) -> NDArray[Any]:
    """Gradient of `global_avg_pool2d`; of x only the shape is used."""
    return _backward("global_avg_pool2d", L.GlobalAvgPool(name="global_avg_pool2d"), dy, x)


@differentiable
def global_max_pool2d(x: ArrayLike, *, out: NDArray[Any] | None = None) -> NDArray[Any]:
    """The largest value of each channel: (n, h, w, c) to (n, c)."""
    (x,) = floats("global_max_pool2d", x=x)
    expect_shape("global_max_pool2d", "x", x, "(n, h, w, c)")
    return forward(L.GlobalMaxPool(name="global_max_pool2d"), x, {}, out)


@differentiable
def global_max_pool2d_backward(dy: ArrayLike, x: ArrayLike) -> NDArray[Any]:
    """Gradient of `global_max_pool2d`: dy where the largest value was, the first of equal ones."""
    return _backward("global_max_pool2d", L.GlobalMaxPool(name="global_max_pool2d"), dy, x)


def _backward(who: str, layer: L.Layer, dy: ArrayLike, x: ArrayLike) -> NDArray[Any]:
    dy, x = floats(who, dy=dy, x=x)
    expect_shape(who, "x", x, "(n, h, w, c)")
    return backward_input(layer, dy, x)
