"""y that says which samples are of the same identity."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.multiclass import check_classification_targets

from fastdl import losses
from fastdl.estimators.inputs.refused import refuse_labels
from fastdl.fitting.job import Checked
from fastdl.fitting.targets import Targets
from fastdl.losses import Loss


@dataclass(frozen=True)
class Identities:
    """A label for each sample; samples of the same label are alike, and labels may be new ones."""

    instead: ClassVar[str] = "compares samples: see its transform and verify"  # of predict

    def check(self, estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """See `Head.check`: two identities at least, and two samples of one of them."""
        X, y = estimator._inputs.check_with(estimator, X, y, reset=reset, numeric=False)
        name = type(estimator).__name__
        if y.ndim > 1:
            raise ValueError(
                f"y has shape {y.shape}; {name} takes one label for each sample, that of its "
                "identity."
            )
        if y.dtype.kind == "f" and (y != np.floor(y)).any():  # else many labels would be warned of
            check_classification_targets(y)
        refuse_labels(name, y)
        labels, counts = np.unique(y, return_counts=True)
        if len(labels) == 1:
            raise ValueError(
                f"{name} compares samples of at least 2 identities, but y holds only one class: "
                f"{labels.tolist()[0]!r}."
            )
        if counts.max() == 1:
            raise ValueError(
                f"{name} compares several samples of an identity, but each of the {len(labels)} "
                "labels of y has only one sample. Give two or more of some."
            )
        return X, y

    def targets(self, estimator: Any, y: Any, *, anew: bool, incremental: bool) -> Targets:
        """See `Head.targets`."""
        return Targets("identity", int(estimator.n_components)) if anew else estimator._targets

    def first_part(self, estimator: Any, X: Any, y: Any, classes: Any) -> None:
        """See `Head.first_part`."""
        if classes is not None:
            raise TypeError(
                f"{type(estimator).__name__}.partial_fit takes no classes: identities may be new "
                "in every part."
            )

    def normalized(self, estimator: Any, targets: Targets, train: Checked) -> Targets:
        """See `Head.normalized`: labels are as they are."""
        return targets

    def loss(self, estimator: Any, targets: Targets) -> Loss:
        """See `Head.loss`."""
        return losses.get(estimator.loss)

    def stratify(self, targets: Targets, y: NDArray[Any]) -> NDArray[Any] | None:
        """See `Head.stratify`: where no identity has one sample only."""
        return y if np.bincount(y).min() > 1 else None

    def tag(self, tags: Any) -> None:
        """Labels are needed."""
        tags.target_tags.required = True
