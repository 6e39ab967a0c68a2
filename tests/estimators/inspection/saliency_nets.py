"""Small estimators, and data for the tests of saliency."""

import numpy as np

from fastdl import (
    MLPClassifier,
)

RNG = np.random.RandomState


WORDS = {"dtype": "float64", "max_epochs": 2, "random_state": 0, "n_jobs": 1}


N = 24


CLASSES = np.array(list("abc"))[np.arange(N) % 3]


TWO = np.array(["no", "yes"])[np.arange(N) % 2]


def rows(n_features=6):
    return RNG(0).normal(size=(N, n_features))


def images(*shape):
    return RNG(0).random((N, *shape))


def sequences():
    rng = RNG(0)
    return [rng.normal(size=(length, 2)) for length in rng.randint(2, 6, size=N)]


def mlp():
    return MLPClassifier((2,), max_iter=1).fit(rows(), CLASSES)
