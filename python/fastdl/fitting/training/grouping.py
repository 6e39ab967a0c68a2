"""The order of samples for losses that compare them: several of a class side by side."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def side_by_side(
    order: NDArray[np.int64],
    codes: NDArray[np.int32],
    size: int,
    random_state: np.random.RandomState,
) -> NDArray[np.int64]:
    """The same samples, each class cut into groups that stand together and spread evenly.

    A batch then holds several samples of each of several classes (Hermans, Beyer and Leibe, "In
    defense of the triplet loss for person re-identification", 2017, section 2), and every sample
    comes once in an epoch. Groups hold `size` samples, or some more or less, so that none is alone
    unless its class has no other.

    Parameters
    ----------
    order : ndarray of int64
        Shuffled.
    codes : ndarray of int32
        Of all samples, by their number.
    size : int
    random_state : RandomState
        Of where the groups of a class begin.
    """
    _, classes, counts = np.unique(codes[order], return_inverse=True, return_counts=True)
    by_class = np.argsort(classes, kind="stable")
    first = np.cumsum(counts) - counts
    n_groups = np.maximum(1, np.minimum((2 * counts + size) // (2 * size), counts // 2))
    of_class = classes[by_class]
    rank = np.arange(len(order)) - first[of_class]
    group = rank * n_groups[of_class] // counts[of_class]
    starts = random_state.uniform(size=len(counts))
    place = (group + starts[of_class]) / n_groups[of_class]
    return order[by_class[np.lexsort((of_class, place))]]
