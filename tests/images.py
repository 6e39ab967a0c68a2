"""What the tests of convolutional and free-form networks share."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.datasets import load_digits

from fastdl import CNNClassifier, CNNRegressor


def some_digits(n: int = 300) -> tuple[NDArray[Any], NDArray[Any]]:
    """Real digits (n, 8, 8), float32 from 0 to 1, and their classes."""
    digits = load_digits()
    return (digits.images[:n] / 16).astype(np.float32), digits.target[:n]


def tiny(**params: Any) -> CNNClassifier:
    """A classifier that is fitted in no time."""
    return CNNClassifier(**{**_TINY, **params})


def tiny_regressor(**params: Any) -> CNNRegressor:
    return CNNRegressor(**{**_TINY, **params})


_TINY = {
    "conv_layer_sizes": (4,),
    "hidden_layer_sizes": (8,),
    "max_epochs": 3,
    "learning_rate_init": 0.01,
    "random_state": 0,
    "n_jobs": 1,
}


def weights(estimator: Any) -> bytes:
    """All weights and running statistics."""
    program = estimator.program_
    return program.get_weights().tobytes() + program.get_states().tobytes()
