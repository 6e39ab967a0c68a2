"""The sets: small real and generated ones, each with a seed of its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn import datasets


@dataclass(frozen=True)
class Set:
    """Samples, and what is asked of them.

    Attributes
    ----------
    name : str
    kind : {"classes", "numbers"}
        What y holds: the score is the accuracy, or R^2.
    form : {"rows", "images", "series", "steps"}
        What X is. "rows": (n, p), in no order. "series": (n, T), steps of one feature. "images":
        (n, H, W). "steps": (n, T, p), with a label or a number for every step.
    make : callable
        Gives X and y.
    """

    name: str
    kind: str
    form: str
    make: Callable[[], tuple[Any, Any]]


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


# --- classes


def _faces() -> tuple[Any, Any]:
    """20 faces of 24 x 24 smooth pixels, 10 noisy pictures of each in changing light."""
    rng = _rng()
    smooth = np.exp(-0.5 * ((np.arange(24)[:, None] - np.arange(24)) / 2.0) ** 2)
    faces = smooth @ rng.normal(size=(20, 24, 24)) @ smooth.T
    y = np.arange(200) % 20
    pictures = faces[y] + 0.7 * (smooth @ rng.normal(size=(200, 24, 24)) @ smooth.T)
    pictures += rng.normal(size=(200, 1, 1)) * faces.std() + 0.5 * faces.std() * rng.normal(
        size=pictures.shape
    )
    return pictures.reshape(200, -1), y


def _digits(n: int, *, images: bool = False) -> tuple[Any, Any]:
    X, y = datasets.load_digits(return_X_y=True)
    rows = _rng().permutation(len(X))[:n]
    X = X[rows] / 16
    return (X.reshape(-1, 8, 8) if images else X), y[rows]


def _classification(n: int, p: int, informative: int, classes: int, flips: float = 0.01) -> Any:
    return datasets.make_classification(
        n, p, n_informative=informative, n_redundant=min(2, p - informative), n_classes=classes,
        flip_y=flips, random_state=0,
    )  # fmt: skip


def _spirals() -> tuple[Any, Any]:
    """Two arms, a turn and a half each."""
    rng = _rng()
    y = np.arange(400) % 2
    t = np.sqrt(rng.random(400)) * 3 * np.pi
    X = np.column_stack([t * np.cos(t + np.pi * y), t * np.sin(t + np.pi * y)])
    return X + rng.normal(0, 0.4, X.shape), y


def _rare() -> tuple[Any, Any]:
    """A class of 6 in 100."""
    return datasets.make_classification(
        800, 15, n_informative=6, weights=[0.94], class_sep=1.5, random_state=0
    )


# --- numbers


def _noisy() -> tuple[Any, Any]:
    """Half of the variance is noise: the best R^2 is 0.5."""
    X, y = datasets.make_friedman1(500, 10, random_state=0)
    return X, y + y.std() * _rng().normal(size=len(y))


def _linear(n: int, p: int, informative: int, noise: float) -> Any:
    return datasets.make_regression(n, p, n_informative=informative, noise=noise, random_state=0)


def _thousands() -> tuple[Any, Any]:
    """Prices: products of factors, from hundreds to some ten thousands."""
    X = _rng().normal(size=(400, 8))
    log_price = 8 + 0.5 * X[:, 0] + 0.4 * X[:, 1] * (X[:, 2] > 0) + 0.2 * np.sin(2 * X[:, 3])
    return X, np.exp(log_price + 0.1 * _rng().normal(size=len(X)))


def _two_targets() -> tuple[Any, Any]:
    X, first = datasets.make_friedman1(300, 6, noise=0.5, random_state=0)
    return X, np.column_stack([first, 1000 * X[:, 0] * X[:, 1] + 50 * X[:, 5]])


def _lagged(values: Any, lags: int) -> tuple[Any, Any]:
    """The next value by the `lags` before it."""
    rows = np.lib.stride_tricks.sliding_window_view(values, lags + 1)
    return rows[:, :-1], rows[:, -1]


def _cycles() -> tuple[Any, Any]:
    """As of sunspots: irregular cycles of about 11 years, never below 0, over 300 years."""
    rng = _rng()
    phase = np.cumsum(2 * np.pi / 11 * (1 + 0.15 * rng.normal(size=300)))
    height = 60 + 40 * np.sin(np.arange(300) / 17) + 10 * rng.normal(size=300)
    return _lagged(height * (1 - np.cos(phase)) / 2 * (1 + 0.1 * rng.normal(size=300)) + 5, 12)


def _mackey_glass() -> tuple[Any, Any]:
    """The chaotic series of Mackey and Glass (1977), tau 17, 6 steps ahead."""
    x = np.full(5000, 1.2)
    for t in range(17, len(x) - 1):
        x[t + 1] = x[t] + 0.2 * x[t - 17] / (1 + x[t - 17] ** 10) - 0.1 * x[t]
    X, _ = _lagged(x[500:1500], 16)
    return X[:-5], X[5:, -1]


# --- sequences


def _waves() -> tuple[Any, Any]:
    """Noisy waves of 30 steps and any phase; their shape (sine, square, saw) is the class."""
    rng = _rng()
    y = np.arange(450) % 3
    t = np.arange(30) * rng.uniform(0.3, 0.5, (450, 1)) + rng.uniform(0, 2 * np.pi, (450, 1))
    saw = t % (2 * np.pi) / np.pi - 1
    X = np.choose(y[:, None], [np.sin(t), np.sign(np.sin(t)), saw])
    return X + 0.3 * rng.normal(size=X.shape), y


def _signs() -> tuple[Any, Any]:
    """The label of a step is the sign of a feature."""
    X = _rng().normal(size=(60, 8, 3))
    return X, (X[:, :, 0] > 0).astype(int)


def _changes() -> tuple[Any, Any]:
    """Whether a feature has grown since the step before: one step knows less than two."""
    X = _rng().normal(size=(150, 12, 3))
    return X, (np.diff(X[:, :, 0], axis=1, prepend=0.0) > 0).astype(int)


# fmt: off
SETS = [
    Set("two moons 200", "classes", "rows",
        lambda: datasets.make_moons(200, noise=0.25, random_state=0)),
    Set("circles 100", "classes", "rows",
        lambda: datasets.make_circles(100, noise=0.1, factor=0.5, random_state=0)),
    Set("spirals 400", "classes", "rows", _spirals),
    Set("iris", "classes", "rows", lambda: datasets.load_iris(return_X_y=True)),
    Set("wine", "classes", "rows", lambda: datasets.load_wine(return_X_y=True)),
    Set("breast cancer", "classes", "rows", lambda: datasets.load_breast_cancer(return_X_y=True)),
    Set("4 classes 1000", "classes", "rows", lambda: _classification(1000, 20, 8, 4)),
    Set("4 classes 100", "classes", "rows", lambda: _classification(100, 10, 5, 4)),
    Set("noisy labels 500", "classes", "rows", lambda: _classification(500, 20, 5, 2, 0.3)),
    Set("wide 100 x 500", "classes", "rows", lambda: _classification(100, 500, 20, 2)),
    Set("rare class 800", "classes", "rows", _rare),
    Set("20 faces 200", "classes", "rows", _faces),
    Set("digits 300", "classes", "rows", lambda: _digits(300)),
    Set("digits 1000", "classes", "rows", lambda: _digits(1000)),
    Set("digits as images 600", "classes", "images", lambda: _digits(600, images=True)),
    Set("waves 450 x 30", "classes", "series", _waves),
    Set("diabetes", "numbers", "rows", lambda: datasets.load_diabetes(return_X_y=True)),
    Set("Friedman 1", "numbers", "rows",
        lambda: datasets.make_friedman1(400, noise=1.0, random_state=0)),
    Set("Friedman 2", "numbers", "rows",
        lambda: datasets.make_friedman2(400, noise=10.0, random_state=0)),
    Set("Friedman 3", "numbers", "rows",
        lambda: datasets.make_friedman3(400, noise=0.05, random_state=0)),
    Set("Friedman 1, 100 rows", "numbers", "rows",
        lambda: datasets.make_friedman1(100, noise=1.0, random_state=1)),
    Set("noisy 500, best 0.5", "numbers", "rows", _noisy),
    Set("linear 150 x 20", "numbers", "rows", lambda: _linear(150, 20, 10, 20.0)),
    Set("wide linear 100 x 300", "numbers", "rows", lambda: _linear(100, 300, 5, 5.0)),
    Set("prices in thousands 400", "numbers", "rows", _thousands),
    Set("two targets 300", "numbers", "rows", _two_targets),
    Set("12 lags of cycles", "numbers", "series", _cycles),
    Set("16 lags of Mackey-Glass", "numbers", "series", _mackey_glass),
    Set("signs of steps, 60 sequences", "classes", "steps", _signs),
    Set("changes of steps, 150 sequences", "classes", "steps", _changes),
]
# fmt: on
