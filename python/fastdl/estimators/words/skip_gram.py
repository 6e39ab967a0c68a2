"""The epochs of skip-gram with negative sampling, for `WordVectors`."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from fastdl import _core

_CHUNK = 100_000  # tokens between two looks for Ctrl-C
_NOISE = 1_000_000  # entries of the table that wrong words are drawn from, at least


def keep(
    tokens: NDArray[np.int32], starts: NDArray[np.int64], stays: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The sentences without some of their tokens."""
    return tokens[stays], np.concatenate([[0], np.cumsum(stays)])[starts]


def train(
    e: Any,
    tokens: NDArray[np.int32],
    starts: NDArray[np.int64],
    share: NDArray[np.float64],
    vectors: NDArray[np.float32],
    random_state: np.random.RandomState,
) -> list[float]:
    """Change vectors; give the mean loss of a pair in each epoch.

    Parameters
    ----------
    e : WordVectors
        With its parameters.
    tokens : ndarray of shape (n,)
        The corpus as rows of `vectors`.
    starts : ndarray of shape (n_sentences + 1,)
        Where each sentence starts in it, and its end.
    share : ndarray of shape (n_words,)
        Of each word in the corpus.
    vectors : ndarray of shape (n_words, vector_size)
        As they start.
    random_state : RandomState
    """
    noise = _noise(share)
    contexts = np.zeros_like(vectors)
    seed = random_state.randint(2**31 - 1)
    curve: list[float] = []
    for epoch in range(e.max_epochs):
        before = vectors.copy()
        thinned = _thinned(tokens, starts, share, e.sample, random_state)
        loss, pairs = _epoch(e, epoch, *thinned, noise, vectors, contexts, seed)
        if not np.isfinite(loss):
            warnings.warn(
                f"loss became {loss} in epoch {epoch + 1} (learning_rate_init="
                f"{e.learning_rate_init}). Vectors of the end of epoch {epoch} are kept. Lower "
                "learning_rate_init.",
                ConvergenceWarning,
                stacklevel=4,
            )
            vectors[:] = before
            break
        curve.append(loss / max(pairs, 1))
        if e.verbose:
            print(f"epoch {epoch + 1}: loss {curve[-1]:.4f} ({pairs} pairs)")
    return curve


def _epoch(
    e: Any,
    epoch: int,
    tokens: NDArray[np.int32],
    starts: NDArray[np.int64],
    noise: NDArray[np.int32],
    vectors: NDArray[np.float32],
    contexts: NDArray[np.float32],
    seed: int,
) -> tuple[float, int]:
    """The loss, summed over pairs, and their number."""
    begin = e.learning_rate_init * (1 - epoch / e.max_epochs)
    fall = e.learning_rate_init / e.max_epochs / max(len(tokens), 1)  # at each token
    loss, pairs = 0.0, 0
    for first, last in _chunks(starts):
        at = int(starts[first])
        part = _core.skip_gram(
            tokens[at : starts[last]],
            starts[first : last + 1] - at,
            noise,
            vectors,
            contexts,
            window=e.window,
            negative=e.negative,
            rate=begin - fall * at,
            fall=fall,
            seed=seed,
            epoch=epoch,
            first=at,
        )
        loss, pairs = loss + part[0], pairs + part[1]
    return loss, pairs


def _noise(share: NDArray[np.float64]) -> NDArray[np.int32]:
    """Each word about as often as it is to be drawn."""
    weight = np.cumsum(share**0.75)
    n = max(_NOISE, 20 * len(share))
    return np.searchsorted(weight, (np.arange(n) + 0.5) / n * weight[-1]).astype(np.int32)


def _thinned(
    tokens: NDArray[np.int32],
    starts: NDArray[np.int64],
    share: NDArray[np.float64],
    sample: float,
    random_state: np.random.RandomState,
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The corpus without some of the frequent words; as word2vec's code, not the paper, does it."""
    if not sample:
        return tokens, starts
    ratio = sample / np.maximum(share, np.finfo(np.float64).tiny)
    chance = (np.sqrt(ratio) + ratio)[tokens]
    return keep(tokens, starts, random_state.random_sample(len(tokens)) < chance)


def _chunks(starts: NDArray[np.int64]) -> Iterable[tuple[int, int]]:
    """Ranges of sentences of about as many tokens."""
    cuts = np.searchsorted(starts, np.arange(0, starts[-1], _CHUNK))
    edges = np.unique(np.append(cuts, len(starts) - 1))
    return zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True)
