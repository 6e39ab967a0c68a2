"""The words of recurrent networks, and the layers that they stand for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from fastdl import layers as L
from fastdl._saved import SHAPE
from fastdl._sklearn import StrOptions
from fastdl.estimators.base.pretrained import EMBEDDING, embedding_layer, start_from
from fastdl.estimators.parameters.text_words import SYMBOLS, SYMBOLS_FORM, TextWords
from fastdl.estimators.parameters.training_words import COUNT, RATE, TrainingWords
from fastdl.estimators.parameters.words import fitted, reword, word
from fastdl.fitting.recipe import Recipe, is_lbfgs
from fastdl.fitting.trainable import TrainableNetwork
from fastdl.layers import Layer

CELLS: dict[str, Callable[..., Layer]] = {
    "lstm": L.LSTM,
    "gru": L.GRU,
    "rnn": L.RNN,
    "irnn": partial(L.RNN, activation="relu", recurrent_init="identity"),
}


@dataclass(eq=False, repr=False, kw_only=True)
class RecurrentWords(TextWords, TrainingWords):
    """Which recurrent layers there are, how text is read, and how all is trained."""

    hidden_layer_sizes: Sequence[int] = word(
        default=(64,),
        rule=[list, tuple],
        kind="sequence of int",
        text="Units of the recurrent layers.",
        kw_only=False,
    )
    cell: str = word(
        default="lstm",
        rule=[StrOptions(set(CELLS))],
        kind='{"lstm", "gru", "rnn", "irnn"}',
        text='Which of `fastdl.layers.LSTM`, `GRU`, `RNN`; "irnn" is an RNN of rectified linear '
        "units whose recurrent weights start as the identity (Le, Jaitly and Hinton 2015).",
    )
    dropout: float = word(
        default=0.0,
        rule=[RATE],
        kind="float",
        text="After each recurrent layer, the rate at which activations are dropped in training.",
    )
    recurrent_dropout: float = word(
        default=0.0,
        rule=[RATE],
        kind="float",
        text="Inside of them, the rate at which units of the state are hidden from the recurrent "
        "weights in training, the same ones at every step of a sequence (of a window, with "
        "`truncate_bptt`).",
    )
    truncate_bptt: int | None = word(
        default=None,
        rule=[COUNT, None],
        kind="int or None",
        text="Back-propagate through the last so many steps only, with the state that those "
        "before led to (truncated back-propagation through time). Memory is then that of so many "
        "steps, however long the sequences. Where every step has a target, each window of so many "
        "steps is an update of the weights. None, or a number that no sequence exceeds: through "
        "all steps.",
    )
    embedding_size: int = word(
        default=32,
        rule=[COUNT],
        kind="int",
        text="Of texts, the length of the vector that stands for a symbol, without `embedding`.",
    )
    embedding: Any = word(default=None, like=EMBEDDING)
    freeze_embedding: bool = word(
        default=False,
        rule=["boolean"],
        kind="bool",
        text="Whether the vectors of symbols stay as they start.",
    )
    clip_norm: float | None = reword(
        TrainingWords,
        "clip_norm",
        default=1.0,
        text="Largest norm of the gradient: long sequences may make it explode. None: no limit.",
    )
    input_shape_: tuple[int, ...] = fitted(
        "(int, int)",
        "Steps of the longest sequence of the first fit, and features.",
        saved=SHAPE,
    )
    symbols_: tuple[Any, ...] = fitted(*SYMBOLS, saved=SYMBOLS_FORM)

    _taken_as_is: ClassVar[tuple[str, ...]] = ("embedding",)

    def _recurrent_layers(
        self, *, bidirectional: bool, each_step: bool, before: Sequence[Layer] = ()
    ) -> list[Layer]:
        """An embedding of the symbols, if there are any, those before, and the recurrent layers.

        The last one gives the state at the end of a sequence, or after each step.
        """
        if not self.hidden_layer_sizes:
            raise ValueError(
                f"{type(self).__name__}: hidden_layer_sizes={self.hidden_layer_sizes!r}; expected "
                "at least one recurrent layer."
            )
        layers = embedding_layer(
            type(self).__name__,
            self.embedding,
            getattr(self, "symbols_", None),
            self.embedding_size,
            frozen=self.freeze_embedding,
        )
        layers += before
        for i, units in enumerate(self.hidden_layer_sizes):
            all_steps = each_step or i < len(self.hidden_layer_sizes) - 1
            layer: Layer = CELLS[self.cell](
                units, return_sequences=all_steps, recurrent_dropout=self.recurrent_dropout
            )
            layers.append(L.Bidirectional(layer) if bidirectional else layer)
            if self.dropout:
                layers.append(L.Dropout(self.dropout))
        return layers

    def _start_embedding(self, network: TrainableNetwork) -> None:
        """Give a new network the vectors that are known already."""
        if self.embedding is not None:
            name, layer = type(self).__name__, str(network.layers[0].name)
            start_from(network.program, layer, name, self.embedding, self.symbols_)

    def _input_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Of a sample, or a window of it."""
        steps, n_features = shape[1:]
        return min(steps, self.truncate_bptt or steps), n_features

    def _recipe(self, n_samples: int, *, own_validation: bool, incremental: bool) -> Recipe:
        self._check_truncation()
        return super()._recipe(n_samples, own_validation=own_validation, incremental=incremental)

    def _check_truncation(self) -> None:
        """Raise ValueError for what cannot be learnt window by window."""
        who = f"{type(self).__name__}: truncate_bptt={self.truncate_bptt}"
        if self.truncate_bptt is None:
            return
        if getattr(self, "bidirectional", False):
            raise ValueError(
                f"{who} with bidirectional=True: a window does not know what comes after it. Set "
                "one of them only."
            )
        if is_lbfgs(self.solver):
            raise ValueError(
                f"{who} with solver='lbfgs': it needs the whole gradient. Use another solver."
            )
