"""The base of all layer specs."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal, NamedTuple, Self, TypeAlias

from fastdl import initializers
from fastdl._rules import FLAG, NOT_NEGATIVE, Rule
from fastdl._spec import Spec
from fastdl.initializers import Constant, GlorotUniform, Initializer, Zeros

Form: TypeAlias = Literal["rows", "sequences", "images"]

_BY_ROLE: Mapping[str, Initializer] = {"bias": Zeros(), "shift": Zeros(), "gain": Constant(1.0)}


def form_of(shape: Sequence[int]) -> Form:
    """What samples of shape (features,), (steps, features) or (height, width, channels) are."""
    forms: tuple[Form, ...] = ("rows", "sequences", "images")
    return forms[len(shape) - 1]


class Neighbourhood(NamedTuple):
    """Where a pixel that layers give comes from; its image and the input have one centre."""

    reach: int  # of pixels of the input, how far from its place they may be
    factor: int  # how many times as large as the input its image is, but for the border


HERE = Neighbourhood(0, 1)


def neighbourhood(layers: Sequence[Layer]) -> Neighbourhood | None:
    """That of layers one after the other; None if one of them may look anywhere."""
    reach, factor = 0, 1
    for layer in layers:
        of_one = layer.neighbourhood
        if of_one is None:
            return None
        reach, factor = reach + -(-of_one.reach // factor), factor * of_one.factor
    return Neighbourhood(reach, factor)


@dataclass(frozen=True, repr=False)
class Layer(Spec):
    """A layer as data, and what is known of it; see `fastdl._spec.Spec` for what specs can do.

    Estimators and `fastdl.program.compile` ask a layer for its facts and never for its type. What
    stands here is true of a layer that says nothing else; tests/specs/test_facts.py compares every
    fact with what the core does.

    Parameters
    ----------
    name : str, optional, keyword-only
        Names the layer in messages, in parameters ("conv1.weight") and in grids ("conv1__filters").
        Without it, the layer is called after its kind and its place among the layers of its kind,
        from 1: "conv2d_2".
    """

    kind: ClassVar[str]  # the stem of its files
    name: str | None = field(default=None, kw_only=True)

    # What it takes, and what it makes of that.
    forms: ClassVar[Mapping[Form, Form]] = {
        "rows": "rows",
        "sequences": "sequences",
        "images": "images",
    }
    has_weights: ClassVar[bool] = False  # its input is multiplied with weights of its own
    weight_axis: ClassVar[int | None] = None  # of its one weight, the axis that counts outputs
    linear: ClassVar[bool] = False  # what it gives is a sum of weighted inputs, and a bias
    takes_codes: ClassVar[bool] = False  # its input holds codes of symbols, not numbers
    normalises: ClassVar[bool] = False  # what it gives hardly depends on the scale of its input
    side: ClassVar[bool] = False  # what its paths give has a loss of its own, and goes nowhere else
    follows: ClassVar[bool] = False  # an activation or a norm, which belongs to the weights before
    cpu_only: ClassVar[bool] = False  # no GPU runs it
    joins: ClassVar[str] = ""  # what is done with what its paths give: "add" "concat"

    @property
    def slope(self) -> float:
        """The largest slope of what it does to a value, if that is far from 1: 1/4 of sigmoids."""
        return 1.0

    @property
    def who(self) -> str:
        title = type(self).__name__
        return f"layer '{self.name}' ({title})" if self.name else title

    def paths(self) -> tuple[tuple[Layer, ...], ...]:
        """The lists of layers inside, each of which the layer's input runs through."""
        return ()

    def map(self, change: Callable[[Layer], Layer]) -> Self:
        """The same layer with each layer directly inside replaced, in the order of `paths`."""
        return self

    def gives(self, form: Form) -> Form | None:
        """What it makes of rows, sequences or images; None where it does not take them."""
        return self.forms.get(form)

    @property
    def draws(self) -> bool:
        """Whether it draws random numbers in training, for which a seed is needed."""
        return False

    @property
    def recurrent(self) -> bool:
        """Whether what it makes of a step depends on other steps."""
        return False

    @property
    def reads_backwards(self) -> bool:
        """Whether what it makes of a step depends on later ones."""
        return False

    @property
    def neighbourhood(self) -> Neighbourhood | None:
        """Where a pixel that it gives comes from; None for what is not a place in its input."""
        if self.gives("images") != "images":
            return None
        paths = () if self.side else self.paths()
        found = {neighbourhood(path) for path in paths} or {HERE}
        if None in found or len({of_one.factor for of_one in found if of_one}) > 1:
            return None
        return max(of_one for of_one in found if of_one)

    @property
    def penalises(self) -> bool:
        """Whether it adds to the loss."""
        return False

    def multiply_adds(
        self, input_shape: Sequence[int], output_shape: Sequence[int], n_weights: int
    ) -> int:
        """Products with its weights for a sample: of each weight at each pixel or step it gives."""
        return n_weights * math.prod(output_shape[:-1])

    def initializer(self, what: str, role: str, automatic: Initializer) -> Initializer:
        """How a parameter starts.

        As the field ``<what>_init`` says, where there is one and it is given; else gains start at
        1, biases and shifts at 0, and weights by the layers that follow.

        Parameters
        ----------
        what : str
            Name of the parameter within the layer, "weight".
        role : "weight", "bias", "gain" or "shift"
        automatic : Initializer
            What the layers that follow ask for.
        """
        given = getattr(self, f"{what}_init", None)
        return _BY_ROLE.get(role, automatic) if given is None else initializers.get(given)

    def start_of(self, what: str, drawn: Mapping[str, Any]) -> Any:
        """How a parameter starts that follows from those before it; None: `initializer` says.

        Parameters
        ----------
        what : str
        drawn : dict of ndarray
            The layer's parameters before it.
        """
        return None

    def initializer_before(self) -> Initializer | None:
        """How weights before it should start; None leaves that to the layers after it.

        An activation knows. Weights ask for Glorot uniform, and so do layers that hold others,
        unless they know better.
        """
        return GlorotUniform() if self.has_weights or self.paths() else None

    def mirror(self, input_shape: tuple[int, ...]) -> Layer | None:
        """The layer that leads back from its output to its input, a sample of this shape.

        None where a mirror image does without (noise, penalties).

        Raises
        ------
        ValueError
            If it has no mirror image.
        """
        raise self._no_mirror()

    def _no_mirror(self, why: str = "") -> ValueError:
        return ValueError(f"{self.who} has no mirror image{why}. Give a decoder of your own.")

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

    has_weights: ClassVar[bool] = True
    bias: bool = field(default=True, kw_only=True)
    weight_init: str | Initializer | None = field(default=None, kw_only=True)
    bias_init: str | Initializer | None = field(default=None, kw_only=True)
    rules: ClassVar[Mapping[str, Rule]] = {
        "bias": FLAG,
        "weight_init": initializers.RULE,
        "bias_init": initializers.RULE,
        **LearningLayer.rules,
    }
