"""Networks of the user's own layers, or of another estimator's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from operator import is_
from typing import Any, ClassVar

from fastdl import layers as L
from fastdl._saved import SHAPE
from fastdl.estimators.base.augmented import AUGMENT, check_whole_images, with_augment
from fastdl.estimators.base.pretrained import EMBEDDING, embedding_layer, start_from
from fastdl.estimators.base.sequence_net import SequenceNet
from fastdl.estimators.base.transfer import copy_weights, decay_rates, freeze, thaw
from fastdl.estimators.heads.of_choice import OfChoice
from fastdl.estimators.heads.output import warn_of_two_outputs, with_answers
from fastdl.estimators.heads.side_heads import (
    N_SIDE_PARAMETERS,
    side_outputs,
    with_side_outputs,
)
from fastdl.estimators.inputs.any import AnyInput
from fastdl.estimators.inputs.forms import Cut
from fastdl.estimators.inputs.symbols import n_codes
from fastdl.estimators.parameters.layer_params import check_layer_names
from fastdl.estimators.parameters.text_words import INTEGERS, SYMBOLS, SYMBOLS_FORM, TextWords
from fastdl.estimators.parameters.training_words import CONVOLUTION, NOT_NEGATIVE, TrainingWords
from fastdl.estimators.parameters.words import fitted, word
from fastdl.fitting.job import Job
from fastdl.fitting.targets import Targets
from fastdl.fitting.trainable import TrainableNetwork
from fastdl.layers import Layer
from fastdl.network import Network

_DEFAULT = (L.Flatten(), L.Dense(100), L.Activation("relu"))  # as MLPClassifier
_DEFAULT_OF_SEQUENCES = (L.LSTM(64),)  # as RNNClassifier
_EMBEDDING_SIZE = 32


class FreeForm(TextWords, TrainingWords, SequenceNet):
    """What `NetClassifier` and `NetRegressor` share."""

    layers: Sequence[Layer] | None = word(
        default=None,
        rule=[list, tuple, None],
        kind="sequence of layers or None",
        text="See `fastdl.layers`; all but the output layer. Of an empty list, a linear model is "
        "left. None: those of `init_from`, or else a dense layer of 100 units and relu; for "
        "sequences an LSTM of 64 units.",
        kw_only=False,
    )
    init_from: Any = word(
        default=None,
        rule="no_validation",
        kind="estimator or None",
        text="A fitted one, whose layers and weights are the start; instead of `layers`. All of "
        "them learn, but those in `freeze`.",
    )
    drop_head: bool = word(
        default=False,
        rule=["boolean"],
        kind="bool",
        text="Whether the output layer of `init_from` is replaced by a new one.",
    )
    freeze: str | Sequence[str] | None = word(
        default=None,
        rule=[str, list, tuple, None],
        kind="str, sequence of str or None",
        text='Names of layers, or patterns such as "conv*", that keep their weights. The output '
        "layer is not among them.",
    )
    layer_decay: float = word(
        default=1.0,
        rule=[NOT_NEGATIVE],
        kind="float",
        text="Each layer with weights learns at so many times the rate of the next one.",
    )
    input_shape: Sequence[int] | None = word(
        default=None,
        rule="no_validation",
        kind="(int, int, int), (int, int) or None",
        text="Height, width and channels (1 if not given) of an image; steps and features of a row "
        "that is a sequence. None takes them from X, or, where X has rows, from `init_from`.",
    )
    augment: L.Augment | None = word(default=None, like=AUGMENT)
    convolution: str = word(default="auto", like=CONVOLUTION)
    integers: str = word(default="auto", like=INTEGERS)
    embedding: Any = word(default=None, like=EMBEDDING)
    input_shape_: tuple[int, ...] = fitted(
        "tuple of int",
        "Of one sample; of sequences, steps of the longest and features.",
        saved=SHAPE,
    )
    n_side_parameters_: int = fitted(*N_SIDE_PARAMETERS)
    symbols_: tuple[Any, ...] = fitted(*SYMBOLS, saved=SYMBOLS_FORM)
    _made_of: tuple[Any, ...] = fitted(default=())

    _taken_as_is: ClassVar[tuple[str, ...]] = ("init_from", "embedding")
    _layer_lists: ClassVar[tuple[str, ...]] = ("layers",)
    _least_batch: ClassVar[int] = 16  # images are large, and no vector has more lanes

    @property
    def _inputs(self) -> AnyInput:
        return AnyInput(
            self.input_shape, self._given, self._rows_as(), self._reading, self.integers
        )

    def _rows_as(self) -> tuple[int, ...] | None:
        """What a row is to the network of `init_from`, if more than its features."""
        given = getattr(self.init_from, "input_shape", None)
        shape: tuple[int, ...] = getattr(self.init_from, "input_shape_", ())
        if isinstance(self.init_from, Network):  # which has no other
            shape, given = self.init_from.input_shape, None
        if len(shape) == 2:
            if given is not None:
                return tuple(given)
            return tuple(shape) if shape[1] > 1 else None  # of one feature: of any length
        return tuple(shape) if len(shape) == 3 and shape[0] > 1 else None

    @property
    def _head(self) -> OfChoice:
        raise NotImplementedError

    def _is_of_steps(self, X: Any, y: Any, anew: bool) -> bool:
        of = self._head.look(self, Cut(X), y) if anew else self._targets.of
        return of == "steps"

    # --- the network

    def _given(self) -> list[Layer]:
        """The layers that were given, or those of `init_from` without the output layer.

        Behind `augment`, which takes the place of the one of `init_from`.
        """
        name = type(self).__name__
        if self.init_from is not None:
            if self.layers is not None:
                raise ValueError(f"{name}: layers and init_from exclude each other; give one.")
            return with_augment(name, self.augment, self._inherited()[0], instead=True)
        layers = self.layers or ()
        if layers:
            L.check(L.with_names(layers))
        check_layer_names(self, layers)
        return with_augment(name, self.augment, layers)

    def _hidden(self, input_shape: tuple[int, ...]) -> list[Layer]:
        """All but the output layer; symbols get an embedding."""
        name, is_sequence = type(self).__name__, len(input_shape) == 2
        hidden = self._given()
        if self.layers is None and self.init_from is None:
            hidden += _DEFAULT_OF_SEQUENCES if is_sequence else _DEFAULT
        symbols = getattr(self, "symbols_", None) if is_sequence else None
        if symbols is None or not hidden or not hidden[0].takes_codes:
            made = embedding_layer(name, self.embedding, symbols, _EMBEDDING_SIZE, frozen=False)
            return [*made, *hidden]
        n, first = n_codes(symbols), hidden[0]
        if first.get_params()["n_symbols"] < n:
            raise ValueError(
                f"{name}: {first!r} has fewer vectors than X has symbols; this X "
                f"needs {n}. Leave the embedding out for one that is made for X."
            )
        return hidden

    def _inherited(self) -> tuple[list[Layer], list[Layer]]:
        """The layers of `init_from` before its output layer, and from there."""
        if not hasattr(self.init_from, "_network"):
            raise ValueError(
                f"{type(self).__name__}: init_from={self.init_from!r} has no network to take over. "
                "Give a fitted estimator of fastdl, or one that fastdl.load read."
            )
        layers = thaw(self.init_from._network.layers)
        last = next((i for i, layer in enumerate(layers) if layer.name == "output"), -1)
        return layers[:last], layers[last:]

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        name, old = type(self).__name__, self.init_from is not None
        hidden = self._hidden(input_shape)
        hidden = hidden if self.freeze is None else freeze(hidden, self.freeze)
        known = getattr(self, "_targets", Targets("continuous", n_outputs))
        targets = replace(known, n_outputs=n_outputs)
        hidden = with_side_outputs(name, hidden, input_shape, targets)
        if targets.of == "pixels":
            check_whole_images(L.with_names(hidden))
        layers = self._with_answers(hidden, input_shape, targets)
        if old and not self.drop_head:
            head = self._inherited()[1]
            first = next(i for i, layer in enumerate(layers) if layer.name == "output")
            if len(layers) - first != len(head) or _n_units(head[0]) != _n_units(layers[first]):
                raise ValueError(
                    f"{name}: the network of init_from has {_n_units(head[0])} outputs, but y "
                    f"needs {_n_units(layers[first])}. Set drop_head=True for a new output "
                    "layer."
                )
            layers[first:] = head
        return decay_rates(layers, self.layer_decay)

    def _with_answers(
        self, hidden: list[Layer], input_shape: tuple[int, ...], targets: Targets
    ) -> list[Layer]:
        """The hidden layers and what y needs behind them."""
        always = self.init_from is not None
        return with_answers(type(self).__name__, hidden, input_shape, targets, always=always)

    def _start(self, job: Job) -> None:
        """Take over the weights of `init_from`, and the vectors of `embedding`."""
        super()._start(job)
        sizes = {self._targets.n_outputs, len(self._targets.classes)}
        warn_of_two_outputs(type(self).__name__, self._network.layers, sizes)
        if self.init_from is not None:
            new = ["output", *side_outputs(self._network.layers)] if self.drop_head else []
            if not self.drop_head:  # then the units of y are those of that layer
                of = self.init_from._targets
                self._targets = replace(self._targets, center=of.center, scale=of.scale)
            try:
                copy_weights(self.init_from.program_, self._network.program, without=new)
            except ValueError as error:
                raise ValueError(
                    f"{type(self).__name__}: init_from was fitted with samples of shape "
                    f"{self.init_from._network.input_shape}, but X has samples of shape "
                    f"{job.train.X.shape[1:]}: {error}"
                ) from error
        if self.embedding is not None:
            program, layer = self._network.program, str(self._network.layers[0].name)
            start_from(program, layer, type(self).__name__, self.embedding, self.symbols_)

    def _show(self) -> None:
        super()._show()
        self.n_side_parameters_ = self._network.counts()[1]

    def _go_on(self) -> None:
        """Before a warm start: the same weights with what is frozen, and at which rates, as now."""
        super()._go_on()
        made_of = self._ingredients()
        if len(made_of) == len(self._made_of) and all(map(is_, made_of, self._made_of)):
            return
        self._made_of = made_of
        old, layers = (
            self._network,
            self._layers(self._network.input_shape, self._targets.n_outputs),
        )
        if L.with_names(layers) != old.layers:
            heads, before = (
                [head.name for head in L.side_heads(of)]
                for of in (L.with_names(layers), old.layers)
            )
            if heads != before:  # history_ has a column for each
                raise ValueError(
                    f"layers: the side heads are {heads}, but those that were fitted {before}. Fit "
                    "without warm_start, or keep them."
                )
            self._network = TrainableNetwork(
                layers,
                old.input_shape,
                old.loss,
                dtype=old.dtype,
                seed=old.seed,
                convolution=old.convolution,
                device=old.device,
                precision=old.precision,
                batch_size=old.batch_size,
                n_jobs=self.n_jobs,
                random_state=0,
            )
            copy_weights(old.program, self._network.program)

    def _ingredients(self) -> tuple[Any, ...]:
        """The objects that the layers are made of: others may make other layers.

        Partial fits, which are many, ask whether they are the same ones.
        """
        lists = [self.layers, self.freeze]
        parts = [x if isinstance(x, (list, tuple)) else (x,) for x in lists]
        sizes = tuple(map(len, parts))
        own = (self.init_from, self.layer_decay, self.embedding, self.augment)
        return (*parts[0], *parts[1], *sizes, *own)


def _n_units(layer: Layer) -> Any:
    """Outputs of a dense layer or a convolution."""
    params = layer.get_params()
    return params.get("units", params.get("filters"))
