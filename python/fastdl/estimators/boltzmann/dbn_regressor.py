"""The regressor among the deep belief nets."""

from __future__ import annotations

from fastdl.estimators.base.regressor import Regressor
from fastdl.estimators.boltzmann.dbn_net import BeliefNet
from fastdl.estimators.heads.numbers import Numbers
from fastdl.estimators.parameters.training_words import NORMALIZE_Y, NUMBER_LOSS
from fastdl.estimators.parameters.words import word
from fastdl.losses import Loss


class DBNRegressor(Regressor, BeliefNet):
    """Deep belief net with an output layer for numbers: pretrained, then fine-tuned.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> from fastdl import DBNRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = DBNRegressor((50,), visible="gaussian", max_epochs=100, random_state=0)
    >>> reg.fit(scale(X), scale(y)).score(scale(X), scale(y)) > 0.4
    True
    """

    loss: str | Loss = word(default="squared_error", like=NUMBER_LOSS)
    normalize_y: bool = word(default=True, like=NORMALIZE_Y)

    @property
    def _head(self) -> Numbers:
        return Numbers()
