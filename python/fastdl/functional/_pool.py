"""Pooling of images."""

# mypy: allow-redefinition
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, overload

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import ArrayLike, NDArray

from fastdl import layers as L
from fastdl._rules import SEED
from fastdl._tracing import differentiable
from fastdl.functional._arrays import buffer, deliver, expect, expect_shape, floats
from fastdl.functional._device import refuse
from fastdl.functional._layer import backward_input, forward, forward_training
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
    if return_indices:
        refuse("max_pool2d", " with return_indices", x=x)
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


@differentiable
def stochastic_pool2d(
    x: ArrayLike,
    size: Pair,
    stride: Pair | None = None,
    seed: int = 0,
    training: bool = True,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """A value of each window and channel, drawn in proportion to itself.

    Zeiler and Fergus, "Stochastic pooling for regularization of deep convolutional neural
    networks", ICLR 2013; see `fastdl.layers.StochasticPool2D`. Negative values count as 0.

    Parameters
    ----------
    x : array-like of shape (n, h, w, c)
    size : int or (int, int)
        Of the window.
    stride : int or (int, int), optional
        None: the size.
    seed : int, default=0
        The same seed draws the same values.
    training : bool, default=True
        False gives the mean of the draws, ``sum x_i^2 / sum x_i``.
    out : ndarray of shape (n, oh, ow, c), optional
        Written to and returned.

    Returns
    -------
    ndarray of shape (n, oh, ow, c)
    """
    (x,) = floats("stochastic_pool2d", x=x)
    expect_shape("stochastic_pool2d", "x", x, "(n, h, w, c)")
    layer = L.StochasticPool2D(size, stride, name="stochastic_pool2d")
    seed = expect("stochastic_pool2d", "seed", seed, SEED)
    if not training or not len(x):
        return forward(layer, x, {}, out)
    y, _ = forward_training(layer, x, {}, seed=seed)
    if out is not None:
        buffer("stochastic_pool2d", out, y.shape, y)  # raises
    return deliver(y, out)


@differentiable
def stochastic_pool2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    size: Pair,
    stride: Pair | None = None,
    seed: int = 0,
    training: bool = True,
) -> NDArray[Any]:
    """Gradient of `stochastic_pool2d` with the same seed: dy where the value came from.

    Without training ``dy (2 x_i - y) / sum_j x_j``, where x_i is above 0.
    """
    dy, x = floats("stochastic_pool2d", dy=dy, x=x)
    expect_shape("stochastic_pool2d", "x", x, "(n, h, w, c)")
    layer = L.StochasticPool2D(size, stride, name="stochastic_pool2d")
    seed = expect("stochastic_pool2d", "seed", seed, SEED)
    return backward_input(layer, dy, x, seed=seed, training=training)


@differentiable
def spatial_pyramid_pool2d(
    x: ArrayLike,
    levels: Sequence[int] = (1, 2, 4),
    mode: str = "max",
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """The largest value, or the mean, of l x l bins for each level l: rows of one size.

    He et al., "Spatial pyramid pooling in deep convolutional networks for visual recognition", ECCV
    2014; see `fastdl.layers.SpatialPyramidPool`.

    Parameters
    ----------
    x : array-like of shape (n, h, w, c)
    levels : sequence of int, default=(1, 2, 4)
        Bin i of level l goes from ``floor(i h / l)`` to ``ceil((i + 1) h / l)``.
    mode : {"max", "avg"}, default="max"
    out : ndarray of shape (n, c * the sum of l^2), optional
        Written to and returned.

    Returns
    -------
    ndarray of shape (n, c * the sum of l^2)
        Level after level, row after row, column after column, channels side by side.
    """
    (x,) = floats("spatial_pyramid_pool2d", x=x)
    expect_shape("spatial_pyramid_pool2d", "x", x, "(n, h, w, c)")
    return forward(_pyramid(levels, mode), x, {}, out)


@differentiable
def spatial_pyramid_pool2d_backward(
    dy: ArrayLike, x: ArrayLike, levels: Sequence[int] = (1, 2, 4), mode: str = "max"
) -> NDArray[Any]:
    """Gradient of `spatial_pyramid_pool2d`: dy at the first of the largest, or shared out."""
    return _backward("spatial_pyramid_pool2d", _pyramid(levels, mode), dy, x)


def _pyramid(levels: Sequence[int], mode: str) -> L.Layer:
    return L.SpatialPyramidPool(tuple(levels), mode, name="spatial_pyramid_pool2d")
