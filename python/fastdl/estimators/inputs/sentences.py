"""Sentences: strings that an analyzer splits, or lists of words of any hashable kind."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, ClassVar

from fastdl.estimators.inputs.refused import shown
from fastdl.estimators.inputs.symbols import WORDS, Reading, warn_of_tokens
from fastdl.layers import Layer


@dataclass(frozen=True)
class SentenceInput:
    """An iterable of sentences, each a string or an iterable of words."""

    reads_texts: ClassVar[bool] = True
    reading: Reading = WORDS

    def check(self, estimator: Any, X: Any, *, reset: bool) -> list[list[Hashable]]:
        """The words of each sentence."""
        name = type(estimator).__name__
        sentences = _listed(name, X)
        words = [_words(name, x, i, self.reading) for i, x in enumerate(sentences)]
        if reset:
            found = {word: 1 for sentence in words for word in sentence if isinstance(word, str)}
            warn_of_tokens(name, sentences, found)
        return words

    def check_with(
        self, estimator: Any, X: Any, y: Any, *, reset: bool, numeric: bool
    ) -> tuple[Any, Any]:
        """Sentences come without y."""
        raise NotImplementedError

    def sample_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape as it is."""
        return input_shape

    def warn(self, estimator: Any, X: Any, layers: Sequence[Layer]) -> None:
        """Nothing to warn of."""

    def tag(self, tags: Any) -> None:
        """Strings."""
        tags.string = True
        tags.two_d_array = False


def _listed(name: str, X: Any) -> list[Any]:
    """The sentences, as the user has them."""
    is_frame = hasattr(X, "columns")
    if isinstance(X, (str, bytes, Mapping)) or is_frame or not _is_iterable(X):
        what = f"the string {X[:20]!r}" if isinstance(X, str) else shown(X)
        way_out = " Pass one of its columns." if is_frame else ""
        raise ValueError(
            f"X is {what}; {name} takes a list of sentences, strings or lists of tokens.{way_out}"
        )
    if hasattr(X, "to_pylist"):  # pyarrow's arrays iterate over scalars of its own
        X = X.to_pylist()
    return list(X)


def _words(name: str, sentence: Any, i: int, reading: Reading) -> list[Hashable]:
    is_text = isinstance(sentence, str)  # np.str_, too, which has no dimensions
    if isinstance(sentence, (bytes, Mapping)) or not (is_text or _is_iterable(sentence)):
        raise ValueError(
            f"X[{i}] is {sentence!r}; {name} takes sentences, strings or lists of tokens."
        )
    return list(reading.symbols(sentence))


def _is_iterable(X: Any) -> bool:
    return isinstance(X, Iterable) and getattr(X, "ndim", 1) > 0


def counted(sentences: Sequence[Sequence[Hashable]]) -> Counter[Hashable]:
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
    if not is_hashable(word):
        raise ValueError(
            f"{where} has {word!r} for a word; expected a string, a number or a tuple of them."
        )
    if word is None or word != word:  # nan
        raise ValueError(
            f"{where} has {word!r} for a word, which stands for what is missing. Leave it out."
        )


def is_hashable(word: object) -> bool:
    """Whether it can be looked up in a vocabulary."""
    try:
        hash(word)
    except TypeError:
        return False
    return True
