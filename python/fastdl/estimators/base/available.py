"""What an estimator has only with certain parameters: predicates for `available_if`."""

from __future__ import annotations

from typing import Any

from fastdl.estimators.heads.labels import gives_probabilities
from fastdl.fitting.recipe import is_lbfgs


def is_stochastic(estimator: Any) -> bool:
    """Say why not for `available_if`."""
    if is_lbfgs(estimator.solver):
        raise AttributeError(
            "partial_fit is only available for stochastic optimizers. "
            f"{estimator.solver} is not stochastic."
        )
    return True


def has_answers(estimator: Any) -> bool:
    """Say why not for `available_if`."""
    instead = getattr(estimator._head, "instead", "")
    if instead:
        raise AttributeError(f"{type(estimator).__name__} has no predict: it {instead}.")
    return True


def has_probabilities(estimator: Any) -> bool:
    """Say why not for `available_if`."""
    if gives_probabilities(estimator.loss):
        return True
    raise AttributeError(
        f"probabilities need loss='log_loss' or 'focal', not loss={estimator.loss!r}."
    )


def has_scores(estimator: Any) -> bool:
    """Say why not for `available_if`."""
    if getattr(estimator._head, "scores", False):
        return True
    raise AttributeError(f"{type(estimator).__name__} has no scores of classes.")
