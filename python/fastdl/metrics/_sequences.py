"""Answers that are sequences, strings or lists of tokens, beside the right ones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def exact_match_score(y_true: Any, y_pred: Any, *, sample_weight: ArrayLike | None = None) -> float:
    """The share of answers that are exactly right.

    Parameters
    ----------
    y_true, y_pred : list of n str, or of n lists of tokens
    sample_weight : array-like of shape (n,), optional

    Returns
    -------
    float
    """
    pairs = _pairs(y_true, y_pred)
    return _mean([list(a) == list(b) for a, b in pairs], sample_weight)


def token_accuracy_score(
    y_true: Any, y_pred: Any, *, sample_weight: ArrayLike | None = None
) -> float:
    """The share of symbols that are right where they stand.

    Of the longer of each pair of answers, so that what is missing and what is too much are wrong.

    Parameters
    ----------
    y_true, y_pred : list of n str, or of n lists of tokens
    sample_weight : array-like of shape (n,), optional
        Of each symbol of an answer.

    Returns
    -------
    float
        1 if all answers are empty.
    """
    pairs = _pairs(y_true, y_pred)
    right = [sum(s == t for s, t in zip(a, b, strict=False)) for a, b in pairs]
    return _share(right, [max(len(a), len(b)) for a, b in pairs], sample_weight, nothing=1.0)


def edit_distance(y_true: Any, y_pred: Any, *, sample_weight: ArrayLike | None = None) -> float:
    """Symbols to insert, delete or replace, per symbol of the right answers.

    The error rate of characters or words: the smaller the better, and above 1 where answers are
    much too long. Levenshtein, "Binary codes capable of correcting deletions, insertions, and
    reversals", 1966. For a scorer: ``make_scorer(edit_distance, greater_is_better=False)``.

    Parameters
    ----------
    y_true, y_pred : list of n str, or of n lists of tokens
    sample_weight : array-like of shape (n,), optional

    Returns
    -------
    float

    Raises
    ------
    ValueError
        If all right answers are empty, but the others are not.
    """
    pairs = _pairs(y_true, y_pred)
    changes = [_distance(list(a), list(b)) for a, b in pairs]
    lengths = [len(a) for a, _ in pairs]
    if not any(lengths) and any(changes):
        raise ValueError("edit_distance is per symbol of y_true, whose answers are all empty.")
    return _share(changes, lengths, sample_weight, nothing=0.0)


def bleu_score(y_true: Any, y_pred: Any) -> float:
    """BLEU of a corpus, from 0 to 100, by sacrebleu, which has to be installed.

    Papineni et al., "BLEU: a method for automatic evaluation of machine translation", ACL 2002;
    Post, "A call for clarity in reporting BLEU scores", WMT 2018. Strings are tokenized by
    sacrebleu (13a); lists of tokens are taken as they are.

    Parameters
    ----------
    y_true, y_pred : list of n str, or of n lists of tokens

    Returns
    -------
    float

    Raises
    ------
    ImportError
        Without sacrebleu.
    """
    try:
        import sacrebleu
    except ImportError as error:
        raise ImportError(
            "fastdl.metrics.bleu_score is sacrebleu's, which is not installed. "
            "Run: pip install sacrebleu"
        ) from error
    pairs = _pairs(y_true, y_pred)
    strings = all(isinstance(text, str) for pair in pairs for text in pair)
    between = "" if strings else " "
    true, pred = ([between.join(pair[side]) for pair in pairs] for side in (0, 1))
    tokenize = None if strings else "none"
    return float(sacrebleu.corpus_bleu(pred, [true], tokenize=tokenize, force=True).score)


def _pairs(y_true: Any, y_pred: Any) -> list[tuple[Sequence[Any], Sequence[Any]]]:
    """Right answers and others, side by side."""
    for name, y in (("y_true", y_true), ("y_pred", y_pred)):
        if isinstance(y, str) or not hasattr(y, "__len__"):
            raise ValueError(f"{name} is {y!r}; expected a list of strings or of lists of tokens.")
        for i, answer in enumerate(y):
            if not hasattr(answer, "__len__"):
                raise ValueError(
                    f"{name}[{i}] is {answer!r}; expected a string or a list of tokens."
                )
    if len(y_true) != len(y_pred) or not len(y_true):
        raise ValueError(
            f"y_true has {len(y_true)} answers and y_pred {len(y_pred)}; expected as many, and one "
            "at least."
        )
    return list(zip(y_true, y_pred, strict=True))


def _weights(weights: ArrayLike | None, n: int) -> NDArray[Any]:
    found = np.ones(n) if weights is None else np.asarray(weights)
    if found.shape != (n,):
        raise ValueError(f"sample_weight has shape {found.shape}; expected ({n},), as the answers.")
    return found


def _mean(values: Sequence[float], weights: ArrayLike | None) -> float:
    return float(np.average(values, weights=_weights(weights, len(values))))


def _share(
    parts: Sequence[int], wholes: Sequence[int], weights: ArrayLike | None, *, nothing: float
) -> float:
    weight = _weights(weights, len(parts))
    total = float(np.dot(weight, wholes))
    return float(np.dot(weight, parts)) / total if total else nothing


def _distance(a: list[Any], b: list[Any]) -> int:
    """Levenshtein's, row after row of his table."""
    row = np.arange(len(b) + 1)
    columns = row.copy()
    for i, symbol in enumerate(a, 1):
        changed = row[:-1] + np.array([symbol != other for other in b], int)
        best = np.minimum(changed, row[1:] + 1)
        # Insertions: the least of what stands to the left, and one more for each step from there.
        whole = np.concatenate([[i], best]) - columns
        row = np.minimum.accumulate(whole) + columns
    return int(row[-1])
