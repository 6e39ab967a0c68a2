"""The classifier among the stacked autoencoders."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from fastdl.estimators.autoencoders.stacked_predictor import StackedPredictor
from fastdl.estimators.heads.labels import Labels, takes_indicators
from fastdl.estimators.parameters.training_words import (
    CLASS_WEIGHT,
    CLASSES,
    LABEL_LOSS,
    ClassWeight,
)
from fastdl.estimators.parameters.words import fitted, word
from fastdl.losses import Loss


class StackedAutoencoderClassifier(ClassifierMixin, StackedPredictor):
    """Classifier whose hidden layers are learnt layer by layer, mostly without labels.

    Greedy pretraining gives the hidden layers a start that has to do with X; an output layer from y
    goes on top, and back-propagation through all of it fine-tunes. Bengio et al., "Greedy
    layer-wise training of deep networks", NIPS 2006. With ``fine_tune=False`` the hidden layers
    stay as they are, as in self-taught learning (Raina et al., ICML 2007).

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import StackedAutoencoderClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = StackedAutoencoderClassifier(
    ...     (60, 30), learning_rate_init=0.01, pretrain_epochs=5, random_state=0
    ... )
    >>> clf.pretrain(X / 16).fit(X[:500] / 16, y[:500]).score(X[500:] / 16, y[500:]) > 0.85
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
