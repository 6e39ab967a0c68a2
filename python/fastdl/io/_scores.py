"""How good an estimator is on samples with answers, in the metrics of its task."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn import metrics
from sklearn.base import is_classifier, is_regressor
from sklearn.pipeline import Pipeline


def last_step(estimator: Any) -> Any:
    """What predicts: the end of a pipeline, or the estimator itself."""
    while isinstance(estimator, Pipeline):
        estimator = estimator.steps[-1][1]
    return estimator


def scores(estimator: Any, X: Any, y: Any, lengths: Any = None) -> dict[str, float]:
    """Metrics by name; where samples have several answers, what `score` gives. Empty without one.

    Raises
    ------
    ValueError
        If a classifier or regressor is to be scored without y.
    """
    beside = {} if lengths is None else {"lengths": lengths}
    labels, numbers = is_classifier(estimator), is_regressor(estimator)
    if not (labels or numbers):
        if not hasattr(estimator, "score"):
            return {}
        name = "accuracy" if hasattr(estimator, "classes_") else "score"
        given = (X,) if y is None else (X, y)
        return {name: float(estimator.score(*given, **beside))}
    if y is None:
        raise ValueError("X has no answers: pass y, too, or neither.")
    found = estimator.predict(X, **beside)
    most = 1 if labels or beside else 2  # axes of answers that the metrics take; else steps, pixels
    if isinstance(found, list) or np.ndim(found) > most:
        return {"accuracy" if labels else "r2": float(estimator.score(X, y, **beside))}
    if numbers:
        of = {
            "r2": metrics.r2_score,
            "mean_absolute_error": metrics.mean_absolute_error,
            "root_mean_squared_error": metrics.root_mean_squared_error,
        }
        return {name: float(metric(y, found)) for name, metric in of.items()}
    return {
        "accuracy": float(metrics.accuracy_score(y, found)),
        "balanced_accuracy": float(metrics.balanced_accuracy_score(y, found)),
        "f1_macro": float(metrics.f1_score(y, found, average="macro")),
    }
