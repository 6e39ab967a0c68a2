"""What bicubic leaves out of images: the patches that are learnt from, and y made of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl.estimators.heads.numbers import Numbers
from fastdl.estimators.heads.of_choice import OfPixels
from fastdl.estimators.heads.steps import Steps
from fastdl.estimators.vision.enlarging.geometry import Geometry
from fastdl.estimators.vision.enlarging.luminance import divisible, enlarged, luminance, reduced
from fastdl.estimators.vision.enlarging.whole import scaled
from fastdl.fitting.job import Checked
from fastdl.fitting.targets import Targets
from fastdl.losses import Loss
from fastdl.samples import Pixels


def patches_of(
    images: Sequence[NDArray[Any]], geometry: Geometry, scale: int, size: int
) -> tuple[NDArray[np.float32], Pixels]:
    """What the network sees of patches of large images, and what it is to give.

    Parameters
    ----------
    images : sequence of ndarrays of shape (height, width[, channels])
    scale : int
    size : int
        Of a patch, a multiple of `scale`.

    Returns
    -------
    X : ndarray of shape (n_patches, h, w, 1)
    y : Pixels
        Of those outputs that are not trusted, near the border of a patch, none count.

    Raises
    ------
    ValueError
        For images that are smaller than a patch.
    """
    patches, targets = [], []
    for i, image in enumerate(images):
        if min(image.shape[:2]) < size:
            raise ValueError(
                f"X[{i}] has {image.shape[0]}x{image.shape[1]} pixels, but a patch has "
                f"{size}x{size}. Leave it out, or set a smaller patch_size."
            )
        large = divisible(luminance(image), scale)
        small = reduced(large, scale)
        bicubic = enlarged(small, scale)
        missing = large - bicubic
        given = small if geometry.factor == scale else bicubic
        for patch, rows, columns in geometry.patches(scaled(given), size):
            patches.append(patch)
            targets.append(missing[rows, columns])
    values = np.pad(np.stack(targets), ((0, 0), *((m, m) for m in geometry.margin)))
    y = Pixels.of(values)
    if any(geometry.margin):
        counts = np.zeros(values.shape, bool)
        geometry.trusted(counts)[:] = True
        y = replace(y, counts=counts.reshape(y.shape))
    return np.stack(patches)[..., np.newaxis], y


@dataclass(frozen=True)
class Enlargement(OfPixels):
    """What is missing in an image, for each of its pixels; made of X, so that there is no y."""

    of: Numbers = field(default_factory=Numbers)

    def first_part(self, estimator: Any, X: Any, y: Any, classes: Any) -> None:
        """See `Head.first_part`."""

    def normalized(self, estimator: Any, targets: Targets, train: Checked) -> Targets:
        """See `Head.normalized`: over all pixels."""
        return Steps(self.of).normalized(estimator, targets, train)

    def targets(self, estimator: Any, y: Pixels, *, anew: bool, incremental: bool) -> Targets:
        """See `Head.targets`."""
        targets = super().targets(estimator, y, anew=anew, incremental=incremental)
        return replace(targets, of="pixels")

    def loss(self, estimator: Any, targets: Targets) -> Loss:
        """See `Head.loss`."""
        return self.of.loss(estimator, targets)

    def stratify(self, targets: Targets, y: NDArray[Any]) -> None:
        """See `Head.stratify`: there are no labels."""

    def tag(self, tags: Any) -> None:
        """See `Head.tag`."""
        tags.target_tags.required = False
