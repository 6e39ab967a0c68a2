"""The words of networks that find objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from fastdl import layers as L
from fastdl._saved import SHAPE
from fastdl.estimators.base.augmented import AUGMENT
from fastdl.estimators.parameters.training_words import (
    CLASSES,
    CONVOLUTION,
    COUNT,
    UNIT,
    TrainingWords,
)
from fastdl.estimators.parameters.words import fitted, reword, word
from fastdl.layers import Layer


@dataclass(eq=False, repr=False, kw_only=True)
class DetectionWords(TrainingWords):
    """Which layers there are, and which of their answers are boxes."""

    network: str | Sequence[Layer] = word(
        default="small",
        rule=[str, list, tuple],
        kind='"small" or list of layers',
        text='"small": 458,000 parameters, with a cell for 4x4 pixels, which sees some 110x110. '
        "A list: layers that make a smaller image of an image, whose pixels are the "
        "cells; the output layer, a 1x1 convolution, comes after them by itself.",
        kw_only=False,
    )
    augment: L.Augment | None = word(
        default=None,
        **AUGMENT._replace(
            text="How images and their boxes are changed at random in training, "
            '``fastdl.layers.Augment(flip="horizontal", shift=4)``; a search may go over '
            "``augment__shift``. Boxes move along; one of which less than a quarter is left in the "
            "image is no object there. With `crop`, the validation set is cut to its middle, and "
            "predictions see whole images.",
        )._asdict(),
    )
    score_threshold: float = word(
        default=0.1,
        rule=[UNIT],
        kind="float",
        text="Boxes with a lower score are left out of the answers, and so of `score`. From 0 to "
        "1.",
    )
    iou_threshold: float = word(
        default=0.5,
        rule=[UNIT],
        kind="float",
        text="Of two boxes of a class that overlap by more, intersection over union, the one with "
        "the higher score is kept.",
    )
    max_boxes: int = word(
        default=100, rule=[COUNT], kind="int", text="Boxes in the answer to an image at most."
    )
    convolution: str = word(default="auto", like=CONVOLUTION)
    batch_size: int | str = reword(
        TrainingWords,
        "batch_size",
        text='Images of a step; "auto" is 8, or all where they are fewer.',
    )
    max_epochs: int | str = reword(
        TrainingWords,
        "max_epochs",
        text='Epochs at most; "auto" is as many as give 1500 steps, and at least 20.',
    )
    classes_: NDArray[Any] = fitted(*CLASSES)
    input_shape_: tuple[int, ...] = fitted(
        "(int, int, int)",
        "Height, width and channels of the images of fit, of the largest where they differ, as the "
        "layers can take them.",
        saved=SHAPE,
    )
