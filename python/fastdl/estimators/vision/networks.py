"""The networks that enlarge images, by name."""

from __future__ import annotations

from fastdl import layers as L
from fastdl.layers import Layer

NAMES = ("srcnn-9-1-5", "srcnn-9-5-5", "espcn")


def build(name: str, scale: int) -> list[Layer]:
    """The layers of one of `NAMES`, without zeros around the image: see `Geometry`."""
    if name == "espcn":
        return [
            L.Conv2D(64, 5, name="conv1"),
            L.Activation("tanh"),
            L.Conv2D(32, 3, name="conv2"),
            L.Activation("tanh"),
            L.Conv2D(scale**2, 3, name="conv3"),
            L.PixelShuffle(scale),
        ]
    first, second, third = map(int, name.split("-")[1:])
    return [
        L.Conv2D(64, first, name="conv1"),
        L.Activation("relu"),
        L.Conv2D(32, second, name="conv2"),
        L.Activation("relu"),
        L.Conv2D(1, third, name="conv3"),
    ]
