"""Warnings point at the line of the user, and are not hidden after the first of a kind."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastdl import Autoencoder, MLPClassifier, NetClassifier

X = np.random.default_rng(0).random((12, 4))
Y = np.arange(12) % 3
ONE_HOT = np.eye(3, dtype=int)[Y]

CALLS: dict[str, Callable[[], Any]] = {
    "fit": lambda: NetClassifier(max_epochs=1).fit(X, ONE_HOT),
    "of a parent": lambda: Autoencoder(20, max_epochs=1).fit_transform(X),
    "in a pipeline": lambda: make_pipeline(StandardScaler(), MLPClassifier()).fit(X, ONE_HOT),
    "of scikit-learn's perceptron": lambda: MLPClassifier(max_iter=2).fit(X, Y),
    "of L-BFGS": lambda: NetClassifier(solver="lbfgs", max_epochs=1).fit(X, Y),
    "of divergence": lambda: NetClassifier(
        solver="sgd", learning_rate_init=1e30, max_epochs=3, early_stopping=True
    ).fit(np.tile(X, (4, 1)), np.tile(Y, 4)),
    "in a search": lambda: cross_val_score(MLPClassifier(), X, ONE_HOT, cv=2),
}


@pytest.mark.parametrize("name", CALLS)
def test_warnings_point_at_the_user(name: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        CALLS[name]()
    assert {w.filename for w in caught} == {__file__}


def test_each_line_is_warned() -> None:
    """Python shows a warning once for each line that it points at."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        NetClassifier(max_epochs=1).fit(X, ONE_HOT)
        NetClassifier(max_epochs=1).fit(X, ONE_HOT)
    lines = [w.lineno for w in caught if "one-hot" in str(w.message)]
    assert len(set(lines)) == 2
