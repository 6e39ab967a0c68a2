"""Samples with several of each identity among them: batches to judge by, and some of many."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl.fitting.training.evaluation import mean_loss
from fastdl.fitting.training.grouping import side_by_side
from fastdl.losses import Loss
from fastdl.samples import Samples


def loss_of_batches(
    loss: Loss, output: NDArray[Any], samples: Samples, size: int, per_identity: int
) -> float:
    """The mean loss of outputs (n, n_components) in batches of `size`, always the same ones."""
    y, n = samples.y, len(output)
    assert y is not None
    random_state = np.random.RandomState(0)
    order = random_state.permutation(n)
    order = side_by_side(order, y, per_identity, random_state)
    total = weights = 0.0
    for begin in range(0, n, size):
        rows = order[begin : begin + size]
        weight = None if samples.weight is None else samples.weight[rows]
        counts = float(len(rows) if weight is None else weight.sum())
        if counts:
            part = Samples(samples.X, y[rows], weight, None)
            total += counts * mean_loss(loss, output[rows], part)
            weights += counts
    return total / weights if weights else float("nan")


def some_of(
    rows: NDArray[np.int64], y: NDArray[Any], per_identity: int, most: int
) -> NDArray[np.int64]:
    """All rows, or, if there are more than `most`, so many of them, always the same ones."""
    if len(rows) <= most:
        return rows
    random_state = np.random.RandomState(0)
    rows = random_state.permutation(rows)
    return side_by_side(rows, y, per_identity, random_state)[:most]
