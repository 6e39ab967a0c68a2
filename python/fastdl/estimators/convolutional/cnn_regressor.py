"""The regressor among the convolutional networks."""

from __future__ import annotations

from fastdl.estimators.base.regressor import Regressor
from fastdl.estimators.convolutional.cnn import ConvNet
from fastdl.estimators.heads.numbers import Numbers
from fastdl.estimators.parameters.training_words import NORMALIZE_Y, NUMBER_LOSS
from fastdl.estimators.parameters.words import word
from fastdl.losses import Loss


class CNNRegressor(Regressor, ConvNet):
    """Convolutional network for numbers that images stand for.

    The network of `CNNClassifier` with an output for each target; the score is R^2.

    X holds images (n, height, width, channels), or (n, height, width) with one channel, of any
    numeric dtype; uint8 is not copied to a float array. Rows (n, n_features) are images of
    `input_shape`; without it, strips of height 1 with one channel.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl import CNNRegressor
    >>> X = np.random.default_rng(0).random((200, 6, 6, 1))
    >>> reg = CNNRegressor((8,), max_epochs=20, random_state=0).fit(X, X.max(axis=(1, 2, 3)))
    >>> reg.predict(X[:2]).shape
    (2,)
    """

    loss: str | Loss = word(default="squared_error", like=NUMBER_LOSS)
    normalize_y: bool = word(default=True, like=NORMALIZE_Y)

    @property
    def _head(self) -> Numbers:
        return Numbers(of_parts="NetRegressor learns an image for every image: see its `layers`.")
