"""The network for tables, for numbers."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from fastdl._saved import MATRIX, Saved
from fastdl.estimators.base.regressor import Regressor
from fastdl.estimators.heads.numbers import Numbers
from fastdl.estimators.parameters.words import fitted, word
from fastdl.estimators.tables.tabular import Tabular
from fastdl.estimators.tables.words import ACTIVATION, BASE_RATE
from fastdl.fitting.training.evaluation import r_squared
from fastdl.samples import Data


class TabularRegressor(Regressor, Tabular):
    """Network for tables of numbers and categories, with defaults that need no search.

    As `TabularClassifier`, which says what it does and where it comes from, but for the squared
    error, with the activation Mish and a larger rate. y is standardised inside; ``loss_curve_`` is
    in these units. Predictions are never outside of what y was in fit.

    Examples
    --------
    >>> from sklearn.datasets import load_diabetes
    >>> from fastdl import TabularRegressor
    >>> X, y = load_diabetes(return_X_y=True, as_frame=True)
    >>> reg = TabularRegressor(max_epochs=50, random_state=0).fit(X[:350], y[:350])
    >>> reg.score(X[350:], y[350:]) > 0.4
    True
    """

    activation: str = word(default="mish", like=ACTIVATION)
    learning_rate_init: float = word(default=0.2, like=BASE_RATE)
    loss: ClassVar[str] = "squared_error"
    normalize_y: ClassVar[bool] = True
    _limits: NDArray[np.float64] = fitted(saved=Saved(MATRIX, "limits"))  # of y; (2, n)

    @property
    def _head(self) -> Numbers:
        return Numbers()

    def _measure(self, y: Any) -> None:
        y = np.asarray(y, np.float64).reshape(len(y), -1)
        self._limits = np.stack([y.min(axis=0), y.max(axis=0)])

    def predict(self, X: Any) -> NDArray[Any]:
        """What the network answers, between the least and the largest y of fit.

        Parameters
        ----------
        X : as in `fit`

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
        """
        return self._answers(self._outputs(X))

    def _answers(self, outputs: NDArray[Any]) -> NDArray[Any]:
        answers = self._targets.decode(outputs.astype(np.float64))
        return np.clip(answers, *(self._limits if answers.ndim == 2 else self._limits[:, 0]))

    def _default_score(self, output: NDArray[Any], data: Data) -> float:
        """See `Net._default_score`; of what `predict` says, as `score` has it."""
        if not np.isfinite(output).all():
            return math.nan
        return r_squared(np.asarray(data.y), self._answers(output), data.samples.weight)
