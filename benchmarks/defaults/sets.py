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
    n_train : int or None, default=None
        How many samples of a generated set are learnt from; the others test. Real sets, with None,
        keep 30 % for that.
    """

    name: str
    kind: str
    form: str
    make: Callable[[], tuple[Any, Any]]
    n_train: int | None = None


_TEST = 1000  # samples of generated sets that test


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


# --- classes


def _faces() -> tuple[Any, Any]:
    """20 faces of 24 x 24 smooth pixels, noisy pictures of each in changing light."""
    rng, n = _rng(), 200 + _TEST
    smooth = np.exp(-0.5 * ((np.arange(24)[:, None] - np.arange(24)) / 2.0) ** 2)
    faces = smooth @ rng.normal(size=(20, 24, 24)) @ smooth.T
    y = np.arange(n) % 20
    disturbed = 0.7 * (smooth @ rng.normal(size=(n, 24, 24)) @ smooth.T)
    light, noise = rng.normal(size=(n, 1, 1)), 0.5 * rng.normal(size=(n, 24, 24))
    return (faces[y] + disturbed + faces.std() * (light + noise)).reshape(n, -1), y


def _digits(*, images: bool = False) -> tuple[Any, Any]:
    X, y = datasets.load_digits(return_X_y=True)
    return (X.reshape(-1, 8, 8) if images else X) / 16, y


def _classification(n: int, p: int, informative: int, classes: int, **more: Any) -> Any:
    return datasets.make_classification(
        n + _TEST, p, n_informative=informative, n_classes=classes, random_state=0, **more
    )


def _sides() -> tuple[Any, Any]:
    """How much more ink there is right of the middle of a digit than left, with noise."""
    X, _ = _digits(images=True)
    y = X[:, :, 4:].sum(axis=(1, 2)) - X[:, :, :4].sum(axis=(1, 2))
    return X, y + 0.5 * y.std() * _rng().normal(size=len(y))


def _wide() -> tuple[Any, Any]:
    """500 features that are ten factors and noise, two of which are the class."""
    rng, n = _rng(), 100 + _TEST
    factors = rng.normal(size=(n, 10))
    X = factors @ rng.normal(size=(10, 500)) / 3 + rng.normal(size=(n, 500))
    return X, (factors[:, 0] + factors[:, 1] > 0).astype(int)


def _spirals() -> tuple[Any, Any]:
    """Two arms, a turn and a half each."""
    rng, n = _rng(), 300 + _TEST
    y = np.arange(n) % 2
    t = np.sqrt(rng.random(n)) * 3 * np.pi
    X = np.column_stack([t * np.cos(t + np.pi * y), t * np.sin(t + np.pi * y)])
    return X + rng.normal(0, 0.4, X.shape), y


# --- numbers


def _friedman(number: int, n: int, noise: float) -> tuple[Any, Any]:
    made = getattr(datasets, f"make_friedman{number}")
    return made(n + _TEST, noise=noise, random_state=0)


def _noisy() -> tuple[Any, Any]:
    """Half of the variance is noise: the best R^2 is 0.5."""
    X, y = _friedman(1, 500, 0.0)
    return X, y + y.std() * _rng().normal(size=len(y))


def _linear(n: int, p: int, informative: int, noise: float) -> Any:
    return datasets.make_regression(
        n + _TEST, p, n_informative=informative, noise=noise, random_state=0
    )


def _prices() -> tuple[Any, Any]:
    """Products of factors, from hundreds to some ten thousands."""
    rng = _rng()
    X = rng.normal(size=(400 + _TEST, 8))
    log_price = 8 + 0.5 * X[:, 0] + 0.4 * X[:, 1] * (X[:, 2] > 0) + 0.2 * np.sin(2 * X[:, 3])
    return X, np.exp(log_price + 0.1 * rng.normal(size=len(X)))


def _two_targets() -> tuple[Any, Any]:
    X, first = _friedman(1, 300, 0.5)
    return X, np.column_stack([first, 1000 * X[:, 0] * X[:, 1] + 50 * X[:, 5]])


def _lagged(values: Any, lags: int) -> tuple[Any, Any]:
    """The next value by the `lags` before it."""
    rows = np.lib.stride_tricks.sliding_window_view(values, lags + 1)
    return rows[:, :-1], rows[:, -1]


def _cycles() -> tuple[Any, Any]:
    """As of sunspots: irregular cycles of about 11 years, never below 0."""
    rng, n = _rng(), 200 + _TEST
    phase = np.cumsum(2 * np.pi / 11 * (1 + 0.15 * rng.normal(size=n)))
    height = 60 + 40 * np.sin(np.arange(n) / 17) + 10 * rng.normal(size=n)
    return _lagged(height * (1 - np.cos(phase)) / 2 * (1 + 0.1 * rng.normal(size=n)) + 5, 12)


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
    rng, n = _rng(), 300 + _TEST
    y = np.arange(n) % 3
    t = np.arange(30) * rng.uniform(0.3, 0.5, (n, 1)) + rng.uniform(0, 2 * np.pi, (n, 1))
    saw = t % (2 * np.pi) / np.pi - 1
    X = np.choose(y[:, None], [np.sin(t), np.sign(np.sin(t)), saw])
    return X + 0.3 * rng.normal(size=X.shape), y


def _signs() -> tuple[Any, Any]:
    """The label of a step is the sign of a feature."""
    X = _rng().normal(size=(60 + _TEST, 8, 3))
    return X, (X[:, :, 0] > 0).astype(int)


def _changes() -> tuple[Any, Any]:
    """Whether a feature has grown since the step before: one step knows less than two."""
    X = _rng().normal(size=(150 + _TEST, 12, 3))
    return X, (np.diff(X[:, :, 0], axis=1, prepend=0.0) > 0).astype(int)


# fmt: off
SETS = [
    Set("two moons 200", "classes", "rows",
        lambda: datasets.make_moons(200 + _TEST, noise=0.25, random_state=0), 200),
    Set("circles 100", "classes", "rows",
        lambda: datasets.make_circles(100 + _TEST, noise=0.1, factor=0.5, random_state=0), 100),
    Set("spirals 300", "classes", "rows", _spirals, 300),
    Set("iris", "classes", "rows", lambda: datasets.load_iris(return_X_y=True)),
    Set("wine", "classes", "rows", lambda: datasets.load_wine(return_X_y=True)),
    Set("breast cancer", "classes", "rows", lambda: datasets.load_breast_cancer(return_X_y=True)),
    Set("3 classes 150", "classes", "rows", lambda: _classification(150, 10, 4, 3), 150),
    Set("4 classes 1000", "classes", "rows", lambda: _classification(1000, 20, 8, 4), 1000),
    Set("4 classes 100", "classes", "rows",
        lambda: _classification(100, 10, 5, 4, class_sep=2.0), 100),
    Set("noisy labels 500", "classes", "rows",
        lambda: _classification(500, 20, 5, 2, flip_y=0.3), 500),
    Set("noisy labels 100", "classes", "rows",
        lambda: _classification(100, 10, 4, 2, flip_y=0.2), 100),
    Set("wide 100 x 500", "classes", "rows", _wide, 100),
    Set("rare class 800", "classes", "rows",
        lambda: _classification(800, 15, 6, 2, weights=[0.94], class_sep=1.5), 800),
    Set("20 faces 200", "classes", "rows", _faces, 200),
    Set("digits 300", "classes", "rows", _digits, 300),
    Set("digits 1000", "classes", "rows", _digits, 1000),
    Set("digits as images 600", "classes", "images", lambda: _digits(images=True), 600),
    Set("waves 300 x 30", "classes", "series", _waves, 300),
    Set("diabetes", "numbers", "rows", lambda: datasets.load_diabetes(return_X_y=True)),
    Set("Friedman 1, 400", "numbers", "rows", lambda: _friedman(1, 400, 1.0), 400),
    Set("Friedman 2, 400", "numbers", "rows", lambda: _friedman(2, 400, 10.0), 400),
    Set("Friedman 3, 400", "numbers", "rows", lambda: _friedman(3, 400, 0.05), 400),
    Set("Friedman 1, 100", "numbers", "rows", lambda: _friedman(1, 100, 1.0), 100),
    Set("noisy 500, at best 0.5", "numbers", "rows", _noisy, 500),
    Set("linear 150 x 20", "numbers", "rows", lambda: _linear(150, 20, 10, 20.0), 150),
    Set("wide linear 100 x 300", "numbers", "rows", lambda: _linear(100, 300, 5, 5.0), 100),
    Set("prices in thousands 400", "numbers", "rows", _prices, 400),
    Set("two targets 300", "numbers", "rows", _two_targets, 300),
    Set("sides of digits 400", "numbers", "images", _sides, 400),
    Set("12 lags of cycles", "numbers", "series", _cycles, 200),
    Set("16 lags of Mackey-Glass", "numbers", "series", _mackey_glass, 500),
    Set("signs of steps, 60 sequences", "classes", "steps", _signs, 60),
    Set("changes of steps, 150 sequences", "classes", "steps", _changes, 150),
]
# fmt: on
