"""All pairs of some vectors of length 1: how well their cosines tell who is alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastdl.functional import dense

_AT_A_TIME = 1 << 22  # pairs


class Pairs(NamedTuple):
    """Cosines of pairs of the same identity and of two, each with the pairs' weights."""

    alike: NDArray[Any]
    others: NDArray[Any]
    weight_of_alike: NDArray[Any]
    weight_of_others: NDArray[Any]


def each_part(
    vectors: NDArray[Any], labels: NDArray[Any], weight: NDArray[Any] | None = None
) -> Iterator[Pairs]:
    """All pairs i < j, some rows at a time.

    Parameters
    ----------
    vectors : ndarray of shape (n, n_components)
        Of length 1.
    labels : ndarray of shape (n,)
    weight : ndarray of shape (n,), optional
        Of samples; a pair has the product.
    """
    n = len(vectors)
    weight = np.ones(n) if weight is None else np.asarray(weight, np.float64)
    begin = 0
    while begin < n - 1:
        end = min(n, begin + max(1, _AT_A_TIME // (n - begin)))
        # By the core, whose sums are the same for any number of threads.
        cosines = dense(vectors[begin:end], np.ascontiguousarray(vectors[begin:].T))
        later = np.arange(begin, n) > np.arange(begin, end)[:, np.newaxis]
        same = labels[begin:end, np.newaxis] == labels[begin:]
        weights = weight[begin:end, np.newaxis] * weight[begin:]
        alike, others = later & same, later & ~same
        yield Pairs(cosines[alike], cosines[others], weights[alike], weights[others])
        begin = end


def all_pairs(vectors: NDArray[Any], labels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """The cosines of all pairs of the same identity and of all others, each rising."""
    alike, others, *_ = zip(*each_part(vectors, labels), strict=True)
    return np.sort(np.concatenate(alike)), np.sort(np.concatenate(others))


def area_under_curve(
    vectors: NDArray[Any], labels: NDArray[Any], weight: NDArray[Any] | None = None
) -> float:
    """The area under the ROC curve over all pairs.

    That is the share of comparisons, one pair of each kind, in which the pair of the same identity
    has the larger cosine; equal ones count half. nan where a kind has no pair, or no weight.
    """
    if not np.isfinite(vectors).all():
        return float("nan")
    parts = [(p.alike, p.weight_of_alike) for p in each_part(vectors, labels, weight)]
    alike, of_alike = (np.concatenate(values) for values in zip(*parts, strict=True))
    rising = np.argsort(alike, kind="stable")
    alike, of_alike = alike[rising], of_alike[rising]
    won = total = 0.0
    for part in each_part(vectors, labels, weight):
        rising = np.argsort(part.others, kind="stable")
        others = part.others[rising]
        below = np.concatenate([[0.0], np.cumsum(part.weight_of_others[rising])])
        sides = [below[np.searchsorted(others, alike, side)] for side in ("left", "right")]
        won += float(np.dot(of_alike, sides[0] + sides[1])) / 2
        total += float(below[-1])
    total *= float(of_alike.sum())
    return won / total if total else float("nan")


def best_threshold(alike: NDArray[Any], others: NDArray[Any]) -> float:
    """Above which cosine two samples are best said to be of one identity.

    It has the best accuracy where pairs of both kinds are as many: the mean of the shares of each
    kind that are told right, as in "Labeled faces in the wild" (Huang et al. 2007). Both rise.
    """
    accepted = 1 - np.searchsorted(alike, others, "right") / len(alike)
    refused = np.searchsorted(others, others, "right") / len(others)
    return _just_above(others[int(np.argmax(accepted + refused))], alike, others)


def threshold_of_rate(alike: NDArray[Any], others: NDArray[Any], rate: float) -> float:
    """The lowest threshold above which at most this share of the pairs of two identities is."""
    n_above = int(rate * len(others))
    return _just_above(others[len(others) - 1 - n_above], alike, others)


def _just_above(cosine: Any, *rising: NDArray[Any]) -> float:
    """Half way to the next larger cosine, so that rounding decides nothing."""
    places = [np.searchsorted(values, cosine, "right") for values in rising]
    larger = [v[i] for v, i in zip(rising, places, strict=True) if i < len(v)]
    return (float(cosine) + float(min(larger))) / 2 if larger else float(cosine)
