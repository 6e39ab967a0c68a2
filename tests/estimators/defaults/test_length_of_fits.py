"""How long a fit is: partial fits, tol, and a warning where it was too short."""

import inspect
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from small_nets import FEW, SEED, SMALL, X, Y, chosen, same

from fastdl import (
    CNNClassifier,
    MLPClassifier,
    NetClassifier,
    RNNClassifier,
    SoftmaxRegression,
    StackedAutoencoderClassifier,
)


def test_partial_fit_has_a_constant_rate_and_no_decay() -> None:
    net = NetClassifier(SMALL, **SEED).partial_fit(X, Y, classes=[0, 1, 2])
    for _ in range(3):
        net.partial_fit(X[:20], Y[:20])
    assert chosen(net) == {
        "max_epochs": 1, "batch_size": 20, "learning_rate_init": 0.01, "weight_decay": 0.0,
    }  # fmt: skip
    assert net.history_["lr"] == [0.01] * 4
    by_hand = NetClassifier(
        SMALL, batch_size=32, learning_rate="constant", learning_rate_init=0.01, weight_decay=0.0,
        **SEED,
    ).partial_fit(X, Y, classes=[0, 1, 2])  # fmt: skip
    for _ in range(3):
        by_hand.partial_fit(X[:20], Y[:20])
    assert same(net, by_hand)


def test_partial_fit_goes_on_after_a_fit_at_a_rate_that_learns() -> None:
    net = NetClassifier(SMALL, max_epochs=5, **SEED).fit(X, Y)
    before = net.program_.get_weights()
    net.partial_fit(X, Y)
    assert net.history_["lr"][-1] == 0.01
    assert np.abs(net.program_.get_weights() - before).max() > 1e-3
    net.set_params(learning_rate_init=0.02).partial_fit(X, Y)
    assert net.history_["lr"][-1] == 0.02


def test_partial_fit_tells_of_a_schedule_that_is_over() -> None:
    net = NetClassifier(SMALL, learning_rate="cosine", max_epochs=3, **SEED).fit(X, Y)
    with pytest.warns(UserWarning, match=r"Cosine\(\), is over after its 3 epochs"):
        net.partial_fit(X, Y)
    net.set_params(learning_rate="constant").partial_fit(X, Y)


def test_tol_does_not_cut_a_schedule_that_ends_by_itself() -> None:
    words = {"max_epochs": 200, "learning_rate_init": 1e-9, "weight_decay": 0.0, **SEED}
    assert NetClassifier(SMALL, **words).fit(*FEW).n_iter_ == 200
    for asked in ({"tol": 1e-4}, {"n_iter_no_change": 10}, {"learning_rate": "constant"}):
        assert NetClassifier(SMALL, **asked, **words).fit(*FEW).n_iter_ < 200


def line() -> int:
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


SHORT = [
    NetClassifier(SMALL, max_epochs=2, **SEED),
    CNNClassifier((2,), max_epochs=2, input_shape=(2, 3), **SEED),
    RNNClassifier((2,), max_epochs=2, **SEED),
    SoftmaxRegression(max_epochs=2, **SEED),
    SoftmaxRegression(solver="adam", max_epochs=2, **SEED),
    NetClassifier(SMALL, solver="lbfgs", max_epochs=2, **SEED),
    StackedAutoencoderClassifier((4,), max_epochs=2, pretrain_epochs=1, **SEED),
    MLPClassifier(max_iter=2, random_state=0),
    MLPClassifier(max_iter=2, solver="lbfgs", random_state=0),
]


@pytest.mark.filterwarnings("ignore:lbfgs failed", "ignore:Stochastic Optimizer", "default:max_ep")
@pytest.mark.parametrize("net", SHORT, ids=lambda net: type(net).__name__)
def test_a_fit_that_was_too_short_says_so(net: Any) -> None:
    here = line() + 2
    with pytest.warns(ConvergenceWarning) as found:
        clone(net).fit(X, Y)
    (warning,) = found
    assert (warning.filename, warning.lineno) == (__file__, here)
    name, other = ("max_iter", "max_epochs") if "max_iter" in net.get_params() else (
        "max_epochs", "max_iter",
    )  # fmt: skip
    text = str(warning.message)
    assert other not in text
    assert name in text or "Maximum iterations" in text


def test_through_scikit_learn_the_warning_is_of_the_same_line() -> None:
    from sklearn.model_selection import cross_val_score

    here = line() + 2
    with pytest.warns(ConvergenceWarning, match="max_epochs=2") as found:
        cross_val_score(NetClassifier(SMALL, max_epochs=2, **SEED), X, Y, cv=2)
    assert {warning.lineno for warning in found} == {here}


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_no_warning_where_nothing_is_to_gain() -> None:
    NetClassifier(SMALL, **SEED).fit(*FEW)
    NetClassifier(SMALL, max_epochs=300, **SEED).fit(*FEW)
    NetClassifier(SMALL, max_epochs=2, **SEED).partial_fit(X, Y, classes=[0, 1, 2])
