"""scikit-learn's estimator checks, without expected failures; more in test_default_checks.py."""

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.base import ClassifierMixin

from checks import parametrize_with_checks
from fastdl import (
    DBN,
    BernoulliRBM,
    DBNClassifier,
    DBNRegressor,
    GaussianRBM,
    MLPClassifier,
    MLPRegressor,
    SequenceTagger,
)

# A sample of weight 2 is not two samples in pretraining, which knows no weights; and one of the
# checks asks for 1e-7.
DBN_PARAMS = {"pretrain_epochs": 0, "batch_size": 100, "dtype": "float64"}
SHORT = {"pretrain_epochs": 3, "max_epochs": 60, "learning_rate_init": 1e-2}
PRETRAINED = [DBNClassifier((20, 20), **SHORT), DBNRegressor((20,), **SHORT)]


class StepClassifier(ClassifierMixin, SequenceTagger):
    """On rows, which are sequences of one step, a tagger is a classifier like any other."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.estimator_type = "classifier"
        return tags


ESTIMATORS = [
    BernoulliRBM(20, persistent=False, momentum=0.5, weight_decay=1e-3, sparsity_target=0.1),
    GaussianRBM(20),
    GaussianRBM(20, persistent=True, k=2),
    DBN((20,), visible="gaussian", persistent=True, dtype="float64"),
    DBNClassifier((20,), learning_rate_init=1e-2, max_epochs=200, **DBN_PARAMS),
    DBNRegressor((20,), learning_rate_init=1e-2, max_epochs=100, **DBN_PARAMS),
    MLPClassifier((10, 5), solver="lbfgs"),
    MLPClassifier((20,), "tanh", solver="adamw", weight_decay=1e-3, class_weight="balanced"),
    MLPRegressor(solver="lbfgs"),
    MLPRegressor("squared_error", (20,), solver="nesterov", learning_rate="cosine", clip_norm=1.0),
    StepClassifier(dtype="float64", max_epochs=40, learning_rate_init=0.01),
    StepClassifier((8,), cell="gru", bidirectional=True, learning_rate_init=0.03, dtype="float64"),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:X has values from:UserWarning")  # BernoulliRBM
@parametrize_with_checks(ESTIMATORS)
def test_check(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)


@parametrize_with_checks(PRETRAINED)
def test_check_pretrained(estimator: Any, check: Callable[[Any], None]) -> None:
    if "sample_weight_equivalence" not in str(check):
        check(estimator)
