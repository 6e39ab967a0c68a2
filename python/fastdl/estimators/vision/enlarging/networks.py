"""The networks that enlarge images, by name."""

from __future__ import annotations

from collections.abc import Sequence

from fastdl import layers as L
from fastdl._rules import unknown
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


def layers_of(who: str, network: str | Sequence[Layer], scale: int) -> list[Layer]:
    """The layers of a name or a list, each with a name.

    Raises
    ------
    ValueError
        For an unknown name, and for layers that do not lead from an image to an image.
    """
    if isinstance(network, str):
        if network not in NAMES:
            raise ValueError(f"{who}: {unknown('network', network, NAMES)}")
        network = build(network, scale)
    if L.gives(network, "images") != "images":
        raise ValueError(
            f"{who}: the layers of network do not lead from an image to an "
            "image. Use convolutions, and nothing that makes rows."
        )
    return list(L.with_names(network))
