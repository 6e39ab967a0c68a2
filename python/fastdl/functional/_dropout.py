"""Dropout."""

# mypy: allow-redefinition
from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

from fastdl import layers as L
from fastdl._rules import SEED
from fastdl._tracing import differentiable
from fastdl.functional._arrays import buffer, deliver, expect, expect_same_shape, floats
from fastdl.functional._layer import forward_training


@differentiable
def dropout(
    x: ArrayLike,
    rate: float,
    seed: int,
    training: bool = True,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Sets elements to 0 with probability `rate` and divides the others by ``1 - rate``.

    Inverted dropout; see `fastdl.layers.Dropout`.

    Parameters
    ----------
    x : array-like
        Of any shape.
    rate : float
        From 0 to below 1.
    seed : int
        At least 0. The same seed drops the same elements of an array of the same size.
    training : bool, default=True
        False gives x.
    out : ndarray of the shape of x, optional
        Written to and returned.

    Returns
    -------
    ndarray of the shape of x
    """
    (x,) = floats("dropout", x=x)
    if out is not None:
        buffer("dropout", out, x.shape, x)  # raises
    layer, seed = L.Dropout(rate, name="dropout"), expect("dropout", "seed", seed, SEED)
    rows = x.reshape(-1, max(1, x.size))
    y, _ = forward_training(layer, rows, {}, seed=seed, training=training)
    return deliver(y.reshape(x.shape), out)


@differentiable
def dropout_backward(
    dy: ArrayLike, x: ArrayLike, rate: float, seed: int, training: bool = True
) -> NDArray[Any]:
    """Gradient of `dropout` with the same seed: dy times the same factors."""
    dy, x = floats("dropout", dy=dy, x=x)
    expect_same_shape("dropout", "dy", dy, "x", x)
    return dropout(dy, rate, seed, training)
