"""Encoder-decoders: training steps, searches for answers, and all that a user waits for."""

import warnings

import numpy as np

import fastdl
from benchmarks.base import Benchmark
from benchmarks.pairs import dates, of_dates, of_words


class Step(Benchmark):
    """One training step with teacher forcing."""

    cases = {"64 dates": of_dates, "32x40 words": of_words}

    def prepare(self, make) -> None:
        net = make()
        self.program, (X, self.lengths, self.y) = net.compile(), net.batch
        self.X, self.order, self.rates = X[:, :, np.newaxis], np.arange(len(X)), np.array([1e-3])

    def time_step(self, case: str) -> None:
        self.program.train_epoch(self.X, self.y, self.order, self.rates, lengths=self.lengths)

    def track_megabytes(self, case: str) -> float:
        return sum(self.program.memory().values()) / 1e6

    track_megabytes.unit = "MB"


class Predict(Benchmark):
    """`Seq2Seq.predict` of dates, as strings."""

    cases = {"1, greedy": (1, 1), "1000, greedy": (1000, 1), "1000, beam 5": (1000, 5)}

    def prepare(self, case: tuple[int, int]) -> None:
        n, beam_size = case
        net = fastdl.Seq2Seq(
            (64,), max_epochs=1, batch_size=16, beam_size=beam_size, random_state=0
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            self.net = net.fit(*dates(1000))
        self.X = dates(n, seed=1)[0]
        self.net.predict(self.X)

    def time_predict(self, case: str) -> None:
        self.net.predict(self.X)
