"""The regressor among the perceptrons."""

from __future__ import annotations

from fastdl._sklearn import StrOptions
from fastdl.estimators.base.regressor import Regressor
from fastdl.estimators.heads.numbers import Numbers
from fastdl.estimators.parameters.words import word
from fastdl.estimators.perceptrons.perceptron import Perceptron, PerceptronNumbers


class MLPRegressor(Regressor, Perceptron):
    """Multi-layer perceptron regressor: scikit-learn's, with the same network for the same seed.

    Takes the parameters, and has the attributes, of `sklearn.neural_network.MLPRegressor` 1.9; the
    score is R^2.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from sklearn.preprocessing import scale
    >>> from fastdl import MLPRegressor
    >>> X, y = load_diabetes(return_X_y=True)
    >>> reg = MLPRegressor(hidden_layer_sizes=(20,), learning_rate_init=0.01, random_state=0)
    >>> reg.fit(scale(X), scale(y)).score(scale(X), scale(y)) > 0.5
    True
    """

    loss: str = word(
        default="squared_error",
        rule=[StrOptions({"squared_error", "poisson"})],
        kind='{"squared_error", "poisson"}',
        text="Half the squared error, or half the Poisson deviance, whose y is not negative and "
        "which has the exponential between network and predictions.",
        kw_only=False,
    )

    @property
    def _head(self) -> Numbers:
        return PerceptronNumbers()
