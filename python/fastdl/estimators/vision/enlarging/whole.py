"""Whole images, as a network sees them and as it makes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastdl.estimators.vision.enlarging.luminance import enlarged
from fastdl.program import Snapshot

if TYPE_CHECKING:
    from fastdl.estimators.vision.enlarging.super_resolver import SuperResolver

_MIDDLE, _SPREAD = 128.0, 64.0  # of what the network gets: grey levels of about -2 to 2


def scaled(image: NDArray[np.float32]) -> NDArray[np.float32]:
    """Grey levels as the network gets them."""
    return (image - np.float32(_MIDDLE)) / np.float32(_SPREAD)


class Whole:
    """The network of a fitted estimator for images of any size, as it is now.

    Its programs are for one piece of an image at a time; they live as long as this does.
    """

    def __init__(self, estimator: SuperResolver) -> None:
        e = estimator
        self._network = e._network.at(Snapshot.of(e.program_))
        self._scale, self._tile, self._n_jobs = e.scale_, e.tile_size, e.n_jobs
        self._targets = e._targets
        self._geometry = e._geometry
        self._programs: dict[tuple[int, ...], Any] = {}

    def enlarged(self, small: NDArray[np.float32]) -> NDArray[np.float32]:
        """A luminance (h, w) as (h * scale, w * scale)."""
        bicubic = enlarged(small, self._scale)
        seen = scaled(small if self._geometry.factor == self._scale else bicubic)
        output = self._geometry.tiled(seen, self._tile, lambda x: self._outputs(x, -1)[..., 0])
        return bicubic + self._targets.decode(output.reshape(-1, 1)).reshape(output.shape)

    def features(self, small: NDArray[np.float32], layer: int) -> NDArray[np.float32]:
        """The outputs of a layer for a whole luminance."""
        is_small = self._geometry.factor == self._scale
        seen = scaled(small if is_small else enlarged(small, self._scale))
        return self._outputs(self._geometry.around(seen), layer)

    def _outputs(self, image: NDArray[np.float32], layer: int) -> NDArray[np.float32]:
        x = np.ascontiguousarray(image)[np.newaxis, ..., np.newaxis]
        program = self._programs.get(x.shape)
        if program is None:
            program = self._network.of_shape(x.shape[1:]).ready(self._n_jobs)
            self._programs = {x.shape: program}  # of one size at a time
        return program.predict(x, layer=layer)[0]
