"""The sets: of scikit-learn and generated, 100 to 100,000 rows; two with categories."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn import datasets

Table = tuple[pd.DataFrame, np.ndarray]


@dataclass(frozen=True)
class Set:
    """A table, and what is asked of it.

    Attributes
    ----------
    name : str
    kind : {"classes", "numbers"}
        What y holds: the score is the accuracy, or R^2.
    draw : callable
        Gives X, a data frame, and y, by a seed.
    large : bool
        Whether it takes minutes: one split, and left out unless asked for.
    """

    name: str
    kind: str
    draw: Callable[[int], Table]
    large: bool = False


def _bundled(load: Callable[..., Any]) -> Callable[[int], Table]:
    def draw(seed: int) -> Table:
        X, y = load(return_X_y=True)
        return _frame(X), y

    return draw


def _made(make: Callable[..., Any], **words: Any) -> Callable[[int], Table]:
    def draw(seed: int) -> Table:
        X, y = make(random_state=seed, **words)
        return _frame(X), y

    return draw


def _frame(X: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame(np.asarray(X, float), columns=[f"x{j}" for j in range(X.shape[1])])


def sales(seed: int) -> Table:
    """Shops with prices: many towns, few kinds, gaps, and effects that meet."""
    n, rng = 3000, np.random.default_rng(seed)
    town = rng.integers(0, 40, n)
    kind = rng.choice(["a", "b", "c", "d"], n, p=[0.5, 0.3, 0.15, 0.05])
    X = pd.DataFrame(
        {
            "price": rng.lognormal(3, 0.7, n),
            "stock": rng.integers(0, 200, n).astype(float),
            "day": rng.uniform(0, 365, n),
            "noise": rng.normal(size=n),
            "town": pd.Categorical([f"town {t}" for t in town]),
            "kind": kind,
            "open": rng.random(n) < 0.7,
        }
    )
    of_town, slopes = rng.normal(size=40), {"a": -1.0, "b": -0.3, "c": 0.2, "d": 1.0}
    value = (
        of_town[town]
        + np.vectorize(slopes.get)(kind) * (np.log(X["price"]) - 3)
        + np.sin(X["day"] / 365 * 4 * np.pi) * (1 + X["open"])
        + 0.5 * (X["stock"] > 100) * X["open"]
    )
    X.loc[rng.random(n) < 0.05, "stock"] = np.nan
    return X, 1000 + 50 * (value.to_numpy() + 0.5 * rng.normal(size=n))


def loans(seed: int) -> Table:
    """Who pays late: few and many categories, rare ones too, gaps in numbers and categories."""
    n, rng = 6000, np.random.default_rng(seed)
    branch = np.minimum(rng.geometric(0.04, n) - 1, 99)  # few samples in most of the 100
    purpose = rng.choice(14, n, p=np.arange(14, 0, -1) / 105)
    home = rng.choice(["own", "rent", "family"], n, p=[0.4, 0.5, 0.1])
    X = pd.DataFrame(
        {
            "income": rng.lognormal(10, 0.5, n),
            "amount": rng.lognormal(9, 0.8, n),
            "age": rng.integers(18, 80, n).astype(float),
            "months": rng.choice([12.0, 24.0, 36.0, 60.0], n),
            "branch": pd.Categorical([f"branch {b}" for b in branch]),
            "purpose": pd.Series([f"purpose {p}" for p in purpose]).astype("string"),
            "home": home,
            "married": rng.random(n) < 0.5,
        }
    )
    of_branch, of_purpose = rng.normal(size=100), rng.normal(size=14)
    burden = np.log(X["amount"] / X["income"] / X["months"]) + 4.5
    risk = (
        burden * np.where(home == "rent", 1.5, 0.5)
        + of_branch[branch]
        + of_purpose[purpose] * (X["age"] < 45)
        + np.abs(X["age"] - 45) / 20 * ~X["married"]
        + rng.logistic(scale=0.3, size=n)
    ).to_numpy()
    y = np.digitize(risk, np.quantile(risk, [0.5, 0.85]))
    X.loc[rng.random(n) < 0.1, "income"] = np.nan
    X.loc[rng.random(n) < 0.1, "purpose"] = pd.NA
    X.loc[rng.random(n) < 0.05, "home"] = None
    return X, y


def friedman_100000(seed: int) -> Table:
    X, y = datasets.make_friedman1(100_000, n_features=20, noise=1.0, random_state=seed)
    return _frame(X), y


_CLASSES = datasets.make_classification
# fmt: off
SETS = [
    Set("Friedman 1, 100 rows", "numbers", _made(
        datasets.make_friedman1, n_samples=125, noise=1.0)),
    Set("wine, 178 rows", "classes", _bundled(datasets.load_wine)),
    Set("diabetes, 442 rows", "numbers", _bundled(datasets.load_diabetes)),
    Set("breast cancer, 569 rows", "classes", _bundled(datasets.load_breast_cancer)),
    Set("four classes, 1,000 rows", "classes", _made(
        _CLASSES, n_samples=1000, n_features=20, n_informative=8, n_classes=4, flip_y=0.05)),
    Set("digits, 1,797 rows", "classes", _bundled(datasets.load_digits)),
    Set("Friedman 2, 2,000 rows", "numbers", _made(
        datasets.make_friedman2, n_samples=2000, noise=50.0)),
    Set("sales, 3,000 rows, categories", "numbers", sales),
    Set("loans, 6,000 rows, categories", "classes", loans),
    Set("64 features, 10,000 rows", "classes", _made(
        _CLASSES, n_samples=10_000, n_features=64, n_informative=12, n_classes=5,
        n_clusters_per_class=3), large=True),
    Set("Friedman 1, 100,000 rows", "numbers", friedman_100000, large=True),
]
# fmt: on
