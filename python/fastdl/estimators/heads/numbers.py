"""y is numbers: one or several for each sample."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import losses
from fastdl.estimators.heads.refused import check_loss_name, refuse_parts
from fastdl.fitting.job import Checked
from fastdl.fitting.targets import Targets
from fastdl.losses import Loss

REGRESSION = tuple(
    name
    for name, loss in losses.BY_NAME.items()
    if not (loss.codes or loss.boxes) and loss.highest == math.inf
)


@dataclass(frozen=True)
class Numbers:
    """A number, or several, for each sample; squared and other errors."""

    of_parts: str = field(default="", kw_only=True)  # what learns them for each step or pixel

    def check(self, estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """See `Head.check`."""
        if self.of_parts:
            refuse_parts(estimator, y, self.of_parts)
        return estimator._inputs.check_with(estimator, X, y, reset=reset, numeric=True)

    def targets(self, estimator: Any, y: Any, *, anew: bool, incremental: bool) -> Targets:
        """See `Head.targets`."""
        e = estimator
        check_loss_name(e.loss, REGRESSION)
        loss = losses.get(e.loss)
        if np.min(y) < loss.lowest:
            raise ValueError(
                f"{type(e).__name__}: loss={loss.kind!r} is for counts, but y goes down to "
                f"{np.min(y):g}. Use another loss."
            )
        return Targets.of_values(y) if anew else e._targets

    def first_part(self, estimator: Any, X: Any, y: Any, classes: Any) -> None:
        """See `Head.first_part`."""
        if classes is not None:
            raise TypeError(
                f"{type(estimator).__name__}.partial_fit takes no classes: y holds numbers."
            )

    def normalized(self, estimator: Any, targets: Targets, train: Checked) -> Targets:
        """See `Head.normalized`: mean 0 and variance 1, but for counts and losses of users."""
        loss = losses.get(estimator.loss)
        as_they_are = loss.lowest > -math.inf or isinstance(loss, losses.Custom)
        if as_they_are or not getattr(estimator, "normalize_y", False):
            return targets
        return targets.normalized(train.y, train.weight)

    def loss(self, estimator: Any, targets: Targets) -> Loss:
        """See `Head.loss`."""
        loss = losses.get(estimator.loss)
        return loss.with_link("") if isinstance(loss, losses.Custom) else loss

    def stratify(self, targets: Targets, y: NDArray[Any]) -> None:
        """See `Head.stratify`: numbers have no shares."""

    def tag(self, tags: Any) -> None:
        """Several numbers for each sample."""
        tags.target_tags.multi_output = True
