"""The cosine above which two samples are said to be of the same identity."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl._warn import warn
from fastdl.estimators.vision.verification.pairs import best_threshold, threshold_of_rate

_ALIKE = 1e-3  # the spread of cosines that tell nothing


def threshold(who: str, alike: NDArray[Any], others: NDArray[Any], rate: float | None) -> float:
    """Of the cosines of pairs of the same identity and of two, each rising.

    Parameters
    ----------
    rate : float or None
        The share of pairs of two identities that pass; None for the best accuracy.

    Raises
    ------
    ValueError
        Where there are no pairs of a kind.

    Warns
    -----
    UserWarning
        If all cosines are alike, or `rate` is less than one of the pairs.
    """
    if not len(alike) or not len(others):
        raise ValueError(
            f"{who}: the validation set has no two samples of an identity, or of one only. "
            "Increase validation_fraction, or pass X_val."
        )
    cosines = np.concatenate([alike, others])
    if float(np.std(cosines, dtype=np.float64)) < _ALIKE:
        warn(
            f"{who}: the embedding has collapsed: all {len(cosines)} pairs that were compared "
            f"have cosines from {cosines.min():.4f} to {cosines.max():.4f}, so that they tell "
            'nothing. Scale X, lower learning_rate_init, or try loss="contrastive".'
        )
    if rate is None:
        return best_threshold(alike, others)
    if rate * len(others) < 1:
        warn(
            f"{who}: false_accept_rate={rate:g} is one of {round(1 / rate)} pairs, but there "
            f"are only {len(others)} of two identities; threshold_ lets none of them pass."
        )
    return threshold_of_rate(alike, others, rate)
