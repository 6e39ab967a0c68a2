"""Linear maps."""

# mypy: allow-redefinition
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdl import layers as L
from fastdl._rules import POSITIVE_INTEGER
from fastdl._tracing import differentiable
from fastdl.functional._arrays import (
    buffer,
    deliver,
    expect,
    expect_shape,
    floats,
    host_floats,
    wanted,
    zeros,
)
from fastdl.functional._layer import backward, forward


@differentiable
def dense(
    x: ArrayLike, w: ArrayLike, b: ArrayLike | None = None, *, out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Y = x w + b.

    Parameters
    ----------
    x : array-like of shape (n, in)
    w : array-like of shape (in, out)
    b : array-like of shape (out,), optional
    out : ndarray of shape (n, out), optional
        Written to and returned.

    Returns
    -------
    ndarray of shape (n, out)

    Raises
    ------
    ValueError
        If shapes do not fit.
    TypeError
        If an array does not hold real numbers.
    """
    x, w, b = floats("dense", x=x, w=w, b=b)
    layer = _layer(x, w, b)
    params = {"weight": w} if b is None else {"weight": w, "bias": b}
    return forward(layer, x, params, out)


@differentiable
def dense_backward(
    dy: ArrayLike,
    x: ArrayLike,
    w: ArrayLike,
    b: ArrayLike | None = None,
    *,
    needs: Sequence[bool] | None = None,
) -> tuple[NDArray[Any] | None, NDArray[Any] | None, NDArray[Any] | None]:
    """Gradients of `dense`: dx = dy w^T, dw = x^T dy, db = the sum of dy over the samples.

    Parameters
    ----------
    dy : array-like of shape (n, out)
    x, w, b
        As `dense` took them; b is not used.
    needs : sequence of 3 bool, optional
        Which of the gradients of x, w and b are wanted; the others are None.

    Returns
    -------
    dx, dw, db : ndarray of the shapes of x, w and b, or None
    """
    dy, x, w, b = floats("dense", dy=dy, x=x, w=w, b=b)
    b = zeros(w.shape[-1:], w) if b is None else b
    dx, dw, db = backward(
        _layer(x, w, b), dy, x, {"weight": w, "bias": b}, wanted("dense_backward", "x w b", needs)
    )
    return dx, dw, db


def _layer(x: NDArray[Any], w: NDArray[Any], b: NDArray[Any] | None) -> L.Layer:
    expect_shape("dense", "x", x, "(n, in)")
    expect_shape("dense", "w", w, "(in, out)")
    if w.shape[0] != x.shape[1]:
        raise ValueError(f"dense(): x has {x.shape[1]} features, but w has shape {w.shape}.")
    if b is not None and b.shape != w.shape[1:]:
        raise ValueError(f"dense(): b has shape {b.shape}; expected {w.shape[1:]}.")
    return L.Dense(w.shape[1], bias=b is not None, name="dense")


@differentiable
def maxout(x: ArrayLike, pieces: int, *, out: NDArray[Any] | None = None) -> NDArray[Any]:
    """The largest of each `pieces` neighbours along the last axis.

    The activation of Goodfellow et al., "Maxout networks", ICML 2013; ``maxout(dense(x, w, b), k)``
    is the layer.

    Parameters
    ----------
    x : array-like of shape (..., units * pieces)
        The pieces of a unit side by side.
    pieces : int
    out : ndarray of shape (..., units), optional

    Returns
    -------
    ndarray of shape (..., units)

    Raises
    ------
    ValueError
        If the last axis is not a multiple of `pieces`.
    """
    (x,) = host_floats("maxout", x=x)
    grouped = _grouped(x, pieces)
    y = buffer("maxout", out, grouped.shape[:-1], x)
    return deliver(np.max(grouped, axis=-1, out=y), out)


def maxout_backward(dy: ArrayLike, x: ArrayLike, pieces: int) -> NDArray[Any]:
    """Gradient of `maxout`: dy at the first of the largest pieces, 0 elsewhere."""
    dy, x = host_floats("maxout_backward", dy=dy, x=x)
    grouped = _grouped(x, pieces)
    if dy.shape != grouped.shape[:-1]:
        raise ValueError(
            f"maxout_backward(): dy has shape {dy.shape}; expected {grouped.shape[:-1]}."
        )
    dx = np.zeros_like(grouped)
    first = np.argmax(grouped, axis=-1)[..., None]
    np.put_along_axis(dx, first, dy[..., None], axis=-1)
    return dx.reshape(x.shape)


def _grouped(x: NDArray[Any], pieces: int) -> NDArray[Any]:
    """As (..., units, pieces)."""
    expect("maxout", "pieces", pieces, POSITIVE_INTEGER)
    if x.ndim == 0 or x.shape[-1] % pieces:
        raise ValueError(
            f"maxout(): x has shape {x.shape}; expected a last axis that is a multiple of "
            f"pieces={pieces}."
        )
    return x.reshape(*x.shape[:-1], x.shape[-1] // pieces, pieces)
