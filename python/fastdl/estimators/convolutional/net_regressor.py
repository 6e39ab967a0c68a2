"""The regressor among the networks of the user's own layers."""

from __future__ import annotations

from sklearn.base import RegressorMixin

from fastdl.estimators.base.heads import Numbers
from fastdl.estimators.base.training_words import NORMALIZE_Y, NUMBER_LOSS
from fastdl.estimators.base.words import word
from fastdl.estimators.convolutional.free_form import FreeForm
from fastdl.losses import Loss


class NetRegressor(RegressorMixin, FreeForm):
    """Network of your own layers, for numbers; the score is R^2.

    The output layer comes from y, with a `Flatten` before it where the last layer gives images.
    Layers are parameters: with ``Conv2D(32, 3, name="conv1")``, a grid may search over
    ``conv1__filters``.

    X holds rows (n, n_features), images (n, height, width, channels), or (n, height, width) with
    one channel, of any numeric dtype. Rows are images of `input_shape` where it is given; without
    it, they are strips of height 1 with one channel if the first layer asks for images.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl import NetRegressor, layers as L
    >>> X = np.linspace(-1, 1, 200).reshape(-1, 1)
    >>> net = NetRegressor([L.Dense(20), L.Activation("tanh")], solver="lbfgs", random_state=0)
    >>> net.fit(X, np.sin(3 * X[:, 0])).score(X, np.sin(3 * X[:, 0])) > 0.99
    True
    """

    loss: str | Loss = word(default="squared_error", like=NUMBER_LOSS)
    normalize_y: bool = word(default=True, like=NORMALIZE_Y)

    @property
    def _head(self) -> Numbers:
        return Numbers()
