"""Scores of boxes: many in one image, and the answers for many images."""

import numpy as np

from benchmarks.base import Benchmark
from fastdl.metrics import mean_average_precision_score, non_max_suppression


def boxes(random, n):
    corner = random.random((n, 2)) * 600
    return np.hstack([corner, corner + random.random((n, 2)) * 100 + 1])


class Suppression(Benchmark):
    cases = {"10,000 boxes": 10_000}

    def prepare(self, n: int) -> None:
        random = np.random.default_rng(0)
        self.boxes, self.scores = boxes(random, n), random.random(n)

    def time_non_max_suppression(self, case: str) -> None:
        non_max_suppression(self.boxes, self.scores)


class AveragePrecision(Benchmark):
    cases = {"1,000 images, 50 answers, 3 classes": (50, 3), "100 answers, 80 classes": (100, 80)}

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
