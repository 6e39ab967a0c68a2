"""The regressor among the stacked autoencoders."""

from __future__ import annotations

from fastdl.estimators.autoencoders.stacked_predictor import StackedPredictor
from fastdl.estimators.base.regressor import Regressor
from fastdl.estimators.heads.numbers import Numbers
from fastdl.estimators.parameters.training_words import NORMALIZE_Y, NUMBER_LOSS
from fastdl.estimators.parameters.words import word
from fastdl.losses import Loss


class StackedAutoencoderRegressor(Regressor, StackedPredictor):
    """Regressor whose hidden layers are learnt layer by layer, mostly without y.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> from fastdl import StackedAutoencoderRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = StackedAutoencoderRegressor((8,), learning_rate_init=0.01, random_state=0)
    >>> reg.fit(scale(X), scale(y)).score(scale(X), scale(y)) > 0.5
    True
    """

    loss: str | Loss = word(default="squared_error", like=NUMBER_LOSS)
    normalize_y: bool = word(default=True, like=NORMALIZE_Y)

    @property
    def _head(self) -> Numbers:
        return Numbers()
