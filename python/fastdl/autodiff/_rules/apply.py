"""Functions of NumPy that call functions, or choose between arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastdl.autodiff._rules.table import composed
from fastdl.autodiff._trace import plain


@composed(np.apply_along_axis)
def _apply_along_axis(func1d: Any, axis: int, arr: Any, *args: Any) -> Any:
    moved = np.moveaxis(arr, axis, -1)
    rows = np.reshape(moved, (-1, moved.shape[-1]))
    y = np.stack([func1d(row, *args) for row in rows])
    y = np.reshape(y, (*moved.shape[:-1], *y.shape[1:]))
    for _ in range(y.ndim - arr.ndim + 1):  # what func1d gave stands where the axis was
        y = np.moveaxis(y, -1, axis % arr.ndim)
    return y


@composed(np.apply_over_axes)
def _apply_over_axes(func: Any, a: Any, axes: Any) -> Any:
    for axis in np.atleast_1d(axes):
        y = func(a, int(axis))
        a = y if np.ndim(y) == np.ndim(a) else np.expand_dims(y, int(axis))
    return a


@composed(np.piecewise)
def _piecewise(x: Any, condlist: Any, funclist: Any, *args: Any) -> Any:
    conditions = [np.asarray(c) for c in (condlist if np.ndim(condlist[0]) else [condlist])]
    functions = list(funclist)
    if len(functions) == len(conditions) + 1:
        functions = [functions.pop(), *functions]
        conditions = [~np.any(conditions, axis=0), *conditions]
    y = np.zeros_like(x)
    for c, f in zip(conditions, functions, strict=True):
        y[c] = f(x[c], *args) if callable(f) else f
    return y


@composed(np.choose)
def _choose(a: Any, choices: Any, out: Any = None, mode: str = "raise") -> Any:
    n = len(choices)
    places = np.asarray(plain(a)) % n if mode == "wrap" else np.clip(plain(a), 0, n - 1)
    if mode == "raise" and np.any(places != plain(a)):
        raise ValueError("np.choose: an index is outside of the choices.")
    y = choices[0]
    for i in range(1, n):
        y = np.where(places == i, choices[i], y)
    return np.broadcast_to(y, np.broadcast_shapes(places.shape, np.shape(y)))


# --- numbers in two parts; what is real already


@composed(np.modf)
def _modf(x: Any) -> Any:
    whole = np.trunc(plain(x))
    return x - whole, whole


@composed(np.divmod)
def _divmod(x1: Any, x2: Any) -> Any:
    return np.floor_divide(plain(x1), plain(x2)), np.remainder(x1, x2)


@composed(np.unwrap)
def _unwrap(p: Any, discont: Any = None, axis: int = -1, *, period: float = 2 * np.pi) -> Any:
    return p + (np.unwrap(plain(p), discont, axis, period=period) - plain(p))


composed(np.real_if_close)(lambda a, tol=100: a)
composed(np.angle)(lambda z, deg=False: np.angle(plain(z), deg))
