"""Well-known networks as lists of layers, without the output layer, which comes from y.

They are what ``CNNClassifier(architecture="resnet20")`` stands for; as lists they go into
`NetClassifier` and `NetRegressor`, whole, in part or changed. They fit themselves to the image:
where a paper speaks of 224 pixels and the image is a small one, the first strides and poolings are
left out, and the dense layers are smaller. Each function says by which rules, and from which size
on it takes images.

Examples
--------
>>> from fastdl import NetClassifier, architectures
>>> from fastdl import layers as L
>>> start = architectures.resnet20((32, 32, 3))[:-1]  # without the pooling at the end
>>> net = NetClassifier([*start, L.Conv2D(32, 1), L.Flatten()])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fastdl._rules import unknown
from fastdl.architectures._googlenet import googlenet
from fastdl.architectures._plain import alexnet, lenet5, nin, vgg11, vgg13, vgg16, vgg19
from fastdl.architectures._resnet import (
    resnet18,
    resnet20,
    resnet32,
    resnet34,
    resnet44,
    resnet50,
    resnet56,
    resnet101,
    resnet110,
    resnet152,
)
from fastdl.layers import Layer

_FUNCTIONS: tuple[Callable[[Sequence[int]], list[Layer]], ...] = (
    *(lenet5, alexnet, vgg11, vgg13, vgg16, vgg19, nin, googlenet),
    *(resnet20, resnet32, resnet44, resnet56, resnet110),
    *(resnet18, resnet34, resnet50, resnet101, resnet152),
)
_BUILDERS = {function.__name__: function for function in _FUNCTIONS}
NAMES = tuple(_BUILDERS)

__all__ = [
    "NAMES",
    "alexnet",
    "build",
    "googlenet",
    "lenet5",
    "nin",
    "resnet18",
    "resnet20",
    "resnet32",
    "resnet34",
    "resnet44",
    "resnet50",
    "resnet56",
    "resnet101",
    "resnet110",
    "resnet152",
    "vgg11",
    "vgg13",
    "vgg16",
    "vgg19",
]


def build(name: str, input_shape: Sequence[int]) -> list[Layer]:
    """The layers of a network by its name.

    Parameters
    ----------
    name : str
        One of `NAMES`.
    input_shape : (int, int, int)
        Height, width and channels of an image.

    Returns
    -------
    list of layers

    Raises
    ------
    ValueError
        For an unknown name, or an image that is too small for the network.
    """
    if name not in _BUILDERS:
        raise ValueError(unknown("architecture", name, NAMES))
    return _BUILDERS[name](input_shape)


def __dir__() -> list[str]:
    return sorted(__all__)
