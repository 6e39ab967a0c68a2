"""What statistics makes of sums and sorted values: quantiles, covariances, differences."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastdl.autodiff._rules.reductions import (
    cumulative_product,
    mean_of,
    number_of,
    root,
    variance_of,
)
from fastdl.autodiff._rules.table import composed
from fastdl.autodiff._trace import plain

# --- with nan left out


@composed(np.nansum)
def _nansum(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False
) -> Any:
    filled = np.where(np.isnan(plain(a)), 0.0, a)
    return np.sum(filled, axis=axis, dtype=dtype, keepdims=keepdims)


@composed(np.nanprod)
def _nanprod(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False
) -> Any:
    filled = np.where(np.isnan(plain(a)), 1.0, a)
    return np.prod(filled, axis=axis, dtype=dtype, keepdims=keepdims)


@composed(np.nancumsum)
def _nancumsum(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    return np.cumsum(np.where(np.isnan(plain(a)), 0.0, a), axis=axis, dtype=dtype)


@composed(np.nancumprod)
def _nancumprod(a: Any, axis: int | None = None, dtype: Any = None, out: Any = None) -> Any:
    return cumulative_product(np.where(np.isnan(plain(a)), 1.0, a), axis, dtype)


@composed(np.nanmean)
def _nanmean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: bool = False
) -> Any:
    return mean_of(a, axis, dtype, None, keepdims, where=~np.isnan(plain(a)))


@composed(np.nanvar)
def _nanvar(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    ddof: float = 0,
    keepdims: bool = False,
) -> Any:
    return variance_of(a, axis, dtype, None, ddof, keepdims, where=~np.isnan(plain(a)))


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
        y, total = mean_of(a, axis, keepdims=keepdims), float(number_of(np.shape(a), axis))
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


def _without_nan(of_numbers: Any) -> Any:
    """A statistic of slices, each without its nan."""

    def of_slices(a: Any, *q: Any, axis: Any = None, keepdims: bool = False) -> Any:
        axes = (
            tuple(range(a.ndim)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        )
        axes = tuple(ax % a.ndim for ax in axes)
        moved = np.moveaxis(a, axes, tuple(range(-len(axes), 0)))
        rest = moved.shape[: a.ndim - len(axes)]
        rows = np.reshape(moved, (-1, int(np.prod(moved.shape[a.ndim - len(axes) :]))))
        found = [_of_numbers(of_numbers, row, *q) for row in rows]
        y = np.stack(found, -1)
        y = np.reshape(y, (*y.shape[:-1], *rest))
        if keepdims:
            kept = [1 if i in axes else n for i, n in enumerate(a.shape)]
            y = np.reshape(y, (*y.shape[: y.ndim - len(rest)], *kept))
        return y

    return of_slices


def _of_numbers(of_numbers: Any, row: Any, *q: Any) -> Any:
    good = ~np.isnan(plain(row))
    return of_numbers(row[good] if np.any(good) else row, *q)


@composed(np.nanquantile)
def _nanquantile(
    a: Any, q: Any, axis: Any = None, out: Any = None, *, keepdims: bool = False
) -> Any:
    return _without_nan(_quantile)(a, q, axis=axis, keepdims=keepdims)


@composed(np.nanpercentile)
def _nanpercentile(
    a: Any, q: Any, axis: Any = None, out: Any = None, *, keepdims: bool = False
) -> Any:
    return _nanquantile(a, np.asarray(q) / 100, axis, keepdims=keepdims)


@composed(np.nanmedian)
def _nanmedian(a: Any, axis: Any = None, out: Any = None, *, keepdims: bool = False) -> Any:
    return _without_nan(_median)(a, axis=axis, keepdims=keepdims)


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
