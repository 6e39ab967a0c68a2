"""Recurrent networks: recurrent layers over sequences of any length, then an output layer."""

from __future__ import annotations

from fastdl import layers as L
from fastdl.estimators.base.heads import Steps
from fastdl.estimators.base.sequence_net import SequenceNet
from fastdl.estimators.base.text_words import INTEGERS
from fastdl.estimators.base.words import word
from fastdl.estimators.inputs import SequenceInput
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
    integers: str = word(default="auto", like=INTEGERS)

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

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        hidden = self._recurrent_layers(bidirectional=self.bidirectional, each_step=self._each_step)
        return [*hidden, L.Dense(n_outputs, name="output")]

    def _start(self, job: Job) -> None:
        """From the vectors of `embedding`."""
        super()._start(job)
        self._start_embedding(self._network)
