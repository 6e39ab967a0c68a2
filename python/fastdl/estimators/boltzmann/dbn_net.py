"""What the deep belief nets with an output share: pretraining, then back-propagation."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl._rules import FLAG
from fastdl._saved import SHAPE, Saved
from fastdl._sklearn import _fit_context
from fastdl.estimators.base.net import Net
from fastdl.estimators.boltzmann import stack, standardised
from fastdl.estimators.boltzmann.words import BeliefWords
from fastdl.estimators.heads.output import with_output
from fastdl.estimators.inputs import ImageInput
from fastdl.estimators.parameters.training_words import RATE, TrainingWords
from fastdl.estimators.parameters.words import fitted, reword, word
from fastdl.fitting.defaults import BELIEF, Defaults
from fastdl.fitting.job import Job
from fastdl.fitting.training import checkpoint
from fastdl.layers import Layer


class BeliefNet(BeliefWords, TrainingWords, Net):
    """What `DBNClassifier` and `DBNRegressor` share."""

    dropout: float = word(
        default=0.0,
        rule=[RATE],
        kind="float",
        text="Probability that an output of a hidden layer is dropped in fine-tuning.",
    )
    learning_rate_init: float | str = reword(
        TrainingWords,
        "learning_rate_init",
        default="auto",
        text='The rate that the schedule starts from. "auto": min(0.02, 0.2 / sqrt(n)), n the most '
        "inputs that a unit has, times sqrt(1500 / steps) where a fit has more than 1500 steps.",
    )
    _auto: ClassVar[Defaults] = BELIEF
    input_shape_: tuple[int, ...] = fitted("tuple of int", "Of one sample.", saved=SHAPE)
    _pretrained: bool = fitted(saved=Saved(FLAG, "pretrained"))  # by `pretrain`

    @property
    def _inputs(self) -> ImageInput:
        return ImageInput()  # images of any shape become rows

    @_fit_context(prefer_skip_nested_validation=True)
    def pretrain(self, X: Any, y: object = None) -> Self:
        """Learn the layers from X alone; `fit` then starts from their weights.

        Without this call, `fit` pretrains on its own X. A clone has to be pretrained anew.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, height, width[, channels])
            Samples without labels.
        y : ignored

        Returns
        -------
        self
        """
        with checkpoint.fitting(self):
            self._resolve_device()
            X = self._inputs.check(self, X, reset=True)
            self._learn_stack(_as_rows(X))
            self._pretrained = True
        return self

    def _learn_stack(self, X: NDArray[Any], weight: NDArray[Any] | None = None) -> None:
        """By draws of their own: those of the network do not depend on them."""
        stack.pretrain(self, X, self._generator(incremental=False), weight=weight)

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        layers: list[Layer] = [] if len(input_shape) == 1 else [L.Flatten()]
        for size in self._sizes():
            layers += [L.Dense(size), L.Activation("sigmoid")]
            if self.dropout:
                layers.append(L.Dropout(self.dropout))
        return with_output(layers, input_shape, n_outputs)

    def _start(self, job: Job) -> None:
        """Start from the machines' weights; the output layer keeps its own."""
        super()._start(job)
        X = _as_rows(job.train.X)
        if getattr(self, "_pretrained", False):
            self._check_pretrained(X.shape[1])
        else:
            self._learn_stack(X, job.train.weight)
        program = self._network.program
        for i, rbm in enumerate(self.rbms_, start=1):
            W, b = rbm.components_.T, rbm.intercept_hidden_
            if i == 1 and self.visible_ == "gaussian":  # the network sees X as it is
                W = W / self.scale_[:, np.newaxis]
                b = b - self.center_ @ W
            program.set_parameter(f"dense_{i}.weight", W.astype(program.dtype))
            program.set_parameter(f"dense_{i}.bias", b.astype(program.dtype))

    def _train(self, job: Job) -> None:
        """In standardised coordinates; a partial fit goes on in those of the weights."""
        if job.incremental:
            super()._train(job)
            return
        of_X = (self.center_, self.scale_) if self.visible_ == "gaussian" else None
        self._network = standardised.unfolded(
            self._network, job.train.X, self.n_jobs, of_X, job.train.weight
        )
        super()._train(job)
        self._network = standardised.folded(self._network)
        self._network.ready(self.n_jobs)
        self._show()

    def _layer_index(self, layer: int | str | None) -> int:
        """The last hidden layer, also while its outputs are standardised for training."""
        return super()._layer_index(f"activation_{len(self._sizes())}" if layer is None else layer)

    def _restored(self) -> None:
        super()._restored()
        if hasattr(self, "rbms_"):
            self._restore_machines()

    def _check_pretrained(self, n_features: int) -> None:
        learnt = [rbm.components_.shape[0] for rbm in self.rbms_]
        width = self.rbms_[0].components_.shape[1]
        if (width, learnt) != (n_features, self._sizes()):
            raise ValueError(
                f"{type(self).__name__} was pretrained with {width} features and "
                f"hidden_layer_sizes={learnt}, but fit gets {n_features} features and "
                f"hidden_layer_sizes={self._sizes()}. Call pretrain again, or fit with the same."
            )


def _as_rows(X: NDArray[Any]) -> NDArray[Any]:
    return X.reshape(len(X), -1)
