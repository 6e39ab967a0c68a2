"""Convolutions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from fastdl._rules import PADDING, PAIR, PAIR_OF_COUNTS, POSITIVE_INTEGER, Rule
from fastdl.initializers import Initializer
from fastdl.layers._spec import Form, Neighbourhood, WeightedLayer
from fastdl.layers._window import neighbourhood, window


@dataclass(frozen=True, repr=False)
class _Convolution(WeightedLayer):
    @property
    def neighbourhood(self) -> Neighbourhood | None:
        """That of its window."""
        plain = self.to_dict()
        keys = ("kernel_size", "stride", "padding", "dilation")
        return neighbourhood(*(plain[key] for key in keys))


@dataclass(frozen=True, repr=False)
class Conv2D(_Convolution):
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
    forms: ClassVar[Mapping[Form, Form]] = {"images": "images"}
    linear: ClassVar[bool] = True
    weight_axis: ClassVar[int | None] = -1
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

    def mirror(self, input_shape: tuple[int, ...]) -> Conv2DTranspose:
        """The transposed convolution with the same window, and as many filters as it has inputs."""
        plain = self.to_dict()
        at = window(
            self.who,
            input_shape,
            plain["kernel_size"],
            plain["stride"],
            plain["padding"],
            plain["dilation"],
        )
        top, bottom, left, right = at.padding
        over = [  # rows and columns that the windows do not reach
            (side + before + after - dilation * (size - 1) - 1) % stride
            for side, before, after, dilation, size, stride in zip(
                input_shape[:2],
                (top, left),
                (bottom, right),
                at.dilation,
                at.size,
                at.stride,
                strict=True,
            )
        ]
        return Conv2DTranspose(
            input_shape[2],
            at.size,
            at.stride,
            ((top, bottom), (left, right)),
            over,
            at.dilation,
            self.groups,
        )


@dataclass(frozen=True, repr=False)
class Conv2DTranspose(WeightedLayer):
    """The way back of a `Conv2D`: from the shape of its output to the shape of its input.

    What it gives is the gradient that a Conv2D with these weights hands to its input, plus a bias:
    every value of x puts `filters` kernels, times itself, into an image in which neighbours are
    `stride` apart. Input (h, w, c), output (oh, ow, filters) with ``oh = (h - 1) * stride +
    dilation * (kernel_size - 1) + 1 - top - bottom + output_padding``.
    Parameters: weight (kernel height, kernel width, filters / groups, c), that of the Conv2D that
    it turns round; bias (filters,).

    Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016, chapter 4.

    Parameters
    ----------
    filters : int
        Output channels.
    kernel_size : int or (int, int)
        Height and width. A multiple of stride gives every output as many taps: no checkerboard.
    stride : int or (int, int), default=1
    padding : "valid", "same", int, (int, int) or ((int, int), (int, int)), default="valid"
        Rows and columns that are cut off the output: none; enough for ``oh = h * stride``, the odd
        one at the bottom and the right; or so many at every side, (height, width), or ((top,
        bottom), (left, right)), the padding of the Conv2D.
    output_padding : int or (int, int), default=0
        Rows and columns more at the bottom and the right, less than stride: those that the Conv2D
        leaves over where its windows do not fill the image.
    dilation : int or (int, int), default=1
        Distance of the kernel's taps.
    groups : int, default=1
        The channels are split into so many groups that do not meet.
    bias : bool, default=True
    weight_init, bias_init : str or Initializer, optional
        None: weights by the activation that follows, biases zero. Inputs of an output are kernel
        height * kernel width * c / groups / stride^2.
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "conv2d_transpose"
    forms: ClassVar[Mapping[Form, Form]] = {"images": "images"}
    linear: ClassVar[bool] = True
    weight_axis: ClassVar[int | None] = -2
    filters: int
    kernel_size: int | Sequence[int]
    stride: int | Sequence[int] = 1
    padding: str | int | Sequence[int] | Sequence[Sequence[int]] = "valid"
    output_padding: int | Sequence[int] = 0
    dilation: int | Sequence[int] = 1
    groups: int = 1
    rules: ClassVar[Mapping[str, Rule]] = {
        "filters": POSITIVE_INTEGER,
        "kernel_size": PAIR,
        "stride": PAIR,
        "padding": PADDING,
        "output_padding": PAIR_OF_COUNTS,
        "dilation": PAIR,
        "groups": POSITIVE_INTEGER,
        **WeightedLayer.rules,
    }

    @property
    def neighbourhood(self) -> Neighbourhood | None:
        """The pixels that put a kernel there."""
        plain = self.to_dict()
        stride, dilation = plain["stride"], plain["dilation"]
        if stride[0] != stride[1]:
            return None
        reaches = []
        for axis in (0, 1):
            others = dilation[axis] * (plain["kernel_size"][axis] - 1)
            uneven = plain["output_padding"][axis]
            if isinstance(plain["padding"], list):
                uneven += plain["padding"][2 * axis + 1] - plain["padding"][2 * axis]
            elif plain["padding"] == "same":
                uneven = max(others + 1 - stride[0], 0) % 2
            reaches.append(-(-(others + abs(uneven)) // (2 * stride[0])))
        return Neighbourhood(max(reaches), stride[0])

    def multiply_adds(
        self, input_shape: Sequence[int], output_shape: Sequence[int], n_weights: int
    ) -> int:
        """Of each weight at each pixel of the input."""
        return n_weights * math.prod(input_shape[:-1])

    def check(self) -> None:
        super().check()
        extra, stride = PAIR_OF_COUNTS.plain(self.output_padding), PAIR.plain(self.stride)
        if any(e >= s for e, s in zip(extra, stride, strict=True)):
            raise ValueError(
                f"{self.who}: output_padding={self.output_padding!r} must be smaller than "
                f"stride={self.stride!r}."
            )
        if self.padding == "same" and any(extra):
            raise ValueError(
                f"{self.who}: padding='same' gives stride times the input; "
                f"output_padding={self.output_padding!r} goes with numbers for padding."
            )


@dataclass(frozen=True, repr=False)
class DepthwiseConv2D(_Convolution):
    """A convolution in which no two channels meet: each has `multiplier` kernels of its own.

    Input (h, w, c), output (oh, ow, c * multiplier), those of a channel side by side; height and
    width as `Conv2D`, whose `groups` are the channels here. Parameters: weight (kernel height,
    kernel width, 1, c * multiplier), bias (c * multiplier,). Howard et al., "MobileNets", 2017,
    section 3.1.

    Parameters
    ----------
    kernel_size : int or (int, int)
    multiplier : int, default=1
        Kernels for each channel.
    stride : int or (int, int), default=1
    padding : as in Conv2D, default="valid"
    dilation : int or (int, int), default=1
    bias : bool, default=True
    weight_init, bias_init : str or Initializer, optional
        None: weights by the activation that follows, biases zero.
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "depthwise_conv2d"
    forms: ClassVar[Mapping[Form, Form]] = {"images": "images"}
    linear: ClassVar[bool] = True
    weight_axis: ClassVar[int | None] = -1
    kernel_size: int | Sequence[int]
    multiplier: int = 1
    stride: int | Sequence[int] = 1
    padding: str | int | Sequence[int] | Sequence[Sequence[int]] = "valid"
    dilation: int | Sequence[int] = 1
    rules: ClassVar[Mapping[str, Rule]] = {
        "kernel_size": PAIR,
        "multiplier": POSITIVE_INTEGER,
        "stride": PAIR,
        "padding": PADDING,
        "dilation": PAIR,
        **WeightedLayer.rules,
    }


@dataclass(frozen=True, repr=False)
class SeparableConv2D(_Convolution):
    """A `DepthwiseConv2D` and a convolution of 1x1 that mixes what it gives, as one layer.

    Input (h, w, c), output (oh, ow, filters); height and width as `Conv2D`, with far fewer weights:
    parameters depthwise_weight (kernel height, kernel width, 1, c * multiplier), pointwise_weight
    (1, 1, c * multiplier, filters), bias (filters,), which the second convolution adds. Chollet,
    "Xception: deep learning with depthwise separable convolutions", CVPR 2017.

    Parameters
    ----------
    filters : int
        Output channels.
    kernel_size : int or (int, int)
    multiplier : int, default=1
        Kernels for each input channel.
    stride : int or (int, int), default=1
    padding : as in Conv2D, default="valid"
    dilation : int or (int, int), default=1
    bias : bool, default=True
    weight_init, bias_init : str or Initializer, optional
        Both weights'. None: by the activation that follows, biases zero.
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "separable_conv2d"
    forms: ClassVar[Mapping[Form, Form]] = {"images": "images"}
    linear: ClassVar[bool] = True
    filters: int
    kernel_size: int | Sequence[int]
    multiplier: int = 1
    stride: int | Sequence[int] = 1
    padding: str | int | Sequence[int] | Sequence[Sequence[int]] = "valid"
    dilation: int | Sequence[int] = 1
    rules: ClassVar[Mapping[str, Rule]] = {
        "filters": POSITIVE_INTEGER,
        "kernel_size": PAIR,
        "multiplier": POSITIVE_INTEGER,
        "stride": PAIR,
        "padding": PADDING,
        "dilation": PAIR,
        **WeightedLayer.rules,
    }

    def initializer(self, what: str, role: str, automatic: Initializer) -> Initializer:
        """Both weights as `weight_init` says."""
        return super().initializer("weight" if role == "weight" else what, role, automatic)
