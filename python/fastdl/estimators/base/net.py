"""The base of the estimators that are one network: how it is made, trained and asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin
from sklearn.model_selection import train_test_split
from sklearn.utils.metaestimators import available_if

from fastdl import layers as L
from fastdl import program as programs
from fastdl._saved import Saved
from fastdl._sklearn import TransformerMixin
from fastdl.estimators.base import spread
from fastdl.estimators.base.available import (
    has_answers,
    has_probabilities,
    has_scores,
    is_stochastic,
)
from fastdl.estimators.base.estimator import Estimator
from fastdl.estimators.base.summaries import Summary, kind_of_optimizer
from fastdl.estimators.base.weights import get_weights, replace_weights, set_weights
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
from fastdl.samples import Data, Samples, Sequences, core_input, lengths_of, with_steps

if TYPE_CHECKING:
    from fastdl._core import Program

_LARGE = 1e15  # values of X that may overflow weights of float32; smaller ones are not to blame


class Net(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Estimator):
    """A network that learns from samples.

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

    # --- use

    @property
    def program_(self) -> Program:
        """The compiled network: its layers, weights by name, predictions without checks."""
        seen = checkpoint.seen_by_others(self)
        if seen is not None:
            return cast("Program", seen.program_)
        self._check_is_fitted()
        self._place()
        program = self._network.ready(self.n_jobs)
        self._take_weights(program)
        return program

    def _outputs(self, X: Any, layer: int | None = None) -> NDArray[Any]:
        """What the network answers to the user's X, after the link, or the outputs of a layer."""
        self._check_is_fitted()
        return self._predict(self._inputs.check(self, X, reset=False), layer)

    def _dtype_of_outputs(self, X: Any, own: np.dtype[Any]) -> np.dtype[Any]:
        """Of the answers to checked X, by that of the network."""
        if isinstance(X, Sequences) and X.dtype.kind == "i":  # codes ask for no float64
            return np.dtype(self._network.dtype)
        return np.result_type(X.dtype, own)

    def _predict(self, X: Any, layer: int | None) -> NDArray[Any]:
        """`_outputs` for checked X."""
        if isinstance(X, Sequences):
            X = self._with_room(X)
        program, lengths = self.program_, lengths_of(X)
        if layer is None:
            link = self._network.loss.link
            outputs = windows.predict(program, core_input(X), lengths, link=link)
        else:
            outputs = windows.predict(program, core_input(X), lengths, layer=layer)
        if not np.isfinite(outputs).all():
            raise ValueError(self._about_overflow(X, outputs))
        return outputs.astype(self._dtype_of_outputs(X, outputs.dtype), copy=False)

    def _about_overflow(self, X: Any, outputs: NDArray[Any]) -> str:
        """What to say of answers that are infinite, or none."""
        values = X.values if isinstance(X, Sequences) else X
        i, largest = int(np.argwhere(~np.isfinite(outputs))[0][0]), float(abs(values).max())
        of = "" if isinstance(X, Sequences) else f" for X[{i}]"
        said = f"{type(self).__name__} gives what is not finite{of}: "
        if largest < _LARGE:
            return f"{said}its weights are too large. Scale y, or lower learning_rate_init, in fit."
        return (
            f"{said}X has values up to {largest:g}, too large for weights of "
            f"{self._network.dtype}. Scale X, as for fit."
        )

    @available_if(has_answers)
    def predict(
        self, X: Any, *, dropout_samples: int | None = None, return_std: bool = False
    ) -> Any:
        """What the network answers: labels or indicators, or numbers.

        Parameters
        ----------
        X : as in `fit`
        dropout_samples : int, default=None
            Answer with the mean of so many thinned networks, each with its own draw of the dropouts
            that the network was trained with. None: with the network itself.
        return_std : bool, default=False
            Of regressors: whether to return the standard deviation over the thinned networks, too.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            A sparse matrix of indicators where y was one. With `return_std`, two ndarrays.
        """
        self._check_is_fitted()
        if return_std:
            return spread.mean_and_std(self, X, dropout_samples)
        if dropout_samples is None:
            return self._targets.decode(self._outputs(X))
        if self._targets.kind == "continuous":
            return spread.mean_and_std(self, X, dropout_samples)[0]
        return self._targets.decode(spread.mean_outputs(self, X, dropout_samples))

    @available_if(has_probabilities)
    def predict_proba(self, X: Any, *, dropout_samples: int | None = None) -> NDArray[Any]:
        """Probabilities of the classes, in the order of `classes_`.

        Parameters
        ----------
        X : as in `fit`
        dropout_samples : int, default=None
            The mean of so many thinned networks, each with its own draw of the dropouts that the
            network was trained with: the same ones for all samples and in every call. None: the
            network itself, whose weights stand for the mean.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        if dropout_samples is None:
            p = self._outputs(X)
        else:
            p = spread.mean_outputs(self, X, dropout_samples)
        return np.hstack([1 - p, p]) if p.shape[1] == 1 else p

    @available_if(has_probabilities)
    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Logarithms of `predict_proba`.

        Parameters
        ----------
        X : as in `fit`

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        p = self.predict_proba(X)
        return np.log(p, out=p)

    @available_if(has_scores)
    def decision_function(self, X: Any) -> NDArray[Any]:
        """Scores of the classes: what the last layer gives, before the link.

        Parameters
        ----------
        X : as in `fit`

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples,)
            Of two classes one score, above 0 where the second is predicted: the second's less the
            first's, where each has an output.
        """
        z = self._outputs(X, layer=-1)
        if self._targets.kind == "multilabel" or len(self._targets.classes) > 2:
            return z
        return z[..., 0] if z.shape[-1] == 1 else z[..., 1] - z[..., 0]

    def transform(self, X: Any, layer: int | str | None = None) -> NDArray[Any]:
        """Features that the network has learnt: the outputs of a layer.

        Parameters
        ----------
        X : as in `fit`
        layer : int or str, default=None
            Which layer, by number or name as in `summary`; None is the last hidden one.

        Returns
        -------
        ndarray of shape (n_samples, ...)
        """
        self._check_is_fitted()
        return self._outputs(X, layer=self._layer_index(layer))

    def _layer_index(self, layer: int | str | None) -> int:
        names = [spec.name for spec in self._network.layers]
        if layer is None:
            layer = len(names) - 2
        if layer in names:
            return names.index(layer)
        if isinstance(layer, str) or not -len(names) <= layer < len(names):
            raise ValueError(
                f"layer={layer!r}; expected a number below {len(names)} or one of "
                f"{', '.join(map(repr, names))}."
            )
        return layer

    @property
    def _n_features_out(self) -> int:
        return math.prod(self._network.shape_after(self._layer_index(None)))

    def summary(
        self, input_shape: Sequence[int] | None = None, n_outputs: int | None = None
    ) -> str:
        """A table of the layers: output shapes, numbers of parameters, multiply-adds of a sample.

        And the memory that weights and a fit take. Nothing is made for it.

        Parameters
        ----------
        input_shape : (int,), (int, int) or (int, int, int), optional
            Of one sample. With it, the table is of the network that a fit would make.
        n_outputs : int, optional
            Classes or targets, together with `input_shape`; 1 if not given.

        Returns
        -------
        str
        """
        layers, shape, dtype = self._planned(input_shape, n_outputs)
        batch = 0 if self.batch_size == "auto" else self.batch_size
        return Summary(
            programs.summary_of(
                layers,
                shape,
                dtype=dtype,
                batch_size=max(self._least_batch, batch),
                optimizer=kind_of_optimizer(getattr(self, "solver", "")),
            )
        )

    def _planned(
        self, input_shape: Sequence[int] | None, n_outputs: int | None
    ) -> tuple[Sequence[Layer], tuple[int, ...], np.dtype[Any]]:
        """Layers, shape of a sample and type of the network, or of that which a fit would make."""
        if input_shape is None:
            self._check_is_fitted()
            network = self._network
            return network.layers, tuple(network.input_shape), np.dtype(network.dtype)
        shape = self._inputs.sample_shape(tuple(input_shape))
        return self._layers(shape, n_outputs or 1), shape, self._dtype(np.dtype(np.float64))

    # --- weights

    get_weights = get_weights
    set_weights = set_weights
    _replace_weights = replace_weights
