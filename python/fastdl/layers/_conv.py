"""Convolutions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastdl._rules import PADDING, PAIR, POSITIVE_INTEGER, Rule
from fastdl.layers._spec import WeightedLayer


@dataclass(frozen=True, repr=False)
class Conv2D(WeightedLayer):
    """Cross-correlation of an image with `filters` kernels.

    Input (h, w, c), output (oh, ow, filters) with
    ``oh = (h + top + bottom - dilation * (kernel_size - 1) - 1) // stride + 1``.
    Parameters: weight (kernel height, kernel width, c / groups, filters), bias (filters,).

    Parameters
    ----------
    filters : int
        Output channels.
    kernel_size : int or (int, int)
        Height and width.
    stride : int or (int, int), default=1
    padding : "valid", "same", int, (int, int) or ((int, int), (int, int)), default="valid"
        Zeros around the image: none; enough for ``oh = ceil(h / stride)``, the odd one at the
        bottom and the right; or so many at every side, (height, width), or ((top, bottom), (left,
        right)).
    dilation : int or (int, int), default=1
        Distance of the kernel's taps (Yu and Koltun 2016).
    groups : int, default=1
        The channels are split into so many groups that do not meet; as many groups as channels is a
        depthwise convolution.
    bias : bool, default=True
    weight_init, bias_init : str or Initializer, optional
        None: weights by the activation that follows, biases zero.
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "conv2d"
    filters: int
    kernel_size: int | Sequence[int]
    stride: int | Sequence[int] = 1
    padding: str | int | Sequence[int] | Sequence[Sequence[int]] = "valid"
    dilation: int | Sequence[int] = 1
    groups: int = 1
    rules: ClassVar[Mapping[str, Rule]] = {
        "filters": POSITIVE_INTEGER,
        "kernel_size": PAIR,
        "stride": PAIR,
        "padding": PADDING,
        "dilation": PAIR,
        "groups": POSITIVE_INTEGER,
        **WeightedLayer.rules,
    }

    def check(self) -> None:
        super().check()
        if self.filters % self.groups:
            raise ValueError(
                f"{self.who}: filters={self.filters} cannot be split into groups={self.groups}; "
                "expected a multiple of groups."
            )
