"""Convolution and pooling of sequences over time."""

# mypy: allow-redefinition
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdl import layers as L
from fastdl._tracing import differentiable
from fastdl.functional._arrays import counts, expect_shape, floats, wanted, zeros
from fastdl.functional._layer import backward, backward_input, forward


@differentiable
def conv1d(
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    stride: int = 1,
    padding: str = "valid",
    dilation: int = 1,
    groups: int = 1,
    lengths: ArrayLike | None = None,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Cross-correlation of sequences with kernels over time.

    ``y[n, t, f] = b[f] + sum_{u, c} x[n, t stride + u dilation - before, c] w[u, c, f]``, zeros
    outside of each sequence.

    Parameters
    ----------
    x : array-like of shape (n, T, c)
    w : array-like of shape (k, c / groups, f)
    b : array-like of shape (f,), optional
    stride, dilation : int, default=1
    padding : {"valid", "same", "causal"}, default="valid"
        Steps of zeros around each sequence: none; as many at either end, the odd one at the end; or
        all before the beginning.
    groups : int, default=1
        Groups of features that do not meet.
    lengths : array-like of int of shape (n,), optional
        How many steps of each sequence are real; the others are not read. None: all.
    out : ndarray of shape (n, out_T, f), optional
        Written to and returned.

    Returns
    -------
    ndarray of shape (n, out_T, f)
        Of T steps ``(T - dilation * (k - 1) - 1) // stride + 1`` are left with "valid", ``ceil(T /
        stride)`` with the other paddings; of a shorter sequence as many of its own length, and
        zeros after them.

    Raises
    ------
    ValueError
        If shapes do not fit, an argument is out of range, or a sequence is shorter than a kernel.
    TypeError
        If an array does not hold real numbers.
    """
    x, w, b = floats("conv1d", x=x, w=w, b=b)
    layer = _layer(x, w, b, stride, padding, dilation, groups)
    params = {"weight": w} if b is None else {"weight": w, "bias": b}
    return forward(layer, x, params, out, lengths=_steps("conv1d", x, lengths))


@differentiable
def conv1d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    stride: int = 1,
    padding: str = "valid",
    dilation: int = 1,
    groups: int = 1,
    lengths: ArrayLike | None = None,
    *,
    needs: Sequence[bool] | None = None,
) -> tuple[NDArray[Any] | None, NDArray[Any] | None, NDArray[Any] | None]:
    """Gradients of `conv1d`.

    Parameters
    ----------
    dy : array-like of shape (n, out_T, f)
        Steps past the end of a sequence are not read.
    x, w, b, stride, padding, dilation, groups, lengths
        As `conv1d` took them; b is not used.
    needs : sequence of 3 bool, optional
        Which of the gradients of x, w and b are wanted; the others are None.

    Returns
    -------
    dx, dw, db : ndarray of the shapes of x, w and b, or None
    """
    dy, x, w, b = floats("conv1d", dy=dy, x=x, w=w, b=b)
    b = zeros(w.shape[-1:], w) if b is None else b
    dx, dw, db = backward(
        _layer(x, w, b, stride, padding, dilation, groups),
        dy,
        x,
        {"weight": w, "bias": b},
        wanted("conv1d_backward", "x w b", needs),
        lengths=_steps("conv1d", x, lengths),
    )
    return dx, dw, db


def _layer(
    x: NDArray[Any],
    w: NDArray[Any],
    b: NDArray[Any] | None,
    stride: int,
    padding: str,
    dilation: int,
    groups: int,
) -> L.Layer:
    expect_shape("conv1d", "x", x, "(n, T, c)")
    expect_shape("conv1d", "w", w, "(k, c / groups, f)")
    size, c, filters = w.shape
    if b is not None and b.shape != (filters,):
        raise ValueError(f"conv1d(): b has shape {b.shape}; expected {(filters,)}.")
    if isinstance(groups, int) and c * groups != x.shape[2]:
        raise ValueError(
            f"conv1d(): w has shape {w.shape}, for {c * groups} features in groups={groups}, but x "
            f"has {x.shape[2]} features."
        )
    return L.Conv1D(
        filters, size, stride, padding, dilation, groups, bias=b is not None, name="conv1d"
    )


def _steps(who: str, x: NDArray[Any], lengths: ArrayLike | None) -> NDArray[np.int32] | None:
    """Lengths of the sequences of x; None says the same as all their steps."""
    return None if lengths is None else counts(who, lengths, len(x), x.shape[1], 0)


@differentiable
def max_pool1d(
    x: ArrayLike,
    size: int,
    stride: int | None = None,
    padding: str = "valid",
    lengths: ArrayLike | None = None,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """The largest value of each window over time, feature by feature.

    Parameters
    ----------
    x : array-like of shape (n, T, c)
    size : int
        Steps of the window.
    stride : int, optional
        None: the size.
    padding, lengths
        As in `conv1d`. Padding is never the largest.
    out : ndarray of shape (n, out_T, c), optional
        Written to and returned.

    Returns
    -------
    ndarray of shape (n, out_T, c)
        As many steps as `conv1d` gives, zeros past the end of a sequence.
    """
    layer = L.MaxPool1D(size, stride, padding, name="max_pool1d")
    return _pool("max_pool1d", layer, x, lengths, out)


@differentiable
def max_pool1d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    size: int,
    stride: int | None = None,
    padding: str = "valid",
    lengths: ArrayLike | None = None,
) -> NDArray[Any]:
    """Gradient of `max_pool1d`: dy where the largest value was, the first of equal ones."""
    layer = L.MaxPool1D(size, stride, padding, name="max_pool1d")
    return _pool_backward("max_pool1d", layer, dy, x, lengths)


@differentiable
def avg_pool1d(
    x: ArrayLike,
    size: int,
    stride: int | None = None,
    padding: str = "valid",
    lengths: ArrayLike | None = None,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """The mean of each window over time, of the steps that there are, feature by feature.

    Parameters
    ----------
    x : array-like of shape (n, T, c)
    size : int
        Steps of the window.
    stride : int, optional
        None: the size.
    padding, lengths
        As in `conv1d`. Padding does not count.
    out : ndarray of shape (n, out_T, c), optional
        Written to and returned.

    Returns
    -------
    ndarray of shape (n, out_T, c)
        As many steps as `conv1d` gives, zeros past the end of a sequence.
    """
    layer = L.AvgPool1D(size, stride, padding, name="avg_pool1d")
    return _pool("avg_pool1d", layer, x, lengths, out)


@differentiable
def avg_pool1d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    size: int,
    stride: int | None = None,
    padding: str = "valid",
    lengths: ArrayLike | None = None,
) -> NDArray[Any]:
    """Gradient of `avg_pool1d`: dy shared out over its window; of x only the shape is used."""
    layer = L.AvgPool1D(size, stride, padding, name="avg_pool1d")
    return _pool_backward("avg_pool1d", layer, dy, x, lengths)


def _pool(
    who: str, layer: L.Layer, x: ArrayLike, lengths: ArrayLike | None, out: NDArray[Any] | None
) -> NDArray[Any]:
    (x,) = floats(who, x=x)
    expect_shape(who, "x", x, "(n, T, c)")
    return forward(layer, x, {}, out, lengths=_steps(who, x, lengths))


def _pool_backward(
    who: str, layer: L.Layer, dy: ArrayLike, x: ArrayLike, lengths: ArrayLike | None
) -> NDArray[Any]:
    dy, x = floats(who, dy=dy, x=x)
    expect_shape(who, "x", x, "(n, T, c)")
    return backward_input(layer, dy, x, lengths=_steps(who, x, lengths))
