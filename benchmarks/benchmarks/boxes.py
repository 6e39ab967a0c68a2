"""Scores of boxes: many in one image, and the answers for many images."""

import numpy as np

from benchmarks.base import Benchmark
from fastdl.metrics import mean_average_precision_score, non_max_suppression


def boxes(random, n):
    corner = random.random((n, 2)) * 600
    return np.hstack([corner, corner + random.random((n, 2)) * 100 + 1])


def around_a_point(random, n):
    """Boxes that all overlap, of all sizes."""
    low, high = random.uniform(0, 300, (n, 2)), random.uniform(300, 600, (n, 2))
    return np.hstack([low, high])


def from_a_corner(random, n):
    """Boxes that all overlap, from one pixel on, by far the most of them small."""
    low = random.random((n, 2))
    return np.hstack([low, low + np.exp(8 * random.random((n, 2)))])


class Suppression(Benchmark):
    cases = {
        "10,000 boxes": (boxes, 0.5),
        "10,000 around a point": (around_a_point, 0.5),
        "10,000 around a point, 0.9": (around_a_point, 0.9),
        "10,000 from a corner, 0.9": (from_a_corner, 0.9),
    }

    def prepare(self, case: tuple) -> None:
        random = np.random.default_rng(0)
        make, self.threshold = case
        self.boxes, self.scores = make(random, 10_000), random.random(10_000)

    def time_non_max_suppression(self, case: str) -> None:
        non_max_suppression(self.boxes, self.scores, self.threshold)


class AveragePrecision(Benchmark):
    cases = {
        "1,000 images, 50 answers, 3 classes": (50, 3),
        "100 answers, 80 classes": (100, 80),
        "300 answers, 3 classes": (300, 3),
    }

    def prepare(self, case: tuple[int, int]) -> None:
        random = np.random.default_rng(0)
        n, classes = case
        self.y_true = [
            {"boxes": boxes(random, 10), "labels": random.integers(0, classes, 10)}
            for _ in range(1000)
        ]
        self.y_pred = [
            {
                "boxes": np.vstack([one["boxes"] + 2, boxes(random, n - 10)]),
                "labels": random.integers(0, classes, n),
                "scores": random.random(n),
            }
            for one in self.y_true
        ]

    def time_mean_average_precision(self, case: str) -> None:
        mean_average_precision_score(self.y_true, self.y_pred)
