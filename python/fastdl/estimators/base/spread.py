"""Mean and spread of the answers of thinned networks: prediction by Monte Carlo dropout."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastdl._rules import POSITIVE_INTEGER
from fastdl.fitting.trainable import thinned
from fastdl.samples import Sequences

if TYPE_CHECKING:
    from fastdl.estimators.base.net import Net


def mean_outputs(net: Net, X: Any, n_nets: int) -> NDArray[Any]:
    """As `_outputs`, the mean over thinned networks."""
    return _over_thinned(net, X, n_nets, lambda outputs: outputs)[0]


def mean_and_std(net: Net, X: Any, n_nets: int | None) -> tuple[NDArray[Any], NDArray[Any]]:
    """Of numbers; ValueError for labels, and without `n_nets`."""
    name = type(net).__name__
    if net._targets.kind != "continuous":
        raise ValueError(f"return_std=True is for numbers, and {name} predicts labels.")
    if n_nets is None:
        raise ValueError(
            "return_std=True is the spread of thinned networks: say of how many, for example "
            "dropout_samples=50."
        )
    return _over_thinned(net, X, n_nets, net._targets.decode)


def _over_thinned(
    net: Net, X: Any, n_nets: Any, read: Callable[[NDArray[Any]], NDArray[Any]]
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Mean and standard deviation over thinned networks of what is read of their outputs.

    For the user's X; a row for each sample, or each step or pixel where each has an answer.
    """
    net._check_is_fitted()
    if not POSITIVE_INTEGER.accepts(n_nets):
        raise ValueError(POSITIVE_INTEGER.complaint("dropout_samples", n_nets))
    if not thinned.draws(net._network.layers):
        raise ValueError(
            f"dropout_samples={n_nets}: this {type(net).__name__} was fitted without dropout, "
            "so that there is nothing to draw. Set dropout, or put Dropout layers into it, and "
            "fit again."
        )
    X = net._inputs.check(net, X, reset=False)
    if isinstance(X, Sequences):
        X = net._with_room(X)
    mean, std = thinned.mean_and_std(net._network, net.program_, X, n_nets, net.n_jobs, read)
    dtype = net._dtype_of_outputs(X, np.dtype(net._network.dtype))
    return mean.astype(dtype), std.astype(dtype)
