"""Softmax regression."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from fastdl.estimators.base.heads import Labels, takes_indicators
from fastdl.estimators.base.net import Net
from fastdl.estimators.base.output import with_output
from fastdl.estimators.base.training_words import (
    CLASS_WEIGHT,
    CLASSES,
    LABEL_LOSS,
    ClassWeight,
    TrainingWords,
)
from fastdl.estimators.base.words import fitted, word
from fastdl.estimators.inputs import RowInput
from fastdl.fitting.network import Network
from fastdl.layers import Layer
from fastdl.losses import Loss

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
    >>> clf = SoftmaxRegression(learning_rate_init=0.01, random_state=0).fit(X / 16, y)
    >>> clf.score(X / 16, y) > 0.95, clf.coef_.shape
    (True, (10, 64))
    """

    loss: str | Loss = word(default="log_loss", like=LABEL_LOSS)
    class_weight: ClassWeight = word(default=None, like=CLASS_WEIGHT)
    classes_: NDArray[Any] = fitted(*CLASSES)
    coef_: NDArray[Any] = fitted("ndarray of shape (n_outputs, n_features)", "The weights.")
    intercept_: NDArray[Any] = fitted("ndarray of shape (n_outputs,)", "The biases.")

    _auto_batch: ClassVar[int] = 200

    def __sklearn_tags__(self) -> Any:
        """Multilabel y is taken."""
        return takes_indicators(super().__sklearn_tags__())

    @property
    def _inputs(self) -> RowInput:
        return RowInput(sparse=True)

    @property
    def _head(self) -> Labels:
        return Labels()

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        return with_output([], input_shape, n_outputs)

    def _show_weights(self, program: Program | Network) -> None:
        self.coef_ = program.get_parameter("output.weight").T
        self.intercept_ = program.get_parameter("output.bias")
