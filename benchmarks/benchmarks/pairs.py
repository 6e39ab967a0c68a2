"""Encoder-decoders that are timed, by asv and beside the peers, and the pairs that they learn."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from fastdl import layers as L
from fastdl.program import compile

FORMS = ("%d %B %Y", "%B %d, %Y", "%m/%d/%y", "%A, %B %d, %Y", "%d-%b-%Y", "%Y%m%d")


class Batch(NamedTuple):
    """Codes (n, steps) with lengths; answers (n, steps) with their ends, -1 past them."""

    X: np.ndarray
    lengths: np.ndarray
    y: np.ndarray


@dataclass(frozen=True)
class PairNet:
    """Bidirectional GRU to GRU, additive attention, trained by Adam."""

    units: int  # of the decoder; each direction of the encoder has half of them
    embedding: int
    batch: Batch
    n_sources: int  # symbols
    n_targets: int  # the end included

    @property
    def layers(self) -> list[L.Layer]:
        half = L.GRU(self.units // 2, return_sequences=True)
        inside = [
            L.Embedding(self.n_targets, self.embedding, name="target_embedding"),
            L.Dense(self.units, name="start_1"),
            L.GRU(self.units, return_sequences=True, name="decoder_1"),
            L.Attention("additive", self.units, name="attention"),
            L.Dense(self.n_targets, name="output"),
        ]
        return [
            L.Embedding(self.n_sources, self.embedding, name="source_embedding"),
            L.Bidirectional(half, name="encoder_1"),
            L.Decoder(inside, self.batch.y.shape[1], bidirectional=True, name="decoder"),
        ]

    def compile(self, threads: int | None = None):
        n, steps = self.batch.X.shape
        return compile(
            self.layers,
            (steps, 1),
            batch_size=n,
            threads=threads,
            random_state=0,
            loss="softmax_cross_entropy",
            optimizer="adam",
        )


def dates(n: int, seed: int = 0) -> tuple[list[str], list[str]]:
    """Dates as they are written, and in ISO's form."""
    rng = np.random.default_rng(seed)
    first = datetime.date(1970, 1, 1)
    days = [first + datetime.timedelta(int(day)) for day in rng.integers(36_500, size=n)]
    X = [f"{day:{FORMS[form]}}" for day, form in zip(days, rng.integers(6, size=n), strict=True)]
    return X, [day.isoformat() for day in days]


def of_dates(n: int = 64) -> PairNet:
    """Characters of dates: sources to 30 steps, answers of 10 and the end."""
    X, y = dates(n)
    known = sorted(set("".join(dates(1000)[0])))
    written = "-0123456789"
    lengths = np.array([len(x) for x in X], np.int32)
    order = np.argsort(-lengths, kind="stable")
    codes = np.zeros((n, int(lengths.max())), np.int32)
    for i, x in enumerate(X):
        codes[i, : len(x)] = [known.index(symbol) for symbol in x]
    answers = np.array([[*map(written.index, text), len(written)] for text in y], np.int32)
    batch = Batch(codes[order], lengths[order], answers[order])
    return PairNet(64, 32, batch, len(known), len(written) + 1)


def of_words(n: int = 32, steps: int = 40, symbols: int = 2000) -> PairNet:
    """Sentences of random words, all of one length."""
    rng = np.random.default_rng(0)
    X, y = rng.integers(symbols - 1, size=(2, n, steps), dtype=np.int32)
    y[:, -1] = symbols - 1
    return PairNet(512, 320, Batch(X, np.full(n, steps, np.int32), y), symbols, symbols)
