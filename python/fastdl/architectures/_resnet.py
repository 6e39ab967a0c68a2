"""Residual networks: those for CIFAR, and those for ImageNet, with blocks of two or three layers.

He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016.
"""

from __future__ import annotations

from collections.abc import Sequence

from fastdl import layers as L
from fastdl.architectures._parts import SMALL, conv_norm, smaller_side
from fastdl.layers import Layer


def resnet20(input_shape: Sequence[int]) -> list[Layer]:
    """He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016, part 4.2.

    Three stages of three blocks with 16, 32 and 64 filters. Shortcuts between stages are
    projections (option B): 272,474 parameters for 10 classes. (The paper's 0.27 million are those
    of shortcuts padded with zeros, option A, which has 2,752 fewer.)

    The same for all images, from 3x3 on.
    """
    return _for_cifar("resnet20", 3, input_shape)


def resnet32(input_shape: Sequence[int]) -> list[Layer]:
    """Stages of 5 blocks: 466,906 parameters for 10 classes; see `resnet20`."""
    return _for_cifar("resnet32", 5, input_shape)


def resnet44(input_shape: Sequence[int]) -> list[Layer]:
    """Stages of 7 blocks: 661,338 parameters for 10 classes; see `resnet20`."""
    return _for_cifar("resnet44", 7, input_shape)


def resnet56(input_shape: Sequence[int]) -> list[Layer]:
    """Stages of 9 blocks: 855,770 parameters for 10 classes; see `resnet20`."""
    return _for_cifar("resnet56", 9, input_shape)


def resnet110(input_shape: Sequence[int]) -> list[Layer]:
    """Stages of 18 blocks: 1,730,714 parameters for 10 classes; see `resnet20`."""
    return _for_cifar("resnet110", 18, input_shape)


def resnet18(input_shape: Sequence[int]) -> list[Layer]:
    """He, Zhang, Ren and Sun, "Deep residual learning for image recognition", CVPR 2016, table 1.

    Four stages of two blocks; shortcuts between stages are projections. 11,689,512 parameters for
    1,000 classes.

    Small images, up to 64x64: 3x3 instead of 7x7 at the start, no stride, no pooling. From 5x5 on.
    """
    return _for_imagenet("resnet18", (2, 2, 2, 2), input_shape)


def resnet34(input_shape: Sequence[int]) -> list[Layer]:
    """Stages of 3, 4, 6 and 3 blocks: 21,797,672 parameters; see `resnet18`."""
    return _for_imagenet("resnet34", (3, 4, 6, 3), input_shape)


def resnet50(input_shape: Sequence[int]) -> list[Layer]:
    """Stages of 3, 4, 6 and 3 bottlenecks: 25,557,032 parameters for 1,000 classes.

    A bottleneck is 1x1, 3x3, 1x1, the last with four times the filters (figure 5). The stride of a
    stage is that of its first 3x3, as in Goyal et al., "Accurate, large minibatch SGD", 2017, and
    in PyTorch; in the paper it is that of the 1x1 before it. For the rest see `resnet18`.
    """
    return _for_imagenet("resnet50", (3, 4, 6, 3), input_shape, bottleneck=True)


def resnet101(input_shape: Sequence[int]) -> list[Layer]:
    """Stages of 3, 4, 23 and 3 bottlenecks: 44,549,160 parameters; see `resnet50`."""
    return _for_imagenet("resnet101", (3, 4, 23, 3), input_shape, bottleneck=True)


def resnet152(input_shape: Sequence[int]) -> list[Layer]:
    """Stages of 3, 8, 36 and 3 bottlenecks: 60,192,808 parameters; see `resnet50`."""
    return _for_imagenet("resnet152", (3, 8, 36, 3), input_shape, bottleneck=True)


def _for_cifar(name: str, blocks: int, input_shape: Sequence[int]) -> list[Layer]:
    smaller_side(name, input_shape)
    return [
        *conv_norm(16, 3),
        L.Activation("relu"),
        *_stages((16, 32, 64), (blocks,) * 3, bottleneck=False),
        L.GlobalAvgPool(),
    ]


def _for_imagenet(
    name: str, blocks: Sequence[int], input_shape: Sequence[int], *, bottleneck: bool = False
) -> list[Layer]:
    if smaller_side(name, input_shape) <= SMALL:
        start = [*conv_norm(64, 3), L.Activation("relu")]
    else:
        start = [
            *conv_norm(64, 7, stride=2),
            L.Activation("relu"),
            L.MaxPool2D(3, stride=2, padding=1),
        ]
    stages = _stages((64, 128, 256, 512), blocks, bottleneck=bottleneck)
    return [*start, *stages, L.GlobalAvgPool()]


def _stages(filters: Sequence[int], blocks: Sequence[int], *, bottleneck: bool) -> list[Layer]:
    """Residual blocks; the first of each stage but the first one halves height and width."""
    layers: list[Layer] = []
    for stage, (n_filters, count) in enumerate(zip(filters, blocks, strict=True)):
        for block in range(count):
            stride = 2 if stage > 0 and block == 0 else 1
            widens = block == 0 and (stage > 0 or bottleneck)
            layers += _block(n_filters, stride, bottleneck=bottleneck, widens=widens)
    return layers


def _block(filters: int, stride: int, *, bottleneck: bool, widens: bool) -> list[Layer]:
    relu = L.Activation("relu")
    if bottleneck:
        out = 4 * filters
        ends = [conv_norm(filters, 1), conv_norm(out, 1)]
        inside = [*ends[0], relu, *conv_norm(filters, 3, stride), relu, *ends[1]]
    else:
        out = filters
        inside = [*conv_norm(filters, 3, stride), relu, *conv_norm(filters, 3)]
    return [L.Residual(inside, conv_norm(out, 1, stride) if widens else None), relu]
