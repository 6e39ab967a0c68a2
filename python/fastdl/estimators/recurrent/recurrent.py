"""Recurrent networks: recurrent layers over sequences of any length, then an output layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from fastdl import layers as L
from fastdl.estimators.base.sequence_net import SequenceNet
from fastdl.estimators.heads.output import check_all_steps
from fastdl.estimators.heads.steps import Steps
from fastdl.estimators.inputs import SequenceInput
from fastdl.estimators.parameters.layer_params import check_layer_names
from fastdl.estimators.parameters.text_words import INTEGERS
from fastdl.estimators.parameters.words import word
from fastdl.estimators.recurrent.words import RecurrentWords
from fastdl.fitting.job import Job
from fastdl.layers import Layer


class Recurrent(RecurrentWords, SequenceNet):
    """What the recurrent networks share."""

    bidirectional: bool = word(
        default=False,
        rule=["boolean"],
        kind="bool",
        text="Whether each layer also reads from the end, with weights of its own.",
    )
    layers: Sequence[Layer] | None = word(
        default=None,
        rule=[list, tuple, None],
        kind="sequence of layers or None",
        text="In front of the recurrent layers, behind the embedding of texts: layers of "
        "`fastdl.layers` that make sequences of sequences, such as ``[Conv1D(32, 5), "
        'Activation("relu"), MaxPool1D(2)]``. A search may go over ``conv1d_1__filters``.',
    )
    integers: str = word(default="auto", like=INTEGERS)

    _layer_lists: ClassVar[tuple[str, ...]] = ("layers",)

    @property
    def _inputs(self) -> SequenceInput:
        return SequenceInput(reading=self._reading, integers=self.integers)

    @property
    def _each_step(self) -> bool:
        """Whether there is an answer for every step, not one for a sequence."""
        return isinstance(self._head, Steps)

    @property
    def _answers_for(self) -> str:
        return "steps" if self._each_step else "samples"

    # --- the network

    def _before(self) -> Sequence[Layer]:
        """The layers in front of the recurrent ones, checked."""
        name, layers = type(self).__name__, self.layers or ()
        if not layers:
            return ()
        L.check(L.with_names(layers))
        check_layer_names(self, layers)
        given = L.gives(layers, "sequences")  # None where a layer refuses them: it says so itself
        if L.side_heads(L.with_names(layers)) or given not in ("sequences", None):
            raise ValueError(
                f"{name}: layers={list(layers)!r} stand in front of the recurrent ones, and have "
                "to give sequences. Leave out what brings the steps together, or use a network of "
                "your own layers, NetClassifier or NetRegressor."
            )
        if self.truncate_bptt is not None and any(layer.recurrent for layer in L.walk(layers)):
            raise ValueError(
                f"{name}: truncate_bptt={self.truncate_bptt} cuts sequences into windows, at whose "
                f"borders layers={list(layers)!r} would miss their neighbours. Set one of them "
                "only."
            )
        return layers

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        hidden = self._recurrent_layers(
            bidirectional=self.bidirectional, each_step=self._each_step, before=self._before()
        )
        if self._each_step and self.layers:
            check_all_steps(type(self).__name__, hidden, input_shape)
        return [*hidden, L.Dense(n_outputs, name="output")]

    def _start(self, job: Job) -> None:
        """From the vectors of `embedding`."""
        super()._start(job)
        self._start_embedding(self._network)
