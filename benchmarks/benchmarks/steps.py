"""Whole nets: training steps through the core, predictions, memory."""

import numpy as np

from benchmarks.base import Benchmark
from benchmarks.nets import NETS, Net
from benchmarks.predicted import PREDICTED


class Step(Benchmark):
    """One training step: gather, forward, loss, backward, update."""

    cases = NETS

    def prepare(self, net: Net) -> None:
        self.program = net.compile()
        self.X, self.y = net.data(net.batch)
        self.order = np.arange(net.batch)
        self.rates = np.array([net.rate])

    def time_step(self, case: str) -> None:
        self.program.train_epoch(self.X, self.y, self.order, self.rates)

    def track_megabytes(self, case: str) -> float:
        return sum(self.program.memory().values()) / 1e6

    track_megabytes.unit = "MB"


class Predict(Benchmark):
    """Predictions of one sample and of a batch."""

    cases = {f"{name}, {n}": (net, n) for name, net in (NETS | PREDICTED).items() for n in (1, 64)}

    def prepare(self, case: tuple[Net, int]) -> None:
        net, n = case
        self.program = net.compile()
        self.X, _ = net.data(n)

    def time_predict(self, case: str) -> None:
        self.program.predict(self.X)
