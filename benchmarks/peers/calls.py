"""Calls of estimators with so few samples that checks, not arithmetic, take the time.

Both sides learn the same network by the same seed, so the answers agree.
"""

import warnings
from collections.abc import Callable

import numpy as np
import sklearn.neural_network
from sklearn.base import BaseEstimator

import fastdl
from peers.harness import Contest, repeated

N, N_FEATURES, N_CLASSES = 32, 20, 3
SMALL = {"batch_size": N, "random_state": 0}


def partial_fits(make: Callable[..., BaseEstimator] = fastdl.MLPClassifier) -> Contest:
    """`partial_fit` of 32 rows, 20-100-3."""
    X, y = samples()
    mine, theirs = started(make(n_jobs=1, **SMALL)), started(peer())

    def check() -> float:
        if not isinstance(mine, fastdl.MLPClassifier):
            return 0.0  # a network of its own start: only the time can be compared
        for _ in range(10):
            mine.partial_fit(X, y), theirs.partial_fit(X, y)
        return difference(mine, theirs, X)

    sides = {"fastdl": mine, "scikit-learn": theirs}
    runs = {name: repeated(lambda e=e: e.partial_fit(X, y)) for name, e in sides.items()}
    return Contest(runs, check, 1e-6)


def one_row(beside: str) -> Contest:
    """`predict` of one row, in scikit-learn or by the estimator's own program without checks."""
    X, _ = samples()
    mine, theirs = started(fastdl.MLPClassifier(n_jobs=1, **SMALL)), started(peer())
    row, program = X[:1], mine.program_
    others = {
        "scikit-learn": lambda: theirs.predict(row),
        "its program": lambda: program.predict(row, link="softmax"),
    }
    runs = {"fastdl": repeated(lambda: mine.predict(row)), beside: repeated(others[beside])}
    return Contest(runs, lambda: difference(mine, theirs, X), 1e-6)


def samples() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.standard_normal((N, N_FEATURES)), rng.integers(0, N_CLASSES, N)


def peer() -> BaseEstimator:
    return sklearn.neural_network.MLPClassifier(**SMALL)


def started(estimator: BaseEstimator) -> BaseEstimator:
    X, y = samples()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return estimator.partial_fit(X, y, classes=np.arange(N_CLASSES))


def difference(mine: BaseEstimator, theirs: BaseEstimator, X: np.ndarray) -> float:
    return float(np.abs(mine.predict_proba(X) - theirs.predict_proba(X)).max())
