"""How an estimator that is one network is made and trained."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.model_selection import train_test_split
from sklearn.utils.metaestimators import available_if

from fastdl import layers as L
from fastdl._saved import Saved
from fastdl.estimators.base.available import is_stochastic
from fastdl.estimators.base.estimator import Estimator
from fastdl.estimators.parameters.words import fitted
from fastdl.fitting.job import Given, Job
from fastdl.fitting.progress import Progress
from fastdl.fitting.recipe import Recipe
from fastdl.fitting.targets import Targets
from fastdl.fitting.trainable import TrainableNetwork, windows
from fastdl.fitting.training import checkpoint
from fastdl.fitting.training.evaluation import default_score, mean_loss
from fastdl.fitting.training.learning import learn
from fastdl.layers import Layer
from fastdl.program.devices import Device
from fastdl.samples import Data, Samples, Sequences, with_steps

if TYPE_CHECKING:
    from fastdl._core import Program


class Trained(Estimator):
    """A network that learns from samples: the half of `Net` that fits it.

    A subclass says what X and y are (`_inputs`, `_head`), which layers stand between them
    (`_layers`), and how they are trained (`_recipe`, of `TrainingWords`).
    """

    n_parameters_: int = fitted("int", "Weights, biases and all else that is learnt.")
    _network: TrainableNetwork = fitted(saved=Saved(TrainableNetwork, "network"))
    _targets: Targets = fitted(saved=Saved(Targets, "targets"))

    convolution = "auto"  # a parameter of those whose layers may be convolutions
    _least_batch: ClassVar[int] = 256  # compiled for no less: predict has enough to do at a time

    # --- what a subclass says

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> Sequence[Layer]:
        """All layers, the output layer included."""
        raise NotImplementedError

    def _recipe(self, n_samples: int, *, own_validation: bool, incremental: bool) -> Recipe:
        """How to train on so many samples."""
        raise NotImplementedError

    def _dtype(self, of_X: np.dtype[Any]) -> np.dtype[Any]:
        """Of a new network for X of this type."""
        return np.dtype(self.dtype)

    def _input_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """Of a sample in a new network for X of this shape."""
        return tuple(shape[1:])

    def _largest_loss(self, dtype: np.dtype[Any]) -> float:
        """The largest loss reported for one output."""
        return math.inf

    def _reported_loss(
        self,
        loss: float,
        samples: Samples,
        order: NDArray[np.int64] | None = None,
        batch_size: int | None = None,
    ) -> float:
        """The loss that users see for the core's mean, penalties apart: of an epoch, or of all."""
        return loss

    def _mean_loss(self, output: NDArray[Any], data: Data) -> float:
        """The core's mean, penalties apart, of outputs before the link."""
        return mean_loss(self._network.loss, output, data.samples)

    def _default_score(self, output: NDArray[Any], data: Data) -> float:
        """What the history calls the validation score, of outputs before the link."""
        return default_score(self._targets, self._network.loss, output, data)

    def _start(self, job: Job) -> None:
        """Give a new network a better start than its layers' initialisers, or warn of a bad one."""
        self._inputs.warn(self, job.train.X, self._network.layers)

    def _trains(self) -> bool:
        """Whether the network is trained by descent after `_start`."""
        return True

    def _show_weights(self, program: Program | TrainableNetwork) -> None:
        """Copy the program's weights to the fitted attributes that show them."""

    def _shown_weights(self) -> dict[str, NDArray[Any]]:
        """What the user may have written to those attributes, by the parameters' names."""
        return {}

    def _take_weights(self, program: Program) -> None:
        """Copy that to the program."""
        for name, value in self._shown_weights().items():
            program.set_parameter(name, value)

    # --- fit

    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix}
            Training samples, in the form the class describes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels or indicators, or real numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            The loss of a batch is its weighted mean.
        X_val, y_val : as X and y, default=None
            A validation set of your own: its loss and score are recorded after every epoch, and
            early stopping uses it instead of a held-out part of X.
        sample_weight_val : array-like of shape (n_samples,), default=None

        Returns
        -------
        self
        """
        return self._fit(Given(X, y, sample_weight, X_val, y_val, sample_weight_val))

    @available_if(is_stochastic)
    def partial_fit(
        self, X: Any, y: Any = None, sample_weight: Any = None, classes: Any = None
    ) -> Self:
        """Go on for one epoch over the given samples.

        Parameters
        ----------
        X, y : as in `fit`
        sample_weight : array-like of shape (n_samples,), default=None
        classes : array-like of shape (n_classes,), default=None
            Of classifiers: all labels that may come, for the first call.

        Returns
        -------
        self
        """
        if self._stops_early(own_validation=False):
            raise ValueError("partial_fit does not support early_stopping=True")
        with checkpoint.fitting(self):
            self._head.first_part(self, X, y, classes)
            return self._fit(Given(X, y, sample_weight), incremental=True)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_network")

    def __sklearn_tags__(self) -> Any:
        """Of X and y, as `_inputs` and `_head` take them."""
        tags = super().__sklearn_tags__()
        self._head.tag(tags)
        return tags

    def _stratify(self, y: NDArray[Any]) -> NDArray[Any] | None:
        return self._head.stratify(self._targets, y)

    def _split(
        self,
        there: NDArray[np.int64],
        y: NDArray[Any],
        labels: NDArray[Any] | None,
        fraction: float,
        random_state: np.random.RandomState,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Those of `there` to train on, and those held out, with the same shares of labels.

        y is encoded, of all samples.
        """
        trained, held_out = train_test_split(
            there, random_state=random_state, test_size=fraction, stratify=labels
        )
        return trained, held_out

    def _conclude(
        self, program: Program, train: Data, order: NDArray[np.int64], val: Data | None
    ) -> None:
        """Set what follows from the trained network and samples: of `order`, or to validate."""

    def _learn(self, job: Job) -> None:
        if job.anew or not hasattr(self, "_network"):
            X = job.train.X
            self._targets = self._head.normalized(self, self._targets, job.train)
            self._network = self._new_network(X.shape, X.dtype, job.random_state)
            heads = L.side_heads(self._network.layers)
            self._progress = Progress.beside([head.name or "" for head in heads])
            self._start(job)
        if not job.anew:
            self._go_on()
        if self._trains():
            self._train(job)
        else:
            self._show()

    def _train(self, job: Job) -> None:
        learn(self, job)

    def _new_network(
        self, shape: tuple[int, ...], of_X: np.dtype[Any], random_state: np.random.RandomState
    ) -> TrainableNetwork:
        """For X of this shape and type."""
        dtype, of_sample = self._dtype(of_X), self._input_shape(shape)
        layers = self._layers(of_sample, self._targets.n_outputs)
        batch = 0 if self.batch_size == "auto" else min(self.batch_size, shape[0])
        return TrainableNetwork(
            layers,
            of_sample,
            self._head.loss(self, self._targets),
            dtype=dtype,
            cap=self._largest_loss(dtype),
            seed=random_state.randint(2**31 - 1) if L.draws(layers) else 0,
            convolution=self.convolution,
            device=self._device[0],
            precision=self._device[1],
            batch_size=max(self._least_batch, batch),
            n_jobs=self.n_jobs,
            random_state=random_state,
        )

    def _go_on(self) -> None:
        """Make the network ready for a fit from where it stands."""
        self._network.convolution = self.convolution
        self._place()
        self._take_weights(self._network.ready(self.n_jobs))

    @property
    def _device(self) -> tuple[str, str]:
        """As asked for, and how precise."""
        return self.device, self.precision

    def _place(self) -> None:
        """Let the network work where `device` says, from its next use on."""
        self._network.device, self._network.precision = self._device

    def _works_on(self) -> Device:
        return self._network.works_on

    def _with_room(self, X: Sequences) -> Sequences:
        """X with as many steps as the network, which grows to the longest sequence or window."""
        self._network.lengthen(self._input_shape(X.shape)[0])
        windows.check_steps(self._network.program, X.lengths)
        steps = max(X.shape[1], self._network.input_shape[0])
        return Sequences(with_steps(X.values, steps), X.lengths)

    def _show(self) -> None:
        """Bring the fitted attributes up to date."""
        network, progress = self._network, self._progress
        history = progress.history
        self.n_parameters_ = network.counts()[0]
        self.n_iter_, self.best_iter_, self.t_ = progress.n_iter, progress.best_iter, progress.t
        self.history_ = history
        self.loss_curve_ = list(history["loss"])
        self.loss_ = progress.loss
        validated = progress.n_validated > 0
        self.validation_loss_curve_ = list(history["val_loss"]) if validated else None
        self.validation_scores_ = list(history["val_score"]) if validated else None
        self._show_weights(network)

    def _restored(self) -> None:
        if hasattr(self, "_network"):  # else it was only pretrained
            self._place()
            if len(self._targets.classes):
                self.classes_ = self._targets.classes
            self._show()
