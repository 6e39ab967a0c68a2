"""Networks of layers one after the other: LeNet-5, AlexNet, VGG, network in network."""

from __future__ import annotations

from collections.abc import Sequence

from fastdl import layers as L
from fastdl.architectures._parts import SMALL, conv, dense, dense_layers, smaller_side
from fastdl.layers import Layer


def lenet5(input_shape: Sequence[int]) -> list[Layer]:
    """LeCun, Bottou, Bengio and Haffner, "Gradient-based learning applied to document recognition".

    Proceedings of the IEEE, 1998, figure 2, in today's form: rectifiers, maximum pooling, every
    filter of the second convolution over all six maps, softmax. 61,706 parameters for digits of
    28x28 or 32x32.

    Images below 32x32 get two pixels of padding on each side, as the paper's digits had. From 12x12
    on.
    """
    padding = 2 if smaller_side("lenet5", input_shape) < 32 else 0
    return [
        *conv(6, 5, padding=padding),
        L.MaxPool2D(2),
        *conv(16, 5, padding="valid"),
        L.MaxPool2D(2),
        L.Flatten(),
        *dense(120),
        *dense(84),
    ]


def alexnet(input_shape: Sequence[int]) -> list[Layer]:
    """Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep CNNs", NIPS 2012.

    Section 3.5, its convolutions in two groups, without the response normalisation. 60,965,224
    parameters for 224x224 and 1,000 classes.

    Small images, up to 64x64: 5x5 instead of 11x11 at the start, no stride, dense layers of 512
    units instead of 4,096. From 15x15 on.
    """
    pixels = smaller_side("alexnet", input_shape)
    return [
        *(conv(96, 5) if pixels <= SMALL else conv(96, 11, stride=4, padding=2)),
        L.MaxPool2D(3, stride=2),
        *conv(256, 5, groups=2),
        L.MaxPool2D(3, stride=2),
        *conv(384, 3),
        *conv(384, 3, groups=2),
        *conv(256, 3, groups=2),
        L.MaxPool2D(3, stride=2),
        *dense_layers(pixels),
    ]


def vgg11(input_shape: Sequence[int]) -> list[Layer]:
    """Simonyan and Zisserman, "Very deep convolutional networks", ICLR 2015, table 1, A.

    132,863,336 parameters for 224x224 and 1,000 classes.

    Small images: a stage is not pooled when a single row or column is left; up to 64x64, the dense
    layers have 512 units instead of 4,096. From 3x3 on.
    """
    return _vgg("vgg11", (1, 1, 2, 2, 2), input_shape)


def vgg13(input_shape: Sequence[int]) -> list[Layer]:
    """Table 1, B: 133,047,848 parameters; see `vgg11`."""
    return _vgg("vgg13", (2, 2, 2, 2, 2), input_shape)


def vgg16(input_shape: Sequence[int]) -> list[Layer]:
    """Table 1, D: 138,357,544 parameters; see `vgg11`."""
    return _vgg("vgg16", (2, 2, 3, 3, 3), input_shape)


def vgg19(input_shape: Sequence[int]) -> list[Layer]:
    """Table 1, E: 143,667,240 parameters; see `vgg11`."""
    return _vgg("vgg19", (2, 2, 4, 4, 4), input_shape)


def _vgg(name: str, counts: Sequence[int], input_shape: Sequence[int]) -> list[Layer]:
    """With so many convolutions in each of the five stages."""
    pixels = left = smaller_side(name, input_shape)
    layers: list[Layer] = []
    for filters, count in zip((64, 128, 256, 512, 512), counts, strict=True):
        for _ in range(count):
            layers += conv(filters, 3)
        if left >= 2:
            layers.append(L.MaxPool2D(2))
            left //= 2
    return [*layers, *dense_layers(pixels)]


def nin(input_shape: Sequence[int]) -> list[Layer]:
    """Lin, Chen and Yan, "Network in network", ICLR 2014, the network for CIFAR-10.

    The mean over the pixels and the linear output layer after it are, together, the paper's last
    1x1 convolution and global average pooling in the other order. 966,986 parameters for 10
    classes.

    The same for all images, from 7x7 on.
    """
    smaller_side("nin", input_shape)
    return [
        *conv(192, 5),
        *conv(160, 1),
        *conv(96, 1),
        L.MaxPool2D(3, stride=2),
        L.Dropout(0.5),
        *conv(192, 5),
        *conv(192, 1),
        *conv(192, 1),
        L.AvgPool2D(3, stride=2),
        L.Dropout(0.5),
        *conv(192, 3),
        *conv(192, 1),
        L.GlobalAvgPool(),
    ]
