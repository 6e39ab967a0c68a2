"""Activations: layers of their own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from fastdl import initializers
from fastdl._rules import NOT_NEGATIVE, NUMBER, Rule, choice, optional
from fastdl.initializers import Initializer
from fastdl.layers._spec import Layer, LearningLayer

# Every function, and the alpha of those that have one.
FUNCTIONS: dict[str, float | None] = {
    "identity": None,
    "sigmoid": None,
    "tanh": None,
    "relu": None,
    "leaky_relu": 0.01,
    "elu": 1.0,
    "selu": None,
    "softplus": None,
    "gelu": None,
    "swish": 1.0,
    "mish": None,
    "softmax": None,
}
# Those that stand in networks of others, and are not offered as activations of estimators.
MORE_FUNCTIONS: dict[str, float | None] = {
    "hard_sigmoid": None,
    "hard_swish": None,
    "gelu_tanh": None,
    "celu": 1.0,
    "softsign": None,
    "thresholded_relu": 1.0,
    "exp": None,
    "log": None,
    "sqrt": None,
    "abs": None,
    "erf": None,
    "power": 2.0,
}
ALL_FUNCTIONS = FUNCTIONS | MORE_FUNCTIONS
_RECTIFIERS = (
    *("relu", "leaky_relu", "elu", "softplus", "gelu", "swish", "mish"),
    *("hard_swish", "gelu_tanh", "celu", "thresholded_relu"),
)


@dataclass(frozen=True, repr=False)
class Activation(Layer):
    """An element-wise function, or softmax over the channels; the shape stays.

    =============  ==================================================  ==========================
    function       f(x)                                                source
    =============  ==================================================  ==========================
    identity       x
    sigmoid        1 / (1 + exp(-x))
    tanh           tanh(x)                                             LeCun et al. 1998
    relu           max(x, 0)                                           Nair and Hinton 2010
    leaky_relu     x if x > 0 else alpha x, alpha 0.01                 Maas et al. 2013
    elu            x if x > 0 else alpha (exp(x) - 1), alpha 1         Clevert et al. 2016
    selu           1.0507 (x if x > 0 else 1.67326 (exp(x) - 1))       Klambauer et al. 2017
    softplus       log(1 + exp(x))                                     Dugas et al. 2001
    gelu           x Phi(x), Phi the normal distribution function      Hendrycks and Gimpel 2016
    swish          x / (1 + exp(-alpha x)), alpha 1                    Ramachandran et al. 2017
    mish           x tanh(log(1 + exp(x)))                             Misra 2020
    hard_sigmoid   min(max(x / 6 + 1/2, 0), 1)                         Courbariaux et al. 2015
    hard_swish     x hard_sigmoid(x)                                   Howard et al. 2019
    gelu_tanh      x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2     Hendrycks and Gimpel 2016
    celu           x if x > 0 else alpha (exp(x / alpha) - 1)          Barron 2017
    softsign       x / (1 + abs(x))                                    Bergstra et al. 2009
    thresholded_   x if x > alpha else 0, alpha 1                      Konda et al. 2014
    relu
    exp            exp(x)
    log            log(x)
    sqrt           sqrt(x)
    abs            abs(x)
    erf            2 Phi(x sqrt(2)) - 1
    power          x ** alpha, alpha 2; NaN where x < 0, unless alpha
                   is a whole number up to 16
    softmax        exp(x_j) / sum_k exp(x_k)                           Bridle 1990
    =============  ==================================================  ==========================

    Parameters
    ----------
    function : str, default="relu"
    alpha : float, optional
        Of leaky_relu, elu, swish, celu, thresholded_relu and power; None stands for the value in
        the table. At least 0, but for power; of celu above 0.
    name : str, optional
    """

    kind: ClassVar[str] = "activation"
    follows: ClassVar[bool] = True
    function: str = "relu"
    alpha: float | None = None
    rules: ClassVar[Mapping[str, Rule]] = {
        "function": choice(*ALL_FUNCTIONS),
        "alpha": optional(NUMBER),
    }

    def check(self) -> None:
        super().check()
        _check_alpha(self, self.function, self.alpha)
        least = {"power": -float("inf"), "celu": 1e-30}.get(self.function, 0.0)
        if self.alpha is not None and self.alpha < least:
            text = "a positive number" if self.function == "celu" else NOT_NEGATIVE.text
            raise ValueError(f"{self.who}: alpha={self.alpha!r}; expected None or {text}.")

    @property
    def slope(self) -> float:
        """Of the sigmoid 1/4, at 0."""
        return 0.25 if self.function == "sigmoid" else 1.0

    def initializer_before(self) -> Initializer:
        """He uniform before a rectifier, LeCun normal before selu, else Glorot uniform."""
        return _initializer_before(self.function)

    def mirror(self, input_shape: tuple[int, ...]) -> Layer:
        """The same, behind the mirror image of the weights before."""
        return self.replace(name=None)

    def to_dict(self) -> dict[str, Any]:
        plain = super().to_dict()
        if self.alpha is None:
            plain["alpha"] = ALL_FUNCTIONS[self.function] or 0.0
        return plain


def _check_alpha(layer: Layer, function: str, alpha: float | None) -> None:
    """Raise for an alpha of a function that has none."""
    if alpha is not None and ALL_FUNCTIONS[function] is None:
        known = ALL_FUNCTIONS if isinstance(layer, Activation) else FUNCTIONS
        takers = ", ".join(repr(f) for f, default in known.items() if default is not None)
        raise ValueError(
            f"{layer.who}: alpha={alpha!r}, but {function!r} takes none; only {takers} do. Leave "
            "alpha out."
        )


def _initializer_before(function: str) -> Initializer:
    if function == "selu":
        return initializers.LeCunNormal()
    return initializers.HeUniform() if function in _RECTIFIERS else initializers.GlorotUniform()


@dataclass(frozen=True, repr=False)
class RReLU(Layer):
    """A leaky rectifier whose slopes are drawn in training.

    ``y = x`` for x > 0, else ``a x``: in training a is uniform between `lower` and `upper`, drawn
    for each value; at prediction it is their mean. The shape stays. The draws depend on the seed,
    the layer, the epoch, the sample and, of sequences, the step. Xu et al., "Empirical evaluation
    of rectified activations in convolutional network", 2015, section 2.4, whose slopes are the
    inverse of numbers from 3 to 8.

    Parameters
    ----------
    lower, upper : float, default=1/8, 1/3
    name : str, optional
    """

    kind: ClassVar[str] = "rrelu"
    follows: ClassVar[bool] = True
    lower: float = 1 / 8
    upper: float = 1 / 3
    rules: ClassVar[Mapping[str, Rule]] = {"lower": NOT_NEGATIVE, "upper": NOT_NEGATIVE}

    def check(self) -> None:
        super().check()
        if self.lower > self.upper:
            raise ValueError(
                f"{self.who}: lower={self.lower!r} is above upper={self.upper!r}; expected slopes "
                "from lower to upper."
            )

    @property
    def draws(self) -> bool:
        """Unless there is one slope only."""
        return self.lower != self.upper

    def initializer_before(self) -> Initializer:
        """He uniform: it is a rectifier."""
        return initializers.HeUniform()

    def mirror(self, input_shape: tuple[int, ...]) -> Layer:
        """The same, behind the mirror image of the weights before."""
        return self.replace(name=None)


@dataclass(frozen=True, repr=False)
class ParametricActivation(LearningLayer):
    """Between the identity and a function f, as far as is learnt for each channel (or feature).

    ``y = x + slope (f(x) - x)``: the identity where slope is 0, f where it is 1. The shape stays.
    Parameters: slope (channels,), which start at 1. Holzmueller, Grinsztajn and Steinwart, "Better
    by default: strong pre-tuned MLPs and boosted trees on tabular data", NeurIPS 2024.

    Parameters
    ----------
    function : str, default="selu"
        Of `Activation`, but for softmax.
    alpha : float, optional
        As in `Activation`; it is not learnt.
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "parametric_activation"
    follows: ClassVar[bool] = True
    function: str = "selu"
    alpha: float | None = None
    rules: ClassVar[Mapping[str, Rule]] = {
        "function": choice(*(f for f in FUNCTIONS if f != "softmax")),
        "alpha": optional(NOT_NEGATIVE),
        **LearningLayer.rules,
    }

    def check(self) -> None:
        super().check()
        _check_alpha(self, self.function, self.alpha)

    def initializer_before(self) -> Initializer:
        """As of `Activation`."""
        return _initializer_before(self.function)

    def mirror(self, input_shape: tuple[int, ...]) -> Layer:
        """The same, behind the mirror image of the weights before."""
        return self.replace(name=None)

    def to_dict(self) -> dict[str, Any]:
        plain = super().to_dict()
        if self.alpha is None:
            plain["alpha"] = FUNCTIONS[self.function] or 0.0
        return plain


@dataclass(frozen=True, repr=False)
class PReLU(LearningLayer):
    """x where it is positive, else alpha x, alpha learnt for each channel (or feature).

    The shape stays. Parameters: alpha (channels,). He et al., "Delving deep into rectifiers", ICCV
    2015, section 2.1.

    Parameters
    ----------
    alpha_init : float, default=0.25
        Where all alpha start.
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "prelu"
    follows: ClassVar[bool] = True
    alpha_init: float = 0.25
    rules: ClassVar[Mapping[str, Rule]] = {"alpha_init": NUMBER, **LearningLayer.rules}

    def initializer(self, what: str, role: str, automatic: Initializer) -> Initializer:
        """Alpha from `alpha_init`."""
        return initializers.Constant(self.alpha_init)

    def initializer_before(self) -> Initializer:
        """He uniform: it is a rectifier."""
        return initializers.HeUniform()

    def mirror(self, input_shape: tuple[int, ...]) -> Layer:
        """The same, behind the mirror image of the weights before."""
        return self.replace(name=None)
