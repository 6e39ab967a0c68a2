"""What stands inside of pipelines and searches; scikit-learn need not be there for it."""

from __future__ import annotations

from typing import Any


def parted(estimator: Any) -> tuple[list[Any], Any]:
    """The transformers of a pipeline, in order, and its last step; a search gives its best.

    Of another estimator no transformers, and itself.
    """
    steps: list[Any] = []
    while True:
        estimator = getattr(estimator, "best_estimator_", estimator)
        if not hasattr(estimator, "steps"):
            return steps, estimator
        *before, (_, estimator) = estimator.steps
        steps += [step for _, step in before if step not in (None, "passthrough")]


def last_of(estimator: Any) -> Any:
    """The last step of a pipeline, the best of a search; another estimator itself."""
    return parted(estimator)[1]
