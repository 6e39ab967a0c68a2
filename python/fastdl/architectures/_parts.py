"""What the networks share: the size of images, and their usual groups of layers."""

from __future__ import annotations

from collections.abc import Sequence

from fastdl import layers as L
from fastdl._rules import INPUT_SHAPE
from fastdl.layers import Layer

SMALL = 64  # up to this height or width, an image is a small one

# Height and width of the smallest image that a network takes: of smaller ones nothing, or less than
# a 3x3 kernel, would be left on the way.
SMALLEST = {
    "lenet5": 12,
    "alexnet": 15,
    **dict.fromkeys(("vgg11", "vgg13", "vgg16", "vgg19"), 3),
    "nin": 7,
    "googlenet": 9,
    **dict.fromkeys(("resnet20", "resnet32", "resnet44", "resnet56", "resnet110"), 3),
    **dict.fromkeys(("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"), 5),
}
_FOR_SMALL_IMAGES = "resnet20"


def smaller_side(name: str, input_shape: Sequence[int]) -> int:
    """Height or width of an image, whichever is smaller.

    Raises
    ------
    ValueError
        If `input_shape` is not that of an image, or less than the network of this name takes.
    """
    shape = tuple(input_shape)
    if len(shape) != 3 or not INPUT_SHAPE.accepts(shape):
        raise ValueError(
            f"input_shape={input_shape!r}; expected (height, width, channels), positive integers."
        )
    height, width, _ = shape
    pixels, least, other = min(height, width), SMALLEST[name], SMALLEST[_FOR_SMALL_IMAGES]
    if pixels >= least:
        return pixels
    way_out = f"{_FOR_SMALL_IMAGES!r} takes images from {other}x{other} on."
    if pixels < other:
        way_out = "So small ones need layers of your own."
    raise ValueError(
        f"architecture {name!r} needs images of at least {least}x{least}, but X has "
        f"{height}x{width}. {way_out}"
    )


def conv(
    filters: int, size: int, *, stride: int = 1, padding: str | int = "same", groups: int = 1
) -> list[Layer]:
    """A convolution and relu."""
    layer = L.Conv2D(filters, size, stride=stride, padding=padding, groups=groups)
    return [layer, L.Activation("relu")]


def conv_norm(filters: int, size: int, stride: int = 1) -> list[Layer]:
    """A convolution without biases and batch normalisation."""
    layer = L.Conv2D(filters, size, stride=stride, padding=size // 2, bias=False)
    return [layer, L.BatchNorm()]


def dense(units: int) -> list[Layer]:
    """A dense layer and relu."""
    return [L.Dense(units), L.Activation("relu")]


def dense_layers(pixels: int) -> list[Layer]:
    """The two of AlexNet and VGG, dropout before each as in Krizhevsky et al., section 4.2."""
    units = 512 if pixels <= SMALL else 4096
    return [L.Flatten(), L.Dropout(0.5), *dense(units), L.Dropout(0.5), *dense(units)]
