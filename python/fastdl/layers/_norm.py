"""Normalisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from fastdl._rules import POSITIVE, UNIT, Rule
from fastdl.layers._spec import Form, Layer, LearningLayer


@dataclass(frozen=True, repr=False)
class BatchNorm(LearningLayer):
    """Each channel (or feature) to mean 0 and variance 1 over the batch and the pixels.

    ``y = gain (x - mean) / sqrt(var + eps) + shift``; the shape stays. In training, mean and
    (biased) variance are the batch's, and the running ones move by
    ``running = (1 - momentum) running + momentum batch``, with the unbiased variance; at prediction
    the running ones are used. Parameters: gain (channels,) from 1, shift (channels,) from 0.
    States: running_mean, running_var. Ioffe and Szegedy, "Batch normalization", ICML 2015.

    Parameters
    ----------
    momentum : float, default=0.1
        Weight of the newest batch (Keras' momentum is one minus this).
    eps : float, default=1e-5
    trainable : bool, default=True
        False also keeps the running statistics, which are then used in training as well.
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "batch_norm"
    forms: ClassVar[Mapping[Form, Form]] = {"rows": "rows", "images": "images"}
    normalises: ClassVar[bool] = True
    follows: ClassVar[bool] = True
    momentum: float = 0.1
    eps: float = 1e-5
    rules: ClassVar[Mapping[str, Rule]] = {
        "momentum": UNIT,
        "eps": POSITIVE,
        **LearningLayer.rules,
    }

    def mirror(self, input_shape: tuple[int, ...]) -> Layer:
        """The same, behind the mirror image of the weights before."""
        return self.replace(name=None)


@dataclass(frozen=True, repr=False)
class LayerNorm(LearningLayer):
    """Each sample (and pixel, or step) to mean 0 and variance 1 over its channels (or features).

    ``y = gain (x - mean) / sqrt(var + eps) + shift``; the shape stays. Parameters: gain (channels,)
    from 1, shift (channels,) from 0. Ba, Kiros and Hinton, "Layer normalization", 2016.

    Parameters
    ----------
    eps : float, default=1e-5
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "layer_norm"
    normalises: ClassVar[bool] = True
    follows: ClassVar[bool] = True
    eps: float = 1e-5
    rules: ClassVar[Mapping[str, Rule]] = {"eps": POSITIVE, **LearningLayer.rules}

    def mirror(self, input_shape: tuple[int, ...]) -> Layer:
        """The same, behind the mirror image of the weights before."""
        return self.replace(name=None)
