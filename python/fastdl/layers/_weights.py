"""Layers around one whose weights they change."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np

from fastdl._rules import FRACTION, Rule
from fastdl.initializers import Initializer
from fastdl.layers._spec import Form, Layer

WEIGHTED = Rule(
    "a layer with one weight: Dense, Conv1D, Conv2D, DepthwiseConv2D or Conv2DTranspose",
    lambda v: isinstance(v, Layer) and v.weight_axis is not None,
    lambda v: [v.to_dict()],
)


@dataclass(frozen=True, repr=False)
class _Around(Layer):
    layer: Layer

    def paths(self) -> tuple[tuple[Layer, ...], ...]:
        return ((self.layer,),) if isinstance(self.layer, Layer) else ((),)

    def map(self, change: Callable[[Layer], Layer]) -> Self:
        return self.replace(layer=change(self.layer)) if isinstance(self.layer, Layer) else self

    def gives(self, form: Form) -> Form | None:
        return self.layer.gives(form)

    def multiply_adds(
        self, input_shape: Sequence[int], output_shape: Sequence[int], n_weights: int
    ) -> int:
        """As the layer inside."""
        return self.layer.multiply_adds(input_shape, output_shape, n_weights)

    @property
    def recurrent(self) -> bool:
        """As the layer inside."""
        return self.layer.recurrent

    @property
    def reads_backwards(self) -> bool:
        """As the layer inside."""
        return self.layer.reads_backwards

    def initializer(self, what: str, role: str, automatic: Initializer) -> Initializer:
        """As the layer inside."""
        return self.layer.initializer("weight" if role == "weight" else what, role, automatic)


@dataclass(frozen=True, repr=False)
class WeightNorm(_Around):
    """A layer whose weights have their lengths apart from their directions.

    ``w = g v / ||v||``, the norm over all axes but that of the outputs; input and output are those
    of the layer inside. Parameters: under this layer's name weight_v, of the shape of the layer's
    weight, and weight_g (outputs,), which are learnt instead of it, and its bias. It starts as the
    layer inside would: v is its weight, g its norm. Salimans and Kingma, "Weight normalization",
    NIPS 2016, equations 2 and 3.

    Parameters
    ----------
    layer : Dense, Conv1D, Conv2D, DepthwiseConv2D or Conv2DTranspose
        Its name does not matter.
    name : str, optional
    """

    kind: ClassVar[str] = "weight_norm"
    rules: ClassVar[Mapping[str, Rule]] = {"layer": WEIGHTED}

    def start_of(self, what: str, drawn: Mapping[str, Any]) -> Any:
        """Of weight_g, the norms of weight_v."""
        if what != "weight_g":
            return None
        v = drawn["weight_v"]
        if self.layer.weight_axis == -1:
            return np.sqrt((v**2).sum(axis=tuple(range(v.ndim - 1))))
        groups = self.layer.get_params()["groups"]  # (h, w, filters / groups, channels)
        squares = (v**2).reshape(-1, v.shape[-2], groups, v.shape[-1] // groups).sum(axis=(0, 3))
        return np.sqrt(squares.T.ravel())


@dataclass(frozen=True, repr=False)
class DropConnect(_Around):
    """A layer of whose weights some are dropped at random in training.

    In training each weight is set to zero with probability `rate` and divided by ``1 - rate`` when
    it stays; biases stay whole. In use the layer has all its weights, which are the mean of those
    in training (mean weights): not the sampling of Gaussian inputs that the authors propose. Input,
    output and parameters are those of the layer inside, under this layer's name. Wan et al.,
    "Regularization of neural networks using DropConnect", ICML 2013.

    All samples of a batch see the same weights, drawn anew for every batch, as in Merity et al.,
    "Regularizing and optimizing LSTM language models", ICLR 2018. Wan et al. draw a mask for every
    sample. The mean of the gradient over the draws is the same; its noise is larger, for it does
    not average out within a batch: smaller batches, or a smaller `rate`, make up for that. A mask
    for every sample would take a random number for every multiply-add, in all three products of a
    step, 80 times as long as a product of 64 samples with 1024 x 1024 weights (one thread, AVX2).
    The draws depend on the seed, the layer, the epoch and the first sample of the batch.

    Parameters
    ----------
    layer : Dense, Conv1D, Conv2D, DepthwiseConv2D or Conv2DTranspose
        Its name does not matter.
    rate : float, default=0.5
        Probability of being dropped.
    name : str, optional
    """

    kind: ClassVar[str] = "drop_connect"
    rate: float = 0.5
    rules: ClassVar[Mapping[str, Rule]] = {"layer": WEIGHTED, "rate": FRACTION}

    @property
    def draws(self) -> bool:
        """Unless nothing is dropped."""
        return self.rate != 0
