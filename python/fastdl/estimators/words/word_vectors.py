"""Vectors of words from the words around them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from itertools import chain
from numbers import Integral, Real
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_is_fitted

from fastdl._sklearn import Interval, _fit_context
from fastdl.estimators.words import skip_gram

_COUNT = Interval(Integral, 1, None, closed="left")


class WordVectors(TransformerMixin, BaseEstimator, auto_wrap_output_keys=None):  # type: ignore[call-arg]
    """A vector for each word, such that words with the same neighbours have similar ones.

    Skip-gram with negative sampling: the vector of a word near by has to distinguish the word in
    the middle from others drawn at random, in proportion to their counts to the power 3/4. Mikolov,
    Sutskever, Chen, Corrado and Dean, "Distributed representations of words and phrases and their
    compositionality", NIPS 2013. The words near by share what is drawn (Ji, Satish, Li and Dubey,
    "Parallelizing word2vec in shared and distributed memory", 2016).

    A sentence is a list of tokens, or a string that is split at white space; a token is anything
    hashable except None and NaN. Gradient descent goes from word to word, in one thread: the same
    `random_state` gives the same bytes.

    Parameters
    ----------
    vector_size : int, default=100
        Length of the vectors.
    window : int, default=5
        Words on either side at most; a smaller number is drawn for each word, so near words count
        more.
    negative : int, default=5
        Wrong words drawn for each right one, up to 63.
    min_count : int, default=5
        Words that occur less often are left out, or taken for `unknown_token`.
    sample : float, default=1e-3
        Share of the corpus above which a word is frequent: of its occurrences some are left out at
        random, in each epoch anew. 0 keeps them all.
    unknown_token : hashable, default=None
        The word that stands for all rare and unknown ones. None: `transform` refuses unknown words.
    learning_rate_init : float, default=0.025
        Falls in a line to 0 at the end of the last epoch.
    max_epochs : int, default=5
        How often the corpus is read.
    random_state : int, RandomState or None, default=None
        Of initial vectors and all draws.
    verbose : bool, default=False
        Whether each epoch prints a line.

    Attributes
    ----------
    vocabulary_ : dict
        The row of each word in `vectors_`, frequent words first.
    vectors_ : ndarray of float32 of shape (n_words, vector_size)
    loss_curve_ : list of float
        Mean loss of a pair of words in each epoch.
    history_ : dict of list
        The same as a table: epoch, loss.
    n_iter_ : int
        Epochs of the fit.

    Examples
    --------
    >>> from fastdl import WordVectors
    >>> sentences = ["the cat sleeps", "a cat eats", "the dog sleeps", "a dog eats"] * 50
    >>> words = WordVectors(8, window=2, sample=0, max_epochs=20, random_state=0).fit(sentences)
    >>> words.most_similar("cat", topn=1)[0][0]
    'dog'
    >>> [x.shape for x in words.transform(["the cat sleeps", ["dog"]])]
    [(3, 8), (1, 8)]
    """

    vocabulary_: dict[Hashable, int]
    vectors_: NDArray[np.float32]

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "vector_size": [_COUNT],
        "window": [_COUNT],
        "negative": [Interval(Integral, 1, 63, closed="both")],
        "min_count": [_COUNT],
        "sample": [Interval(Real, 0, 1, closed="left")],
        "unknown_token": "no_validation",  # type: ignore[dict-item]
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "max_epochs": [_COUNT],
        "random_state": ["random_state"],
        "verbose": ["verbose"],
    }

    def __init__(
        self,
        vector_size: int = 100,
        *,
        window: int = 5,
        negative: int = 5,
        min_count: int = 5,
        sample: float = 1e-3,
        unknown_token: Hashable | None = None,
        learning_rate_init: float = 0.025,
        max_epochs: int = 5,
        random_state: int | np.random.RandomState | None = None,
        verbose: bool | int = False,
    ) -> None:
        self.vector_size = vector_size
        self.window = window
        self.negative = negative
        self.min_count = min_count
        self.sample = sample
        self.unknown_token = unknown_token
        self.learning_rate_init = learning_rate_init
        self.max_epochs = max_epochs
        self.random_state = random_state
        self.verbose = verbose

    def __sklearn_tags__(self) -> Any:
        """X is text."""
        tags = super().__sklearn_tags__()
        tags.input_tags.string = True
        tags.input_tags.two_d_array = False
        return tags

    @property
    def history_(self) -> dict[str, list[float]]:
        """A table for the epochs."""
        check_is_fitted(self)
        return {
            "epoch": [float(i + 1) for i in range(len(self.loss_curve_))],
            "loss": list(self.loss_curve_),
        }

    def set_output(self, *, transform: str | None = None) -> Self:
        """Accept any container: `transform` gives a list of arrays, whatever is set.

        So a pipeline with a `WordVectors` in it can be asked for frames.

        Parameters
        ----------
        transform : {"default", "pandas", "polars"}, default=None
            Ignored.

        Returns
        -------
        self
        """
        return self

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Iterable[str | Iterable[Hashable]], y: Any = None) -> Self:
        """Learn the vectors.

        Parameters
        ----------
        X : iterable of sentences
            Strings, split at white space, or lists of tokens.
        y : ignored

        Returns
        -------
        self

        Raises
        ------
        ValueError
            If there is no sentence, no frequent word, or never one beside another.
        """
        sentences = _split(X)
        counts = self._counts(sentences)
        vocabulary = {word: row for row, word in enumerate(counts)}
        tokens, starts = self._encode(sentences, vocabulary)
        if len(tokens) < 2 or np.diff(starts).max() < 2:
            raise ValueError(
                "no sentence of X has two words of the vocabulary; WordVectors learns from words "
                "beside each other. Pass sentences of several words, or lower min_count."
            )
        random_state = check_random_state(self.random_state)
        size = (len(vocabulary), self.vector_size)
        vectors = ((random_state.random_sample(size) - 0.5) / self.vector_size).astype(np.float32)
        share = np.array(list(counts.values()), np.float64)
        curve = skip_gram.train(self, tokens, starts, share / share.sum(), vectors, random_state)
        self.vocabulary_, self.vectors_ = vocabulary, vectors
        self.loss_curve_, self.n_iter_ = curve, len(curve)
        return self

    def transform(self, X: Iterable[str | Iterable[Hashable]]) -> list[NDArray[np.float32]]:
        """The vectors of the words of each sentence.

        Parameters
        ----------
        X : iterable of n sentences
            As for `fit`.

        Returns
        -------
        list of n ndarrays of shape (words, vector_size)
            What `RNNClassifier` and its relatives take.

        Raises
        ------
        ValueError
            For a word that is not in the vocabulary, if there is no `unknown_token`.
        """
        check_is_fitted(self)
        sentences = _split(X)
        new = _counted(sentences).keys() - self.vocabulary_.keys()
        if new and self.unknown_token is None:
            i, word = next((i, w) for i, words in enumerate(sentences) for w in words if w in new)
            raise ValueError(
                f"X[{i}] has {word!r}, which is not in the vocabulary. Leave it out, or fit with "
                "an unknown_token, whose vector stands for unknown words."
            )
        tokens, starts = self._encode(sentences, self.vocabulary_)
        return np.split(self.vectors_[tokens], starts[1:-1])[: len(sentences)]

    def most_similar(
        self, word: Hashable | ArrayLike, topn: int = 10
    ) -> list[tuple[Hashable, float]]:
        """The words whose vectors point in the most similar directions.

        Parameters
        ----------
        word : a word, or array-like of shape (vector_size,)
            An array asks for the words next to that point: king - man + woman.
        topn : int, default=10
            How many.

        Returns
        -------
        list of (word, cosine)
            The most similar first; without `word` itself.

        Raises
        ------
        ValueError
            If the word is not in the vocabulary, the array has another shape or holds NaN or
            infinity, or topn is negative.
        """
        check_is_fitted(self)
        if not (isinstance(topn, Integral) and topn >= 0):
            raise ValueError(f"topn={topn!r}; expected how many words to give, 0 or more.")
        row, vector = self._looked_up(word)
        lengths = np.linalg.norm(self.vectors_, axis=1) * np.linalg.norm(vector)
        cosine = self.vectors_ @ vector / np.maximum(lengths, np.finfo(np.float32).tiny)
        words = list(self.vocabulary_)
        order = [i for i in np.argsort(-cosine, kind="stable") if i != row]
        return [(words[i], float(cosine[i])) for i in order[:topn]]

    def _looked_up(self, word: Any) -> tuple[int, NDArray[np.float32]]:
        """The row of a word, -1 for an array, and its vector."""
        size = self.vectors_.shape[1]
        if isinstance(word, (list, np.ndarray)):
            point = np.asarray(word)
            if point.dtype.kind not in "iuf":
                raise ValueError(
                    f"{word!r} is a list of words; expected one word, or an array of shape "
                    f"({size},). Ask for the mean of their vectors, or for one word at a time."
                )
            if point.shape != (size,) or not np.isfinite(point).all():
                seen = (
                    f"has shape {point.shape}"
                    if point.shape != (size,)
                    else "holds NaN or infinity"
                )
                raise ValueError(f"the array {seen}; expected ({size},) finite numbers.")
            return -1, point.astype(np.float32)
        if not _hashes(word) or word not in self.vocabulary_:
            raise ValueError(f"{word!r} is not in the vocabulary of {len(self.vocabulary_)} words.")
        row = self.vocabulary_[word]
        return row, self.vectors_[row]

    def save(self, path: str | Path) -> None:
        """Write the estimator to a safetensors file; `fastdl.load` reads it.

        Words must be data: strings, numbers or tuples of them.
        """
        from fastdl.io import save

        save(self, path)

    # --- words to numbers

    def _counts(self, sentences: Sequence[Sequence[Hashable]]) -> dict[Hashable, int]:
        """The words of the vocabulary and how often they occur, frequent ones first."""
        found = _counted(sentences)
        if not found:
            raise ValueError("X has no words; expected a list of sentences.")
        known = {word: n for word, n in found.most_common() if n >= self.min_count}
        if not known:
            word, n = found.most_common(1)[0]
            raise ValueError(
                f"no word of X occurs min_count={self.min_count} times; the most frequent, "
                f"{word!r}, occurs {n} times. Lower min_count, or pass more text."
            )
        if self.unknown_token is not None:
            known.setdefault(self.unknown_token, found[self.unknown_token])
            known[self.unknown_token] += sum(n for word, n in found.items() if word not in known)
        return known

    def _encode(
        self, sentences: Sequence[Sequence[Hashable]], vocabulary: dict[Hashable, int]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """All rows, one after the other, and where each sentence starts, with the end."""
        unknown = -1 if self.unknown_token is None else vocabulary[self.unknown_token]
        starts = np.cumsum([0, *map(len, sentences)])
        rows = (vocabulary.get(word, unknown) for sentence in sentences for word in sentence)
        tokens = np.fromiter(rows, np.int32, int(starts[-1]))
        return skip_gram.keep(tokens, starts, tokens >= 0)


def _split(X: Any) -> list[list[Hashable]]:
    """The sentences as lists of words."""
    is_frame = hasattr(X, "columns")
    if isinstance(X, (str, bytes, Mapping)) or is_frame or not _is_iterable(X):
        what = f"the string {X[:20]!r}" if isinstance(X, str) else f"a {type(X).__name__}"
        way_out = " Pass one of its columns." if is_frame else ""
        raise ValueError(
            f"X is {what}; expected a list of sentences, strings or lists of tokens.{way_out}"
        )
    if hasattr(X, "to_pylist"):  # pyarrow's arrays iterate over scalars of its own
        X = X.to_pylist()
    return [_words(sentence, i) for i, sentence in enumerate(X)]


def _words(sentence: Any, i: int) -> list[Hashable]:
    if isinstance(sentence, str):
        return list(sentence.split())
    if isinstance(sentence, (bytes, Mapping)) or not _is_iterable(sentence):
        raise ValueError(
            f"X[{i}] is {sentence!r}; expected a sentence, a string or a list of tokens."
        )
    return list(sentence)


def _is_iterable(X: Any) -> bool:
    return isinstance(X, Iterable) and getattr(X, "ndim", 1) > 0


def _counted(sentences: Sequence[Sequence[Hashable]]) -> Counter[Hashable]:
    """How often each word occurs; raises for what cannot be a word."""
    try:
        found = Counter(chain.from_iterable(sentences))
    except TypeError:  # not hashable
        found = Counter([None])
    if any(word is None or word != word for word in found):
        for i, sentence in enumerate(sentences):
            for word in sentence:
                _check_word(word, f"X[{i}]")
    return found


def _check_word(word: Any, where: str) -> None:
    if not _hashes(word):
        raise ValueError(
            f"{where} has {word!r} for a word; expected a string, a number or a tuple of them."
        )
    if word is None or word != word:  # nan
        raise ValueError(
            f"{where} has {word!r} for a word, which stands for what is missing. Leave it out."
        )


def _hashes(word: object) -> bool:
    try:
        hash(word)
    except TypeError:
        return False
    return True
