"""Softmax regression."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import DTypeLike, NDArray

from fastdl.estimators.base.layered import BaseLayered, keep
from fastdl.estimators.base.layered_heads import LayeredClassifierMixin
from fastdl.layers import Layer
from fastdl.losses import Loss
from fastdl.optim import Optimizer
from fastdl.schedules import Schedule
from fastdl.validation import check_rows, check_rows_and_targets

if TYPE_CHECKING:
    from fastdl._core import Program


class SoftmaxRegression(LayeredClassifierMixin, BaseLayered):
    """Linear classifier with softmax probabilities: the network without a hidden layer.

    Multinomial logistic regression; two classes share one output, with a sigmoid, and indicators
    have a sigmoid each. Bishop, "Pattern recognition and machine learning", 2006, section 4.3.4.

    Parameters
    ----------
    loss : {"log_loss", "hinge"} or Hinge, default="log_loss"
        As in `CNNClassifier`.
    alpha : float, default=0.0
        Weight of half the squared norm of the weights (L2).
    solver, learning_rate, learning_rate_init, momentum, batch_size, max_epochs, shuffle, l1, \
weight_decay, max_norm, clip_value, clip_norm, class_weight, early_stopping, validation_fraction, \
n_iter_no_change, tol, scoring, random_state, verbose, warm_start, n_jobs, device, dtype
        As in `CNNClassifier`; "auto" is a batch of 200.

    Attributes
    ----------
    coef_ : ndarray of shape (n_outputs, n_features)
    intercept_ : ndarray of shape (n_outputs,)
    classes_, n_features_in_, n_iter_, best_iter_, loss_, loss_curve_, validation_loss_curve_, \
validation_scores_, history_, n_parameters_, device_, program_
        As of `CNNClassifier`.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import SoftmaxRegression
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = SoftmaxRegression(learning_rate_init=0.01, random_state=0).fit(X / 16, y)
    >>> clf.score(X / 16, y) > 0.95, clf.coef_.shape
    (True, (10, 64))
    """

    _least_batch = 256
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **{k: v for k, v in BaseLayered._parameter_constraints.items() if k != "input_shape"},
        **LayeredClassifierMixin._parameter_constraints,
    }

    def __init__(
        self,
        *,
        loss: str | Loss = "log_loss",
        solver: str | Optimizer = "adam",
        learning_rate: str | Schedule = "constant",
        learning_rate_init: float = 1e-3,
        momentum: float = 0.9,
        batch_size: int | str = "auto",
        max_epochs: int = 50,
        shuffle: bool = True,
        alpha: float = 0.0,
        l1: float = 0.0,
        weight_decay: float | None = None,
        max_norm: float | None = None,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        class_weight: Mapping[Any, float] | Sequence[Mapping[Any, float]] | str | None = None,
        early_stopping: bool | str = "auto",
        validation_fraction: float = 0.1,
        n_iter_no_change: float = 10,
        tol: float = 1e-4,
        scoring: str | Callable[..., float] | None = None,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool | int = False,
        warm_start: bool = False,
        n_jobs: int | None = None,
        device: str = "cpu",
        dtype: DTypeLike = "float32",
    ) -> None:
        keep(self, locals())

    coef_: NDArray[Any]
    intercept_: NDArray[Any]

    def __sklearn_tags__(self) -> Any:
        """X has two dimensions and may be sparse."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = False
        tags.input_tags.sparse = True
        return tags

    def _check_X(self, X: Any) -> Any:
        return check_rows(self, X)

    def _check_X_y(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        return check_rows_and_targets(self, X, y, reset=reset, y_numeric=False)

    def _batch_size(self, n_samples: int) -> int:
        return min(200 if self.batch_size == "auto" else int(self.batch_size), n_samples)

    def _hidden(self, input_shape: tuple[int, ...]) -> Sequence[Layer]:
        return []

    def _show_weights(self, program: Program) -> None:
        self.coef_ = program.get_parameter("output.weight").T
        self.intercept_ = program.get_parameter("output.bias")
