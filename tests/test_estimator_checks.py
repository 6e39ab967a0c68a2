"""scikit-learn's estimator checks, without expected failures."""

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastdl import BernoulliRBM, GaussianRBM, MLPClassifier, MLPRegressor

ESTIMATORS = [
    BernoulliRBM(),
    BernoulliRBM(20, persistent=False, momentum=0.5, weight_decay=1e-3, sparsity_target=0.1),
    GaussianRBM(20),
    GaussianRBM(20, persistent=True, k=2),
    MLPClassifier(max_iter=100),
    MLPClassifier((10, 5), solver="lbfgs"),
    MLPClassifier((20,), "tanh", solver="adamw", weight_decay=1e-3, class_weight="balanced"),
    MLPRegressor(max_iter=100),
    MLPRegressor(solver="lbfgs"),
    MLPRegressor("squared_error", (20,), solver="nesterov", learning_rate="cosine", clip_norm=1.0),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:X has values from:UserWarning")  # BernoulliRBM
@parametrize_with_checks(ESTIMATORS)
def test_check(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)
