"""Images changed at random on their way into a network, in training only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from fastdl._rules import (
    NOT_NEGATIVE,
    PAIR,
    PAIR_OF_COUNTS,
    UNIT,
    Rule,
    choice,
    number,
    optional,
)
from fastdl.layers._spec import Form, Layer


@dataclass(frozen=True, repr=False)
class Augment(Layer):
    """Changes images at random as a batch is gathered: in fit only, as the first layer.

    Predictions, scores and validation see images as they are (with `crop`, their middle). Every
    epoch draws anew, and a draw is a function of the seed, the epoch and the sample: it depends
    neither on the batch nor on threads. `fastdl.functional.augment` does the same to arrays.

    What is asked for happens in this order. The first four make one affine map, so that an image is
    sampled once, bilinearly; flips, shifts and crops alone move whole pixels and leave their values
    as they are.

    1. `flip`; then about the middle of the image `rotate`, `shear`, `scale`.
    2. `shift` and `crop` cut a window out of the image that was padded by `shift` pixels, at a
       place drawn uniformly from all whole pixels.
    3. `brightness`, `contrast`, `saturation`, `hue`. 0 is black: for images that were centred
       before, a factor of brightness does the same as one of contrast about 0.
    4. `noise`. uint8 images are then limited to 0 to 255, others are not.
    5. `cutout`.
    6. `mixup`, with another sample of the epoch, which is changed by its own draw.

    Where y has something for every pixel (segmentation, clean images beside noisy ones) it moves
    along with X by the same map, and nothing else of the above happens to it: a hole that `cutout`
    makes is to be filled from what is around it. Labels are those of the nearest pixel; numbers are
    interpolated between those pixels that count; weights of pixels go with the nearest. What comes
    in from outside does not count, in the loss or in its mean, with ``fill="constant"``; else it is
    what `fill` makes of y. Images of y may be larger or smaller than X by whole factors: they are
    taken for the same picture. `crop` is refused there. The targets of an autoencoder, which has
    one loss for the whole image, are 0 where X is.

    Parameters
    ----------
    flip : {"horizontal", "vertical", "both"} or None, default=None, keyword-only, as are all
        Left and right, or top and bottom, are exchanged with probability 1/2; "both" draws each.
    shift : int or (int, int), default=0
        Up to so many pixels up or down, left or right, uniformly from all integers; a pair is
        (rows, columns).
    crop : int or (int, int), optional
        Height and width of a window, at most those of the image after which padding by `shift` is
        added: ``crop=32, shift=4`` on images of 32x32 is the "pad by 4, cut out 32x32" of He et al.
        2016, and the same as ``shift=4``; ``crop=28`` lets the network see 28x28.
    rotate : float, default=0
        Largest angle in degrees, up to 180; uniform in both directions.
    scale : float, default=0
        0.1 enlarges by a factor uniform from 0.9 to 1.1; below 1.
    shear : float, default=0
        Largest angle in degrees, below 90, by which vertical lines lean; uniform.
    brightness, contrast, saturation : float, default=0
        0.2 is a factor uniform from 0.8 to 1.2, up to 1. Of all values; of their differences from
        the mean grey of the image; of those from the grey of the pixel (0.299 red + 0.587 green +
        0.114 blue). Saturation and hue need three channels: red, green, blue.
    hue : float, default=0
        0.1 turns the hue by up to a tenth of the circle, uniform in both directions; up to 0.5.
    noise : float, default=0
        Standard deviation, in the units of X, of normal numbers added to every value.
    cutout : int or (int, int), default=0
        Height and width of a rectangle of zeros about a pixel drawn uniformly, in X alone; what
        reaches over the border is cut off (DeVries and Taylor, "Improved regularization of
        convolutional neural networks with cutout", 2017).
    mixup : float, default=0
        alpha: the image becomes ``w x + (1 - w) x'`` and so do its targets, w from Beta(alpha,
        alpha) and x' any sample of the epoch (Zhang et al., "mixup: beyond empirical risk
        minimization", ICLR 2018, equation 1). Of classes, the loss is the same mean of the losses
        of both, for each pixel where they have classes. Each part has the weight of its sample.
    fill : {"constant", "edge", "reflect"}, default="constant"
        What lies outside of an image: zeros, its outermost pixels, or its mirror image; as
        `numpy.pad`.
    probability : float, default=1
        Of being changed at all, for each sample; what has chances of its own comes on top.
    name : str, optional

    Notes
    -----
    Pad-and-crop and flips: Krizhevsky et al. 2012, section 4.1, and He et al. 2016, section 4.2;
    colours as in Howard, "Some improvements on deep convolutional neural network based image
    classification", 2013.
    """

    kind: ClassVar[str] = "augment"
    forms: ClassVar[Mapping[Form, Form]] = {"images": "images"}
    flip: str | None = field(default=None, kw_only=True)
    shift: int | Sequence[int] = field(default=0, kw_only=True)
    crop: int | Sequence[int] | None = field(default=None, kw_only=True)
    rotate: float = field(default=0.0, kw_only=True)
    scale: float = field(default=0.0, kw_only=True)
    shear: float = field(default=0.0, kw_only=True)
    brightness: float = field(default=0.0, kw_only=True)
    contrast: float = field(default=0.0, kw_only=True)
    saturation: float = field(default=0.0, kw_only=True)
    hue: float = field(default=0.0, kw_only=True)
    noise: float = field(default=0.0, kw_only=True)
    cutout: int | Sequence[int] = field(default=0, kw_only=True)
    mixup: float = field(default=0.0, kw_only=True)
    fill: str = field(default="constant", kw_only=True)
    probability: float = field(default=1.0, kw_only=True)
    rules: ClassVar[Mapping[str, Rule]] = {
        "flip": optional(choice("horizontal", "vertical", "both")),
        "shift": PAIR_OF_COUNTS,
        "crop": optional(PAIR),
        "rotate": number("a number of degrees from 0 to 180", lambda v: 0 <= v <= 180),
        "scale": number("a number from 0 to below 1", lambda v: 0 <= v < 1),
        "shear": number("a number of degrees from 0 to below 90", lambda v: 0 <= v < 90),
        "brightness": UNIT,
        "contrast": UNIT,
        "saturation": UNIT,
        "hue": number("a number from 0 to 0.5", lambda v: 0 <= v <= 0.5),
        "noise": NOT_NEGATIVE,
        "cutout": PAIR_OF_COUNTS,
        "mixup": NOT_NEGATIVE,
        "fill": choice("constant", "edge", "reflect"),
        "probability": UNIT,
    }

    @property
    def draws(self) -> bool:
        """Unless it leaves all images as they are."""
        return self.probability != 0 and any(map(self._is_on, self.rules))

    def _is_on(self, option: str) -> bool:
        value: Any = getattr(self, option)
        if option in ("fill", "probability"):
            return False
        return value is not None if option in ("flip", "crop") else value not in (0, (0, 0))

    def output_shape(self, input_shape: Sequence[int]) -> tuple[int, ...]:
        """Of one image, after `crop`."""
        size = input_shape[:2] if self.crop is None else PAIR.plain(self.crop)
        return (*size, *input_shape[2:])

    def mirror(self, input_shape: tuple[int, ...]) -> None:
        """None: what is drawn has no way back. What `crop` cuts off has none either."""
        if self.crop is not None:
            raise self._no_mirror(": crop cuts off what no layer brings back")
