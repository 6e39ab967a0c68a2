"""What regressors share."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score


class Regressor(RegressorMixin):
    """scikit-learn's, with the number that a fit's history has, too."""

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """R^2 of the answers, in float64: float32 would lose digits where y is far from 0.

        Parameters
        ----------
        X, y : as in `fit`
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        float
        """
        answers = np.asarray(self.predict(X), np.float64)
        return float(r2_score(y, answers, sample_weight=sample_weight))
