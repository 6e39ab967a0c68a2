"""A decoder and its attention: what `Seq2Seq` is made of, beside layers that others use too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, Self

from fastdl._rules import FLAG, FRACTION, POSITIVE_INTEGER, UNIT, Rule, choice
from fastdl.layers._container import LAYERS
from fastdl.layers._spec import Form, Layer, LearningLayer

SCORES = ("additive", "dot", "general", "none")


@dataclass(frozen=True, repr=False)
class Attention(LearningLayer):
    """How a decoder looks at the states of its encoder; only inside of a `Decoder`.

    Parameters: weight_query (decoder's units, units), weight_key (features, units), bias (units,)
    and weight_score (units,) of "additive"; weight_key (features, decoder's units) of "general";
    weight_combine (decoder's units + features, decoder's units) of "general" and "dot".

    Parameters
    ----------
    score : {"additive", "dot", "general", "none"}
    units : int, default=64
        Of "additive".
    trainable : bool, default=True
    lr_multiplier : float, default=1.0
    name : str, optional
    """

    kind: ClassVar[str] = "attention"
    score: str
    units: int = 64
    rules: ClassVar[Mapping[str, Rule]] = {
        "score": choice(*SCORES),
        "units": POSITIVE_INTEGER,
        **LearningLayer.rules,
    }

    def multiply_adds(
        self, input_shape: Sequence[int], output_shape: Sequence[int], n_weights: int
    ) -> int:
        """Of its weights once for a step of the answer; and of scores and means."""
        steps, features = input_shape
        return output_shape[0] * (n_weights + steps * (features + self.units))


@dataclass(frozen=True, repr=False)
class Decoder(Layer):
    """Writes an answer symbol by symbol, from the states of an encoder: the end of `Seq2Seq`.

    Parameters
    ----------
    layers : list of layers
        The embedding of the symbols; for each recurrent layer a `Dense`, which makes its first
        state, and the layer; `Attention`; the `Dense` of the outputs.
    steps : int
        Of the longest answer, its end included.
    bidirectional : bool, default=False
        Whether the second half of the encoder's features was read from the end.
    teacher_forcing : float, default=1.0
        How many of the steps in training are fed with the answer, and not with what was written.
    dropout, recurrent_dropout : float, default=0.0
    name : str, optional
    """

    kind: ClassVar[str] = "decoder"
    recurrent: ClassVar[bool] = True
    layers: Sequence[Layer]
    steps: int
    bidirectional: bool = field(default=False, kw_only=True)
    teacher_forcing: float = field(default=1.0, kw_only=True)
    dropout: float = field(default=0.0, kw_only=True)
    recurrent_dropout: float = field(default=0.0, kw_only=True)
    rules: ClassVar[Mapping[str, Rule]] = {
        "layers": LAYERS,
        "steps": POSITIVE_INTEGER,
        "bidirectional": FLAG,
        "teacher_forcing": UNIT,
        "dropout": FRACTION,
        "recurrent_dropout": FRACTION,
    }

    def paths(self) -> tuple[tuple[Layer, ...], ...]:
        return (tuple(self.layers),)

    def map(self, change: Callable[[Layer], Layer]) -> Self:
        return self.replace(layers=tuple(map(change, self.layers)))

    def gives(self, form: Form) -> Form | None:
        return form if form == "sequences" else None

    @property
    def draws(self) -> bool:
        """Where something is dropped, or not fed with the answer."""
        return bool(self.dropout or self.recurrent_dropout or self.teacher_forcing < 1)
