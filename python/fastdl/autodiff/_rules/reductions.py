"""Rules of sums, products, extremes and what statistics makes of them.

Equal largest elements share the gradient; standard deviations and norms of 0 have derivative 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastdl.autodiff._rules.table import composed, custom, linear, primitive
from fastdl.autodiff._trace import RULES, extreme_of, plain, shares, spread, spread_to, sum_of


def number_of(shape: tuple[int, ...], axis: Any) -> int:
    """How many elements go into one."""
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return math.prod(shape[a] for a in axes)


def _sum_transpose(
    dy: Any, like: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False
) -> Any:
    return _spread_sum(dy, like.shape, like.dtype, axis, keepdims)


_spread_sum = primitive(spread_to)
linear(
    _spread_sum,
    lambda dy, _like, _sides, _dtype, axis, keepdims: np.sum(dy, axis=axis, keepdims=keepdims),
    name="np.sum, transposed",
)
linear(np.sum, _sum_transpose, by=sum_of)


def _sum(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    initial: Any = 0,
    where: Any = True,
) -> Any:
    """With `where` and `initial`, which NumPy's users seldom give."""
    y = np.sum(np.where(where, a, 0.0), axis=axis, dtype=dtype, keepdims=keepdims)
    return y + initial if initial is not None else y


RULES[np.sum].fallback = _sum


@composed(np.mean)
def mean_of(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
    *,
    where: Any = True,
) -> Any:
    if where is not True:
        n = np.sum(np.broadcast_to(where, a.shape), axis=axis, keepdims=keepdims)
        return _sum(a, axis, dtype, None, keepdims, None, where) / n
    return RULES[np.sum](a, axis, dtype, None, keepdims) / number_of(a.shape, axis)


@composed(np.var)
def variance_of(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    m = mean_of(a, axis, dtype, None, True, where=where) if mean is None else mean
    d = a - m
    freedom = ddof if correction is None else correction
    if where is not True:
        d = np.where(where, d, 0.0)
        n = np.sum(np.broadcast_to(where, a.shape), axis=axis, keepdims=keepdims)
    else:
        n = number_of(a.shape, axis)
    return np.sum(d * d, axis=axis, dtype=dtype, keepdims=keepdims) / (n - freedom)


def root(x: Any) -> Any:
    """The square root, with derivative 0 at 0."""
    zero = plain(x) == 0
    return (
        np.where(zero, 0.0, np.sqrt(np.where(zero, 1.0, x)))
        if np.count_nonzero(zero)
        else np.sqrt(x)
    )


@composed(np.std)
def _std(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
    *,
    where: Any = True,
    mean: Any = None,
    correction: Any = None,
) -> Any:
    return root(
        variance_of(
            a, axis, dtype, None, ddof, keepdims, where=where, mean=mean, correction=correction
        )
    )


# --- extremes


def _shares(y: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """1 at the extreme element; equal ones share it."""
    x, y = plain(x), plain(y)
    if axis is None or axis in (-1, np.ndim(x) - 1):
        found = shares(x, np.asarray(y), x.size if axis is None else x.shape[-1])
        if found is not None:
            return found
    equal = x == spread(y, np.shape(x), axis, keepdims)
    n = equal.sum(axis=axis, keepdims=True)
    return equal if np.all(n == 1) else equal / np.maximum(n, 1)


def _extreme_vjp(
    dy: Any, y: Any, x: Any, axis: Any = None, out: Any = None, keepdims: bool = False
) -> Any:
    return spread(dy, np.shape(x), axis, keepdims) * _shares(y, x, axis, keepdims)


def _extreme_jvp(
    dx: Any, y: Any, x: Any, axis: Any = None, out: Any = None, keepdims: bool = False
) -> Any:
    return sum_of(dx * _shares(y, x, axis, keepdims), axis, None, None, keepdims)


_NO = (None,) * 3
for _extreme in (np.nanmax, np.nanmin):
    custom(_extreme, (_extreme_vjp, *_NO), (_extreme_jvp, *_NO))


def _quicker(f: Any, sign: int) -> Any:
    def extreme(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
        y = extreme_of(a, axis, keepdims, sign)
        return f(a, axis=axis, keepdims=keepdims) if y is None else y

    return extreme


for _extreme, _sign in ((np.max, 1), (np.amax, 1), (np.min, -1), (np.amin, -1)):
    custom(_extreme, (_extreme_vjp, *_NO), (_extreme_jvp, *_NO), by=_quicker(_extreme, _sign))


@composed(np.ptp)
def _ptp(a: Any, axis: Any = None, out: Any = None, keepdims: bool = False) -> Any:
    return np.max(a, axis, keepdims=keepdims) - np.min(a, axis, keepdims=keepdims)


# --- products


def _others(x: Any) -> Any:
    """Product of all but one element, along the last axis: for arrays with zeros."""
    n = x.shape[-1]
    rows = np.where(np.eye(n, dtype=bool), 1.0, np.expand_dims(x, -2))
    return np.prod(rows, axis=-1)


def _slopes_of_prod(y: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    if np.all(plain(x) != 0):
        return spread(y, np.shape(x), axis, keepdims) / x
    if axis is None:
        return np.reshape(_others(np.reshape(x, -1)), x.shape)
    axes = tuple(a % x.ndim for a in (axis if isinstance(axis, tuple) else (axis,)))
    last = tuple(range(-len(axes), 0))
    moved = np.moveaxis(x, axes, last)
    flat = np.reshape(moved, (*moved.shape[: x.ndim - len(axes)], -1))
    return np.moveaxis(np.reshape(_others(flat), moved.shape), last, axes)


def _prod_vjp(
    dy: Any,
    y: Any,
    x: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
) -> Any:
    return spread(dy, np.shape(x), axis, keepdims) * _slopes_of_prod(y, x, axis, keepdims)


def _prod_jvp(
    dx: Any,
    y: Any,
    x: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: bool = False,
) -> Any:
    return np.sum(dx * _slopes_of_prod(y, x, axis, keepdims), axis=axis, keepdims=keepdims)


custom(np.prod, (_prod_vjp, *_NO, None), (_prod_jvp, *_NO, None))


def _cumsum_transpose(
    dy: Any, like: Any, axis: int | None = None, dtype: Any = None, out: Any = None
) -> Any:
    if axis is None:
        return np.reshape(np.flip(np.cumsum(np.flip(dy))), like.shape)
    return np.flip(np.cumsum(np.flip(dy, axis), axis), axis)


linear(np.cumsum, _cumsum_transpose)


@composed(np.cumprod)
def cumulative_product(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """The products of all beginnings, so that zeros need no division."""
    x = np.reshape(a, -1) if axis is None else np.moveaxis(a, axis, -1)
    n = x.shape[-1]
    y = np.prod(np.where(np.tri(n, dtype=bool), np.expand_dims(x, -2), 1.0), axis=-1, dtype=dtype)
    return y if axis is None else np.moveaxis(y, -1, axis)


if hasattr(np, "cumulative_sum"):

    @composed(np.cumulative_sum)
    def _cumulative_sum(
        x: Any, axis: int | None = None, dtype: Any = None, include_initial: bool = False
    ) -> Any:
        axis = 0 if axis is None else axis
        y = np.cumsum(x, axis, dtype)
        return _with_start(y, 0.0, axis) if include_initial else y

    @composed(np.cumulative_prod)
    def _cumulative_prod(
        x: Any, axis: int | None = None, dtype: Any = None, include_initial: bool = False
    ) -> Any:
        axis = 0 if axis is None else axis
        y = cumulative_product(x, axis, dtype)
        return _with_start(y, 1.0, axis) if include_initial else y


def _with_start(y: Any, start: float, axis: int) -> Any:
    shape = list(y.shape)
    shape[axis] = 1
    return np.concatenate([np.full(shape, start, y.dtype), y], axis)
