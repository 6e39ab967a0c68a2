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
    "in a search": lambda: cross_val_score(MLPClassifier(), X, ONE_HOT, cv=2),
}


@pytest.mark.parametrize("name", CALLS)
def test_warnings_point_at_the_user(name: str) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        CALLS[name]()
    seen = [w for w in caught if w.category is UserWarning]
    assert {w.filename for w in seen} == {__file__}


def test_each_line_is_warned() -> None:
    """Python shows a warning once for each line that it points at."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        NetClassifier(max_epochs=1).fit(X, ONE_HOT)
        NetClassifier(max_epochs=1).fit(X, ONE_HOT)
    lines = [w.lineno for w in caught if "one-hot" in str(w.message)]
    assert len(set(lines)) == 2
