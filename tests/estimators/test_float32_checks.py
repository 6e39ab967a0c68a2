"""scikit-learn's checks of the estimators as they come, which is in float32.

All but one: that weights of samples are as good as repetitions is asked to 1e-7, which is less than
the rounding of a float32 network. The float64 networks of test_cnn.py, test_net.py, test_rnn.py,
test_stacked.py and test_softmax_elm.py meet it.
The networks for tables hold samples out, and have their columns scaled, by rows whatever their
weights; theirs are smaller here, and trained for less time.
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
    TabularClassifier,
    TabularRegressor,
)

MADE = [CNNClassifier, CNNRegressor, NetClassifier, NetRegressor, RNNRegressor, SoftmaxRegression]
TOO_EXACT = "check_sample_weight_equivalence"


def name(check: Callable[[Any], None]) -> str:
    return getattr(check, "func", check).__name__


SMALL = {"hidden_layer_sizes": (32,), "max_epochs": 24, "n_jobs": 1}
ESTIMATORS = [
    *(made(n_jobs=1) for made in MADE),
    TabularClassifier(**SMALL),
    TabularRegressor(**SMALL),
]
CASES = [
    pytest.param(estimator, check, id=f"{type(estimator).__name__}-{name(check)}")
    for made in ESTIMATORS
    for estimator, check in estimator_checks_generator(made, mark="skip")
    if not name(check).startswith(TOO_EXACT)
]


@pytest.mark.filterwarnings("ignore:X is an array of integers", "ignore:X has values from")
@pytest.mark.parametrize(("estimator", "check"), CASES)
def test_check(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)
