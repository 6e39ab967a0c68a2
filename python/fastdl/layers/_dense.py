"""Fully connected layers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from fastdl import initializers
from fastdl._rules import FLAG, POSITIVE_INTEGER, Rule
from fastdl.initializers import Initializer
from fastdl.layers._spec import Form, LearningLayer, WeightedLayer

_NAME = Rule("the name of a Dense layer", lambda v: isinstance(v, str) and v != "", str)


@dataclass(frozen=True, repr=False)
class Dense(WeightedLayer):
    """y = x W + b.

    Input (features,), output (units,); of sequences each step: input (steps, features), output
    (steps, units). Parameters: weight (features, units), bias (units,).

    Parameters
    ----------
    units : int
        Outputs.
    bias : bool, default=True
    weight_init, bias_init : str or Initializer, optional
        None: weights by the activation that follows, biases zero.
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "dense"
    forms: ClassVar[Mapping[Form, Form]] = {"rows": "rows", "sequences": "sequences"}
    linear: ClassVar[bool] = True
    weight_axis: ClassVar[int | None] = -1
    units: int
    rules: ClassVar[Mapping[str, Rule]] = {"units": POSITIVE_INTEGER, **WeightedLayer.rules}

    def mirror(self, input_shape: tuple[int, ...]) -> Dense:
        """As many units as it has inputs."""
        return Dense(input_shape[-1])


@dataclass(frozen=True, repr=False)
class Maxout(WeightedLayer):
    """y_j = the largest of `pieces` linear maps of x; learns a convex activation.

    Input (features,), output (units,). Parameters: weight (features, units * pieces), the pieces of
    a unit side by side; bias (units * pieces,). Goodfellow et al., "Maxout networks", ICML 2013,
    section 3.

    Parameters
    ----------
    units : int
        Outputs.
    pieces : int, default=2
        Linear maps for each output.
    bias : bool, default=True
    weight_init, bias_init : str or Initializer, optional
        None: He uniform, zero.
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "maxout"
    forms: ClassVar[Mapping[Form, Form]] = {"rows": "rows"}
    units: int
    pieces: int = 2
    rules: ClassVar[Mapping[str, Rule]] = {
        "units": POSITIVE_INTEGER,
        "pieces": POSITIVE_INTEGER,
        **WeightedLayer.rules,
    }

    def initializer(self, what: str, role: str, automatic: Initializer) -> Initializer:
        """Weights as before a rectifier, whatever follows: it is one."""
        return super().initializer(what, role, initializers.HeUniform())


@dataclass(frozen=True, repr=False)
class TiedDense(LearningLayer):
    """y = x W^T + b, with W the weights of an earlier `Dense`: the decoder of an autoencoder.

    Input (units of that layer,), output (features of that layer,). Parameters: bias (features,); W
    stays with the other layer and learns from both places. Bengio, "Learning deep architectures for
    AI", 2009, section 4.6.

    Parameters
    ----------
    tied_to : str
        Name of the Dense layer; one layer may be tied to it.
    bias : bool, default=True
    bias_init : str or Initializer, optional
        None: zero.
    trainable : bool, default=True
        Of the bias.
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "tied_dense"
    forms: ClassVar[Mapping[Form, Form]] = {"rows": "rows"}
    tied_to: str
    bias: bool = field(default=True, kw_only=True)
    bias_init: str | Initializer | None = field(default=None, kw_only=True)
    rules: ClassVar[Mapping[str, Rule]] = {
        "tied_to": _NAME,
        "bias": FLAG,
        "bias_init": initializers.RULE,
        **LearningLayer.rules,
    }

    def multiply_adds(
        self, input_shape: Sequence[int], output_shape: Sequence[int], n_weights: int
    ) -> int:
        """With the weights of the other layer."""
        return input_shape[-1] * math.prod(output_shape)

    def initializer_before(self) -> Initializer:
        """Glorot uniform: it multiplies with weights, though with those of another layer."""
        return initializers.GlorotUniform()
