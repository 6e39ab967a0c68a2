"""The small detector as a network that is timed, by asv and beside the peers, and boxes for it."""

from dataclasses import dataclass

import numpy as np

from benchmarks.nets import Net
from fastdl import layers as L
from fastdl import losses, optim
from fastdl.estimators.vision.detection.networks import small
from fastdl.estimators.vision.detection.objects import BOX_OUTPUTS

EACH = 5  # objects of an image


def small_detector(n_classes: int) -> list[L.Layer]:
    """The network of `ObjectDetector`, with its output."""
    return [*small(), L.Conv2D(BOX_OUTPUTS + n_classes, 1, padding=0)]


@dataclass(frozen=True)
class Detector(Net):
    """A network whose targets are made of boxes."""

    loss: losses.Loss = losses.ObjectsAsPoints()

    def data(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Random X (n, *input_shape) and boxes (n, EACH, 5): class, x1, y1, x2, y2 in pixels."""
        rng = np.random.default_rng(0)
        X = rng.random((n, *self.input_shape), dtype=np.float32)
        whole = np.array(self.input_shape[1::-1])
        size = rng.uniform(0.1, 0.4, (n, EACH, 2)) * whole
        corner = rng.uniform(0, 1, (n, EACH, 2)) * (whole - size)
        codes = rng.integers(self.layers[-1].filters - BOX_OUTPUTS, size=(n, EACH, 1))
        return X, np.concatenate([codes, corner, corner + size], axis=2).astype(np.float32)


SMALL = Detector((96, 96, 3), small_detector(3), 16, optim.Adam(), 1e-3)
