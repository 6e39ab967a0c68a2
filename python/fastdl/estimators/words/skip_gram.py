"""The epochs of skip-gram with negative sampling, for `WordVectors`."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning

from fastdl import _core
from fastdl._warn import warn
from fastdl.fitting.progress import line
from fastdl.fitting.training.tasks import EpochTasks

History = dict[str, list[float]]

_CHUNK = 100_000  # tokens between two looks for Ctrl-C
_NOISE = 1_000_000  # entries of the table that negative samples are drawn from, at least


def keep(
    tokens: NDArray[np.int32], starts: NDArray[np.int64], stays: NDArray[np.bool_]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The sentences without some of their tokens."""
    return tokens[stays], np.concatenate([[0], np.cumsum(stays)])[starts]


class Corpus(NamedTuple):
    """Sentences as rows of vectors, one after the other."""

    tokens: NDArray[np.int32]
    starts: NDArray[np.int64]  # of each sentence, and the end
    share: NDArray[np.float64]  # of each word


class Trainee(Protocol):
    """What an estimator is to its training."""

    window: int
    negative: int
    sample_: float
    learning_rate_init: float
    max_epochs_: int
    verbose: bool | int
    history_: History

    def _show(self, vectors: NDArray[np.float32]) -> None: ...


def new_history() -> History:
    """A table without rows."""
    return {"epoch": [], "loss": [], "seconds": []}


def train(
    e: Trainee,
    corpus: Corpus,
    vectors: NDArray[np.float32],
    random_state: np.random.RandomState,
    tasks: EpochTasks | None = None,
) -> None:
    """Train for `max_epochs_` epochs, or until a callback says stop.

    A diverging epoch ends the training with a warning and the vectors of the last one. Another
    warns of a first epoch to which subsampling leaves less than a tenth of the pairs.

    Parameters
    ----------
    e : Trainee
        Shows the vectors of each finished epoch.
    corpus : Corpus
    vectors : ndarray of shape (n_words, vector_size)
        As they start.
    random_state : RandomState
    tasks : EpochTasks, optional
        Callbacks to tell of each epoch.

    Raises
    ------
    ValueError
        If subsampling leaves no pair of words to an epoch.
    """
    noise, contexts = _noise(corpus.share), np.zeros_like(vectors)
    seed = random_state.randint(2**31 - 1)
    e._show(vectors)
    for epoch in range(e.max_epochs_):
        start = time.perf_counter()
        if tasks:
            tasks.begin()
        after = vectors.copy()
        tokens, starts = _thinned(corpus, e.sample_, random_state)
        loss, pairs = _epoch(e, epoch, tokens, starts, noise, after, contexts, seed)
        _check_pairs(e, epoch, pairs, corpus)
        if not np.isfinite(loss):
            _warn_of_divergence(e, epoch, loss)
            return
        vectors = after
        e.history_["epoch"].append(epoch + 1)
        e.history_["loss"].append(loss / max(pairs, 1))
        e.history_["seconds"].append(time.perf_counter() - start)
        e._show(vectors)
        if e.verbose:
            figures = {"loss": e.history_["loss"][-1]}
            print(line(epoch + 1, figures, e.history_["seconds"][-1]))
        if tasks and tasks.end():
            return


def _check_pairs(e: Trainee, epoch: int, pairs: int, corpus: Corpus) -> None:
    """Raise if there was nothing to learn in an epoch; warn if the first had little."""
    if not pairs:
        raise ValueError(
            f"sample={e.sample_:g} leaves no pair of words to epoch {epoch + 1}: each word of X is "
            "frequent. Set sample=0, which keeps all words, or pass more text."
        )
    share = pairs / _expected_pairs(np.diff(corpus.starts), e.window)
    if epoch == 0 and share < 0.1:
        warn(
            f"sample={e.sample_:g} leaves an epoch {share:.1%} of the pairs of words that X has: "
            "its words are few, so each is frequent. Set a larger sample, such as 0.01, or "
            "sample=0, which keeps all words."
        )


def _expected_pairs(lengths: NDArray[np.int64], window: int) -> float:
    """Pairs of an epoch with all words: the number drawn for a word is uniform up to `window`."""
    distances = range(1, min(window, int(lengths.max(initial=0)) - 1) + 1)
    return sum(
        2 * float(np.maximum(lengths - d, 0).sum()) * (window - d + 1) / window for d in distances
    )


def _warn_of_divergence(e: Trainee, epoch: int, loss: float) -> None:
    warn(
        f"loss became {loss} in epoch {epoch + 1} (learning_rate_init={e.learning_rate_init}). "
        f"Vectors of the end of epoch {epoch} are kept. Lower learning_rate_init.",
        ConvergenceWarning,
    )


def _epoch(
    e: Trainee,
    epoch: int,
    tokens: NDArray[np.int32],
    starts: NDArray[np.int64],
    noise: NDArray[np.int32],
    vectors: NDArray[np.float32],
    contexts: NDArray[np.float32],
    seed: int,
) -> tuple[float, int]:
    """The loss, summed over pairs, and their number."""
    begin = e.learning_rate_init * (1 - epoch / e.max_epochs_)
    fall = e.learning_rate_init / e.max_epochs_ / max(len(tokens), 1)  # at each token
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
    corpus: Corpus, sample: float, random_state: np.random.RandomState
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """The corpus without some of the frequent words; as word2vec's code, not the paper, does it."""
    tokens, starts, share = corpus
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
