"""Noise in training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from fastdl._rules import FRACTION, NOT_NEGATIVE, Rule, choice
from fastdl.layers._spec import Layer


@dataclass(frozen=True, repr=False)
class Dropout(Layer):
    """Sets activations to zero at random in training; does nothing at prediction.

    Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR
    2014, in the inverted form of its section 10: in training an activation is dropped with
    probability `rate` and divided by ``1 - rate`` when it stays, so that its mean is kept. The
    textbook's form, which leaves it as it is in training and multiplies the weights by ``1 - rate``
    at test time, is the same thing: both make the expected input of the next layer at training
    equal that at test.

    The shape stays. All steps of a sequence get the same mask (Gal and Ghahramani, "A theoretically
    grounded application of dropout in recurrent neural networks", NIPS 2016). The draws depend on
    the seed, the layer, the epoch and the sample, not on the batch or the number of threads.

    Parameters
    ----------
    rate : float, default=0.5
        Probability of being dropped.
    name : str, optional
    """

    kind: ClassVar[str] = "dropout"
    rate: float = 0.5
    rules: ClassVar[Mapping[str, Rule]] = {"rate": FRACTION}

    @property
    def draws(self) -> bool:
        """Unless nothing is dropped."""
        return self.rate != 0

    def mirror(self, input_shape: tuple[int, ...]) -> None:
        """None: noise has no way back."""


@dataclass(frozen=True, repr=False)
class SpatialDropout(Layer):
    """Sets whole channels of images to zero at random in training; does nothing at prediction.

    Neighbouring pixels of a channel say much the same, so that dropping them one by one, as
    `Dropout` does, hides little. A channel of a sample is dropped with probability `rate` and
    divided by ``1 - rate`` when it stays. Of sequences and rows it drops what `Dropout` does: a
    feature of a sequence at all steps. The shape stays; the draws depend on the same things.
    Tompson et al., "Efficient object localization using convolutional networks", CVPR 2015,
    section 3.2.

    Parameters
    ----------
    rate : float, default=0.5
        Probability of being dropped.
    name : str, optional
    """

    kind: ClassVar[str] = "spatial_dropout"
    rate: float = 0.5
    rules: ClassVar[Mapping[str, Rule]] = {"rate": FRACTION}

    @property
    def draws(self) -> bool:
        """Unless nothing is dropped."""
        return self.rate != 0

    def mirror(self, input_shape: tuple[int, ...]) -> None:
        """None: noise has no way back."""


@dataclass(frozen=True, repr=False)
class Corrupt(Layer):
    """Noise on the input of a denoising autoencoder in training; does nothing at prediction.

    Vincent et al., "Stacked denoising autoencoders", JMLR 2010, section 3.3. The shape stays; the
    draws depend on the same things as those of `Dropout`.

    Parameters
    ----------
    noise : {"masking", "gaussian", "salt_and_pepper"}, default="masking"
        Sets values to 0; adds normal numbers; sets values to 0 or 1, each half of the time.
    rate : float, default=0.3
        Probability that a value is corrupted, below 1; of "gaussian" the standard deviation.
    name : str, optional
    """

    kind: ClassVar[str] = "corrupt"
    noise: str = "masking"
    rate: float = 0.3
    rules: ClassVar[Mapping[str, Rule]] = {
        "noise": choice("masking", "gaussian", "salt_and_pepper"),
        "rate": NOT_NEGATIVE,
    }

    @property
    def draws(self) -> bool:
        """Unless nothing is changed."""
        return self.rate != 0

    def mirror(self, input_shape: tuple[int, ...]) -> None:
        """None: noise has no way back."""

    def check(self) -> None:
        super().check()
        if self.noise != "gaussian" and self.rate >= 1:
            raise ValueError(
                f"{self.who}: rate={self.rate!r} is the share of values that are corrupted; "
                "expected a number from 0 to below 1."
            )
