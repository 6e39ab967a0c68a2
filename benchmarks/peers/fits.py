"""Whole fits in fastdl and in scikit-learn: the same network by the same seed."""

import warnings
from collections.abc import Callable

import numpy as np
import sklearn.neural_network
from sklearn.datasets import load_digits

import fastdl
from peers.harness import Contest, repeated

PACKAGES = {"fastdl": fastdl, "scikit-learn": sklearn.neural_network}


def digits_fit(dtype: str) -> Contest:
    """MLPClassifier 64-100-10 on scikit-learn's digits, 50 epochs."""
    X, y = load_digits(return_X_y=True)
    return mlp_fit((X / 16).astype(dtype), y, epochs=50)


def mnist_fit(dtype: str) -> Contest:
    """MLPClassifier 784-100-10 on 60,000 samples as wide and as dark as MNIST's, 2 epochs."""
    X = dark(60_000).astype(dtype)
    return mlp_fit(X, X[:, :10].argmax(1), epochs=2)


def mlp_fit(X: np.ndarray, y: np.ndarray, epochs: int) -> Contest:
    def fit(package):
        options = {"max_iter": epochs, "n_iter_no_change": epochs, "random_state": 0}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # so few epochs are not meant to converge
            return package.MLPClassifier((100,), **options).fit(X, y)

    tolerance = 1e-6 if X.dtype == np.float64 else 1e-2
    return contest(fit, lambda estimator: estimator.coefs_[0], tolerance)


def rbm_fit() -> Contest:
    """BernoulliRBM on 10,000 samples, 256 units, one epoch."""
    X = dark(10_000).astype(np.float32)

    def fit(package):
        return package.BernoulliRBM(256, n_iter=1, random_state=0).fit(X)

    # a draw that falls between two roundings of its probability differs
    return contest(fit, lambda estimator: estimator.components_, 1e-1)


def dark(n: int) -> np.ndarray:
    """Random black and white samples, 19 % of the pixels white."""
    return np.random.default_rng(0).random((n, 784), dtype=np.float32) < 0.19


def contest(fit: Callable, weights: Callable, tolerance: float) -> Contest:
    def check() -> float:
        a, b = (weights(fit(package)) for package in PACKAGES.values())
        return float(np.abs(a - b).max() / np.abs(b).max())

    sides = {name: repeated(lambda p=package: fit(p)) for name, package in PACKAGES.items()}
    return Contest(sides, check, tolerance)
