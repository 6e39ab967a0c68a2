"""Fits and predictions of small estimators, which the tables beside call."""

from collections.abc import Callable
from typing import Any

import numpy as np

from fastdl import (
    CNNClassifier,
    NetClassifier,
    RNNClassifier,
)

X = np.random.default_rng(0).random((20, 8, 8, 3)).astype(np.float32)
ROWS = X.reshape(20, -1)
Y = np.arange(20) % 3


def cnn(**params: Any) -> CNNClassifier:
    return CNNClassifier(**{"conv_layer_sizes": (4,), "max_epochs": 1, "n_jobs": 1, **params})


def net(*layers: Any, **params: Any) -> NetClassifier:
    return NetClassifier(list(layers) or None, **{"max_epochs": 1, "n_jobs": 1, **params})


def fit(X: Any = X, y: Any = Y, **params: Any) -> Callable[[], object]:
    return lambda: cnn(**params).fit(X, y)


def rnn(X: Any = None, lengths: Any = None, **params: Any) -> Callable[[], object]:
    """Fits; X are sequences of 3, 1 and 2 steps in turn if not given."""
    X = SEQUENCES if X is None else X
    return lambda: RNNClassifier((4,), max_epochs=1, n_jobs=1, **params).fit(X, Y, lengths=lengths)


def rnn_predict(X: Any, lengths: Any = None) -> Callable[[], object]:
    return lambda: rnn()().predict(X, lengths)  # type: ignore[attr-defined]


SEQUENCES = [x[: 3 - i % 3, 0] for i, x in enumerate(X)]
PADDED = X[:, :3, 0]
VALUES = [x[:, 0] for x in SEQUENCES]
