"""Rules of sums, products, extremes and what statistics makes of them.

Equal largest elements share the gradient; standard deviations and norms of 0 have derivative 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from fastdl.autodiff._table import composed, custom, linear
from fastdl.autodiff._trace import RULES, plain, spread_to


def spread(dy: Any, shape: tuple[int, ...], axis: Any, keepdims: bool) -> Any:
    """What a reduction left, as it stands beside the array that it came from."""
    if keepdims or axis is None or not shape:
        return dy
    axes = axis if isinstance(axis, tuple) else (axis,)
    kept = [1 if i in {a % len(shape) for a in axes} else n for i, n in enumerate(shape)]
    return dy.reshape(kept)


def count(shape: tuple[int, ...], axis: Any) -> int:
    """How many elements go into one."""
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return math.prod(shape[a] for a in axes)


def _sum_transpose(
    dy: Any, like: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False
) -> Any:
    return spread_to(spread(dy, like.shape, axis, keepdims), like)


linear(np.sum, _sum_transpose)


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
def _mean(
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
    return np.sum(a, axis=axis, dtype=dtype, keepdims=keepdims) / count(a.shape, axis)


@composed(np.var)
def _var(
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
    m = _mean(a, axis, dtype, None, True, where=where) if mean is None else mean
    d = a - m
    freedom = ddof if correction is None else correction
    if where is not True:
        d = np.where(where, d, 0.0)
        n = np.sum(np.broadcast_to(where, a.shape), axis=axis, keepdims=keepdims)
    else:
        n = count(a.shape, axis)
    return np.sum(d * d, axis=axis, dtype=dtype, keepdims=keepdims) / (n - freedom)


def root(x: Any) -> Any:
    """The square root, with derivative 0 at 0."""
    zero = plain(x) == 0
    return np.where(zero, 0.0, np.sqrt(np.where(zero, 1.0, x))) if np.any(zero) else np.sqrt(x)


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
        _var(a, axis, dtype, None, ddof, keepdims, where=where, mean=mean, correction=correction)
    )


# --- extremes


def _shares(y: Any, x: Any, axis: Any, keepdims: bool) -> Any:
    """1 at the extreme element; equal ones share it."""
    x, y = plain(x), spread(plain(y), np.shape(x), axis, keepdims)
    equal = x == y
    n = equal.sum(axis=axis, keepdims=True)
    return equal if np.all(n == 1) else equal / np.maximum(n, 1)


def _extreme_vjp(
    dy: Any, y: Any, x: Any, axis: Any = None, out: Any = None, keepdims: bool = False
) -> Any:
    return spread(dy, np.shape(x), axis, keepdims) * _shares(y, x, axis, keepdims)


def _extreme_jvp(
    dx: Any, y: Any, x: Any, axis: Any = None, out: Any = None, keepdims: bool = False
) -> Any:
    return np.sum(dx * _shares(y, x, axis, keepdims), axis=axis, keepdims=keepdims)


_NO = (None,) * 3
for _extreme in (np.max, np.min, np.amax, np.amin, np.nanmax, np.nanmin):
    custom(_extreme, (_extreme_vjp, *_NO), (_extreme_jvp, *_NO))


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
def _cumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    """The products of all beginnings, so that zeros need no division."""
    x = np.reshape(a, -1) if axis is None else np.moveaxis(a, axis, -1)
    n = x.shape[-1]
    y = np.prod(np.where(np.tri(n, dtype=bool), np.expand_dims(x, -2), 1.0), axis=-1)
    return y if axis is None else np.moveaxis(y, -1, axis)


if hasattr(np, "cumulative_sum"):

    @composed(np.cumulative_sum)
    def _cumulative_sum(
        x: Any, axis: int | None = None, dtype: Any = None, include_initial: bool = False
    ) -> Any:
        axis = 0 if axis is None else axis
        y = np.cumsum(x, axis)
        return _with_start(y, 0.0, axis) if include_initial else y

    @composed(np.cumulative_prod)
    def _cumulative_prod(
        x: Any, axis: int | None = None, dtype: Any = None, include_initial: bool = False
    ) -> Any:
        axis = 0 if axis is None else axis
        y = _cumprod(x, axis)
        return _with_start(y, 1.0, axis) if include_initial else y


def _with_start(y: Any, start: float, axis: int) -> Any:
    shape = list(y.shape)
    shape[axis] = 1
    return np.concatenate([np.full(shape, start, y.dtype), y], axis)


# --- with nan left out


@composed(np.nansum)
def _nansum(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False
) -> Any:
    return np.sum(np.where(np.isnan(plain(a)), 0.0, a), axis=axis, keepdims=keepdims)


@composed(np.nanprod)
def _nanprod(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False
) -> Any:
    return np.prod(np.where(np.isnan(plain(a)), 1.0, a), axis=axis, keepdims=keepdims)


@composed(np.nanmean)
def _nanmean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False
) -> Any:
    return _mean(a, axis, dtype, None, keepdims, where=~np.isnan(plain(a)))


@composed(np.nanvar)
def _nanvar(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
) -> Any:
    return _var(a, axis, dtype, None, ddof, keepdims, where=~np.isnan(plain(a)))


@composed(np.nanstd)
def _nanstd(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
) -> Any:
    return root(_nanvar(a, axis, dtype, None, ddof, keepdims))


# --- statistics


@composed(np.average)
def _average(
    a: Any, axis: Any = None, weights: Any = None, returned: bool = False, *, keepdims: bool = False
) -> Any:
    if weights is None:
        y, total = _mean(a, axis, keepdims=keepdims), float(count(np.shape(a), axis))
    else:
        if np.shape(weights) != np.shape(a):
            side = [1] * np.ndim(a)
            side[axis] = np.shape(a)[axis]
            weights = np.reshape(weights, side)
        weights = np.broadcast_to(weights, np.shape(a))
        total = np.sum(weights, axis=axis, keepdims=keepdims)
        y = np.sum(a * weights, axis=axis, keepdims=keepdims) / total
    return (y, np.broadcast_to(total, np.shape(y))) if returned else y


@composed(np.quantile)
def _quantile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
) -> Any:
    if method != "linear":
        raise NotImplementedError(f"np.quantile: method={method!r} has no derivative rule.")
    q = np.asarray(q, dtype=float)
    shape = a.shape
    axes = tuple(range(a.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    axes = tuple(ax % a.ndim for ax in axes)
    moved = np.moveaxis(a, axes, tuple(range(len(axes))))
    x = np.sort(np.reshape(moved, (-1, *moved.shape[len(axes) :])), axis=0)
    place = q * (x.shape[0] - 1)
    low = np.floor(place).astype(int)
    high = np.minimum(low + 1, x.shape[0] - 1)
    t = np.reshape(place - low, (*q.shape, *(1,) * (x.ndim - 1)))
    y = x[low] * (1 - t) + x[high] * t
    if keepdims:
        kept = [1 if i in axes else n for i, n in enumerate(shape)]
        y = np.reshape(y, (*q.shape, *kept))
    return y


@composed(np.percentile)
def _percentile(
    a: Any,
    q: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    method: str = "linear",
    keepdims: bool = False,
) -> Any:
    return _quantile(a, np.asarray(q) / 100, axis, method=method, keepdims=keepdims)


@composed(np.median)
def _median(
    a: Any,
    axis: Any = None,
    out: Any = None,
    overwrite_input: bool = False,
    keepdims: bool = False,
) -> Any:
    return _quantile(a, 0.5, axis, keepdims=keepdims)


@composed(np.cov)
def _cov(
    m: Any, y: Any = None, rowvar: bool = True, bias: bool = False, ddof: int | None = None
) -> Any:
    x = np.atleast_2d(m)
    x = x.T if not rowvar and np.ndim(m) == 2 else x
    if y is not None:
        other = np.atleast_2d(y)
        x = np.concatenate([x, other.T if not rowvar and np.ndim(y) == 2 else other], 0)
    d = x - np.mean(x, 1, keepdims=True)
    freedom = ddof if ddof is not None else 0 if bias else 1
    c = d @ d.T / (x.shape[1] - freedom)
    return np.reshape(c, ()) if c.shape == (1, 1) else c


@composed(np.corrcoef)
def _corrcoef(x: Any, y: Any = None, rowvar: bool = True) -> Any:
    c = _cov(x, y, rowvar)
    if np.ndim(c) == 0:
        return c / c
    d = np.sqrt(np.diagonal(c))
    return c / d[:, None] / d[None, :]


@composed(np.diff)
def _diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    parts = [part for part in (prepend, a, append) if part is not None]
    if len(parts) > 1:
        shape = list(a.shape)
        shape[axis] = 1
        parts = [np.broadcast_to(p, shape) if np.ndim(p) == 0 else p for p in parts]
        a = np.concatenate(parts, axis)
    front = (slice(None),) * (axis % a.ndim)
    for _ in range(n):
        a = a[(*front, slice(1, None))] - a[(*front, slice(None, -1))]
    return a


@composed(*[f for f in (getattr(np, "trapezoid", None), getattr(np, "trapz", None)) if f])
def _trapezoid(y: Any, x: Any = None, dx: Any = 1.0, axis: int = -1) -> Any:
    front = (slice(None),) * (axis % y.ndim)
    means = (y[(*front, slice(1, None))] + y[(*front, slice(None, -1))]) / 2
    if x is None:
        return np.sum(means * dx, axis=axis)
    d = _diff(x, axis=axis if np.ndim(x) == y.ndim else -1)
    if np.ndim(x) == 1:
        shape = [1] * y.ndim
        shape[axis] = -1
        d = np.reshape(d, shape)
    return np.sum(means * d, axis=axis)


@composed(np.gradient)
def _gradient(f: Any, *varargs: Any, axis: Any = None, edge_order: int = 1) -> Any:
    axes = range(f.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    steps = (
        varargs
        if len(varargs) == len(list(axes))
        else varargs * len(list(axes)) or (1.0,) * len(list(axes))
    )
    outs = [
        _gradient_along(f, h, ax % f.ndim, edge_order) for ax, h in zip(axes, steps, strict=True)
    ]
    return outs[0] if len(outs) == 1 else tuple(outs)


def _gradient_along(f: Any, h: Any, axis: int, edge_order: int) -> Any:
    if edge_order != 1:
        raise NotImplementedError("np.gradient: edge_order=2 has no derivative rule.")
    f = np.moveaxis(f, axis, 0)
    side = (-1, *(1,) * (f.ndim - 1))
    d = np.full(f.shape[0] - 1, float(h)) if np.ndim(h) == 0 else np.diff(np.asarray(h))
    d = np.reshape(d, side)
    slope = (f[1:] - f[:-1]) / d
    left, right = d[:-1], d[1:]
    inner = (slope[:-1] * right + slope[1:] * left) / (left + right)
    return np.moveaxis(np.concatenate([slope[:1], inner, slope[-1:]], 0), 0, axis)


# --- the methods of ufuncs


def _of_ufunc(ufunc: Any, method: str, g: Any) -> None:
    composed((ufunc, method), name=f"np.{ufunc.__name__}.{method}")(g)


def _reduce_by(f: Any) -> Any:
    def reduce(
        array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False
    ) -> Any:
        return f(array, axis=axis, keepdims=keepdims)

    return reduce


def _logsumexp(array: Any, axis: Any = 0, keepdims: bool = False) -> Any:
    top = plain(np.max(plain(array), axis=axis, keepdims=True))
    top = np.where(np.isfinite(top), top, 0.0)
    y = np.log(np.sum(np.exp(array - top), axis=axis, keepdims=True)) + top
    return y if keepdims else np.squeeze(y, axis)


for _ufunc, _f in (
    (np.add, np.sum),
    (np.multiply, np.prod),
    (np.maximum, np.max),
    (np.minimum, np.min),
    (np.logaddexp, _logsumexp),
):
    _of_ufunc(_ufunc, "reduce", _reduce_by(_f))


def _accumulate_by(f: Any) -> Any:
    def accumulate(array: Any, axis: int = 0, dtype: Any = None, out: Any = None) -> Any:
        return f(array, axis=axis)

    return accumulate


def _step_by_step(ufunc: Any) -> Any:
    def accumulate(array: Any, axis: int = 0) -> Any:
        parts = list(np.moveaxis(array, axis, 0))
        for i in range(1, len(parts)):
            parts[i] = ufunc(parts[i - 1], parts[i])
        return np.stack(parts, axis)

    return accumulate


_of_ufunc(np.add, "accumulate", _accumulate_by(np.cumsum))
_of_ufunc(np.multiply, "accumulate", _accumulate_by(np.cumprod))
for _ufunc in (np.maximum, np.minimum, np.logaddexp):
    _of_ufunc(_ufunc, "accumulate", _accumulate_by(_step_by_step(_ufunc)))


def _outer_of(ufunc: Any) -> Any:
    def outer(a: Any, b: Any) -> Any:
        return ufunc(np.reshape(a, (*np.shape(a), *(1,) * np.ndim(b))), b)

    return outer


for _key in list(RULES):
    if isinstance(_key, np.ufunc) and _key.nin == 2 and _key.signature is None:
        _of_ufunc(_key, "outer", _outer_of(_key))
