"""Training steps of a network that answers for every pixel, whose targets stay, or move with it."""

import numpy as np

from benchmarks.base import Benchmark
from fastdl import layers as L
from fastdl.program import compile

SIDE, CLASSES, N = 96, 4, 16
MOVES = {"flip": "both", "shift": 8}


class Step(Benchmark):
    """16 images of 96x96x3, two convolutions: codes or numbers (the loss) and what moves them."""

    cases = {
        f"{loss}, {name}": (loss, options)
        for loss in ("softmax_cross_entropy", "squared_error")
        for name, options in (
            ("as they are", {}),
            ("whole pixels", MOVES),
            ("turned", {**MOVES, "rotate": 20, "scale": 0.1}),
        )
    }

    def prepare(self, case: tuple[str, dict]) -> None:
        loss, options = case
        layers = [
            L.Augment(**options),
            L.Conv2D(16, 3, padding="same"),
            L.Activation("relu"),
            L.Conv2D(CLASSES, 3, padding="same"),
        ]
        self.program = compile(
            layers, (SIDE, SIDE, 3), batch_size=N, random_state=0, loss=loss, optimizer="adam"
        )
        rng, pixels = np.random.default_rng(0), SIDE * SIDE
        self.X = rng.random((N, SIDE, SIDE, 3), np.float32)
        codes = rng.integers(CLASSES, size=(N, pixels), dtype=np.int32)
        is_codes = loss == "softmax_cross_entropy"
        self.y = codes if is_codes else rng.random((N, pixels, CLASSES), np.float32)
        self.order, self.rates = np.arange(N), np.array([1e-3])

    def time_step(self, case: str) -> None:
        self.program.train_epoch(self.X, self.y, self.order, self.rates)
