"""The words of networks that answer a sequence with another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastdl import layers as L
from fastdl._rules import POSITIVE_INTEGER, choice
from fastdl._saved import NATURAL, SHAPE, TEXT, Saved, listed
from fastdl._sklearn import StrOptions
from fastdl.estimators.parameters.training_words import (
    COUNT,
    NOT_NEGATIVE,
    RATE,
    UNIT,
    TrainingWords,
)
from fastdl.estimators.parameters.words import fitted, reword, word
from fastdl.estimators.recurrent.words import CELLS as RECURRENT
from fastdl.estimators.recurrent.words import RecurrentWords
from fastdl.estimators.translation.pairs import FORMS
from fastdl.layers import Layer
from fastdl.layers._decoder import SCORES

CELLS = {cell: RECURRENT[cell] for cell in ("gru", "lstm")}
ATTENTIONS = tuple(score for score in SCORES if score != "none")
_SYMBOLS = listed(TEXT, "texts")._replace(plain=tuple)


@dataclass(eq=False, repr=False, kw_only=True)
class TranslationWords(TrainingWords):
    """Which layers there are, how pairs are read, and how answers are looked for."""

    hidden_layer_sizes: Sequence[int] = word(
        default=(128,),
        rule=[list, tuple],
        kind="sequence of int",
        text="Units of the recurrent layers of the encoder, and as many of the decoder. With "
        "`bidirectional`, the two directions of the encoder have half of them each.",
        kw_only=False,
    )
    cell: str = word(
        default="gru",
        rule=[StrOptions(set(CELLS))],
        kind='{"gru", "lstm"}',
        text="Which of `fastdl.layers.GRU` and `LSTM`.",
    )
    bidirectional: bool = word(
        default=True,
        rule=["boolean"],
        kind="bool",
        text="Whether the encoder also reads from the end.",
    )
    attention: str | None = word(
        default="additive",
        rule=[str, None],
        kind="{" + ", ".join(f'"{name}"' for name in ATTENTIONS) + "} or None",
        text="How the decoder looks at the source: see above. None: it gets the encoder's last "
        "state and nothing else.",
    )
    embedding_size: int = word(
        default=32,
        rule=[COUNT],
        kind="int",
        text="Length of the vector that stands for a symbol.",
    )
    dropout: float = word(
        default=0.0,
        rule=[RATE],
        kind="float",
        text="After each recurrent layer, the rate at which activations are dropped in training, "
        "the same ones at every step.",
    )
    recurrent_dropout: float = word(
        default=0.0,
        rule=[RATE],
        kind="float",
        text="Inside of them, the rate at which units of the state are hidden from the recurrent "
        "weights in training, the same ones at every step.",
    )
    teacher_forcing: float = word(
        default=1.0,
        rule=[UNIT],
        kind="float",
        text="In training, the share of the decoder's steps that are fed with the symbol of y, and "
        "not with the likeliest one that it wrote itself (scheduled sampling: Bengio et al. 2015).",
    )
    reverse_source: bool = word(
        default=False,
        rule=["boolean"],
        kind="bool",
        text="Whether sources are read from their last step (Sutskever, Vinyals and Le 2014).",
    )
    beam_size: int = word(
        default=1,
        rule=[COUNT],
        kind="int",
        text="Of the ways to go on, so many are kept at each step; 1 takes the likeliest symbol.",
    )
    length_penalty: float = word(
        default=0.0,
        rule=[NOT_NEGATIVE],
        kind="float",
        text="Answers are compared by their log-likelihood over (length + 1) to this power: 0 "
        "prefers short ones, 1 is the mean of a symbol.",
    )
    max_length: int | None = word(
        default=None,
        rule=[COUNT, None],
        kind="int or None",
        text="Symbols of an answer at most. None: 1.5 times the longest answer of fit, and 5.",
    )
    unknown_token: str | None = word(
        default=None,
        rule=[str, None],
        kind="str or None",
        text="The symbol that those are read as which fit did not see; it may occur in the data of "
        "fit, and is learnt from there. None: such symbols are an error.",
    )
    replace_unknown: bool = word(
        default=False,
        rule=["boolean"],
        kind="bool",
        text="Whether `unknown_token` in an answer is replaced by the symbol of the source that "
        "the decoder looked at most.",
    )
    level: str = word(
        default="auto",
        rule=[StrOptions({"auto", "char", "word"})],
        kind='{"auto", "char", "word"}',
        text='The symbols of a string: its characters ("auto", "char") or its words, split at '
        "white space.",
    )
    clip_norm: float | None = reword(RecurrentWords, "clip_norm")
    source_symbols_: tuple[str, ...] = fitted(
        "tuple of str",
        "The symbols of X in fit, the most frequent first; () of numbers.",
        saved=_SYMBOLS,
    )
    target_symbols_: tuple[str, ...] = fitted(
        "tuple of str",
        "Those of y; outputs have this order, and the end comes last.",
        saved=_SYMBOLS,
    )
    max_length_: int = fitted("int", "Symbols of an answer at most.")
    input_shape_: tuple[int, ...] = fitted(
        "(int, int)", "Steps of the longest source of the first fit, and features.", saved=SHAPE
    )
    _source_form: str = fitted(saved=Saved(choice(*FORMS), "source_form"))
    _target_form: str = fitted(saved=Saved(choice(*FORMS), "target_form"))
    _longest: int = fitted(saved=Saved(NATURAL, "longest"))

    def _encoder(self) -> list[Layer]:
        layers: list[Layer] = []
        if self.source_symbols_:
            n_symbols = len(self.source_symbols_)
            layers.append(L.Embedding(n_symbols, self.embedding_size, name="source_embedding"))
        for i, units in enumerate(self.hidden_layer_sizes, 1):
            halves = self.bidirectional and POSITIVE_INTEGER.accepts(units)  # the layer says if not
            name, size = f"encoder_{i}", -(-units // 2) if halves else units
            layer: Layer = CELLS[self.cell](
                size,
                return_sequences=True,
                recurrent_dropout=self.recurrent_dropout,
                name=None if self.bidirectional else name,
            )
            layers.append(L.Bidirectional(layer, name=name) if self.bidirectional else layer)
            if self.dropout:
                layers.append(L.Dropout(self.dropout, name=f"encoder_dropout_{i}"))
        return layers

    def _decoder(self, n_outputs: int) -> Layer:
        inside: list[Layer] = [L.Embedding(n_outputs, self.embedding_size, name="target_embedding")]
        for i, units in enumerate(self.hidden_layer_sizes, 1):
            inside.append(L.Dense(units, name=f"start_{i}"))
            inside.append(CELLS[self.cell](units, return_sequences=True, name=f"decoder_{i}"))
        score = self.attention or "none"
        inside.append(L.Attention(score, self.hidden_layer_sizes[-1], name="attention"))
        inside.append(L.Dense(n_outputs, name="output"))
        return L.Decoder(
            tuple(inside),
            self._longest + 1,
            bidirectional=self.bidirectional,
            teacher_forcing=float(self.teacher_forcing),
            dropout=self.dropout,
            recurrent_dropout=self.recurrent_dropout,
            name="decoder",
        )
