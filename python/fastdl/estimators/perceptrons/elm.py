"""Extreme learning machines: a random hidden layer, and least squares on top of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Any, Self

import numpy as np
import scipy.linalg
from numpy.typing import DTypeLike, NDArray
from sklearn.base import ClassifierMixin, RegressorMixin
from sklearn.utils import gen_batches

from fastdl import layers as L
from fastdl._sklearn import StrOptions
from fastdl.estimators.autoencoders import coding
from fastdl.estimators.base.heads import Labels, Numbers, takes_indicators
from fastdl.estimators.base.net import Net
from fastdl.estimators.base.training_words import CLASSES, COUNT, NOT_NEGATIVE
from fastdl.estimators.base.words import fitted, word
from fastdl.estimators.inputs import RowInput
from fastdl.fitting.job import Given, Job
from fastdl.fitting.targets import Targets
from fastdl.fitting.tasks import epoch_tasks
from fastdl.initializers import Uniform
from fastdl.layers import Layer
from fastdl.layers._activation import FUNCTIONS
from fastdl.losses import Loss, SquaredError
from fastdl.samples import core_input


class ELM(Net):
    """What `ELMClassifier` and `ELMRegressor` share."""

    hidden_layer_sizes: int | Sequence[int] = word(
        default=(500,),
        rule=["array-like", COUNT],
        kind="int or sequence of int",
        text="Units of the random layers, weights and biases uniform in [-1, 1). Scale X.",
        kw_only=False,
    )
    activation: str = word(
        default="relu",
        rule=[StrOptions(set(FUNCTIONS) - {"softmax"})],
        kind="str",
        text="A function of `fastdl.layers.Activation`.",
    )
    alpha: float = word(
        default=1.0,
        rule=[NOT_NEGATIVE],
        kind="float",
        text="Weight of the squared norm of the output weights (ridge).",
    )
    batch_size: int = word(
        default=1000,
        rule=[COUNT],
        kind="int",
        text="Samples whose hidden activations are held at a time.",
    )
    random_state: int | np.random.RandomState | None = word(
        default=None,
        rule=["random_state"],
        kind="int, RandomState or None",
        text="Of the random layers.",
    )
    n_jobs: int | None = word(
        default=None,
        rule=[Integral, None],
        kind="int or None",
        text="Threads; None is what OpenMP would take, -1 all. The result is the same for any.",
    )
    device: str = word(
        default="cpu",
        rule=[StrOptions({"cpu", "cuda", "auto"})],
        kind='{"cpu", "cuda", "auto"}',
        text="What does the work.",
    )
    dtype: DTypeLike = word(
        default="float32",
        rule=[str, type, np.dtype],
        kind='"float32" or "float64"',
        text="Of the network; the linear system is solved in float64.",
    )

    @property
    def _inputs(self) -> RowInput:
        return RowInput(sparse=True)

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        layers: list[Layer] = []
        for size in coding.sizes_of(self):
            start = Uniform(1.0)
            layers += [
                L.Dense(size, weight_init=start, bias_init=start, trainable=False),
                L.Activation(self.activation),
            ]
        return [*layers, L.Dense(n_outputs, name="output")]

    def fit(  # type: ignore[override]
        self, X: Any, y: Any, sample_weight: Any = None
    ) -> Self:
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
        return self._fit(Given(X, y, sample_weight))

    def _show(self) -> None:
        self.n_parameters_ = sum(p.size for p in self._network.parameters)

    def _learn(self, job: Job) -> None:
        tasks = epoch_tasks(self, job.train.given, job.train.y, 0)
        self._network = self._new_network(job.train.X.shape, job.train.X.dtype, job.random_state)
        program, train = self._network.ready(self.n_jobs), job.train
        coef = self._solve(program, train.X, self._goals(train.y), train.weight)
        program.set_parameter("output.weight", coef[1:].astype(program.dtype))
        program.set_parameter("output.bias", coef[0].astype(program.dtype))
        self._show()
        if tasks:
            tasks.close()

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


@dataclass(frozen=True)
class _Goals(Labels):
    """Labels of which each has an output of its own, near 1 for the class and 0 for others."""

    def targets(self, estimator: Any, y: Any, *, anew: bool, incremental: bool) -> Targets:
        """See `Head.targets`."""
        targets = Targets.of_labels(y, one_output=False)
        estimator.classes_ = targets.classes
        return targets

    def loss(self, estimator: Any, targets: Targets) -> Loss:
        """See `Head.loss`."""
        return SquaredError()


@dataclass(frozen=True)
class _Values(Numbers):
    """Numbers, by least squares."""

    def targets(self, estimator: Any, y: Any, *, anew: bool, incremental: bool) -> Targets:
        """See `Head.targets`."""
        return Targets.of_values(y)

    def loss(self, estimator: Any, targets: Targets) -> Loss:
        """See `Head.loss`."""
        return SquaredError()


class ELMClassifier(ClassifierMixin, ELM):
    """Extreme learning machine: random hidden layers, and least squares for the classes.

    Huang, Zhu and Siew, "Extreme learning machine: theory and applications", Neurocomputing 2006,
    with a ridge. Nothing is learnt by descent: one pass over X, then a linear system with as many
    unknowns as there are hidden units.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import ELMClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> elm = ELMClassifier(random_state=0).fit(X[:1000] / 16, y[:1000])
    >>> elm.score(X[1000:] / 16, y[1000:]) > 0.9
    True
    """

    classes_: NDArray[Any] = fitted(*CLASSES)

    def __sklearn_tags__(self) -> Any:
        """Multilabel y is taken."""
        return takes_indicators(super().__sklearn_tags__())

    @property
    def _head(self) -> Labels:
        return _Goals()

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

    def _is_binary(self) -> bool:
        return self._targets.kind == "multiclass" and len(self.classes_) == 2


class ELMRegressor(RegressorMixin, ELM):
    """Extreme learning machine: random hidden layers, and least squares for numbers.

    See `ELMClassifier` for the method; the score is R^2.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl import ELMRegressor
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> reg = ELMRegressor(50, activation="tanh", alpha=1e-3, random_state=0)
    >>> reg.fit(X, np.sin(3 * X[:, 0])).score(X, np.sin(3 * X[:, 0])) > 0.99
    True
    """

    @property
    def _head(self) -> Numbers:
        return _Values()
