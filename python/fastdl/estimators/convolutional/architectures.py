"""Well-known networks as lists of layers, without the output layer, which comes from y.

They fit themselves to the image: where a paper speaks of 224 pixels and the image is a small one,
the first strides and poolings are left out, and the dense layers are smaller.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

from fastdl import layers as L
from fastdl._rules import unknown
from fastdl.layers import Layer

_SMALL = 64  # up to this height or width, an image is a small one


def build(architecture: str, input_shape: Sequence[int]) -> list[Layer]:
    """The layers of a network by its name.

    Parameters
    ----------
    architecture : str
        One of `NAMES`.
    input_shape : (int, int, int)
        Height, width and channels of an image.

    Returns
    -------
    list of layers

    Raises
    ------
    ValueError
        For an unknown name.
    """
    if architecture not in _BUILDERS:
        raise ValueError(unknown("architecture", architecture, NAMES))
    height, width, _ = input_shape
    return _BUILDERS[architecture](min(height, width))


def _lenet5(pixels: int) -> list[Layer]:
    """LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition".

    Proceedings of the IEEE, 1998, figure 2, in today's form: rectifiers, maximum pooling, every
    filter of the second convolution over all six maps, softmax.
    """
    return [
        *_conv(6, 5),
        L.MaxPool2D(2),
        *_conv(16, 5, padding="valid"),
        L.MaxPool2D(2),
        L.Flatten(),
        *_dense(120),
        *_dense(84),
    ]


def _alexnet(pixels: int) -> list[Layer]:
    """Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep CNNs", NIPS 2012.

    Section 3.5, without the response normalisation. Small images: 5x5 at the start, no stride.
    """
    start = _conv(96, 5) if pixels <= _SMALL else _conv(96, 11, stride=4, padding=2)
    return [
        *start,
        L.MaxPool2D(3, stride=2),
        *_conv(256, 5, groups=2),
        L.MaxPool2D(3, stride=2),
        *_conv(384, 3),
        *_conv(384, 3, groups=2),
        *_conv(256, 3, groups=2),
        L.MaxPool2D(3, stride=2),
        *_classifier(pixels),
    ]


_VGG: dict[int, tuple[int, ...]] = {  # convolutions in each of the five stages
    11: (1, 1, 2, 2, 2),
    13: (2, 2, 2, 2, 2),
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}


def _vgg(depth: int, pixels: int) -> list[Layer]:
    """Simonyan and Zisserman, "Very deep convolutional networks", ICLR 2015, table 1: A, B, D, E.

    A stage is not pooled when a single row is left.
    """
    layers: list[Layer] = []
    left = pixels
    for filters, count in zip((64, 128, 256, 512, 512), _VGG[depth], strict=True):
        for _ in range(count):
            layers += _conv(filters, 3)
        if left >= 2:
            layers.append(L.MaxPool2D(2))
            left //= 2
    return [*layers, *_classifier(pixels)]


def _nin(pixels: int) -> list[Layer]:
    """Lin, Chen and Yan, "Network in network", ICLR 2014, the network for CIFAR-10.

    The mean over the pixels and the linear output layer after it are, together, the paper's last
    1x1 convolution and global average pooling in the other order.
    """
    return [
        *_conv(192, 5),
        *_conv(160, 1),
        *_conv(96, 1),
        L.MaxPool2D(3, stride=2),
        L.Dropout(0.5),
        *_conv(192, 5),
        *_conv(192, 1),
        *_conv(192, 1),
        L.AvgPool2D(3, stride=2),
        L.Dropout(0.5),
        *_conv(192, 3),
        *_conv(192, 1),
        L.GlobalAvgPool(),
    ]


def _resnet_cifar(depth: int, pixels: int) -> list[Layer]:
    """He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016, part 4.2.

    Shortcuts between stages are projections (option B).
    """
    blocks = (depth - 2) // 6
    return [
        *_conv_norm(16, 3),
        L.Activation("relu"),
        *_stages((16, 32, 64), (blocks,) * 3),
        L.GlobalAvgPool(),
    ]


_RESNET = {18: (2, 2, 2, 2), 34: (3, 4, 6, 3)}  # blocks in each of the four stages


def _resnet(depth: int, pixels: int) -> list[Layer]:
    """He, Zhang, Ren and Sun, CVPR 2016, table 1. Small images: 3x3 at the start, no pooling."""
    if pixels <= _SMALL:
        start = [*_conv_norm(64, 3), L.Activation("relu")]
    else:
        start = [
            *_conv_norm(64, 7, stride=2),
            L.Activation("relu"),
            L.MaxPool2D(3, stride=2, padding=1),
        ]
    return [*start, *_stages((64, 128, 256, 512), _RESNET[depth]), L.GlobalAvgPool()]


def _stages(filters: Sequence[int], blocks: Sequence[int]) -> list[Layer]:
    """Residual blocks; the first of each stage but the first one halves height and width."""
    layers: list[Layer] = []
    for stage, (n_filters, count) in enumerate(zip(filters, blocks, strict=True)):
        for block in range(count):
            layers += _block(n_filters, stride=2 if stage > 0 and block == 0 else 1)
    return layers


def _block(filters: int, stride: int) -> list[Layer]:
    inside = [
        *_conv_norm(filters, 3, stride=stride),
        L.Activation("relu"),
        *_conv_norm(filters, 3),
    ]
    shortcut = _conv_norm(filters, 1, stride=stride) if stride > 1 else None
    return [L.Residual(inside, shortcut), L.Activation("relu")]


def _conv_norm(filters: int, size: int, stride: int = 1) -> list[Layer]:
    conv = L.Conv2D(filters, size, stride=stride, padding=size // 2, bias=False)
    return [conv, L.BatchNorm()]


def _conv(
    filters: int, size: int, *, stride: int = 1, padding: str | int = "same", groups: int = 1
) -> list[Layer]:
    conv = L.Conv2D(filters, size, stride=stride, padding=padding, groups=groups)
    return [conv, L.Activation("relu")]


def _dense(units: int) -> list[Layer]:
    return [L.Dense(units), L.Activation("relu")]


def _classifier(pixels: int) -> list[Layer]:
    """The two dense layers of AlexNet and VGG, dropout before each as in Krizhevsky et al., 4.2."""
    units = 512 if pixels <= _SMALL else 4096
    return [L.Flatten(), L.Dropout(0.5), *_dense(units), L.Dropout(0.5), *_dense(units)]


_BUILDERS: dict[str, Callable[[int], list[Layer]]] = {
    "lenet5": _lenet5,
    "alexnet": _alexnet,
    **{f"vgg{depth}": partial(_vgg, depth) for depth in _VGG},
    "nin": _nin,
    **{f"resnet{depth}": partial(_resnet_cifar, depth) for depth in (20, 32, 44, 56)},
    **{f"resnet{depth}": partial(_resnet, depth) for depth in _RESNET},
}
NAMES = tuple(_BUILDERS)
