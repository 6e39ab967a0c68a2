"""What y is where X and the layers leave it open: of samples, of steps or of pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from numpy.typing import NDArray
from sklearn.utils.multiclass import type_of_target

from fastdl import layers as L
from fastdl.estimators.heads.labels import Labels
from fastdl.estimators.heads.numbers import Numbers
from fastdl.estimators.heads.output import gives_pixels
from fastdl.estimators.heads.steps import Steps, known_classes
from fastdl.estimators.inputs.forms import Cut
from fastdl.estimators.inputs.pixels import check_pixels, images_of
from fastdl.estimators.inputs.steps import labels_that_count
from fastdl.estimators.inputs.text import unpacked
from fastdl.fitting.job import Checked
from fastdl.fitting.targets import Targets
from fastdl.layers import Layer
from fastdl.losses import Loss
from fastdl.samples import Pixels, Sequences, depth


@dataclass(frozen=True)
class OfPixels:
    """Labels or numbers for every pixel: an image for every image."""

    of: Labels | Numbers

    def check(self, estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """See `Head.check`."""
        checked = estimator._inputs.check(estimator, X, reset=reset)
        name, numeric = type(estimator).__name__, isinstance(self.of, Numbers)
        shape = None if reset else estimator._targets.shape
        classes = known_classes(estimator, reset)
        n = len(checked)
        return checked, check_pixels(name, y, n, numeric=numeric, shape=shape, classes=classes)

    def targets(self, estimator: Any, y: Pixels, *, anew: bool, incremental: bool) -> Targets:
        """See `Head.targets`."""
        targets = self.of.targets(estimator, y.steps, anew=anew, incremental=incremental)
        return replace(targets, shape=(*y.size, *y.shape[2:]))

    def first_part(self, estimator: Any, X: Any, y: Any, classes: Any) -> None:
        """See `Head.first_part`."""
        images = images_of(y, numeric=isinstance(self.of, Numbers))
        if images.ndim in (3, 4) and images.size:  # else the check says so
            flat = labels_that_count([images.reshape(-1, *images.shape[3:])])
            self.of.first_part(estimator, X, flat, classes)


@dataclass(frozen=True)
class OfChoice:
    """One of `Labels` or `Numbers`, `Steps` and `OfPixels` of it, as y is the first time."""

    of: Labels | Numbers
    layers: Callable[[], Sequence[Layer]]  # those that the user gave

    @property
    def scores(self) -> bool:
        """See `Labels.scores`."""
        return isinstance(self.of, Labels)

    def check(self, estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """See `Head.check`."""
        what = self._of(estimator, X, y, reset=reset)
        return self._part(what).check(estimator, X, y, reset=reset)

    def targets(self, estimator: Any, y: Any, *, anew: bool, incremental: bool) -> Targets:
        """See `Head.targets`."""
        what = {Sequences: "steps", Pixels: "pixels"}.get(type(y), "samples")
        targets = self._part(what).targets(estimator, y, anew=anew, incremental=incremental)
        return replace(targets, of=what)

    def first_part(self, estimator: Any, X: Any, y: Any, classes: Any) -> None:
        """See `Head.first_part`."""
        what = self._of(estimator, X, y, reset=not estimator._has_weights())
        self._part(what).first_part(estimator, X, y, classes)

    def normalized(self, estimator: Any, targets: Targets, train: Checked) -> Targets:
        """See `Head.normalized`: as they are where a last activation gives them."""
        layers = self.layers()
        is_squashed = targets.of == "pixels" and layers and not layers[-1].linear
        if is_squashed and gives_pixels(layers, estimator.input_shape_, targets):
            return targets
        part = self.of if targets.of == "samples" else Steps(self.of)
        return part.normalized(estimator, targets, train)

    def loss(self, estimator: Any, targets: Targets) -> Loss:
        """See `Head.loss`."""
        return self.of.loss(estimator, targets)

    def stratify(self, targets: Targets, y: NDArray[Any]) -> NDArray[Any] | None:
        """See `Head.stratify`: what has many labels has no shares."""
        return self.of.stratify(targets, y) if targets.of == "samples" else None

    def tag(self, tags: Any) -> None:
        """See `Head.tag`."""
        self.of.tag(tags)

    def look(self, estimator: Any, X: Any, y: Any) -> str:
        """What has a target of its own: of images the pixels, where y has images.

        Of sequences the steps, where y can be nothing else: where it has a list for each sequence,
        of another length for each or of labels that are no indicators, or the layers give a state
        for every step; and where the sequences came with lengths.
        """
        n_dims = depth(y)
        if not estimator._inputs.are_sequences(X):
            return "pixels" if n_dims > 2 else "samples"
        if n_dims != 2:
            return "steps" if n_dims > 2 else "samples"
        n_values = {len(of_one) for of_one in y}
        if len(n_values) > 1:
            return "steps"
        if n_values != {estimator._inputs.sequences.steps(x) for x in unpacked(X)}:
            return "samples"
        every = L.gives(self.layers(), "sequences") == "sequences"
        if every or isinstance(X, Cut):
            return "steps"
        is_label = isinstance(self.of, Labels) and type_of_target(y) != "multilabel-indicator"
        return "steps" if is_label else "samples"

    def _of(self, estimator: Any, X: Any, y: Any, *, reset: bool) -> str:
        """What has a target of its own, as it is now or was in earlier fits."""
        return self.look(estimator, X, y) if reset else str(estimator._targets.of)

    def _part(self, what: str) -> Any:
        return {"samples": self.of, "steps": Steps(self.of), "pixels": OfPixels(self.of)}[what]
