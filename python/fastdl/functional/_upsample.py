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


@differentiable
def pixel_shuffle(x: ArrayLike, factor: int, *, out: NDArray[Any] | None = None) -> NDArray[Any]:
    """The channels of each pixel as a square of `factor` x `factor` pixels.

    Channel ``c factor^2 + i factor + j`` goes to row i and column j, the order of PyTorch and ONNX.
    Shi et al., "Real-time single image and video super-resolution", CVPR 2016, equation 4.

    Parameters
    ----------
    x : array-like of shape (n, h, w, c * factor^2)
    factor : int
    out : ndarray of shape (n, h * factor, w * factor, c), optional
        Written to and returned.

    Returns
    -------
    ndarray of shape (n, h * factor, w * factor, c)

    Raises
    ------
    ValueError
        If the channels are no multiple of ``factor^2``.
    """
    (x,) = floats("pixel_shuffle", x=x)
    expect_shape("pixel_shuffle", "x", x, "(n, h, w, c)")
    return forward(L.PixelShuffle(factor, name="pixel_shuffle"), x, {}, out)


@differentiable
def pixel_shuffle_backward(dy: ArrayLike, x: ArrayLike, factor: int) -> NDArray[Any]:
    """Gradient of `pixel_shuffle`: dy back in its channels; of x only the shape is used."""
    dy, x = floats("pixel_shuffle", dy=dy, x=x)
    expect_shape("pixel_shuffle", "x", x, "(n, h, w, c)")
    return backward_input(L.PixelShuffle(factor, name="pixel_shuffle"), dy, x)
