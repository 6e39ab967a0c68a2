"""Pooling, and its way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from fastdl._rules import FLAG, PADDING, PAIR, POSITIVE_INTEGER, SIZES, Rule, choice, optional
from fastdl.layers._spec import Form, Layer, Neighbourhood
from fastdl.layers._window import neighbourhood


@dataclass(frozen=True, repr=False)
class _Pool2D(Layer):
    forms: ClassVar[Mapping[Form, Form]] = {"images": "images"}
    size: int | Sequence[int] = 2
    stride: int | Sequence[int] | None = None
    padding: str | int | Sequence[int] | Sequence[Sequence[int]] = 0
    rules: ClassVar[Mapping[str, Rule]] = {
        "size": PAIR,
        "stride": optional(PAIR),
        "padding": PADDING,
    }

    def to_dict(self) -> dict[str, Any]:
        plain = super().to_dict()
        plain["stride"] = plain["stride"] or plain["size"]
        return plain

    @property
    def neighbourhood(self) -> Neighbourhood | None:
        """That of its window."""
        plain = self.to_dict()
        return neighbourhood(plain["size"], plain["stride"], plain["padding"])

    def mirror(self, input_shape: tuple[int, ...]) -> Upsample2D:
        """Each value goes back to its window."""
        plain = self.to_dict()
        (high, wide), stride = plain["size"], plain["stride"]
        if stride != [high, wide] or input_shape[0] % high or input_shape[1] % wide:
            raise self._no_mirror(
                f": its windows of {high}x{wide} overlap, or do not fill its input of "
                f"{input_shape[0]}x{input_shape[1]}"
            )
        return Upsample2D([high, wide])


@dataclass(frozen=True, repr=False)
class MaxPool2D(_Pool2D):
    """The largest value of each window, channel by channel.

    Input (h, w, c), output (oh, ow, c) with ``oh = (h + top + bottom - size) // stride + 1``.
    Padding is never the largest. Among equal values the first, row by row, gets the gradient.

    Parameters
    ----------
    size : int or (int, int), default=2
        Of the window.
    stride : int or (int, int), optional
        None: windows side by side (the stride is the size).
    padding : as in Conv2D, default=0
    name : str, optional
    """

    kind: ClassVar[str] = "max_pool2d"


@dataclass(frozen=True, repr=False)
class AvgPool2D(_Pool2D):
    """The mean of each window, channel by channel.

    Input (h, w, c), output (oh, ow, c) with ``oh = (h + top + bottom - size) // stride + 1``.

    Parameters
    ----------
    size : int or (int, int), default=2
        Of the window.
    stride : int or (int, int), optional
        None: windows side by side (the stride is the size).
    padding : as in Conv2D, default=0
    count_include_pad : bool, default=True
        Whether the zeros of the padding count in the mean.
    name : str, optional
    """

    kind: ClassVar[str] = "avg_pool2d"
    count_include_pad: bool = True
    rules: ClassVar[Mapping[str, Rule]] = {**_Pool2D.rules, "count_include_pad": FLAG}


@dataclass(frozen=True, repr=False)
class Upsample2D(Layer):
    """An image `factor` times as large, channel by channel; it undoes the shape of a pooling.

    Input (h, w, c), output (h * factor, w * factor, c).

    Parameters
    ----------
    factor : int or (int, int), default=2
        Of height and width.
    interpolation : {"nearest", "bilinear"}, default="nearest"
        Each pixel repeated; or blended from the two nearest of each axis, by the distance of the
        pixels' centres (PyTorch's ``align_corners=False``), where the border goes on outside.
    name : str, optional
    """

    kind: ClassVar[str] = "upsample2d"
    forms: ClassVar[Mapping[Form, Form]] = {"images": "images"}
    factor: int | Sequence[int] = 2
    interpolation: str = "nearest"
    rules: ClassVar[Mapping[str, Rule]] = {
        "factor": PAIR,
        "interpolation": choice("nearest", "bilinear"),
    }

    @property
    def neighbourhood(self) -> Neighbourhood | None:
        """The pixel itself, or those around it."""
        high, wide = PAIR.plain(self.factor)
        return Neighbourhood(int(self.interpolation == "bilinear"), high) if high == wide else None


@dataclass(frozen=True, repr=False)
class PixelShuffle(Layer):
    """The channels of each pixel as a square of pixels: fewer channels, a larger image.

    Input (h, w, c r^2), output (h r, w r, c) with ``r = factor``: channel ``c r^2 + i r + j`` goes
    to row i and column j of its square, the order of PyTorch and ONNX. Shi et al., "Real-time
    single image and video super-resolution using an efficient sub-pixel convolutional neural
    network", CVPR 2016, equation 4.

    Parameters
    ----------
    factor : int, default=2
        Of height and width.
    name : str, optional
    """

    kind: ClassVar[str] = "pixel_shuffle"
    forms: ClassVar[Mapping[Form, Form]] = {"images": "images"}
    factor: int = 2
    rules: ClassVar[Mapping[str, Rule]] = {"factor": POSITIVE_INTEGER}

    @property
    def neighbourhood(self) -> Neighbourhood:
        """The pixel itself."""
        return Neighbourhood(0, self.factor)


@dataclass(frozen=True, repr=False)
class StochasticPool2D(Layer):
    """A value of each window, drawn in proportion to itself, channel by channel.

    In training the value x_i is taken with probability ``p_i = x_i / sum_j x_j``; at prediction
    ``y = sum_i p_i x_i``. Negative values count as 0 (put a rectifier before it), and windows of
    zeros give 0. Input (h, w, c), output (oh, ow, c) with ``oh = (h - size) // stride + 1``. The
    draws depend on the seed, the layer, the epoch and the sample. Zeiler and Fergus, "Stochastic
    pooling for regularization of deep convolutional neural networks", ICLR 2013, equations 4 to 6.

    Parameters
    ----------
    size : int or (int, int), default=2
        Of the window.
    stride : int or (int, int), optional
        None: windows side by side (the stride is the size).
    name : str, optional
    """

    kind: ClassVar[str] = "stochastic_pool2d"
    forms: ClassVar[Mapping[Form, Form]] = {"images": "images"}
    size: int | Sequence[int] = 2
    stride: int | Sequence[int] | None = None
    rules: ClassVar[Mapping[str, Rule]] = {"size": PAIR, "stride": optional(PAIR)}

    @property
    def draws(self) -> bool:
        """Always."""
        return True

    @property
    def neighbourhood(self) -> Neighbourhood | None:
        """That of its window."""
        plain = self.to_dict()
        return neighbourhood(plain["size"], plain["stride"], "valid")

    def to_dict(self) -> dict[str, Any]:
        plain = super().to_dict()
        plain["stride"] = plain["stride"] or plain["size"]
        return plain


@dataclass(frozen=True, repr=False)
class SpatialPyramidPool(Layer):
    """Images of any size as rows of the same number of features.

    For each level l the image is cut into l x l bins, bin i from ``floor(i h / l)`` to
    ``ceil((i + 1) h / l)``: they meet or overlap, and none is empty even where the image is
    smaller. Input (h, w, c), output (c * the sum of l^2,): level after level, in each row after
    row, column after column, the channels of a bin side by side. He et al., "Spatial pyramid
    pooling in deep convolutional networks for visual recognition", ECCV 2014.

    Parameters
    ----------
    levels : sequence of int, default=(1, 2, 4)
    mode : {"max", "avg"}, default="max"
        The largest value of each bin, or the mean.
    name : str, optional
    """

    kind: ClassVar[str] = "spatial_pyramid_pool"
    forms: ClassVar[Mapping[Form, Form]] = {"images": "rows"}
    levels: Sequence[int] = (1, 2, 4)
    mode: str = "max"
    rules: ClassVar[Mapping[str, Rule]] = {"levels": SIZES, "mode": choice("max", "avg")}


@dataclass(frozen=True, repr=False)
class GlobalAvgPool(Layer):
    """The mean of each channel. Input (h, w, c), output (c,).

    Of sequences the mean over their steps: input (steps, features), output (features,).

    Lin, Chen and Yan, "Network in network", ICLR 2014, section 3.2.

    Parameters
    ----------
    name : str, optional
    """

    kind: ClassVar[str] = "global_avg_pool"
    forms: ClassVar[Mapping[Form, Form]] = {"sequences": "rows", "images": "rows"}


@dataclass(frozen=True, repr=False)
class GlobalMaxPool(Layer):
    """The largest value of each channel. Input (h, w, c), output (c,).

    Of sequences the largest over their steps: input (steps, features), output (features,).

    Parameters
    ----------
    name : str, optional
    """

    kind: ClassVar[str] = "global_max_pool"
    forms: ClassVar[Mapping[Form, Form]] = {"sequences": "rows", "images": "rows"}


@dataclass(frozen=True, repr=False)
class LastStep(Layer):
    """The last step of each sequence. Input (steps, features), output (features,).

    Parameters
    ----------
    name : str, optional
    """

    kind: ClassVar[str] = "last_step"
    forms: ClassVar[Mapping[Form, Form]] = {"sequences": "rows"}
