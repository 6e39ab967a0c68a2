"""Networks that make a map of cells of an image."""

from __future__ import annotations

from collections.abc import Sequence

from fastdl import layers as L
from fastdl._rules import unknown
from fastdl.layers import Layer


def small() -> list[Layer]:
    """A cell for 4x4 pixels, of features at strides of 4, 8 and 16.

    Down by strides, and up again beside what came from above (Ronneberger, Fischer and Brox,
    "U-Net", MICCAI 2015).
    """
    coarse = [*_convolution(128, stride=2), *_convolution(128), L.Upsample2D()]
    middle = [
        *_convolution(64, stride=2),
        *_convolution(64),
        L.Concat([[], coarse]),
        *_convolution(64),
        L.Upsample2D(),
    ]
    return [
        *_convolution(16, stride=2),
        *_convolution(32, stride=2),
        *_convolution(32),
        L.Concat([[], middle]),
        *_convolution(64),
    ]


def _convolution(filters: int, stride: int = 1) -> list[Layer]:
    convolution = L.Conv2D(filters, 3, stride=stride, padding="same", bias=False)
    return [convolution, L.BatchNorm(), L.Activation("relu")]


NETWORKS = {"small": small}


def layers_of(who: str, network: str | Sequence[Layer]) -> list[Layer]:
    """The layers before the output.

    Raises
    ------
    ValueError
        For an unknown name, no layers, and things that are none.
    """
    if isinstance(network, str):
        if network not in NETWORKS:
            raise ValueError(f"{who}: {unknown('network', network, NETWORKS)}")
        return NETWORKS[network]()
    if not network:
        raise ValueError(f"{who}: network={network!r}; expected at least one layer.")
    for i, layer in enumerate(network):
        if not isinstance(layer, Layer):
            raise ValueError(f"{who}: network[{i}]={layer!r}; expected a layer.")
    return list(network)
