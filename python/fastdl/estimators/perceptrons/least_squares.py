"""Least squares over parts of the samples, with the same bytes for any number of threads."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from fastdl import layers as L
from fastdl import program as programs
from fastdl._locks import ForkSafeLock

if TYPE_CHECKING:
    from fastdl._core import Program

_ROWS = 256  # of a product at a time
_one_thread = ForkSafeLock()  # who limits the threads of the BLAS, which are the process's


class Part(NamedTuple):
    """Some samples: features (n, k), targets (n, m), and weights (n,) or None."""

    H: NDArray[np.float64]
    T: NDArray[np.float64]
    weight: NDArray[np.float64] | None


def sums(
    parts: Iterable[Part], size: int, n_features: int, n_targets: int, threads: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """H'H and H'T over all samples, weighted.

    Parameters
    ----------
    parts : iterable of Part
    size : int
        Samples of a part, at most.
    n_features, n_targets : int
    threads : int

    Returns
    -------
    gram : ndarray of shape (n_features, n_features)
    moment : ndarray of shape (n_features, n_targets)
    """
    width = n_features + n_targets
    product = _product(size, width, threads)
    total, right = np.zeros((n_features, width)), np.zeros((size, width))
    for H, T, weight in parts:
        n = len(H)
        right[:n, :n_features], right[:n, n_features:] = H, T
        right[n:] = 0.0
        left = np.zeros((n_features, size))
        left[:, :n] = H.T if weight is None else H.T * weight
        product.set_parameter("product.weight", right)
        total += product.predict(left)
    return total[:, :n_features], total[:, n_features:]


def _product(n_in: int, n_out: int, threads: int) -> Program:
    """Rows (n_in,) times a matrix: the core adds in one order, which a BLAS does not promise."""
    layers = L.with_names([L.Dense(n_out, bias=False, name="product")])
    return programs.make(layers, (n_in,), dtype="float64", batch_size=_ROWS, threads=threads)


def solve(
    gram: NDArray[np.float64], moment: NDArray[np.float64], *, definite: bool
) -> NDArray[np.float64]:
    """The B of ``gram B = moment``.

    By Cholesky. Where `gram` is not `definite`, or not after rounding, some features may be copies
    of others: then the B of least norm, by singular values. In one thread, for how LAPACK cuts a
    matrix depends on their number.
    """
    with _one_thread, threadpool_limits(1, user_api="blas"):
        if definite:
            try:
                return np.asarray(scipy.linalg.cho_solve(scipy.linalg.cho_factor(gram), moment))
            except np.linalg.LinAlgError:
                pass
        return np.asarray(scipy.linalg.lstsq(gram, moment)[0])
