"""scikit-learn's checks of the estimators as they come, which is in float32.

All but one: that weights of samples are as good as repetitions is asked to 1e-7, which is less than
the rounding of a float32 network. The float64 networks of test_cnn.py, test_net.py, test_rnn.py,
test_stacked.py and test_softmax_elm.py meet it.
"""

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

from fastdl import (
    CNNClassifier,
    CNNRegressor,
    NetClassifier,
    NetRegressor,
    RNNRegressor,
    SoftmaxRegression,
)

MADE = [CNNClassifier, CNNRegressor, NetClassifier, NetRegressor, RNNRegressor, SoftmaxRegression]
TOO_EXACT = "check_sample_weight_equivalence"


def name(check: Callable[[Any], None]) -> str:
    return getattr(check, "func", check).__name__


CASES = [
    pytest.param(estimator, check, id=f"{type(estimator).__name__}-{name(check)}")
    for made in MADE
    for estimator, check in estimator_checks_generator(made(n_jobs=1), mark="skip")
    if not name(check).startswith(TOO_EXACT)
]


@pytest.mark.filterwarnings("ignore:X is an array of integers", "ignore:X has values from")
@pytest.mark.parametrize(("estimator", "check"), CASES)
def test_check(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)
