"""The classifier among the convolutional networks."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from fastdl.estimators.convolutional.cnn import ConvNet
from fastdl.estimators.heads.labels import Labels, takes_indicators
from fastdl.estimators.parameters.training_words import (
    CLASS_WEIGHT,
    CLASSES,
    LABEL_LOSS,
    ClassWeight,
)
from fastdl.estimators.parameters.words import fitted, word
from fastdl.losses import Loss


class CNNClassifier(ClassifierMixin, ConvNet):
    """Convolutional network for classes of images.

    Convolutions with "same" padding, each with an activation and maximum pooling; then dense
    layers; then an output for each class. Or a well-known network, by its name.

    X holds images (n, height, width, channels), or (n, height, width) with one channel, of any
    numeric dtype; uint8 is not copied to a float array. Rows (n, n_features) are images of
    `input_shape`; without it, strips of height 1 with one channel.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import CNNClassifier
    >>> X, y = load_digits(return_X_y=True)
    >>> clf = CNNClassifier((8,), input_shape=(8, 8, 1), max_epochs=5, random_state=0)
    >>> clf.fit(X[:1000] / 16, y[:1000]).score(X[1000:] / 16, y[1000:]) > 0.8
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
        return Labels(of_parts="NetClassifier learns a class for every pixel: see its `layers`.")
