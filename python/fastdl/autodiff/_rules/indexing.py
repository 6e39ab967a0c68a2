"""Rules of indexing, and of functions that pick, put and order elements."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastdl.autodiff._trace as _trace
from fastdl.autodiff._rules.table import composed, custom, linear, primitive
from fastdl.autodiff._trace import RULES, may_repeat, plain


@primitive
def scatter(dy: Any, index: Any, shape: tuple[int, ...], dtype: Any) -> Any:
    """Zeros, and dy added where x[index] reads."""
    z = np.zeros(shape, dtype)
    if may_repeat(index):
        np.add.at(z, index, dy)
    else:
        z[index] = dy
    return z


linear(scatter, lambda dy, _like, index, shape, dtype: dy[index], name="scatter")
RULES["scattered"] = scatter
RULES["index"] = _trace.Index(lambda x, index: x[index], scatter)


def _set(x: Any, index: Any, value: Any) -> Any:
    """A copy of x with x[index] = value."""
    if may_repeat(index):
        places = np.arange(x.size).reshape(x.shape)[index]
        if np.unique(places).size != places.size:
            raise NotImplementedError("x[index] = v with an index that names an element twice.")
    y = x.copy()
    y[index] = value
    return y


_set = primitive(_set)


def _others(dy: Any, _y: Any, _x: Any, index: Any, _value: Any) -> Any:
    dx = dy.copy()
    dx[index] = 0.0
    return dx


custom(
    _set,
    (_others, None, lambda dy, _y, _x, index, _value: dy[index]),
    (
        lambda dx, _y, _x, index, _value: _others(dx, None, None, index, None),
        None,
        lambda dv, _y, x, index, _value: scatter(
            np.broadcast_to(dv, np.empty(x.shape, bool)[index].shape), index, x.shape, x.dtype
        ),
    ),
    name="x[index] = v",
)


def set_index(x: Any, index: Any, value: Any) -> Any:
    """What a traced array becomes by x[index] = value, which may be of a newer trace."""
    if _trace.any_traced((index,) if not isinstance(index, tuple) else index):
        raise _trace.ConversionError("an index (x[y] = v) cannot be a traced array.")
    trace = _trace.trace_of(x)
    if _trace.is_traced(value) and _trace.trace_of(value).number > trace.number:
        x = _trace.lift(x, _trace.trace_of(value))
    return _set(x, index, value)


RULES["set_index"] = set_index


@composed(np.take)
def _take(
    a: Any, indices: Any, axis: int | None = None, out: Any = None, mode: str = "raise"
) -> Any:
    x = np.reshape(a, -1) if axis is None else a
    axis = 0 if axis is None else axis % np.ndim(x)
    indices, n = np.asarray(indices), x.shape[axis]
    if mode == "wrap":
        indices = indices % n
    elif mode == "clip":
        indices = np.clip(indices, 0, n - 1)
    return x[(slice(None),) * axis + (indices,)]


@composed(np.take_along_axis)
def _take_along_axis(arr: Any, indices: Any, axis: int | None = -1) -> Any:
    if axis is None:
        return np.reshape(arr, -1)[indices]
    return arr[along(indices, axis)]


def along(indices: Any, axis: int) -> tuple[Any, ...]:
    """The index that `take_along_axis` stands for."""
    axis %= indices.ndim
    index = list(np.ogrid[tuple(slice(n) for n in indices.shape)])
    index[axis] = indices
    return tuple(index)


@composed(np.compress)
def _compress(condition: Any, a: Any, axis: int | None = None, out: Any = None) -> Any:
    return _take(a, np.flatnonzero(condition), axis)


@composed(np.extract)
def _extract(condition: Any, arr: Any) -> Any:
    return np.reshape(arr, -1)[np.flatnonzero(condition)]


@composed(np.delete)
def _delete(arr: Any, obj: Any, axis: int | None = None) -> Any:
    n = np.size(arr) if axis is None else np.shape(arr)[axis]
    return _take(arr, np.delete(np.arange(n), obj), axis)


@composed(np.insert)
def _insert(arr: Any, obj: Any, values: Any, axis: int | None = None) -> Any:
    x = np.reshape(arr, -1) if axis is None else arr
    axis = 0 if axis is None else axis % np.ndim(x)
    n = x.shape[axis]
    count = 1 if np.ndim(obj) == 0 else np.size(obj)
    if isinstance(obj, slice):
        count = len(range(*obj.indices(n)))
    shape = list(x.shape)
    shape[axis] = count
    if np.ndim(obj) == 0 and not isinstance(obj, slice) and np.ndim(values) > 0:
        if x.ndim == 1:
            shape[axis] = np.size(values)
        elif np.ndim(values) == x.ndim:
            shape[axis] = np.shape(values)[axis]
    values = np.broadcast_to(values, shape)
    places = n + np.arange(shape[axis])
    order = np.insert(np.arange(n), obj, places if shape[axis] != 1 else places[0])
    return _take(np.concatenate([x, values], axis), order, axis)


@composed(np.sort)
def _sort(a: Any, axis: int | None = -1, kind: Any = None, order: Any = None) -> Any:
    if axis is None:
        a, axis = np.reshape(a, -1), 0
    return _take_along_axis(a, np.argsort(plain(a), axis, kind="stable"), axis)


@composed(np.partition)
def _partition(a: Any, kth: Any, axis: int | None = -1) -> Any:
    if axis is None:
        a, axis = np.reshape(a, -1), 0
    return _take_along_axis(a, np.argpartition(plain(a), kth, axis), axis)
