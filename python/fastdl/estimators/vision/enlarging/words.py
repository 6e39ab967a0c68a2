"""The words of networks that enlarge images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral

from fastdl._rules import POSITIVE_INTEGER
from fastdl._saved import SHAPE, Saved
from fastdl._sklearn import Interval
from fastdl.estimators.parameters.training_words import (
    CONVOLUTION,
    COUNT,
    NUMBER_LOSS,
    TrainingWords,
)
from fastdl.estimators.parameters.words import fitted, word
from fastdl.layers import Layer
from fastdl.losses import Loss


@dataclass(eq=False, repr=False, kw_only=True)
class EnlargingWords(TrainingWords):
    """By how much, which layers there are, and which pieces of images they see."""

    scale: int = word(
        default=3,
        rule=[Interval(Integral, 2, 16, closed="both")],
        kind="int",
        text="How many times as high and as wide images become.",
        kw_only=False,
    )
    network: str | Sequence[Layer] = word(
        default="srcnn-9-1-5",
        rule=[str, list, tuple],
        kind='{"srcnn-9-1-5", "srcnn-9-5-5", "espcn"} or sequence of layers',
        text="See above; or layers from an image of one channel to another one, which is `scale` "
        "times as large, or of the same size: then their input is enlarged by bicubic. A 1x1 "
        "convolution comes after them unless they give one channel.",
        kw_only=False,
    )
    patch_size: int = word(
        default=48,
        rule=[COUNT],
        kind="int",
        text="Side of the patches that large images are cut into for training, rounded up to a "
        "multiple of `scale`.",
    )
    tile_size: int | None = word(
        default=128,
        rule=[COUNT, None],
        kind="int or None",
        text="Side of the tiles in which large images are made, at most; memory is that of a tile. "
        "The image is that of None, which makes it in one piece, within a grey level.",
    )
    convolution: str = word(default="auto", like=CONVOLUTION)
    loss: str | Loss = word(default="squared_error", like=NUMBER_LOSS)
    scale_: int = fitted(
        "int",
        "How many times as high and as wide images become.",
        saved=Saved(POSITIVE_INTEGER, always=True),
    )
    input_shape_: tuple[int, ...] = fitted(
        "tuple of int", "Of a patch, as the network sees it.", saved=SHAPE
    )
