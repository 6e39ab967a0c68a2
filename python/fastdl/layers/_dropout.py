"""Noise against overfitting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from fastdl._rules import FRACTION, Rule
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
