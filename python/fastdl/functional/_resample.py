"""Images padded, cropped and resized."""

# mypy: allow-redefinition
from __future__ import annotations

from typing import Any

from numpy.typing import ArrayLike, NDArray

from fastdl import layers as L
from fastdl._tracing import differentiable
from fastdl.functional._arrays import expect_shape, floats
from fastdl.functional._layer import backward_input, forward
from fastdl.functional._window import Pair, Sides, frozen


@differentiable
def pad2d(
    x: ArrayLike,
    padding: Sides = 1,
    mode: str = "constant",
    value: float = 0.0,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Images with more around them, as ``numpy.pad`` gives it.

    Parameters
    ----------
    x : array-like of shape (n, h, w, c)
    padding : int, (int, int) or ((int, int), (int, int)), default=1
        Pixels on all sides; (height, width); or ((top, bottom), (left, right)).
    mode : {"constant", "reflect", "edge", "wrap"}, default="constant"
        What stands there: `value`; the mirror image, whose axis is the outermost pixel; that pixel;
        or the other end of the image.
    value : float, default=0.0
        Of "constant".
    out : ndarray of shape (n, top + h + bottom, left + w + right, c), optional
        Written to and returned.

    Returns
    -------
    ndarray of shape (n, top + h + bottom, left + w + right, c)

    Raises
    ------
    ValueError
        If the shape does not fit, or an argument is out of range.
    """
    layer = L.Pad2D(frozen(padding), mode, value, name="pad2d")
    return _moved("pad2d", layer, x, out)


@differentiable
def pad2d_backward(
    dy: ArrayLike, x: ArrayLike, padding: Sides = 1, mode: str = "constant", value: float = 0.0
) -> NDArray[Any]:
    """Gradient of `pad2d`: dy added up where it came from; of x only the shape is used."""
    return _back("pad2d", L.Pad2D(frozen(padding), mode, value, name="pad2d"), dy, x)


@differentiable
def crop2d(x: ArrayLike, cropping: Sides = 1, *, out: NDArray[Any] | None = None) -> NDArray[Any]:
    """Images without their outer rows and columns.

    Parameters
    ----------
    x : array-like of shape (n, h, w, c)
    cropping : int, (int, int) or ((int, int), (int, int)), default=1
        Pixels off all sides; (height, width); or ((top, bottom), (left, right)).
    out : ndarray of shape (n, h - top - bottom, w - left - right, c), optional
        Written to and returned.

    Returns
    -------
    ndarray of shape (n, h - top - bottom, w - left - right, c)

    Raises
    ------
    ValueError
        If the shape does not fit, or nothing would be left.
    """
    return _moved("crop2d", L.Crop2D(frozen(cropping), name="crop2d"), x, out)


@differentiable
def crop2d_backward(dy: ArrayLike, x: ArrayLike, cropping: Sides = 1) -> NDArray[Any]:
    """Gradient of `crop2d`: zeros around dy; of x only the shape is used."""
    return _back("crop2d", L.Crop2D(frozen(cropping), name="crop2d"), dy, x)


@differentiable
def resize2d(
    x: ArrayLike,
    size: Pair,
    interpolation: str = "bilinear",
    coordinates: str = "half_pixel",
    rounding: str = "round_prefer_floor",
    cubic: float = -0.75,
    exclude_outside: bool = False,
    antialias: bool = False,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Images in another size, channel by channel, as ONNX's Resize has it.

    Output i of an axis lies at ``(i + 1/2) / scale - 1/2`` of the input, ``scale = output /
    input``. `upsample2d` is quicker where whole numbers of pixels are made of one.

    Parameters
    ----------
    x : array-like of shape (n, h, w, c)
    size : int or (int, int)
        Height and width of the result.
    interpolation : {"bilinear", "nearest", "bicubic"}, default="bilinear"
        Between 2, 1 or 4 pixels along each axis; bicubic is Keys' convolution (1981).
    coordinates : {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners", \
"asymmetric"}, default="half_pixel"
        Where outputs lie. "align_corners": ``i (input - 1) / (output - 1)``; "asymmetric":
        ``i / scale``; the other two differ from "half_pixel" in outputs of one pixel.
    rounding : {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}
        Which pixel is the nearest; "round_prefer_floor" by default.
    cubic : float, default=-0.75
        The slope of bicubic's kernel at 1.
    exclude_outside : bool, default=False
        Pixels beyond the image have no weight; else they are as the outermost.
    antialias : bool, default=False
        Where the image becomes smaller, more pixels are averaged; not with "nearest".
    out : ndarray of shape (n, size[0], size[1], c), optional
        Written to and returned.

    Returns
    -------
    ndarray of shape (n, size[0], size[1], c)

    Raises
    ------
    ValueError
        If the shape does not fit, or an argument is out of range.
    """
    words = (interpolation, coordinates, rounding, cubic, exclude_outside, antialias)
    return _moved("resize2d", L.Resize2D(frozen(size), *words, name="resize2d"), x, out)


@differentiable
def resize2d_backward(
    dy: ArrayLike,
    x: ArrayLike,
    size: Pair,
    interpolation: str = "bilinear",
    coordinates: str = "half_pixel",
    rounding: str = "round_prefer_floor",
    cubic: float = -0.75,
    exclude_outside: bool = False,
    antialias: bool = False,
) -> NDArray[Any]:
    """Gradient of `resize2d`: dy by the weights of its pixels; of x only the shape is used."""
    words = (interpolation, coordinates, rounding, cubic, exclude_outside, antialias)
    return _back("resize2d", L.Resize2D(frozen(size), *words, name="resize2d"), dy, x)


def _moved(who: str, layer: L.Layer, x: ArrayLike, out: NDArray[Any] | None) -> NDArray[Any]:
    (x,) = floats(who, x=x)
    expect_shape(who, "x", x, "(n, h, w, c)")
    return forward(layer, x, {}, out)


def _back(who: str, layer: L.Layer, dy: ArrayLike, x: ArrayLike) -> NDArray[Any]:
    dy, x = floats(who, dy=dy, x=x)
    expect_shape(who, "x", x, "(n, h, w, c)")
    return backward_input(layer, dy, x)
