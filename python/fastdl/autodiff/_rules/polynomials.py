"""Rules of polynomials, which numpy takes by their coefficients, and of evenly spaced numbers."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastdl.autodiff._rules.table import composed

# --- polynomials, from the highest power


@composed(np.polyval)
def _polyval(p: Any, x: Any) -> Any:
    y = 0.0 * x
    for coefficient in p:
        y = y * x + coefficient
    return y


@composed(np.vander)
def _vander(x: Any, N: Any = None, increasing: bool = False) -> Any:
    n = len(x) if N is None else N
    powers = np.arange(n) if increasing else np.arange(n)[::-1]
    return np.expand_dims(x, -1) ** powers


def _sum_of(a1: Any, a2: Any, sign: float) -> Any:
    a1, a2 = np.atleast_1d(a1), np.atleast_1d(a2)
    n = max(len(a1), len(a2))
    return np.pad(a1, (n - len(a1), 0)) + sign * np.pad(a2, (n - len(a2), 0))


composed(np.polyadd)(lambda a1, a2: _sum_of(a1, a2, 1.0))
composed(np.polysub)(lambda a1, a2: _sum_of(a1, a2, -1.0))
composed(np.polymul)(lambda a1, a2: np.convolve(np.atleast_1d(a1), np.atleast_1d(a2)))


@composed(np.polyder)
def _polyder(p: Any, m: int = 1) -> Any:
    for _ in range(m):
        p = p[:-1] * np.arange(len(p) - 1, 0, -1)
    return p


@composed(np.polyint)
def _polyint(p: Any, m: int = 1, k: Any = None) -> Any:
    constants = np.zeros(m) if k is None else np.broadcast_to(np.atleast_1d(k), m)
    for i in range(m):
        p = np.concatenate([p / np.arange(len(p), 0, -1), constants[i : i + 1]])
    return p


# --- ranges


@composed(np.linspace)
def _linspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    retstep: bool = False,
    dtype: Any = None,
    axis: int = 0,
    *,
    device: Any = None,
) -> Any:
    parts = max(num - 1 if endpoint else num, 1)
    step = (stop - start) / parts
    place = np.reshape(np.arange(num), (num, *(1,) * np.ndim(step)))
    y = np.moveaxis(start + step * place, 0, axis)
    y = y if dtype is None else y.astype(dtype)
    return (y, step) if retstep else y


@composed(np.logspace)
def _logspace(
    start: Any,
    stop: Any,
    num: int = 50,
    endpoint: bool = True,
    base: Any = 10.0,
    dtype: Any = None,
    axis: int = 0,
) -> Any:
    powers = np.power(base, _linspace(start, stop, num, endpoint, axis=axis))
    return powers if dtype is None else powers.astype(dtype)


@composed(np.geomspace)
def _geomspace(
    start: Any, stop: Any, num: int = 50, endpoint: bool = True, dtype: Any = None, axis: int = 0
) -> Any:
    parts = max(num - 1 if endpoint else num, 1)
    ratio = stop / start
    place = np.reshape(np.arange(num) / parts, (num, *(1,) * np.ndim(ratio)))
    y = np.moveaxis(start * ratio**place, 0, axis)
    return y if dtype is None else y.astype(dtype)
