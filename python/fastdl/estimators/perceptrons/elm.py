"""Extreme learning machines: a random hidden layer, and least squares on top of it."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
import scipy.linalg
from numpy.typing import DTypeLike, NDArray
from sklearn.base import ClassifierMixin, RegressorMixin, is_regressor
from sklearn.utils import check_random_state, gen_batches

from fastdl import layers as L
from fastdl._sklearn import Interval, StrOptions, _fit_context
from fastdl.estimators.autoencoders import coding
from fastdl.estimators.base.layered import keep
from fastdl.estimators.base.net import BaseNet
from fastdl.fitting import job
from fastdl.fitting.network import Network
from fastdl.fitting.targets import Targets
from fastdl.initializers import Uniform
from fastdl.layers import Layer
from fastdl.losses import SquaredError
from fastdl.samples import core_input
from fastdl.validation import check_rows, check_rows_and_targets, check_weights, resolve_device


class BaseELM(BaseNet):
    """What `ELMClassifier` and `ELMRegressor` share."""

    hidden_layer_sizes: int | Sequence[int]
    activation: str
    alpha: float
    batch_size: int
    dtype: DTypeLike

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": coding.CONSTRAINTS["hidden_layer_sizes"],
        "activation": coding.CONSTRAINTS["activation"],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [Interval(Integral, 1, None, closed="left")],
        "random_state": ["random_state"],
        "n_jobs": [Integral, None],
        "device": [StrOptions({"cpu", "cuda", "auto"})],
        "dtype": [StrOptions({"float32", "float64"}), type, np.dtype],
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (500,),
        *,
        activation: str = "relu",
        alpha: float = 1.0,
        batch_size: int = 1000,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = None,
        device: str = "cpu",
        dtype: DTypeLike = "float32",
    ) -> None:
        keep(self, locals())

    def __sklearn_tags__(self) -> Any:
        """Sparse X is taken."""
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags

    def _check_X(self, X: Any) -> Any:
        return check_rows(self, X)

    def _layers(self, input_shape: tuple[int, ...]) -> list[Layer]:
        layers: list[Layer] = []
        for size in coding.sizes_of(self):
            start = Uniform(1.0)
            layers += [
                L.Dense(size, weight_init=start, bias_init=start, trainable=False),
                L.Activation(self.activation),
            ]
        return [*layers, L.Dense(self._targets.n_outputs, name="output")]

    @job.unchanged_on_error
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Solve for the output layer in one pass over X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Gone through in parts of batch_size samples; not copied if it is a C-contiguous array of
            uint8, float32 or float64, which may be memory-mapped.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels or indicators, or real numbers.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        self
        """
        self.device_ = resolve_device(self.device)
        X, y = check_rows_and_targets(self, X, y, reset=True, y_numeric=is_regressor(self))
        self._targets = self._targets_of(y, incremental=False)
        self._network = Network(
            self._layers(X.shape[1:]),
            X.shape[1:],
            SquaredError(),
            dtype=self.dtype,
            batch_size=self.batch_size,
            n_jobs=self.n_jobs,
            random_state=check_random_state(self.random_state),
        )
        program = self._network.ready(self.n_jobs)
        weight = check_weights(sample_weight, X)
        coef = self._solve(program, X, self._goals(y), weight)
        program.set_parameter("output.weight", coef[1:].astype(program.dtype))
        program.set_parameter("output.bias", coef[0].astype(program.dtype))
        self.n_parameters_ = sum(p.size for p in program.parameters)
        return self

    def _goals(self, y: Any) -> NDArray[np.float64]:
        """What the outputs are to be, (n_samples, n_outputs): 1 for the class and 0 for others."""
        goals = np.asarray(self._targets.encode(y, np.float64))
        if self._targets.as_codes:
            return np.eye(self._targets.n_outputs)[goals]
        return goals

    def _solve(
        self, program: Any, X: Any, goals: NDArray[np.float64], weight: NDArray[Any] | None
    ) -> NDArray[np.float64]:
        """Bias and weights of the output layer, (1 + units, n_outputs).

        The minimum of ``sum_i weight_i ||h_i B - goal_i||^2 + alpha ||B||^2``, the bias apart, from
        the sums H'H and H'T.
        """
        units = program.layers[-1].input_shape[0]
        gram, moment = np.zeros((1 + units,) * 2), np.zeros((1 + units, goals.shape[1]))
        for part in gen_batches(X.shape[0], self.batch_size):
            h = np.ones((part.stop - part.start, 1 + units))
            h[:, 1:] = program.predict(core_input(X[part]), layer=-2)
            weighted = h if weight is None else h * weight[part, np.newaxis]
            gram += weighted.T @ h
            moment += weighted.T @ goals[part]
        gram[np.arange(1, 1 + units), np.arange(1, 1 + units)] += self.alpha
        if self.alpha:
            return np.asarray(scipy.linalg.solve(gram, moment, assume_a="pos"))
        return np.asarray(scipy.linalg.lstsq(gram, moment)[0])  # units may be copies of others


class ELMClassifier(ClassifierMixin, BaseELM):
    """Extreme learning machine: random hidden layers, and least squares for the classes.

    Huang, Zhu and Siew, "Extreme learning machine: theory and applications", Neurocomputing 2006,
    with a ridge. Nothing is learnt by descent: one pass over X, then a linear system with as many
    unknowns as there are hidden units.

    Parameters
    ----------
    hidden_layer_sizes : int or sequence of int, default=(500,)
        Units of the random layers, weights and biases uniform in [-1, 1). Scale X.
    activation : str, default="relu"
        A function of `fastdl.layers.Activation`.
    alpha : float, default=1.0
        Weight of the squared norm of the output weights (ridge).
    batch_size : int, default=1000
        Samples whose hidden activations are held at a time.
    random_state : int, RandomState or None, default=None
        Of the random layers.
    n_jobs : int, default=None
        Threads; None is what OpenMP would take, -1 all.
    device : {"cpu", "cuda", "auto"}, default="cpu"
    dtype : "float32" or "float64", default="float32"
        Of the network; the linear system is solved in float64.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    n_features_in_, n_parameters_, device_, program_
        As of `CNNClassifier`.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import ELMClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> elm = ELMClassifier(random_state=0).fit(X[:1000] / 16, y[:1000])
    >>> elm.score(X[1000:] / 16, y[1000:]) > 0.9
    True
    """

    classes_: NDArray[Any]

    def __sklearn_tags__(self) -> Any:
        """Multilabel y is taken."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _targets_of(self, y: Any, *, incremental: bool) -> Targets:
        targets = Targets.of_labels(y, one_output=False)
        self.classes_ = targets.classes
        return targets

    def decision_function(self, X: Any) -> NDArray[Any]:
        """Outputs, near 1 for the class and near 0 for others.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples,)
            Of two classes, the second's less the first's.
        """
        scores = self._outputs(X)
        return scores[:, 1] - scores[:, 0] if self._is_binary() else scores

    def predict(self, X: Any) -> Any:
        """Labels, shape (n_samples,), or indicators, shape (n_samples, n_classes)."""
        outputs = self._outputs(X)
        return self._targets.decode(outputs)

    def _is_binary(self) -> bool:
        return self._targets.kind == "multiclass" and len(self.classes_) == 2


class ELMRegressor(RegressorMixin, BaseELM):
    """Extreme learning machine: random hidden layers, and least squares for numbers.

    Parameters
    ----------
    hidden_layer_sizes, activation, alpha, batch_size, random_state, n_jobs, device, dtype
        As in `ELMClassifier`; the score is R^2.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl import ELMRegressor
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> reg = ELMRegressor(50, activation="tanh", alpha=1e-3, random_state=0)
    >>> reg.fit(X, np.sin(3 * X[:, 0])).score(X, np.sin(3 * X[:, 0])) > 0.99
    True
    """

    def __sklearn_tags__(self) -> Any:
        """Several outputs are solved for together."""
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def _targets_of(self, y: Any, *, incremental: bool) -> Targets:
        return Targets.of_values(y)

    def predict(self, X: Any) -> NDArray[Any]:
        """Predicted values, shape (n_samples,) or (n_samples, n_outputs)."""
        outputs = self._outputs(X)
        return np.asarray(self._targets.decode(outputs))
