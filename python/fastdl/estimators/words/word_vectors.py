"""Vectors of words from the words around them."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterable, Sequence
from numbers import Integral
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.validation import check_is_fitted

from fastdl._saved import MATRIX, NATURAL, REAL, Saved, listed, short
from fastdl._sklearn import Interval, StrOptions, TransformerMixin
from fastdl.estimators.base.estimator import Estimator
from fastdl.estimators.inputs.sentences import SentenceInput, counted, is_hashable
from fastdl.estimators.inputs.symbols import ERROR, UNKNOWN
from fastdl.estimators.parameters.text_words import TextWords
from fastdl.estimators.parameters.training_words import COUNT, POSITIVE, RATE
from fastdl.estimators.parameters.words import fitted, reword, word
from fastdl.estimators.words import similarity, skip_gram
from fastdl.fitting.defaults import or_auto
from fastdl.fitting.job import Given, Job
from fastdl.fitting.training.tasks import epoch_tasks

_READ = 100_000  # words that a fit reads at least, but of a tiny corpus


class _Words:
    """How a file keeps a vocabulary: the words, in the order of their rows."""

    def to_dict(self, vocabulary: dict[Hashable, int]) -> list[Hashable]:
        return list(vocabulary)

    def from_dict(self, stored: Any) -> dict[Hashable, int]:
        if not isinstance(stored, list) or not all(isinstance(word, Hashable) for word in stored):
            raise ValueError(f"vocabulary_ is {short(stored)}; expected a list of words.")
        vocabulary = {word: row for row, word in enumerate(stored)}
        if len(vocabulary) < len(stored):
            raise ValueError("vocabulary_ holds a word twice.")
        return vocabulary


class WordVectors(TextWords, TransformerMixin, Estimator):
    """A vector for each word, such that words with the same neighbours have similar ones.

    Skip-gram with negative sampling: the vector of a word near by has to distinguish the word in
    the middle from others drawn at random, in proportion to their counts to the power 3/4. Mikolov,
    Sutskever, Chen, Corrado and Dean, "Distributed representations of words and phrases and their
    compositionality", NIPS 2013. The words near by share what is drawn (Ji, Satish, Li and Dubey,
    "Parallelizing word2vec in shared and distributed memory", 2016).

    A sentence is a string, whose words `analyzer` says, or a list of tokens; a token is anything
    hashable except None and NaN. Words that are rare, and, in `transform`, those that fit did not
    see, are read as one, `unknown`, whose vector is learnt from the rare ones. Gradient descent
    goes from word to word, in one thread: the same `random_state` gives the same bytes.

    ``words["cat"]`` is the vector of a word, ``words[["cat", "dog"]]`` an array of those of two,
    and ``"cat" in words`` says whether there is one.

    Examples
    --------
    >>> from fastdl import WordVectors
    >>> sentences = ["the cat sleeps", "a cat eats", "the dog sleeps", "a dog eats"] * 50
    >>> words = WordVectors(8, window=2, sample=0, max_epochs=20, random_state=0).fit(sentences)
    >>> words.most_similar("cat", topn=1)[0][0]
    'dog'
    >>> [x.shape for x in words.transform(["the cat sleeps", ["dog"]])]
    [(3, 8), (1, 8)]
    >>> words["cat"].shape, words[["cat", "dog"]].shape, "zebra" in words
    ((8,), (2, 8), False)
    """

    vector_size: int = word(
        default=100, rule=[COUNT], kind="int", text="Length of the vectors.", kw_only=False
    )
    window: int = word(
        default=5,
        rule=[COUNT],
        kind="int",
        text="Words on either side at most; a smaller number is drawn for each word, so near words "
        "count more.",
    )
    negative: int = word(
        default=5,
        rule=[Interval(Integral, 1, 63, closed="both")],
        kind="int",
        text="Negative samples for each word of a window, up to 63.",
    )
    min_count: int = word(
        default=5,
        rule=[COUNT],
        kind="int",
        text='Words that occur less often are read as `unknown`; left out, if that is "error".',
    )
    sample: float | str = word(
        default="auto",
        rule=[RATE, StrOptions({"auto"})],
        kind='float or "auto"',
        text="Share of the corpus above which a word is frequent: of its occurrences some are left "
        'out at random, in each epoch anew. 0 keeps them all. "auto" is 0.001, as in word2vec, but '
        "at least 10 times the share of a word on average: all words of a small vocabulary are "
        "frequent.",
    )
    analyzer: str | Callable[[str], list[str]] = reword(TextWords, "analyzer", default="word")
    learning_rate_init: float = word(
        default=0.025,
        rule=[POSITIVE],
        kind="float",
        text="Falls in a line to 0 at the end of the last epoch.",
    )
    max_epochs: int | str = word(
        default="auto",
        rule=[StrOptions({"auto"}), COUNT],
        kind='int or "auto"',
        text='How often the corpus is read; "auto" is 5, and up to 50 of a small corpus, for '
        "100,000 words in all.",
    )
    random_state: int | np.random.RandomState | None = word(
        default=None,
        rule=["random_state"],
        kind="int, RandomState or None",
        text="Of initial vectors and all draws.",
    )
    verbose: bool | int = word(
        default=False, rule=["verbose"], kind="bool", text="Whether each epoch prints a line."
    )
    vocabulary_: dict[Hashable, int] = fitted(
        "dict",
        "The row of each word in `vectors_`, frequent words first.",
        saved=Saved(_Words()),
    )
    vectors_: NDArray[np.float32] = fitted(
        "ndarray of float32 of shape (n_words, vector_size)", saved=MATRIX
    )
    sample_: float = fitted("float", "The share that `sample` stands for.")
    history_: skip_gram.History = fitted(
        "dict of list",
        "One table for all epochs: epoch, loss (the mean of a pair of words), seconds.",
    )
    loss_curve_: list[float] = fitted(
        "list of float", "The loss of each epoch.", saved=listed(REAL, "numbers")
    )
    max_epochs_: int = fitted("int", "How often the corpus was to be read.", saved=NATURAL)
    n_iter_: int = fitted("int", "Epochs of the fit.", saved=NATURAL)
    n_features_in_: int = fitted()  # never set: sentences have no columns
    feature_names_in_: NDArray[Any] = fitted()

    @property
    def _inputs(self) -> SentenceInput:
        return SentenceInput(self._reading)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "vectors_")

    def set_output(self, *, transform: str | None = None) -> Self:
        """Change nothing: a list of arrays of several lengths has no form as a data frame.

        It is there for a ``Pipeline``, which asks all its steps.

        Parameters
        ----------
        transform : str or None, default=None

        Returns
        -------
        self
        """
        return self

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
            If there is no sentence, no frequent word, or never one beside another, or if `sample`
            leaves none.
        """
        return self._fit(Given(X))

    def _learn(self, job: Job) -> None:
        counts = self._counts(job.train.X)
        self.vocabulary_ = {word: row for row, word in enumerate(counts)}
        self.sample_ = self._sample()
        tokens, starts = self._encode(job.train.X)
        if len(tokens) < 2 or np.diff(starts).max() < 2:
            raise ValueError(
                "no sentence of X has two words of the vocabulary; WordVectors learns from words "
                "beside each other. Pass sentences of several words, or lower min_count."
            )
        size = (len(counts), self.vector_size)
        start = (job.random_state.random_sample(size) - 0.5) / self.vector_size
        share = np.array(list(counts.values()), np.float64)
        corpus = skip_gram.Corpus(tokens, starts, share / share.sum())
        self.history_ = skip_gram.new_history()
        auto = max(5, min(50, math.ceil(_READ / len(tokens))))
        self.max_epochs_ = int(or_auto(self.max_epochs, auto))
        tasks = epoch_tasks(self, job.train.X, None, self.max_epochs_)
        skip_gram.train(self, corpus, start.astype(np.float32), job.random_state, tasks)
        if tasks:
            tasks.close()

    def _sample(self) -> float:
        of_average = 10 / len(self.vocabulary_)
        return max(1e-3, of_average) if self.sample == "auto" else float(self.sample)

    def _show(self, vectors: NDArray[np.float32]) -> None:
        self.vectors_ = vectors
        self.loss_curve_ = list(self.history_["loss"])
        self.n_iter_ = len(self.loss_curve_)

    def _restored(self) -> None:
        if len(self.loss_curve_) != self.n_iter_:
            raise ValueError(f"loss_curve_ has {len(self.loss_curve_)} values, not {self.n_iter_}.")
        self.sample_ = self._sample()
        epochs, unknown = range(1, self.n_iter_ + 1), [math.nan] * self.n_iter_
        self.history_ = {"epoch": [*epochs], "loss": self.loss_curve_, "seconds": unknown}

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
            For a word that is not in the vocabulary, with ``unknown="error"``.
        """
        check_is_fitted(self)
        sentences = self._inputs.check(self, X, reset=False)
        new = counted(sentences).keys() - self.vocabulary_.keys()
        if new and self.unknown not in self.vocabulary_:
            i, word = next((i, w) for i, words in enumerate(sentences) for w in words if w in new)
            raise ValueError(
                f"X[{i}] has {word!r}, which is not in the vocabulary. Leave it out, or fit with "
                f"unknown={UNKNOWN!r}, whose vector stands for such words."
            )
        tokens, starts = self._encode(sentences)
        return np.split(self.vectors_[tokens], starts[1:-1])[: len(sentences)]

    def __contains__(self, word: object) -> bool:
        """Whether a word has a vector of its own."""
        check_is_fitted(self)
        return is_hashable(word) and word in self.vocabulary_

    def __getitem__(self, word: Hashable | list[Hashable]) -> NDArray[np.float32]:
        """The vector of a word, shape (vector_size,), or of n words, (n, vector_size).

        Raises
        ------
        KeyError
            For a word that is not in the vocabulary.
        """
        check_is_fitted(self)
        try:
            if isinstance(word, list):
                return self.vectors_[[similarity.row(self.vocabulary_, w) for w in word]]
            return self.vectors_[similarity.row(self.vocabulary_, word)].copy()
        except ValueError as error:
            raise KeyError(str(error)) from None

    __iter__ = None  # without it, Python would ask for words[0], words[1] ...

    def most_similar(
        self,
        word: Hashable | list[Hashable] | ArrayLike,
        topn: int = 10,
        *,
        negative: Hashable | list[Hashable] = (),
    ) -> list[tuple[Hashable, float]]:
        """The words whose vectors point in the most similar directions.

        Parameters
        ----------
        word : a word, a list of words, or array-like of shape (vector_size,)
            A list asks for the mean of their directions, an array for the words next to that point.
        topn : int, default=10
            How many.
        negative : a word, or a list of words, default=()
            Words whose directions are taken off: king, woman without man. Mikolov, Yih and Zweig,
            "Linguistic regularities in continuous space word representations", NAACL 2013.

        Returns
        -------
        list of (word, cosine)
            The most similar first; without the words that were asked for, and `unknown`.

        Raises
        ------
        ValueError
            If a word is not in the vocabulary, the array has another shape or holds NaN or
            infinity, or topn is negative.
        """
        check_is_fitted(self)
        if not (isinstance(topn, Integral) and topn >= 0):
            raise ValueError(f"topn={topn!r}; expected how many words to give, 0 or more.")
        known, vectors = self.vocabulary_, self.vectors_
        vector, rows = similarity.direction(known, vectors, word, negative)
        cosine, words = similarity.cosines(vectors, vector), list(known)
        without = {*rows, known.get(self.unknown, -1)}
        order = [i for i in np.argsort(-cosine, kind="stable") if i not in without]
        return [(words[i], float(cosine[i])) for i in order[:topn]]

    # --- words to numbers

    def _counts(self, sentences: Sequence[Sequence[Hashable]]) -> dict[Hashable, int]:
        """The words of the vocabulary and how often they occur, frequent ones first."""
        found = counted(sentences)
        if not found:
            raise ValueError("X has no words; expected a list of sentences.")
        common = found.most_common(self.max_tokens)
        known = {word: n for word, n in common if n >= self.min_count}
        if not known:
            word, n = found.most_common(1)[0]
            raise ValueError(
                f"no word of X occurs min_count={self.min_count} times; the most frequent, "
                f"{word!r}, occurs {n} times. Lower min_count, or pass more text."
            )
        if self.unknown != ERROR:
            known.setdefault(self.unknown, found[self.unknown])
            known[self.unknown] += sum(n for word, n in found.items() if word not in known)
        return known

    def _encode(
        self, sentences: Sequence[Sequence[Hashable]]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """All rows, one after the other, and where each sentence starts, with the end."""
        vocabulary = self.vocabulary_
        unknown = vocabulary.get(self.unknown, -1)
        starts = np.cumsum([0, *map(len, sentences)])
        rows = (vocabulary.get(word, unknown) for sentence in sentences for word in sentence)
        tokens = np.fromiter(rows, np.int32, int(starts[-1]))
        return skip_gram.keep(tokens, starts, tokens >= 0)
