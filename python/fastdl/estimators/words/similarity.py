"""Words looked up by name, and by what is near them."""

from __future__ import annotations

import difflib
from collections.abc import Hashable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl.estimators.inputs.sentences import is_hashable

Vocabulary = Mapping[Hashable, int]


def row(vocabulary: Vocabulary, word: Any) -> int:
    """Where the vector of a word stands; ValueError, with what is spelt like it, if nowhere."""
    if is_hashable(word) and word in vocabulary:
        return vocabulary[word]
    known = [other for other in vocabulary if isinstance(other, str)]
    close = difflib.get_close_matches(word, known, n=1) if isinstance(word, str) else []
    hint = f" Did you mean {close[0]!r}?" if close else ""
    raise ValueError(f"{word!r} is not in the vocabulary of {len(vocabulary)} words.{hint}")


def direction(
    vocabulary: Vocabulary, vectors: NDArray[np.float32], word: Any, negative: Any
) -> tuple[NDArray[np.float32], list[int]]:
    """The point that is asked for, and the rows of the words that ask for it."""
    minus = [row(vocabulary, w) for w in _listed(negative)]
    if isinstance(word, np.ndarray) or (isinstance(word, list) and _are_numbers(word)):
        point, plus = _point(word, vectors.shape[1]), []
    else:
        plus = [row(vocabulary, w) for w in _listed(word)]
        if not plus:
            raise ValueError("an empty list of words; expected at least one.")
        if len(plus) == 1 and not minus:
            return vectors[plus[0]], plus
        point = _unit(vectors[plus]).sum(axis=0)
    return point - _unit(vectors[minus]).sum(axis=0), [*plus, *minus]


def cosines(vectors: NDArray[np.float32], vector: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of the angles between each of n vectors and one, shape (n,)."""
    lengths = np.linalg.norm(vectors, axis=1) * np.linalg.norm(vector)
    return vectors @ vector / np.maximum(lengths, np.finfo(np.float32).tiny)


def _unit(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Of length 1."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors / np.maximum(lengths, np.finfo(np.float32).tiny)


def _listed(words: Any) -> list[Any]:
    return list(words) if isinstance(words, list) or words == () else [words]


def _are_numbers(values: list[Any]) -> bool:
    return (
        len(values) > 0
        and np.asarray(values, object).ndim == 1
        and all(isinstance(value, (float, np.floating)) for value in values)
    )


def _point(values: Any, size: int) -> NDArray[np.float32]:
    point = np.asarray(values)
    if point.dtype.kind not in "iuf":
        raise ValueError(f"an array of {point.dtype}; expected numbers, or a list of words.")
    if point.shape != (size,) or not np.isfinite(point).all():
        wrong_shape = point.shape != (size,)
        seen = f"has shape {point.shape}" if wrong_shape else "holds NaN or infinity"
        raise ValueError(f"the array {seen}; expected ({size},) finite numbers.")
    return point.astype(np.float32)
