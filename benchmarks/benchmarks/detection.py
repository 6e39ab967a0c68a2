"""ObjectDetector: training steps of the small network, augmented or not, and what predict takes."""

import warnings

import numpy as np

import fastdl
from benchmarks.base import Benchmark
from fastdl import layers as L


def fitted(**options) -> tuple[fastdl.ObjectDetector, np.ndarray, list[dict]]:
    """After one step of 16 images of 96x96, with five objects each."""
    rng = np.random.default_rng(0)
    X, y = rng.random((16, 96, 96, 3), np.float32), []
    for _ in X:
        corner, size = rng.uniform(0, 60, (5, 2)), rng.uniform(8, 36, (5, 2))
        y.append({"boxes": np.hstack([corner, corner + size]), "labels": rng.integers(3, size=5)})
    detector = fastdl.ObjectDetector(max_epochs=1, batch_size=16, random_state=0, **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return detector.fit(X, y), X, y


class Step(Benchmark):
    """One training step: gather, boxes into targets, forward, loss, backward, update."""

    cases = {"16 images": None, "16, augmented": L.Augment(flip="both", shift=8, scale=0.2)}

    def prepare(self, augment: L.Augment | None) -> None:
        detector, X, y = fitted(augment=augment)
        self.program, self.X = detector.program_, X
        classes, k = detector.classes_, len(y[0]["boxes"])
        self.y = np.empty((len(X), k, 5), np.float32)
        self.y[..., 0] = [np.searchsorted(classes, of_one["labels"]) for of_one in y]
        self.y[..., 1:] = [of_one["boxes"] for of_one in y]
        self.order, self.rates = np.arange(len(X)), np.array([1e-3])

    def time_step(self, case: str) -> None:
        self.program.train_epoch(self.X, self.y, self.order, self.rates)

    def track_megabytes(self, case: str) -> float:
        return sum(self.program.memory().values()) / 1e6

    track_megabytes.unit = "MB"


class Predict(Benchmark):
    """`ObjectDetector.predict`: cells of images, and boxes of cells."""

    cases = {"1 of 480x640": (1, 480, 640), "16 of 96x96": (16, 96, 96)}

    def prepare(self, case: tuple[int, int, int]) -> None:
        self.detector, _, _ = fitted()
        self.X = np.random.default_rng(1).random((*case, 3), np.float32)
        self.detector.predict(self.X)

    def time_predict(self, case: str) -> None:
        self.detector.predict(self.X)
