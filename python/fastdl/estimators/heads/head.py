"""What every kind of y has."""

from __future__ import annotations

from typing import Any, Protocol

from numpy.typing import NDArray

from fastdl.fitting.job import Checked
from fastdl.fitting.targets import Targets
from fastdl.losses import Loss


class Head(Protocol):
    """A kind of y: its checks, what the network learns of it, and by which loss."""

    def check(self, estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """Checked X and y."""

    def targets(self, estimator: Any, y: Any, *, anew: bool, incremental: bool) -> Targets | None:
        """What checked y is; raises if it does not go with earlier fits."""

    def first_part(self, estimator: Any, X: Any, y: Any, classes: Any) -> None:
        """Take note, in the first partial fit, of what may come in later ones."""

    def normalized(self, estimator: Any, targets: Targets, train: Checked) -> Targets:
        """The targets of a new network, with what is known of its training samples."""

    def loss(self, estimator: Any, targets: Targets) -> Loss:
        """What is minimised."""

    def stratify(self, targets: Targets, y: NDArray[Any]) -> NDArray[Any] | None:
        """Labels whose shares a held-out validation set keeps, from the encoded y."""

    def tag(self, tags: Any) -> None:
        """Write into scikit-learn's tags what is taken."""
