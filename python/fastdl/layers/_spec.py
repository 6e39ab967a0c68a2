"""The base of all layer specs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from fastdl import initializers
from fastdl._rules import FLAG, NOT_NEGATIVE, Rule
from fastdl._spec import Spec
from fastdl.initializers import Initializer


@dataclass(frozen=True, repr=False)
class Layer(Spec):
    """A layer as data; see `fastdl._spec.Spec` for what specs can do.

    Parameters
    ----------
    name : str, optional, keyword-only
        Names the layer in messages, in parameters ("conv1.weight") and in grids ("conv1__filters").
        Without it, the layer is called after its kind and its place among the layers of its kind,
        from 1: "conv2d_2".
    """

    kind: ClassVar[str]  # the stem of its files
    name: str | None = field(default=None, kw_only=True)

    @property
    def who(self) -> str:
        title = type(self).__name__
        return f"layer '{self.name}' ({title})" if self.name else title

    def branches(self) -> tuple[tuple[Layer, ...], ...]:
        """The lists of layers inside, each of which the layer's input runs through."""
        return ()

    def map(self, change: Callable[[Layer], Layer]) -> Self:
        """The same layer with each layer directly inside replaced, in the order of `branches`."""
        return self

    def to_dict(self) -> dict[str, Any]:
        """Plain data for C++: kind, title, name and the fields of the registry."""
        plain = {key: rule.plain(getattr(self, key)) for key, rule in self.rules.items()}
        return {"kind": self.kind, "title": type(self).__name__, "name": self.name or "", **plain}


@dataclass(frozen=True, repr=False)
class LearningLayer(Layer):
    """A layer with parameters to learn.

    Parameters
    ----------
    trainable : bool, default=True, keyword-only
        False keeps the parameters as they are (frozen).
    lr_multiplier : float, default=1.0, keyword-only
        Multiplies the learning rate of this layer's parameters.
    """

    trainable: bool = field(default=True, kw_only=True)
    lr_multiplier: float = field(default=1.0, kw_only=True)
    rules: ClassVar[Mapping[str, Rule]] = {"trainable": FLAG, "lr_multiplier": NOT_NEGATIVE}


@dataclass(frozen=True, repr=False)
class WeightedLayer(LearningLayer):
    """A layer with weights and, mostly, biases.

    Parameters
    ----------
    bias : bool, default=True, keyword-only
        Whether a bias is added to each output.
    weight_init : str or Initializer, optional, keyword-only
        How the weights start (`fastdl.initializers`). None: He uniform before a rectifier-like
        activation (LeCun normal before selu), Glorot uniform elsewhere.
    bias_init : str or Initializer, optional, keyword-only
        How the biases start. None: zeros.
    """

    bias: bool = field(default=True, kw_only=True)
    weight_init: str | Initializer | None = field(default=None, kw_only=True)
    bias_init: str | Initializer | None = field(default=None, kw_only=True)
    rules: ClassVar[Mapping[str, Rule]] = {
        "bias": FLAG,
        "weight_init": initializers.RULE,
        "bias_init": initializers.RULE,
        **LearningLayer.rules,
    }
