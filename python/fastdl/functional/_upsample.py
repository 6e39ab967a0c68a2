"""Images made larger."""

# mypy: allow-redefinition
from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

from fastdl import layers as L
from fastdl._tracing import differentiable
from fastdl.functional._arrays import expect_shape, floats
from fastdl.functional._layer import backward_input, forward
from fastdl.functional._window import Pair


@differentiable
def upsample2d(
    x: ArrayLike,
    factor: Pair,
    interpolation: str = "nearest",
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Images `factor` times as large, channel by channel.

    Parameters
    ----------
    x : array-like of shape (n, h, w, c)
    factor : int or (int, int)
        Of height and width.
    interpolation : {"nearest", "bilinear"}, default="nearest"
        Each pixel repeated; or blended from its neighbours by the distance of the centres.
    out : ndarray of shape (n, h * factor, w * factor, c), optional
        Written to and returned.

    Returns
    -------
    ndarray of shape (n, h * factor, w * factor, c)

    Raises
    ------
    ValueError
        If the shape does not fit, or an argument is out of range.
    """
    (x,) = floats("upsample2d", x=x)
    expect_shape("upsample2d", "x", x, "(n, h, w, c)")
    return forward(L.Upsample2D(factor, interpolation, name="upsample2d"), x, {}, out)


@differentiable
def upsample2d_backward(
    dy: ArrayLike, x: ArrayLike, factor: Pair, interpolation: str = "nearest"
) -> NDArray[Any]:
    """Gradient of `upsample2d`: dy added up where it came from; of x only the shape is used."""
    dy, x = floats("upsample2d", dy=dy, x=x)
    expect_shape("upsample2d", "x", x, "(n, h, w, c)")
    return backward_input(L.Upsample2D(factor, interpolation, name="upsample2d"), dy, x)
