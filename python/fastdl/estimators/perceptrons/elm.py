"""Extreme learning machines: a random hidden layer, and least squares on top of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.utils import gen_batches

from fastdl import layers as L
from fastdl._saved import REAL
from fastdl._sklearn import StrOptions
from fastdl.estimators.autoencoders import coding
from fastdl.estimators.base.net import Net
from fastdl.estimators.base.regressor import Regressor
from fastdl.estimators.heads.labels import Labels, takes_indicators
from fastdl.estimators.heads.numbers import Numbers
from fastdl.estimators.heads.refused import warn_of_one_hot
from fastdl.estimators.inputs import RowInput
from fastdl.estimators.parameters.training_words import (
    CLASS_WEIGHT,
    CLASSES,
    COUNT,
    NOT_NEGATIVE,
    ClassWeight,
    TrainingWords,
)
from fastdl.estimators.parameters.words import fitted, reword, word
from fastdl.estimators.perceptrons import least_squares, leave_one_out
from fastdl.estimators.perceptrons.least_squares import Part, Problem, System
from fastdl.fitting.job import Given, Job
from fastdl.fitting.targets import Targets
from fastdl.fitting.training.tasks import epoch_tasks
from fastdl.initializers import Uniform
from fastdl.layers import Layer
from fastdl.layers._activation import FUNCTIONS
from fastdl.losses import Loss, SquaredError
from fastdl.samples import core_input


class ELM(Net):
    """What `ELMClassifier` and `ELMRegressor` share."""

    hidden_layer_sizes: int | Sequence[int] = word(
        default=(1000,),
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
    alpha: float | str = word(
        default="auto",
        rule=[StrOptions({"auto"}), NOT_NEGATIVE],
        kind='float or "auto"',
        text='Weight of the squared norm of the output weights (ridge). "auto": of 31 strengths, '
        "from the largest eigenvalue of the hidden units' sums of squares down to 1e-10 of it, the "
        "one with the least squared error of samples left out, each in turn (leave-one-out, in "
        "closed form).",
    )
    batch_size: int = word(
        default=1000,
        rule=[COUNT],
        kind="int",
        text="Samples whose hidden activations are held at a time.",
    )
    random_state: int | np.random.RandomState | None = reword(
        TrainingWords, "random_state", default=None, text="Of the random layers."
    )
    n_jobs: int | None = reword(TrainingWords, "n_jobs", default=None)
    device: str = reword(TrainingWords, "device", default="cpu")
    precision: str = reword(TrainingWords, "precision", default="float32")
    dtype: DTypeLike = reword(
        TrainingWords,
        "dtype",
        default="float32",
        text="Of the network; the linear system is solved in float64.",
    )
    alpha_: float = fitted("float", "The ridge of the fit.", saved=REAL)

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

    def _restored(self) -> None:
        super()._restored()
        if not hasattr(self, "alpha_") and not isinstance(self.alpha, str):
            self.alpha_ = float(self.alpha)  # older files have no other

    def _learn(self, job: Job) -> None:
        tasks = epoch_tasks(self, job.train.given, job.train.y, 0)
        self._network = self._new_network(job.train.X.shape, job.train.X.dtype, job.random_state)
        program, train = self._network.ready(self.n_jobs), job.train
        bias, weights = self._solve(program, train.X, self._goals(train.y), train.weight)
        program.set_parameter("output.weight", weights.astype(program.dtype))
        program.set_parameter("output.bias", bias.astype(program.dtype))
        self._show()
        if tasks:
            tasks.close()

    def _goals(self, y: Any) -> NDArray[np.float64]:
        """What the outputs are to be, (n_samples, n_outputs): 1 for the class and 0 for others."""
        return np.asarray(self._targets.encode(y, np.float64, codes=False))

    def _solve(
        self, program: Any, X: Any, goals: NDArray[np.float64], weight: NDArray[Any] | None
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Bias (n_outputs,) and weights (units, n_outputs) of the output layer."""
        problem = self._problem(program, X, goals, weight)
        system = least_squares.system(problem)
        self._check_system(system)
        if isinstance(self.alpha, str):
            self.alpha_ = leave_one_out.choose(problem, system, self._scale_of(goals))
        else:
            self.alpha_ = float(self.alpha)
        return system.solve(self.alpha_)

    def _scale_of(self, goals: NDArray[np.float64]) -> NDArray[np.float64] | float:
        """What errors are compared by: each target's spread, but those of labels as they are."""
        if self._targets.kind != "continuous":
            return 1.0
        spread = goals.std(axis=0)
        return np.where(spread > 0, spread, 1.0)

    def _problem(
        self, program: Any, X: Any, goals: NDArray[np.float64], weight: NDArray[Any] | None
    ) -> Problem:
        weight = np.ones(X.shape[0]) if weight is None else weight.astype(np.float64)
        kept = np.flatnonzero(weight)

        def parts() -> Iterator[Part]:
            for batch in gen_batches(len(kept), self.batch_size):
                rows: Any = kept[batch] if len(kept) < len(weight) else batch  # a slice is no copy
                H = program.predict(core_input(X[rows]), layer=-2).astype(np.float64)
                yield Part(H, goals[rows], weight[rows])

        return Problem(
            parts,
            len(kept),
            program.layers[-1].input_shape[0],
            goals.shape[1],
            size=min(len(kept), self.batch_size),
            threads=program.threads,
        )

    def _check_system(self, system: System) -> None:
        """Raise ValueError if its sums are too large to be solved for."""
        name = type(self).__name__
        if not (np.isfinite(system.matrix).all() and np.isfinite(system.mean_H).all()):
            raise ValueError(
                f"{name}: the hidden units have activations whose squares sum to infinity or nan, "
                "since values of X are too large. Scale X, as with StandardScaler."
            )
        if not np.isfinite(system.right).all():
            raise ValueError(
                f"{name}: activations times y sum to infinity or nan, since values of y are too "
                "large. Scale y."
            )


@dataclass(frozen=True)
class _Goals(Labels):
    """Labels of which each has an output of its own, near 1 for the class and 0 for others."""

    def targets(self, estimator: Any, y: Any, *, anew: bool, incremental: bool) -> Targets:
        """See `Head.targets`."""
        targets = Targets.of_labels(y, one_output=False)
        if targets.kind == "multilabel":
            warn_of_one_hot(estimator, targets.n_outputs, y)
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

    class_weight: ClassWeight = word(default=None, like=CLASS_WEIGHT)
    classes_: NDArray[Any] = fitted(*CLASSES)

    def __sklearn_tags__(self) -> Any:
        """Multilabel y is taken."""
        return takes_indicators(super().__sklearn_tags__())

    @property
    def _head(self) -> Labels:
        return _Goals()


class ELMRegressor(Regressor, ELM):
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
