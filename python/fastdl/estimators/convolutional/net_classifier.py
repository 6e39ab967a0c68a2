"""The classifier among the networks of the user's own layers."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from fastdl.estimators.base.heads import Labels, takes_indicators
from fastdl.estimators.base.training_words import CLASS_WEIGHT, CLASSES, LABEL_LOSS, ClassWeight
from fastdl.estimators.base.words import fitted, word
from fastdl.estimators.convolutional.free_form import FreeForm
from fastdl.losses import Loss


class NetClassifier(ClassifierMixin, FreeForm):
    """Network of your own layers, for classes.

    The output layer comes from y, with a `Flatten` before it where the last layer gives images.
    Layers are parameters: with ``Conv2D(32, 3, name="conv1")``, a grid may search over
    ``conv1__filters``.

    X holds rows (n, n_features), images (n, height, width, channels), or (n, height, width) with
    one channel, of any numeric dtype. Rows are images of `input_shape` where it is given; without
    it, they are strips of height 1 with one channel if the first layer asks for images.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from fastdl import NetClassifier, layers as L
    >>> X, y = load_digits(return_X_y=True)
    >>> net = NetClassifier(
    ...     [L.Conv2D(8, 3, name="conv1"), L.BatchNorm(), L.Activation("relu"), L.MaxPool2D(2)],
    ...     input_shape=(8, 8), max_epochs=5, random_state=0,
    ... )
    >>> net.set_params(conv1__filters=16).fit(X[:1000], y[:1000]).score(X[1000:], y[1000:]) > 0.8
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
