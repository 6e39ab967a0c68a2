"""scikit-learn's estimator checks, without expected failures."""

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastdl import MLPClassifier, MLPRegressor

ESTIMATORS = [
    MLPClassifier(max_iter=100),
    MLPClassifier((10, 5), solver="lbfgs"),
    MLPClassifier((20,), "tanh", solver="adamw", weight_decay=1e-3, class_weight="balanced"),
    MLPRegressor(max_iter=100),
    MLPRegressor(solver="lbfgs"),
    MLPRegressor("squared_error", (20,), solver="nesterov", learning_rate="cosine", clip_norm=1.0),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@parametrize_with_checks(ESTIMATORS)
def test_check(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)
