"""What `StackedAutoencoderClassifier` and `StackedAutoencoderRegressor` share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from fastdl import layers as L
from fastdl._sklearn import StrOptions
from fastdl.estimators.autoencoders import coding, pretraining
from fastdl.estimators.autoencoders.pretraining import pretrain
from fastdl.estimators.autoencoders.words import RECONSTRUCTION_LOSS, StackWords
from fastdl.estimators.base.net import Net
from fastdl.estimators.heads.output import with_output
from fastdl.estimators.inputs import RowInput
from fastdl.estimators.parameters.words import reword, word
from fastdl.fitting.defaults import DENSE, Defaults
from fastdl.fitting.job import Job
from fastdl.layers import Layer


class StackedPredictor(StackWords, Net):
    """Hidden layers learnt greedily, and an output layer for y."""

    hidden_layer_sizes: int | Sequence[int] = reword(
        StackWords,
        "hidden_layer_sizes",
        default=(100, 100),
        text="Units of the hidden layers.",
        kw_only=False,
    )
    pretraining: str | None = word(
        default="unsupervised",
        rule=[StrOptions({"unsupervised", "supervised"}), None],
        kind='{"unsupervised", "supervised"} or None',
        text="An autoencoder for each layer, or a network with that one hidden layer, for y. None "
        "starts from random weights.",
    )
    representation: str = word(
        default="replace",
        rule=[StrOptions({"replace", "concatenate"})],
        kind='{"replace", "concatenate"}',
        text="What the output layer sees: the last hidden layer, or X beside it.",
    )
    fine_tune: bool = word(
        default=True,
        rule=["boolean"],
        kind="bool",
        text="Whether the hidden layers learn from y, or the output layer only.",
    )
    reconstruction_loss: str = word(default="squared_error", like=RECONSTRUCTION_LOSS)

    _loss_word: ClassVar[str] = "reconstruction_loss"
    _auto: ClassVar[Defaults] = DENSE

    @property
    def _inputs(self) -> RowInput:
        return RowInput(sparse=True)

    pretrain = pretrain

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        sizes = coding.sizes_of(self)
        hidden = coding.encoder(sizes, self.activation, trainable=self.fine_tune)
        if self.representation == "concatenate":
            hidden = [L.Concat([hidden, []], name="features")]
        return with_output(hidden, input_shape, n_outputs)

    def _start(self, job: Job) -> None:
        train, found = job.train, pretraining.given(self)
        if found is None and self.pretraining == "unsupervised":
            coding.check_range(self, train.X)
            found = pretraining.from_autoencoders(self, train.X, job.sample_weight)
        elif found is None and self.pretraining == "supervised":
            found = pretraining.from_labels(self, train.X, train.y, job.sample_weight)
        if found is not None:
            pretraining.take_over(self, found)
