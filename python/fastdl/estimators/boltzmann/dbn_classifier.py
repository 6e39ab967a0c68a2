"""The classifier among the deep belief nets."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from fastdl.estimators.boltzmann.dbn_net import BeliefNet
from fastdl.estimators.heads.labels import Labels, takes_indicators
from fastdl.estimators.parameters.training_words import (
    CLASS_WEIGHT,
    CLASSES,
    LABEL_LOSS,
    ClassWeight,
)
from fastdl.estimators.parameters.words import fitted, word
from fastdl.losses import Loss


class DBNClassifier(ClassifierMixin, BeliefNet):
    """Deep belief net with an output layer for classes: pretrained, then fine-tuned.

    A stack of restricted Boltzmann machines learns from X without y, layer by layer; their weights
    are the start of a network of sigmoid units that back-propagation then trains on X and y.

    References
    ----------
    G. E. Hinton, R. Salakhutdinov, "Reducing the dimensionality of data with neural networks",
    Science 313 (2006).

    Examples
    --------
    Few labels, many samples:

    >>> from sklearn.datasets import load_digits
    >>> from fastdl import DBNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = DBNClassifier((100, 50), pretrain_epochs=30, max_epochs=100, random_state=0)
    >>> clf.pretrain(X / 16).fit(X[:300] / 16, y[:300]).score(X[300:] / 16, y[300:]) > 0.82
    True
    """

    loss: str | Loss = word(default="log_loss", like=LABEL_LOSS)
    class_weight: ClassWeight = word(default=None, like=CLASS_WEIGHT)
    classes_: NDArray[Any] = fitted(*CLASSES)

    def __sklearn_tags__(self) -> Any:
        """Multilabel y is taken."""
        return takes_indicators(super().__sklearn_tags__())

    @property
    def _head(self) -> Labels:
        return Labels()
