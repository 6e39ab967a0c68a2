"""Softmax regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from numpy.typing import DTypeLike, NDArray
from sklearn.base import ClassifierMixin

from fastdl import layers as L
from fastdl._sklearn import StrOptions
from fastdl.estimators.base.net import Net
from fastdl.estimators.heads.labels import Labels, takes_indicators
from fastdl.estimators.inputs import RowInput
from fastdl.estimators.parameters.training_words import (
    CLASS_WEIGHT,
    CLASSES,
    LABEL_LOSS,
    NOT_NEGATIVE,
    ClassWeight,
    TrainingWords,
)
from fastdl.estimators.parameters.words import fitted, reword, word
from fastdl.fitting.defaults import or_auto
from fastdl.fitting.trainable import TrainableNetwork
from fastdl.layers import Layer
from fastdl.losses import Loss
from fastdl.optim import LBFGS, Optimizer

if TYPE_CHECKING:
    from fastdl._core import Program


class SoftmaxRegression(ClassifierMixin, TrainingWords, Net):
    """Linear classifier with softmax probabilities: the network without a hidden layer.

    Multinomial logistic regression; two classes share one output, with a sigmoid, and indicators
    have a sigmoid each. Bishop, "Pattern recognition and machine learning", 2006, section 4.3.4.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import SoftmaxRegression
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = SoftmaxRegression().fit(X / 16, y)
    >>> clf.score(X / 16, y) > 0.95, clf.coef_.shape
    (True, (10, 64))
    """

    loss: str | Loss = word(default="log_loss", like=LABEL_LOSS)
    class_weight: ClassWeight = word(default=None, like=CLASS_WEIGHT)
    classes_: NDArray[Any] = fitted(*CLASSES)
    coef_: NDArray[Any] = fitted("ndarray of shape (n_outputs, n_features)", "The weights.")
    intercept_: NDArray[Any] = fitted("ndarray of shape (n_outputs,)", "The biases.")

    solver: str | Optimizer = reword(
        TrainingWords,
        "solver",
        default="auto",
        text='"auto" is "lbfgs", to convergence, for the cross-entropy; "adam" for the hinge, for '
        '`early_stopping=True` and in partial fits. Or one of `fastdl.optim`: "sgd" (with '
        '`momentum`), "adam", "adamw" ...',
    )
    alpha: float | str = reword(
        TrainingWords,
        "alpha",
        default="auto",
        rule=[StrOptions({"auto"}), NOT_NEGATIVE],
        kind='float or "auto"',
        text="Strength of the L2 penalty on the weights, alpha / 2 times their squares, divided by "
        'the samples of a batch: with "lbfgs", that of `LogisticRegression(C=1 / alpha)`. "auto" '
        'is 1 with "lbfgs"; 0 with other solvers, where `weight_decay` does it.',
    )
    dtype: DTypeLike = reword(
        TrainingWords,
        "dtype",
        default="float64",
        text="Of the weights. In float32, L-BFGS may stop a little short of the minimum.",
    )
    max_epochs: int | str = reword(
        TrainingWords,
        "max_epochs",
        default="auto",
        text='Epochs at most, or iterations of "lbfgs"; "auto" is 1000 of these, and as many '
        "epochs as give 1500 steps, but 20 at least.",
    )

    def __sklearn_tags__(self) -> Any:
        """Multilabel y is taken."""
        return takes_indicators(super().__sklearn_tags__())

    @property
    def _inputs(self) -> RowInput:
        return RowInput(sparse=True)

    @property
    def _head(self) -> Labels:
        return Labels()

    def _solver(self, *, incremental: bool) -> str | Optimizer:
        """What `solver` stands for."""
        if self.solver != "auto":
            return self.solver
        whole = self.loss == "log_loss" and not incremental and self.early_stopping is not True
        return "lbfgs" if whole else "adam"

    def _penalty(self, optimizer: Optimizer) -> float:
        """What `alpha` stands for."""
        return float(or_auto(self.alpha, 1.0 if isinstance(optimizer, LBFGS) else 0.0))

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        # There is one minimum, wherever it starts.
        return [L.Dense(n_outputs, name="output", weight_init="zeros")]

    def _show_weights(self, program: Program | TrainableNetwork) -> None:
        self.coef_ = program.get_parameter("output.weight").T
        self.intercept_ = program.get_parameter("output.bias")
