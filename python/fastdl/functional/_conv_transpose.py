"""Transposed convolutions: the way back of `conv2d`."""

# mypy: allow-redefinition
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike, NDArray

from fastdl import layers as L
from fastdl._tracing import differentiable
from fastdl.functional._arrays import expect_shape, floats, wanted, zeros
from fastdl.functional._layer import backward, forward
from fastdl.functional._window import Padding, Pair


@differentiable
def conv2d_transpose(
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    stride: Pair = 1,
    padding: Padding = "valid",
    output_padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
    *,
    algorithm: str = "direct",
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Transposed convolution: the gradient that `conv2d` with these weights gives its input.

    ``y[n, i stride + u dilation - top, ..., f] += x[n, i, ..., c] w[u, ..., f, c]``, then + b[f].

    Parameters
    ----------
    x : array-like of shape (n, h, w, c)
    w : array-like of shape (kh, kw, f / groups, c)
        As `conv2d` from f to c channels has it.
    b : array-like of shape (f,), optional
    stride, dilation : int or (int, int), default=1
    padding : "valid", "same", int, (int, int) or ((int, int), (int, int)), default="valid"
        Rows and columns cut off y: none; enough for ``oh = h * stride``; or so many, as in
        `fastdl.layers.Conv2DTranspose`.
    output_padding : int or (int, int), default=0
        Rows and columns more at the bottom and the right, less than stride.
    groups : int, default=1
        Groups of channels that do not meet.
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
        With ``oh = (h - 1) stride + dilation (kh - 1) + 1 - top - bottom + output_padding``.

    Raises
    ------
    ValueError
        If shapes do not fit, or an argument is out of range.
    TypeError
        If an array does not hold real numbers.
    """
    x, w, b = floats("conv2d_transpose", x=x, w=w, b=b)
    layer = _layer(x, w, b, stride, padding, output_padding, dilation, groups)
    params = {"weight": w} if b is None else {"weight": w, "bias": b}
    return forward(layer, x, params, out, algorithm=algorithm)


@differentiable
def conv2d_transpose_backward(
    dy: ArrayLike,
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    stride: Pair = 1,
    padding: Padding = "valid",
    output_padding: Pair = 0,
    dilation: Pair = 1,
    groups: int = 1,
    *,
    algorithm: str = "direct",
    needs: Sequence[bool] | None = None,
) -> tuple[NDArray[Any] | None, NDArray[Any] | None, NDArray[Any] | None]:
    """Gradients of `conv2d_transpose`.

    Parameters
    ----------
    dy : array-like of shape (n, oh, ow, f)
    x, w, b, stride, padding, output_padding, dilation, groups, algorithm
        As `conv2d_transpose` took them; b is not used.
    needs : sequence of 3 bool, optional
        Which of the gradients of x, w and b are wanted; the others are None.

    Returns
    -------
    dx, dw, db : ndarray of the shapes of x, w and b, or None
    """
    dy, x, w, b = floats("conv2d_transpose", dy=dy, x=x, w=w, b=b)
    if b is None and w.ndim == 4:
        b = zeros((w.shape[2] * groups,), w)
    layer = _layer(x, w, b, stride, padding, output_padding, dilation, groups)
    params = {"weight": w, "bias": b}
    needed = wanted("conv2d_transpose_backward", "x w b", needs)
    dx, dw, db = backward(layer, dy, x, params, needed, algorithm=algorithm)
    return dx, dw, db


def _layer(
    x: NDArray[Any],
    w: NDArray[Any],
    b: NDArray[Any] | None,
    stride: Pair,
    padding: Padding,
    output_padding: Pair,
    dilation: Pair,
    groups: int,
) -> L.Layer:
    who = "conv2d_transpose"
    expect_shape(who, "x", x, "(n, h, w, c)")
    expect_shape(who, "w", w, "(kh, kw, f / groups, c)")
    kh, kw, filters, c = w.shape
    filters *= groups
    if c != x.shape[3]:
        raise ValueError(
            f"{who}(): w has shape {w.shape}, for {c} channels, but x has {x.shape[3]} channels."
        )
    if b is not None and b.shape != (filters,):
        raise ValueError(f"{who}(): b has shape {b.shape}; expected {(filters,)}.")
    return L.Conv2DTranspose(
        filters,
        (kh, kw),
        stride,
        padding,
        output_padding,
        dilation,
        groups,
        bias=b is not None,
        name=who,
    )
