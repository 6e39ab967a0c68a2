"""scikit-learn's checks of every estimator as it comes, with the constructor's own defaults.

Two kinds are left out. That weights of samples are as good as repetitions is asked to 1e-7, which
is less than the rounding of a float32 network; the float64 networks of test_cnn.py, test_net.py,
test_rnn.py, test_stacked.py and test_softmax_elm.py meet it. And of those whose fits are long, all
checks that do not ask what was learnt: they are passed with small layers or in float64, in those
files, test_autoencoder.py, test_conv_autoencoder.py, test_estimator_checks.py and, for tables, here
(whose networks hold samples out, and scale columns, by rows whatever their weights).
"""

from collections.abc import Callable
from typing import Any

import pytest
from sklearn.utils.estimator_checks import estimator_checks_generator

import fastdl.estimators as E

TOO_EXACT = "check_sample_weight_equivalence"
OF_WHAT_WAS_LEARNT = {
    "check_classifiers_train",
    "check_classifiers_classes",
    "check_class_weight_classifiers",
    "check_regressors_train",
    "check_regressors_int",
    "check_transformer_general",
}
LONG = {
    *("DBN", "DBNClassifier", "DBNRegressor", "TabularClassifier", "TabularRegressor"),
    *("StackedAutoencoder", "StackedAutoencoderClassifier", "StackedAutoencoderRegressor"),
    *("Autoencoder", "ConvAutoencoder", "CNNClassifier", "CNNRegressor"),
    *("NetClassifier", "NetRegressor", "RNNClassifier", "RNNRegressor", "SequenceTagger"),
}
# scikit-learn has no checks of what reads text, or images and nothing else, nor of scores of pairs:
# all else of Embedder is checked in test_embedder.py.
NOT_CHECKED = {
    *("Embedder", "ObjectDetector", "Seq2Seq", "SuperResolver", "TextGenerator", "WordVectors")
}
SMALL = {"hidden_layer_sizes": (32,), "max_epochs": 24, "n_jobs": 1}


def name(check: Callable[[Any], None]) -> str:
    return getattr(check, "func", check).__name__


def as_it_comes(kind: str) -> Any:
    estimator = getattr(E, kind)()
    return estimator.set_params(n_jobs=1) if "n_jobs" in estimator.get_params() else estimator


def checks_of(estimator: Any, kind: str, *, learnt: bool) -> list[Any]:
    """The checks of an estimator, or, once each, those of what was learnt."""
    cases = {}
    for made, check in estimator_checks_generator(estimator, mark="skip"):
        if name(check).startswith(TOO_EXACT) or (learnt and name(check) not in OF_WHAT_WAS_LEARNT):
            continue
        key = name(check) if learnt else len(cases)
        mark = [pytest.mark.slow] if learnt else []
        case = pytest.param(made, check, id=f"{kind}-{name(check)}", marks=mark)
        cases.setdefault(key, case)
    return list(cases.values())


CASES = [
    *(
        case
        for k in E.__all__
        if k not in NOT_CHECKED
        for case in checks_of(as_it_comes(k), k, learnt=k in LONG)
    ),
    *(
        case
        for k in ("TabularClassifier", "TabularRegressor")
        for case in checks_of(getattr(E, k)(**SMALL), f"small-{k}", learnt=False)
    ),
]


@pytest.mark.filterwarnings("ignore:X is an array of integers", "ignore:X has values from")
@pytest.mark.filterwarnings("ignore:.*may learn to copy", "ignore:Stochastic Optimizer")
@pytest.mark.parametrize(("estimator", "check"), CASES)
def test_check(estimator: Any, check: Callable[[Any], None]) -> None:
    check(estimator)
