"""GoogLeNet, of Inception blocks."""

from __future__ import annotations

from collections.abc import Sequence

from fastdl import layers as L
from fastdl.architectures._parts import SMALL, conv, conv_norm, dense, smaller_side
from fastdl.layers import Layer

# Filters of the 1x1, of the 3x3 and the 5x5 with those of the 1x1 before them, and of the 1x1 after
# the pooling: table 1 of the paper.
_BLOCKS = {
    "3a": (64, 96, 128, 16, 32, 32),
    "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64),
    "4b": (160, 112, 224, 24, 64, 64),
    "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64),
    "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128),
    "5b": (384, 192, 384, 48, 128, 128),
}


def googlenet(input_shape: Sequence[int], *, batch_norm: bool = False) -> list[Layer]:
    """Szegedy et al., "Going deeper with convolutions", CVPR 2015, table 1: Inception v1.

    6,998,552 parameters for 1,000 classes, 7,005,832 with `batch_norm`. The two side heads of
    section 5, at 4a and 4d, have 6,379,728 more, which are used in training only; their losses
    weigh 0.3.

    Small images, up to 64x64: 3x3 instead of 7x7 at the start, no stride, and no pooling before
    block 3a. From 9x9 on.

    Parameters
    ----------
    input_shape : (int, int, int)
        Height, width and channels of an image.
    batch_norm : bool, default=False
        Whether each convolution but the side heads' is followed by batch normalisation, in place of
        its biases and of the two response normalisations that the paper's network has. With it,
        training needs neither a good start nor many epochs.

    Returns
    -------
    list of layers
    """
    small = smaller_side("googlenet", input_shape) <= SMALL
    pool = L.MaxPool2D(3, stride=2, padding=1)
    norm = [] if batch_norm else [L.LocalResponseNorm()]

    def unit(filters: int, size: int, stride: int = 1) -> list[Layer]:
        if batch_norm:
            return [*conv_norm(filters, size, stride), L.Activation("relu")]
        return conv(filters, size, stride=stride, padding=size // 2)

    def block(name: str) -> Layer:
        n1, before3, n3, before5, n5, n_pool = _BLOCKS[name]
        branches = [
            unit(n1, 1),
            [*unit(before3, 1), *unit(n3, 3)],
            [*unit(before5, 1), *unit(n5, 5)],
            [L.MaxPool2D(3, stride=1, padding=1), *unit(n_pool, 1)],
        ]
        return L.Concat(branches, name=f"inception_{name}")

    return [
        *(unit(64, 3) if small else [*unit(64, 7, 2), pool]),
        *norm,
        *unit(64, 1),
        *unit(192, 3),
        *norm,
        *([] if small else [pool]),
        *map(block, ("3a", "3b")),
        pool,
        *(block("4a"), _side_head()),
        *map(block, ("4b", "4c", "4d")),
        *(_side_head(), block("4e")),
        pool,
        *map(block, ("5a", "5b")),
        L.GlobalAvgPool(),
        L.Dropout(0.4),
    ]


def _side_head() -> Layer:
    """Of 5x5 average pooling, 128 filters of 1x1, 1,024 units and dropout of 70 %."""
    pool = L.AvgPool2D(5, stride=3)
    return L.AuxHead([pool, *conv(128, 1), L.Flatten(), *dense(1024), L.Dropout(0.7)])
