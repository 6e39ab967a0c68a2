"""Layers for sequences: recurrent ones, symbols as vectors."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

from fastdl import initializers
from fastdl._rules import FLAG, FRACTION, NUMBER, POSITIVE_INTEGER, Rule, choice
from fastdl.initializers import Initializer
from fastdl.layers._spec import Form, Layer, LearningLayer


@dataclass(frozen=True, repr=False)
class RecurrentLayer(LearningLayer):
    """A layer whose state h sees its own past.

    Parameters
    ----------
    units : int
        Size of the state.
    return_sequences : bool, default=False, keyword-only
        The state after every step (steps, units), zero after a sequence's end, instead of the last
        one (units,).
    reverse : bool, default=False, keyword-only
        Read each sequence from its last step to its first. Parameters then end in "_reverse".
    weight_init, recurrent_init, bias_init : str or Initializer, optional, keyword-only
        How w_ih, w_hh and the bias start. None: Glorot uniform; orthogonal, gate by gate; zeros.
    recurrent_dropout : float, default=0.0, keyword-only
        In training, the rate at which units of the state are hidden from the products with w_hh,
        the same ones at every step and for every gate, the others divided by 1 - rate; what the
        state carries over by itself stays whole. Gal and Ghahramani, "A theoretically grounded
        application of dropout in recurrent neural networks", NIPS 2016. Their dropout of the
        input is a `Dropout` before the layer.
    """

    units: int
    return_sequences: bool = field(default=False, kw_only=True)
    reverse: bool = field(default=False, kw_only=True)
    weight_init: str | Initializer | None = field(default=None, kw_only=True)
    recurrent_init: str | Initializer | None = field(default=None, kw_only=True)
    bias_init: str | Initializer | None = field(default=None, kw_only=True)
    recurrent_dropout: float = field(default=0.0, kw_only=True)
    has_weights: ClassVar[bool] = True
    gates: ClassVar[int]  # side by side in the parameters
    rules: ClassVar[Mapping[str, Rule]] = {
        "units": POSITIVE_INTEGER,
        "return_sequences": FLAG,
        "reverse": FLAG,
        "weight_init": initializers.RULE,
        "recurrent_init": initializers.RULE,
        "bias_init": initializers.RULE,
        "recurrent_dropout": FRACTION,
        **LearningLayer.rules,
    }

    def multiply_adds(
        self, input_shape: Sequence[int], output_shape: Sequence[int], n_weights: int
    ) -> int:
        """Of each weight at each step of the input."""
        return n_weights * input_shape[0]

    def gives(self, form: Form) -> Form | None:
        if form != "sequences":
            return None
        return "sequences" if self.return_sequences else "rows"

    @property
    def draws(self) -> bool:
        """Where there is a `recurrent_dropout`."""
        return self.recurrent_dropout != 0

    @property
    def recurrent(self) -> bool:
        """Always."""
        return True

    @property
    def reads_backwards(self) -> bool:
        """As `reverse` says."""
        return self.reverse

    def initializer(self, what: str, role: str, automatic: Initializer) -> Initializer:
        """How "weight_ih", "weight_hh", "bias" or "peepholes" starts."""
        given = {"weight_ih": self.weight_init, "weight_hh": self.recurrent_init}
        if what in given:
            usual = "glorot_uniform" if what == "weight_ih" else "orthogonal"
            return initializers.ByGate(self.gates, initializers.get(given[what] or usual))
        if what == "bias":
            return initializers.get(self.bias_init or "zeros", "bias_init")
        return initializers.Zeros()


@dataclass(frozen=True, repr=False)
class RNN(RecurrentLayer):
    """h_t = f(x_t w_ih + h_{t-1} w_hh + b), the plain recurrent net.

    Input (steps, features), output (units,) or (steps, units). Parameters: weight_ih (features,
    units), weight_hh (units, units), bias (units,). Elman, "Finding structure in time", 1990. With
    relu and ``recurrent_init="identity"`` it keeps gradients over hundreds of steps: Le, Jaitly and
    Hinton, "A simple way to initialize recurrent networks of rectified linear units", 2015.

    Parameters
    ----------
    units : int
        Size of the state.
    activation : "tanh" or "relu", default="tanh"
    return_sequences : bool, default=False
        The state after every step, zero after a sequence's end, instead of the last one.
    reverse : bool, default=False
        Read each sequence from its end.
    weight_init, recurrent_init, bias_init : str or Initializer, optional
        None: Glorot uniform, orthogonal, zeros.
    recurrent_dropout : float, default=0.0
        Rate at which units of the state are hidden from w_hh in training, the same at every step.
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "rnn"
    gates: ClassVar[int] = 1
    activation: str = "tanh"
    rules: ClassVar[Mapping[str, Rule]] = {
        "activation": choice("tanh", "relu"),
        **RecurrentLayer.rules,
    }


@dataclass(frozen=True, repr=False)
class LSTM(RecurrentLayer):
    """Long short-term memory: c_t = f_t c_{t-1} + i_t g_t, h_t = o_t tanh(c_t).

    i, f, o = sigmoid and g = tanh of ``x_t w_ih + h_{t-1} w_hh + b``, columns in the order i f g o.
    Input (steps, features), output (units,) or (steps, units). Parameters: weight_ih (features, 4
    units), weight_hh (units, 4 units), bias (4 units,), peepholes (3, units). Hochreiter and
    Schmidhuber, "Long short-term memory", Neural Computation 1997; forget gates and peepholes (i
    and f also see c_{t-1}, o sees c_t): Gers, Schraudolph and Schmidhuber, JMLR 2002.

    Parameters
    ----------
    units : int
        Size of the state.
    peepholes : bool, default=False
        They start at zero.
    forget_bias : float, default=1.0
        Where the biases of the forget gates start, on top of bias_init (Jozefowicz et al. 2015).
    return_sequences : bool, default=False
        The state after every step, zero after a sequence's end, instead of the last one.
    reverse : bool, default=False
        Read each sequence from its end.
    weight_init, recurrent_init, bias_init : str or Initializer, optional
        None: Glorot uniform and orthogonal, gate by gate, and zeros.
    recurrent_dropout : float, default=0.0
        Rate at which units of the state are hidden from w_hh in training, the same at every step.
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "lstm"
    gates: ClassVar[int] = 4
    peepholes: bool = False
    forget_bias: float = 1.0
    rules: ClassVar[Mapping[str, Rule]] = {
        "peepholes": FLAG,
        "forget_bias": NUMBER,
        **RecurrentLayer.rules,
    }

    def initializer(self, what: str, role: str, automatic: Initializer) -> Initializer:
        start = super().initializer(what, role, automatic)
        return initializers.Raised(1, 4, self.forget_bias, start) if what == "bias" else start


@dataclass(frozen=True, repr=False)
class GRU(RecurrentLayer):
    """Gated recurrent unit: h_t = (1 - z_t) n_t + z_t h_{t-1}.

    r, z = sigmoid(x_t w_ih + h_{t-1} w_hh + b); n = tanh(x_t w_in + b_n + r (h_{t-1} w_hn + b_hn)),
    or tanh(x_t w_in + (r h_{t-1}) w_hn + b_n) without `reset_after`; columns in the order r z n.
    Input (steps, features), output (units,) or (steps, units). Parameters: weight_ih (features, 3
    units), weight_hh (units, 3 units), bias (2, 3 units), of x and of h, or (3 units,). Cho et al.,
    "Learning phrase representations using RNN encoder-decoder", EMNLP 2014.

    Parameters
    ----------
    units : int
        Size of the state.
    reset_after : bool, default=True
        Apply r after the product with the weights, as cuDNN, PyTorch and Keras do; False before it,
        as the paper does.
    return_sequences : bool, default=False
        The state after every step, zero after a sequence's end, instead of the last one.
    reverse : bool, default=False
        Read each sequence from its end.
    weight_init, recurrent_init, bias_init : str or Initializer, optional
        None: Glorot uniform and orthogonal, gate by gate, and zeros.
    recurrent_dropout : float, default=0.0
        Rate at which units of the state are hidden from w_hh in training, the same at every step.
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "gru"
    gates: ClassVar[int] = 3
    reset_after: bool = True
    rules: ClassVar[Mapping[str, Rule]] = {"reset_after": FLAG, **RecurrentLayer.rules}


INNER = Rule(
    "a recurrent layer: RNN, LSTM or GRU",
    lambda v: isinstance(v, RecurrentLayer),
    lambda v: [v.to_dict()],
)


@dataclass(frozen=True, repr=False)
class Bidirectional(Layer):
    """A recurrent layer and one that reads from the end, their outputs side by side.

    Output (2 units,) or (steps, 2 units). Parameters: those of the layer, under this layer's name,
    and once more ending in "_reverse". Schuster and Paliwal, "Bidirectional recurrent neural
    networks", 1997.

    Parameters
    ----------
    layer : RNN, LSTM or GRU
        Its name and `reverse` do not matter.
    name : str, optional
    """

    kind: ClassVar[str] = "bidirectional"
    layer: Layer
    rules: ClassVar[Mapping[str, Rule]] = {"layer": INNER}

    def multiply_adds(
        self, input_shape: Sequence[int], output_shape: Sequence[int], n_weights: int
    ) -> int:
        """Of each weight at each step of the input."""
        return n_weights * input_shape[0]

    def paths(self) -> tuple[tuple[Layer, ...], ...]:
        return ((self.layer,),) if isinstance(self.layer, Layer) else ((),)

    def map(self, change: Callable[[Layer], Layer]) -> Self:
        return self.replace(layer=change(self.layer)) if isinstance(self.layer, Layer) else self

    def gives(self, form: Form) -> Form | None:
        return self.layer.gives(form)

    @property
    def recurrent(self) -> bool:
        """Always."""
        return True

    @property
    def reads_backwards(self) -> bool:
        """Always: as well as forwards."""
        return True

    def initializer(self, what: str, role: str, automatic: Initializer) -> Initializer:
        """As the layer inside; for both directions."""
        return self.layer.initializer(what, role, automatic)


@dataclass(frozen=True, repr=False)
class Embedding(LearningLayer):
    """Symbols as vectors: code k becomes row k of the weight.

    The first layer of a network; input (steps, 1), codes 0 .. n_symbols - 1 (X may be uint8, int32
    or floats), output (steps, units). Parameters: weight (n_symbols, units). Bengio et al., "A
    neural probabilistic language model", JMLR 2003.

    Parameters
    ----------
    n_symbols : int
    units : int
        Length of the vectors.
    weight_init : str or Initializer, optional
        None: uniform in [-0.05, 0.05).
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "embedding"
    forms: ClassVar[Mapping[Form, Form]] = {"sequences": "sequences"}
    takes_codes: ClassVar[bool] = True
    has_weights: ClassVar[bool] = True
    n_symbols: int
    units: int
    weight_init: str | Initializer | None = field(default=None, kw_only=True)
    rules: ClassVar[Mapping[str, Rule]] = {
        "n_symbols": POSITIVE_INTEGER,
        "units": POSITIVE_INTEGER,
        "weight_init": initializers.RULE,
        **LearningLayer.rules,
    }

    def multiply_adds(
        self, input_shape: Sequence[int], output_shape: Sequence[int], n_weights: int
    ) -> int:
        """None: rows are looked up."""
        return 0

    def initializer(self, what: str, role: str, automatic: Initializer) -> Initializer:
        """How the weight starts."""
        return initializers.get(self.weight_init or "uniform")
