"""Ridge regression over parts of the samples, with the same bytes for any number of threads.

Large products are the core's, which adds in one order; what a BLAS does, it does in one thread, for
how it cuts a matrix depends on their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from fastdl import layers as L
from fastdl import program as programs
from fastdl._locks import ForkSafeLock

if TYPE_CHECKING:
    from fastdl._core import Program

Array = NDArray[np.float64]

_BATCH = 256  # rows of a product at a time
_COLUMNS = 128  # of H'H at a time: half of it is left out, and 6 ms of 10 for 500 features remain
_NOTHING = 1e-12  # of the largest singular value of H'H, where it is rounding that is left
_lock = ForkSafeLock()  # who limits the threads of the BLAS, which are the process's


class Part(NamedTuple):
    """Some samples: features (n, k), targets (n, m), and weights (n,)."""

    H: Array
    T: Array
    weight: Array


@dataclass(frozen=True)
class Problem:
    """The minimum of ``sum_i w_i ||h_i B + b - t_i||^2 + alpha ||B||^2`` is looked for.

    Attributes
    ----------
    parts : callable
        Goes through the samples, of which each has a weight above 0.
    n_samples, n_features, n_targets : int
    size : int
        Samples of a part, at most.
    threads : int
    """

    parts: Callable[[], Iterable[Part]]
    n_samples: int
    n_features: int
    n_targets: int
    size: int
    threads: int


@dataclass(frozen=True)
class System:
    """``(matrix + alpha I) C = right``, whose solution gives B.

    Of the features, or of the samples where these are fewer: then ``B = H' C``, with H of centred
    features times the roots of the weights.

    Attributes
    ----------
    matrix : ndarray of shape (k, k)
        H'H, or HH' of the samples.
    right : ndarray of shape (k, m)
        H'T, or T, centred and times the roots of the weights.
    total : float
        Sum of the weights.
    mean_H, mean_T : ndarray of shape (k,) and (m,)
    samples : Part or None
        Where the system is of the samples: all of them, their features as H above.
    """

    matrix: Array
    right: Array
    total: float
    mean_H: Array
    mean_T: Array
    samples: Part | None = None

    def solve(self, alpha: float) -> tuple[Array, Array]:
        """Bias (m,) and weights (k, m) of the solution.

        By Cholesky. Where nothing is left of `alpha` after rounding, some features may be copies of
        others: then the solution of least norm, by singular values.
        """
        with one_thread():
            C = _solved(self.matrix + alpha * np.eye(len(self.matrix)), self.right, alpha)
            B = C if self.samples is None else self.samples.H.T @ C
            return self.mean_T - self.mean_H @ B, B


def _solved(matrix: Array, right: Array, alpha: float) -> Array:
    if alpha:
        try:
            return np.asarray(scipy.linalg.cho_solve(scipy.linalg.cho_factor(matrix), right))
        except np.linalg.LinAlgError:
            pass
    return np.asarray(scipy.linalg.lstsq(matrix, right, cond=_NOTHING)[0])


def system(problem: Problem) -> System:
    """The smaller one: of the features or of the samples. It may overflow to infinity or nan."""
    wide = problem.n_samples < problem.n_features
    with np.errstate(over="ignore", invalid="ignore"):
        return _of_samples(problem) if wide else _of_features(problem)


def _of_features(p: Problem) -> System:
    """By the sums of ``[H 1 T]' w [H 1]``, of which H'H is added up below its diagonal only."""
    k = p.n_features
    width = k + 1 + p.n_targets
    sums, right = np.zeros((width, k + 1)), np.zeros((p.size, width))
    times = Product(p.size, min(_COLUMNS, k + 1), p.threads)
    for H, T, weight in p.parts():
        n = len(H)
        right[:n, :k], right[:n, k], right[:n, k + 1 :] = H, 1.0, T
        right[n:] = 0.0
        left = np.zeros((width, p.size))
        left[:, :n] = right[:n].T * weight
        for first in range(0, k + 1, _COLUMNS):
            block = slice(first, min(first + _COLUMNS, k + 1))
            sums[first:, block] += times(left[first:], right[:, block])
    matrix, total = sums[:k, :k], float(sums[k, k])
    mean_H, mean_T = sums[k, :k] / total, sums[k + 1 :, k] / total
    below = np.tril(matrix, -1)
    matrix = below + below.T + np.diag(matrix.diagonal()) - total * np.outer(mean_H, mean_H)
    right = sums[k + 1 :, :k].T - total * np.outer(mean_H, mean_T)
    return System(matrix, right, total, mean_H, mean_T)


def _of_samples(p: Problem) -> System:
    """With all features in memory: fewer numbers than a matrix of the features."""
    H, T, weight = (np.concatenate(arrays) for arrays in zip(*p.parts(), strict=True))
    total, root = float(weight.sum()), np.sqrt(weight)[:, np.newaxis]
    mean_H, mean_T = ((A * weight[:, np.newaxis]).sum(axis=0) / total for A in (H, T))
    H = root * (H - mean_H)
    matrix = Product(p.n_features, p.n_samples, p.threads)(H, H.T)
    samples = Part(H, T, weight)
    return System(matrix, root * (T - mean_T), total, mean_H, mean_T, samples)


class Product:
    """``A @ B`` by the core.

    Parameters
    ----------
    n_in, n_out : int
        The shape of B; it may have fewer columns.
    threads : int
    """

    def __init__(self, n_in: int, n_out: int, threads: int) -> None:
        layers = L.with_names([L.Dense(n_out, bias=False, name="product")])
        self._program: Program = programs.make(
            layers, (n_in,), dtype="float64", batch_size=_BATCH, threads=threads
        )
        self._B = np.zeros((n_in, n_out))

    def __call__(self, A: Array, B: Array) -> Array:
        """A of shape (n, n_in), B of shape (n_in, up to n_out)."""
        self._B[:, : B.shape[1]] = B
        self._program.set_parameter("product.weight", self._B)
        return self._program.predict(np.ascontiguousarray(A))[:, : B.shape[1]]


@contextmanager
def one_thread() -> Iterator[None]:
    """Let the BLAS have one thread."""
    with _lock, _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> ThreadpoolController:
    """Those that are loaded, of which SciPy's and NumPy's are."""
    return ThreadpoolController()
