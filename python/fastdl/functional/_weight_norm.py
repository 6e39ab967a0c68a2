"""Weights by direction and length."""

# mypy: allow-redefinition
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdl._rules import is_integer
from fastdl._tracing import differentiable
from fastdl.functional._arrays import buffer, deliver, expect_same_shape, host_floats, wanted


@differentiable
def weight_norm(
    v: ArrayLike, g: ArrayLike, axis: int = -1, *, out: NDArray[Any] | None = None
) -> NDArray[Any]:
    """``w = g v / ||v||``, the norm over all axes but one.

    Salimans and Kingma, "Weight normalization", NIPS 2016, equation 2; see
    `fastdl.layers.WeightNorm`.

    Parameters
    ----------
    v : array-like
        Of any shape but ().
    g : array-like of shape (v.shape[axis],)
    axis : int, default=-1
        The axis of the outputs: the last one of dense and convolutional weights.
    out : ndarray of the shape of v, optional
        Written to and returned.

    Returns
    -------
    ndarray of the shape of v
        Zeros where v is all zeros.

    Raises
    ------
    ValueError
        If g has not one value for each output, or v has no such axis.
    """
    v, g = host_floats("weight_norm", v=v, g=g)
    scale, _, _ = _scale(v, g, axis)
    y = buffer("weight_norm", out, v.shape, v)
    return deliver(np.multiply(v, scale, out=y), out)


@differentiable
def weight_norm_backward(
    dy: ArrayLike,
    v: ArrayLike,
    g: ArrayLike,
    axis: int = -1,
    *,
    needs: Sequence[bool] | None = None,
) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
    """Gradients of `weight_norm`: dv and dg; None where `needs` says so.

    ``dg = sum(dy v) / ||v||`` and ``dv = g / ||v|| (dy - v dg / ||v||)``, equation 3.
    """
    dy, v, g = host_floats("weight_norm", dy=dy, v=v, g=g)
    expect_same_shape("weight_norm", "dy", dy, "v", v)
    scale, inverse, axes = _scale(v, g, axis)
    wants_v, wants_g = wanted("weight_norm_backward", "v g", needs)
    dg = np.sum(dy * v, axis=axes, keepdims=True) * inverse
    dv = scale * (dy - v * (dg * inverse)) if wants_v else None
    return dv, dg.reshape(g.shape) if wants_g else None


def _scale(
    v: NDArray[Any], g: NDArray[Any], axis: int
) -> tuple[NDArray[Any], NDArray[Any], tuple[int, ...]]:
    """``g / ||v||`` and ``1 / ||v||``, which go with v, and the axes of the norm."""
    if not is_integer(axis) or not -v.ndim <= axis < v.ndim:
        raise ValueError(f"weight_norm(): axis={axis!r}, but v has shape {v.shape}.")
    if g.shape != (v.shape[axis],):
        raise ValueError(
            f"weight_norm(): g has shape {g.shape}; expected {(v.shape[axis],)}, one value for "
            f"each output of v, whose shape is {v.shape}."
        )
    axes = tuple(i for i in range(v.ndim) if i != axis % v.ndim)
    norm = np.sqrt(np.sum(v * v, axis=axes, keepdims=True))
    inverse = np.divide(1, norm, out=np.zeros_like(norm), where=norm != 0)
    return g.reshape(norm.shape) * inverse, inverse, axes
