"""Plain functions on NumPy arrays: what fastdl.functional costs."""

import numpy as np

import fastdl.functional as F
from benchmarks.base import Benchmark


class Convolution(Benchmark):
    cases = {"1-6, 28x28": (28, 1, 6), "16-16, 32x32": (32, 16, 16), "64-64, 8x8": (8, 64, 64)}

    def prepare(self, case: tuple[int, int, int]) -> None:
        size, channels, filters = case
        self.x = self.random(64, size, size, channels)
        self.w = self.random(3, 3, channels, filters)
        self.dy = F.conv2d(self.x, self.w, padding="same")

    def time_conv2d(self, case: str) -> None:
        F.conv2d(self.x, self.w, padding="same", out=self.dy)

    def time_conv2d_backward(self, case: str) -> None:
        F.conv2d_backward(self.dy, self.x, self.w, padding="same")

    def time_im2col(self, case: str) -> None:
        F.im2col(self.x, (3, 3), padding=1)


class Update(Benchmark):
    cases = {
        f"{name}, {n:,}": (getattr(F, f"{name}_step"), n)
        for name in ("sgd", "adam")
        for n in (10_000, 1_000_000)
    }

    def prepare(self, case) -> None:
        self.step, n = case
        self.params, self.grads = self.random(n), self.random(n)
        self.state = self.step(self.params, self.grads, lr=1e-3)

    def time_update(self, case: str) -> None:
        self.state = self.step(self.params, self.grads, self.state, lr=1e-3)


class Loss(Benchmark):
    cases = {"10 classes": 10, "1000 classes": 1000}

    def prepare(self, n_classes: int) -> None:
        self.logits = self.random(256, n_classes)
        self.y = np.arange(256) % n_classes

    def time_softmax_cross_entropy(self, case: str) -> None:
        F.softmax_cross_entropy(self.logits, self.y)
