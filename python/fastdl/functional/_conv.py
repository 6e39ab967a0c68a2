"""Convolutions, and the patches they see."""

# mypy: allow-redefinition
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike, NDArray

from fastdl import _core
from fastdl import layers as L
from fastdl._tracing import differentiable
from fastdl.functional._arrays import (
    buffer,
    copied,
    deliver,
    expect_shape,
    floats,
    overlap,
    shape_of,
    wanted,
    zeros,
)
from fastdl.functional._device import queue_of
from fastdl.functional._layer import backward, forward
from fastdl.functional._window import Padding, Pair, window


@differentiable
def conv2d(
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    stride: Pair = 1,
    padding: Padding = "valid",
    dilation: Pair = 1,
    groups: int = 1,
    *,
    algorithm: str = "direct",
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Cross-correlation of images with kernels.

    ``y[n, i, j, f] = b[f] + sum_{u, v, c} x[n, i stride + u dilation - top, ..., c] w[u, v, c,
    f]``, zeros outside of the image.

    Parameters
    ----------
    x : array-like of shape (n, h, w, c)
    w : array-like of shape (kh, kw, c / groups, f)
    b : array-like of shape (f,), optional
    stride, dilation : int or (int, int), default=1
    padding : "valid", "same", int, (int, int) or ((int, int), (int, int)), default="valid"
        None; enough for ``oh = ceil(h / stride)``, the odd row at the bottom; or so many zeros at
        every side, (height, width), or ((top, bottom), (left, right)).
    groups : int, default=1
        Groups of channels that do not meet; as many as channels is a depthwise convolution.
    algorithm : {"direct", "winograd"}, default="direct"
        "direct" gives each output the products of its own inputs alone. "winograd", for 3x3 kernels
        with stride, dilation and groups of 1 in float32, is up to three times as fast; its error is
        relative to the largest value of a tile of 6x6 pixels, which an infinity or a NaN fills
        (Lavin and Gray 2016; docs/environment.md).
    out : ndarray of shape (n, oh, ow, f), optional
        Written to and returned.

    Returns
    -------
    ndarray of shape (n, oh, ow, f)

    Raises
    ------
    ValueError
        If shapes do not fit, or an argument is out of range.
    TypeError
        If an array does not hold real numbers.
    """
    x, w, b = floats("conv2d", x=x, w=w, b=b)
    layer = _layer(x, w, b, stride, padding, dilation, groups)
    params = {"weight": w} if b is None else {"weight": w, "bias": b}
    return forward(layer, x, params, out, algorithm=algorithm)


@differentiable
def conv2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    stride: Pair = 1,
    padding: Padding = "valid",
    dilation: Pair = 1,
    groups: int = 1,
    *,
    algorithm: str = "direct",
    needs: Sequence[bool] | None = None,
) -> tuple[NDArray[Any] | None, NDArray[Any] | None, NDArray[Any] | None]:
    """Gradients of `conv2d`.

    Parameters
    ----------
    dy : array-like of shape (n, oh, ow, f)
    x, w, b, stride, padding, dilation, groups, algorithm
        As `conv2d` took them; b is not used.
    needs : sequence of 3 bool, optional
        Which of the gradients of x, w and b are wanted; the others are None.

    Returns
    -------
    dx, dw, db : ndarray of the shapes of x, w and b, or None
    """
    dy, x, w, b = floats("conv2d", dy=dy, x=x, w=w, b=b)
    b = zeros(w.shape[-1:], w) if b is None else b
    layer = _layer(x, w, b, stride, padding, dilation, groups)
    params = {"weight": w, "bias": b}
    needed = wanted("conv2d_backward", "x w b", needs)
    dx, dw, db = backward(layer, dy, x, params, needed, algorithm=algorithm)
    return dx, dw, db


def _layer(
    x: NDArray[Any],
    w: NDArray[Any],
    b: NDArray[Any] | None,
    stride: Pair,
    padding: Padding,
    dilation: Pair,
    groups: int,
) -> L.Layer:
    expect_shape("conv2d", "x", x, "(n, h, w, c)")
    expect_shape("conv2d", "w", w, "(kh, kw, c / groups, f)")
    kh, kw, c, filters = w.shape
    if b is not None and b.shape != (filters,):
        raise ValueError(f"conv2d(): b has shape {b.shape}; expected {(filters,)}.")
    layer = L.Conv2D(
        filters, (kh, kw), stride, padding, dilation, groups, bias=b is not None, name="conv2d"
    )
    if isinstance(groups, int) and c * groups != x.shape[3]:
        raise ValueError(
            f"conv2d(): w has shape {w.shape}, for {c * groups} channels in groups={groups}, but x "
            f"has {x.shape[3]} channels."
        )
    return layer


@differentiable
def im2col(
    x: ArrayLike,
    size: Pair,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """The patches under a window as rows of a matrix.

    ``im2col(x, (kh, kw)) @ w.reshape(-1, f)`` is the convolution of x with w.

    Parameters
    ----------
    x : array-like of shape (n, h, w, c)
    size : int or (int, int)
        Of the window.
    stride, padding, dilation
        As in `conv2d`.
    out : ndarray of shape (n * oh * ow, kh * kw * c), optional
        Written to and returned.

    Returns
    -------
    ndarray of shape (n * oh * ow, kh * kw * c)
    """
    (x,) = floats("im2col", x=x)
    expect_shape("im2col", "x", x, "(n, h, w, c)")
    at = window("im2col", x.shape[1:], size, stride, padding, dilation)
    shape = (len(x) * at.output[0] * at.output[1], at.size[0] * at.size[1] * x.shape[3])
    cols = buffer("im2col", out, shape, x)
    if out is not None and overlap(x, cols):
        x = copied(x)
    _core.im2col(x, cols, at.size, at.stride, at.padding, at.dilation, queue_of(x))
    return deliver(cols, out)


@differentiable
def im2col_backward(
    dy: ArrayLike,
    x: ArrayLike,
    size: Pair,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
) -> NDArray[Any]:
    """Gradient of `im2col`: `col2im` of dy; of x only the shape is used."""
    return col2im(dy, shape_of("im2col", "x", x), size, stride, padding, dilation)


@differentiable
def col2im(
    cols: ArrayLike,
    x_shape: Sequence[int],
    size: Pair,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """The sum of patches, each at its place in the image: the adjoint of `im2col`.

    Parameters
    ----------
    cols : array-like of shape (n * oh * ow, kh * kw * c)
    x_shape : (n, h, w, c)
    size, stride, padding, dilation
        As in `im2col`.
    out : ndarray of shape (n, h, w, c), optional
        Written to and returned.

    Returns
    -------
    ndarray of shape (n, h, w, c)
    """
    (cols,) = floats("col2im", cols=cols)
    if len(x_shape) != 4:
        raise ValueError(f"col2im(): x_shape={tuple(x_shape)}; expected (n, h, w, c).")
    at = window("col2im", x_shape[1:], size, stride, padding, dilation)
    shape = (x_shape[0] * at.output[0] * at.output[1], at.size[0] * at.size[1] * x_shape[3])
    if cols.shape != shape:
        raise ValueError(f"col2im(): cols has shape {cols.shape}; expected {shape}.")
    x = buffer("col2im", out, x_shape, cols)
    if out is not None and overlap(x, cols):
        cols = copied(cols)
    _core.col2im(cols, x, at.size, at.stride, at.padding, at.dilation, queue_of(x))
    return deliver(x, out)


@differentiable
def col2im_backward(
    dy: ArrayLike,
    cols: ArrayLike,
    x_shape: Sequence[int],
    size: Pair,
    stride: Pair = 1,
    padding: Padding = 0,
    dilation: Pair = 1,
) -> NDArray[Any]:
    """Gradient of `col2im`: `im2col` of dy; cols and x_shape are not used."""
    return im2col(dy, size, stride, padding, dilation)
