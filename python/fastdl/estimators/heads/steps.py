"""y is labels or numbers for every step of sequences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from fastdl.estimators.heads.labels import Labels
from fastdl.estimators.heads.numbers import Numbers
from fastdl.estimators.inputs.steps import labels_that_count
from fastdl.fitting.job import Checked
from fastdl.fitting.targets import Targets
from fastdl.losses import Loss
from fastdl.samples import Sequences


@dataclass(frozen=True)
class Steps:
    """Labels or numbers for every step of sequences."""

    of: Labels | Numbers
    infers_classes: bool = False  # those of the first partial fit, where none are passed

    @property
    def scores(self) -> bool:
        """See `Labels.scores`."""
        return isinstance(self.of, Labels)

    def check(self, estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """See `Head.check`."""
        numeric, classes = isinstance(self.of, Numbers), known_classes(estimator, reset)
        return estimator._inputs.check_with_steps(
            estimator, X, y, reset=reset, numeric=numeric, classes=classes
        )

    def targets(self, estimator: Any, y: Sequences, *, anew: bool, incremental: bool) -> Targets:
        """See `Head.targets`."""
        return self.of.targets(estimator, y.steps, anew=anew, incremental=incremental)

    def first_part(self, estimator: Any, X: Any, y: Any, classes: Any) -> None:
        """See `Head.first_part`."""
        if y is None or not len(y):
            return  # the check says so
        flat = labels_that_count(y)
        if self.infers_classes and classes is None and not hasattr(estimator, "classes_"):
            classes = flat
        self.of.first_part(estimator, X, flat, classes)

    def normalized(self, estimator: Any, targets: Targets, train: Checked) -> Targets:
        """See `Head.normalized`: over all steps."""
        weight = train.y.of_steps(train.weight)
        return self.of.normalized(
            estimator, targets, train._replace(y=train.y.steps, weight=weight)
        )

    def loss(self, estimator: Any, targets: Targets) -> Loss:
        """See `Head.loss`."""
        return self.of.loss(estimator, targets)

    def stratify(self, targets: Targets, y: NDArray[Any]) -> None:
        """See `Head.stratify`: sequences have many labels."""

    def tag(self, tags: Any) -> None:
        """See `Head.tag`."""
        self.of.tag(tags)


def known_classes(estimator: Any, reset: bool) -> Any:
    """Those of earlier fits; of a fit that begins anew, they are gone."""
    return None if reset and estimator._has_weights() else getattr(estimator, "classes_", None)
