"""The classifier among the networks of the user's own layers."""

from __future__ import annotations

from typing import Any

from numpy.typing import NDArray
from sklearn.base import ClassifierMixin

from fastdl.estimators.convolutional.free_form import FreeForm
from fastdl.estimators.heads.labels import Labels, takes_indicators
from fastdl.estimators.heads.of_choice import OfChoice
from fastdl.estimators.parameters.training_words import (
    CLASS_WEIGHT,
    CLASSES,
    LABEL_LOSS,
    ClassWeight,
)
from fastdl.estimators.parameters.words import fitted, word
from fastdl.losses import Loss


class NetClassifier(ClassifierMixin, FreeForm):
    """Network of your own layers, for classes: of samples, steps or pixels.

    The output layer comes from y: a dense layer, after a `Flatten` of images or the `LastStep` of
    sequences; a 1x1 convolution where every pixel has its answer. It is left out where the last of
    `layers` gives the answers: a linear one (`Dense`, `Conv2D`) of as many outputs. Layers are
    parameters: with ``Conv2D(32, 3, name="conv1")``, a grid may search over ``conv1__filters``.

    X may be

    - rows (n, n_features). They are images of `input_shape` where it is given; without it, strips
      of height 1 with one channel, or sequences of one feature, if the first layer asks for such.
    - images (n, height, width, channels), or (n, height, width) with one channel.
    - sequences: a list of n arrays (T_i, F), or (T_i,) of one feature; or one array (n, T, F), with
      `lengths` where it is padded. An array of three dimensions holds images, unless the first
      layer that minds asks for sequences, as `LSTM` does. A sequence may be empty: its last state
      is zero.
    - a list of strings, or of lists of tokens or integers, whose symbols get an `Embedding` in
      front of the layers; see `analyzer`, `unknown` and `integers`.

    y has a class for each sample, (n,), or indicators of several, (n, n_classes); or one for every
    step, a list of n lists or (n, T), for which recurrent layers give all of their states; or one
    for every pixel, (n, height, width), or indicators (n, height, width, n_classes). Answers take
    the form of y. Steps and pixels weigh the same in the loss and in the score, the share of right
    ones, but for `class_weight` and weights of their own; those labelled -1 do not count.

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

    A label for every step of sequences; a class for every pixel of images.

    >>> steps = [[0.2, 0.9, 0.1], [0.8, 0.3], [0.7]] * 20
    >>> labels = [[int(value > 0.5) for value in sequence] for sequence in steps]
    >>> tagger = NetClassifier([L.GRU(4)], learning_rate_init=0.05, random_state=0)
    >>> [found.tolist() for found in tagger.fit(steps, labels).predict([[0.9, 0.1, 0.8], [0.2]])]
    [[1, 0, 1], [0]]
    >>> images = X.reshape(-1, 8, 8) / 16
    >>> ink = NetClassifier([L.Conv2D(4, 3, padding="same")], max_epochs=5, random_state=0)
    >>> ink.fit(images, (images > 0.5).astype(int)).predict(images[:2]).shape
    (2, 8, 8)
    """

    loss: str | Loss = word(default="log_loss", like=LABEL_LOSS)
    class_weight: ClassWeight = word(default=None, like=CLASS_WEIGHT)
    classes_: NDArray[Any] = fitted(*CLASSES)

    def __sklearn_tags__(self) -> Any:
        """Multilabel y is taken."""
        return takes_indicators(super().__sklearn_tags__())

    score = FreeForm.score  # with lengths, and of steps and pixels

    @property
    def _head(self) -> OfChoice:
        return OfChoice(Labels(), self._given)
