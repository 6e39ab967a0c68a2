"""There is no y: a network answers with X itself, or with nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from numpy.typing import NDArray

from fastdl import losses
from fastdl.fitting.job import Checked
from fastdl.fitting.targets import Targets
from fastdl.losses import Loss


@dataclass(frozen=True)
class Itself:
    """X is its own target: y is nothing."""

    instead: ClassVar[str] = "learns X itself. See its reconstruct"  # of predict

    def check(self, estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """See `Head.check`."""
        return estimator._inputs.check(estimator, X, reset=reset), None

    def targets(self, estimator: Any, y: Any, *, anew: bool, incremental: bool) -> Targets:
        """See `Head.targets`."""
        return Targets("input", int(estimator.n_features_in_))

    def first_part(self, estimator: Any, X: Any, y: Any, classes: Any) -> None:
        """See `Head.first_part`."""

    def normalized(self, estimator: Any, targets: Targets, train: Checked) -> Targets:
        """See `Head.normalized`: X is as it is."""
        return targets

    def loss(self, estimator: Any, targets: Targets) -> Loss:
        """See `Head.loss`."""
        crossed = estimator.loss == "cross_entropy"
        return losses.BinaryCrossEntropy() if crossed else losses.SquaredError()

    def stratify(self, targets: Targets, y: NDArray[Any]) -> None:
        """See `Head.stratify`: there are no labels."""

    def tag(self, tags: Any) -> None:
        """See `Head.tag`."""
        tags.target_tags.required = False


@dataclass(frozen=True)
class Nothing(Itself):
    """There is no y, and nothing that a network would have to answer."""

    def targets(self, estimator: Any, y: Any, *, anew: bool, incremental: bool) -> None:  # type: ignore[override]
        """See `Head.targets`."""
