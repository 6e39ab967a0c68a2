"""The classifier among the perceptrons."""

from __future__ import annotations

from typing import Any, ClassVar

from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from fastdl.estimators.heads.labels import Labels, takes_indicators
from fastdl.estimators.parameters.training_words import CLASS_WEIGHT, CLASSES, ClassWeight
from fastdl.estimators.parameters.words import fitted, word
from fastdl.estimators.perceptrons.perceptron import Perceptron, PerceptronLabels


class MLPClassifier(ClassifierMixin, Perceptron):
    """Multi-layer perceptron classifier: scikit-learn's, with the same network for the same seed.

    Minimises the log-loss. Takes the parameters, and has the attributes, of
    `sklearn.neural_network.MLPClassifier` 1.9.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import MLPClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = MLPClassifier((50,), learning_rate_init=0.01, tol=1e-3, random_state=0)
    >>> clf.fit(X / 16, y).score(X / 16, y) > 0.99
    True
    """

    class_weight: ClassWeight = word(default=None, like=CLASS_WEIGHT)
    classes_: NDArray[Any] = fitted(*CLASSES)
    loss: ClassVar[str] = "log_loss"

    def __sklearn_tags__(self) -> Any:
        """Multilabel y is taken."""
        return takes_indicators(super().__sklearn_tags__())

    @property
    def _head(self) -> Labels:
        return PerceptronLabels()
