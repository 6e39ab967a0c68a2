"""Ragged lists and text to padded arrays, and batches of similar lengths."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from fastdl.data import _ragged

_WINDOW = 50  # batches sorted together: more gives less padding, fewer a better shuffle


def pad_sequences(
    sequences: Sequence[ArrayLike], *, dtype: DTypeLike = np.float32
) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Put sequences of different lengths into one array, zeros after their ends.

    Parameters
    ----------
    sequences : sequence of array-like of shape (T_i, F) or (T_i,)
        T_i steps of F features; one-dimensional sequences have one feature.
    dtype : {float32, float64}, default=float32
        Type of the result.

    Returns
    -------
    X : ndarray of shape (n, max T_i, F)
        The padded sequences.
    lengths : ndarray of int64 of shape (n,)
        T_i of each.

    Raises
    ------
    ValueError
        If there is no sequence, or one has another number of features or dimensions.

    Examples
    --------
    >>> from fastdl.data import pad_sequences
    >>> X, lengths = pad_sequences([[1, 2, 3], [4]])
    >>> X.shape, X[1, :, 0].tolist(), lengths.tolist()
    ((2, 3, 1), [4.0, 0.0, 0.0], [3, 1])
    """
    dtype = np.dtype(dtype)
    if dtype not in (np.float32, np.float64):
        raise ValueError(f"dtype is {dtype}, expected float32 or float64.")
    if len(sequences) == 0:
        raise ValueError("sequences is empty, expected at least one sequence.")
    arrays = [_as_steps(i, sequence, dtype) for i, sequence in enumerate(sequences)]
    n_features = arrays[0].shape[1]
    for i, array in enumerate(arrays):
        if array.shape[1] != n_features:
            raise ValueError(
                f"sequences[{i}] has {array.shape[1]} features, but sequences[0] has {n_features}."
            )
    lengths = np.array([len(array) for array in arrays], dtype=np.int64)
    X = np.zeros((len(arrays), int(lengths.max()), n_features), dtype)
    _ragged.fill_sequences(arrays, X)
    return X, lengths


def _as_steps(i: int, sequence: ArrayLike, dtype: np.dtype[Any]) -> NDArray[Any]:
    array = np.ascontiguousarray(sequence, dtype)
    if np.ndim(sequence) == 1:
        array = array.reshape(-1, 1)
    if array.ndim != 2:
        raise ValueError(
            f"sequences[{i}] has shape {np.shape(sequence)}, "
            "expected (steps, features) or (steps,)."
        )
    return array


@dataclass(frozen=True)
class Vocabulary:
    """Codes for the characters of strings, or for the tokens of lists.

    Code 0 is padding, 1 any token that is not known, 2 and up are `tokens`.

    Parameters
    ----------
    tokens : tuple
        The known tokens, in the order of their codes.

    Examples
    --------
    >>> from fastdl.data import Vocabulary
    >>> names = Vocabulary.fit(["anna", "ann"])
    >>> names.tokens
    ('n', 'a')
    >>> codes, lengths = names.encode(["nan", "a?"])
    >>> codes.tolist(), lengths.tolist()
    ([[2, 3, 2], [3, 1, 0]], [3, 2])
    >>> names.decode(codes[0])
    ['n', 'a', 'n']
    """

    tokens: tuple[Any, ...]
    _codes: dict[Any, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        codes = {token: code for code, token in enumerate(self.tokens, start=2)}
        if len(codes) != len(self.tokens):
            twice = next(t for t, count in Counter(self.tokens).items() if count > 1)
            raise ValueError(f"tokens holds {twice!r} more than once.")
        object.__setattr__(self, "_codes", codes)

    def __len__(self) -> int:
        """Return the number of codes, padding and unknown included: what an embedding needs."""
        return len(self.tokens) + 2

    @classmethod
    def fit(cls, texts: Iterable[Iterable[Any]], *, max_tokens: int | None = None) -> Self:
        """Collect the tokens of texts, the most frequent first.

        Parameters
        ----------
        texts : iterable of str, or of lists of hashable tokens
            A string is a sequence of characters.
        max_tokens : int, optional
            Keep only this many; the others become unknown.

        Returns
        -------
        Vocabulary
            Tokens of one frequency stand in the order in which they were met.
        """
        counts: Counter[Any] = Counter()
        for text in texts:
            counts.update(text)
        return cls(tuple(token for token, _ in counts.most_common(max_tokens)))

    def encode(self, texts: Sequence[Sequence[Any]]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Turn texts into one padded array of codes.

        Parameters
        ----------
        texts : sequence of str, or of sequences of tokens

        Returns
        -------
        codes : ndarray of int32 of shape (n, longest)
            Zeros after the end of each text.
        lengths : ndarray of int64 of shape (n,)
            Number of tokens of each text.

        Raises
        ------
        ValueError
            If `texts` is one string instead of a list of them, or is empty.
        """
        if isinstance(texts, str):
            raise ValueError(f"texts is the string {texts[:20]!r}, expected a list of strings.")
        if len(texts) == 0:
            raise ValueError("texts is empty, expected at least one text.")
        lengths = np.array([len(text) for text in texts], dtype=np.int64)
        codes = np.zeros((len(texts), int(lengths.max())), np.int32)
        _ragged.fill_codes(list(texts), self._codes, 1, codes)
        return codes, lengths

    def decode(self, codes: Iterable[int]) -> list[Any]:
        """Give the tokens of one text, None for unknown ones; padding is left out."""
        return [None if code == 1 else self.tokens[code - 2] for code in codes if code != 0]


def bucket_by_length(order: ArrayLike, lengths: ArrayLike, batch_size: int) -> NDArray[np.int64]:
    """Rearrange an epoch so that each batch holds sequences of similar lengths.

    The shuffled order is taken 50 batches at a time; within these, samples are sorted by length
    and cut into batches, and the batches keep a shuffled order. Little is padded, and each
    epoch's batches differ.

    Parameters
    ----------
    order : array-like of int of shape (m,)
        Indices of the epoch's samples, shuffled.
    lengths : array-like of int of shape (n,)
        Length of each sample.
    batch_size : int
        Consecutive indices of the result that make a batch.

    Returns
    -------
    ndarray of int64 of shape (m,)
        The same indices. The last m % batch_size of them stay where they are.

    Raises
    ------
    ValueError
        If `batch_size` is not positive, a length is negative, or an index is out of range.

    Examples
    --------
    >>> from fastdl.data import bucket_by_length
    >>> bucket_by_length([0, 1, 2, 3, 4], [9, 1, 8, 2, 5], batch_size=2).tolist()
    [2, 0, 1, 3, 4]
    """
    order = np.ascontiguousarray(order, np.int64)
    lengths = np.ascontiguousarray(lengths, np.int64)
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}, expected at least 1.")
    if lengths.size and lengths.min() < 0:
        raise ValueError(f"lengths has the negative entry {lengths.min()}.")
    if order.size and not 0 <= order.min() <= order.max() < len(lengths):
        raise ValueError(
            f"order goes from {order.min()} to {order.max()}, but there are {len(lengths)} lengths."
        )
    out = order.copy()
    starts = np.empty(int(lengths.max(initial=0)) + 2, np.int64)
    full = len(order) - len(order) % batch_size
    for begin in range(0, full, _WINDOW * batch_size):
        part = slice(begin, min(begin + _WINDOW * batch_size, full))
        window = order[part]
        rank = np.empty(len(window) // batch_size, np.int64)
        _ragged.bucket(window, lengths, batch_size, starts, rank, out[part])
    return out
