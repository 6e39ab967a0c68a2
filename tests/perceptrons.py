"""What the perceptrons' tests share."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits, make_regression

from fastdl import MLPClassifier


def some_digits() -> tuple[NDArray[Any], NDArray[Any]]:
    """600 real digits, pixels from 0 to 1."""
    X, y = load_digits(return_X_y=True)
    return X[:600] / 16, y[:600]


def some_numbers() -> tuple[NDArray[Any], NDArray[Any]]:
    """A linear relation of 5 features."""
    X, y = make_regression(200, 5, random_state=0)
    return X, y / y.std()


def new(**params: Any) -> MLPClassifier:
    """A small classifier."""
    return MLPClassifier(
        **{"hidden_layer_sizes": (20,), "max_iter": 10, "random_state": 0, **params}
    )


def weights(estimator: Any) -> NDArray[Any]:
    """All weights and biases in one array."""
    return np.concatenate([w.ravel() for w in [*estimator.coefs_, *estimator.intercepts_]])
