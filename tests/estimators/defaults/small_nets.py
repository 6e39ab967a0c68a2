"""Nets and samples, small enough for many fits, and what "auto" came to."""

from typing import Any

import numpy as np
from sklearn.datasets import make_classification
from sklearn.preprocessing import scale

from fastdl import layers as L

SEED: dict[str, Any] = {"random_state": 0, "n_jobs": 1}
X, Y = make_classification(120, 6, n_informative=4, n_classes=3, random_state=0)
X = scale(X)
FEW = X[:40], Y[:40]  # too few to hold out from
SMALL = [L.Dense(8), L.Activation("relu")]


def chosen(estimator: Any) -> dict[str, Any]:
    """The numbers that "auto" came to, as parameters."""
    names = ("max_epochs", "batch_size", "learning_rate_init", "weight_decay")
    return {name: getattr(estimator, f"{name}_") for name in names}


def same(a: Any, b: Any, of: Any = X) -> bool:
    return bool(np.array_equal(a.predict(of), b.predict(of))) and a.loss_curve_ == b.loss_curve_
