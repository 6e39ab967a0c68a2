"""The ridge chosen by leaving out each sample in turn, in closed form.

With the eigenvalues s of H'H and the features z = V'h in the directions of its eigenvectors, the
error of a sample that the fit has not seen is ``e_i / (1 - q_i)``, e_i its error in the fit and
``q_i = 1 / n + sum_j z_ij^2 / (s_j + alpha)`` its leverage: one decomposition serves all strengths.
Allen, "The relationship between variable selection and data augmentation and a method for
prediction", Technometrics 16 (1974), called the sum of their squares PRESS.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import scipy.linalg

from fastdl.estimators.perceptrons.least_squares import (
    Array,
    Part,
    Problem,
    Product,
    System,
    one_thread,
)

# Strengths are compared from 1e-10 of the largest eigenvalue, below which rounding decides, to it.
_STRENGTHS = np.logspace(-10, 0, 31)

_COLUMNS = 512  # of strengths and targets at a time


class _Spectrum(NamedTuple):
    """A system in the directions of the eigenvectors of H'H."""

    values: Array  # (r,)
    right: Array  # Z'T, (r, m)
    parts: Callable[[], Iterator[Part]]  # with Z, centred and times the roots of weights, for H


def choose(problem: Problem, system: System, scale: Array | float = 1.0) -> float:
    """The strength with the lowest squared error of samples left out; of equal ones the strongest.

    A sample of weight w above 1 stands for w samples, of which one is left out; one of a smaller
    weight is left out as a whole.

    Parameters
    ----------
    problem : Problem
    system : System
        Of the problem.
    scale : ndarray of shape (m,), default=1.0
        What the error of each target is divided by.
    """
    values, right, parts = _spectrum(problem, system)
    largest = float(values.max(initial=0.0))
    strengths = _STRENGTHS * (largest if largest > 0 else 1.0)
    shrunk = 1 / (values[:, np.newaxis] + strengths)  # (r, strengths)
    press = np.zeros(len(strengths))
    chunk = max(1, _COLUMNS // right.shape[1])
    for part in parts():
        with one_thread():
            leverage = np.square(part.H) @ shrunk + part.weight[:, np.newaxis] / system.total
            for first in range(0, len(strengths), chunk):
                some = slice(first, first + chunk)
                B = shrunk[:, some, np.newaxis] * right[:, np.newaxis]  # (r, strengths, m)
                fitted = (part.H @ B.reshape(len(B), -1)).reshape(len(part.H), *B.shape[1:])
                error = _left_out(part, system, fitted, leverage[:, some, np.newaxis])
                press[some] += part.weight @ np.square(error / scale).sum(axis=2)
    return float(strengths[::-1][np.argmin(press[::-1])])


def _left_out(part: Part, system: System, fitted: Array, leverage: Array) -> Array:
    """The errors (n, strengths, m) of samples that are left out in turn.

    Parameters
    ----------
    fitted : ndarray of shape (n, strengths, m)
        Less the means of the targets, and times the roots of the weights, as the system has it.
    leverage : ndarray of shape (n, strengths, 1)
        Times the weights.
    """
    weight = part.weight[:, np.newaxis, np.newaxis]
    error = (part.T - system.mean_T)[:, np.newaxis] - fitted / np.sqrt(weight)
    kept = 1 - leverage * np.minimum(1.0, 1.0 / weight)
    return error / np.maximum(kept, np.finfo(np.float64).eps)


def _spectrum(problem: Problem, system: System) -> _Spectrum:
    with one_thread():
        values, vectors = scipy.linalg.eigh(system.matrix)
        right = vectors.T @ system.right
    values, samples = np.maximum(values, 0.0), system.samples
    if samples is not None:
        root = np.sqrt(values)
        Z = samples._replace(H=vectors * root)
        return _Spectrum(values, root[:, np.newaxis] * right, lambda: iter([Z]))
    rotate = Product(len(vectors), len(vectors), problem.threads)

    def parts() -> Iterator[Part]:
        for part in problem.parts():
            H = np.sqrt(part.weight)[:, np.newaxis] * (part.H - system.mean_H)
            yield part._replace(H=rotate(H, vectors))

    return _Spectrum(values, right, parts)
