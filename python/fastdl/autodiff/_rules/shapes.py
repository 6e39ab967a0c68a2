"""Rules of functions that rearrange: shape, order of axes, joining, cutting, repeating, padding."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np

from fastdl.autodiff._rules.indexing import along, scatter
from fastdl.autodiff._rules.table import composed, custom, linear, primitive
from fastdl.autodiff._trace import broadcast_to, plain


def _reshape_transpose(
    dy: Any,
    like: Any,
    shape: Any = None,
    order: Any = "C",
    *,
    copy: Any = None,
    newshape: Any = None,
) -> Any:
    return np.reshape(dy, like.shape, order=order)


def _ravel_transpose(dy: Any, like: Any, order: Any = "C") -> Any:
    return np.reshape(dy, like.shape, order=order)


linear(np.reshape, _reshape_transpose)
linear(np.ravel, _ravel_transpose)
linear(np.expand_dims, lambda dy, like, axis=None: np.reshape(dy, like.shape))
linear(np.squeeze, lambda dy, like, axis=None: np.reshape(dy, like.shape))


def _transpose_transpose(dy: Any, like: Any, axes: Any = None) -> Any:
    return np.transpose(dy, None if axes is None else np.argsort([ax % like.ndim for ax in axes]))


linear(np.transpose, _transpose_transpose)
if hasattr(np, "permute_dims") and np.permute_dims is not np.transpose:
    linear(np.permute_dims, _transpose_transpose)
linear(np.swapaxes, lambda dy, _like, axis1, axis2: np.swapaxes(dy, axis1, axis2))
linear(np.moveaxis, lambda dy, _like, source, destination: np.moveaxis(dy, destination, source))
if hasattr(np, "matrix_transpose"):
    linear(np.matrix_transpose, lambda dy, _like: np.swapaxes(dy, -1, -2))
    linear(np.linalg.matrix_transpose, lambda dy, _like: np.swapaxes(dy, -1, -2))


@composed(np.rollaxis)
def _rollaxis(a: Any, axis: int, start: int = 0) -> Any:
    order = np.rollaxis(np.empty(range(2, 2 + a.ndim)), axis, start).shape
    return np.transpose(a, [n - 2 for n in order])


linear(  # the gradient is summed to the shape of x, as all are
    np.broadcast_to, lambda dy, _like, shape, subok=False: dy, by=broadcast_to
)


@composed(np.broadcast_arrays)
def _broadcast_arrays(*args: Any) -> Any:
    shape = np.broadcast_shapes(*(np.shape(a) for a in args))
    return tuple(np.broadcast_to(a, shape) for a in args)


def _at_least(n: int, shape_of: Any) -> Any:
    def at_least(*arrays: Any) -> Any:
        outs = [a if np.ndim(a) >= n else np.reshape(a, shape_of(np.shape(a))) for a in arrays]
        return outs[0] if len(outs) == 1 else tuple(outs)

    return at_least


composed(np.atleast_1d)(_at_least(1, lambda s: (1,)))
composed(np.atleast_2d)(_at_least(2, lambda s: (1, 1) if not s else (1, *s)))
composed(np.atleast_3d)(_at_least(3, lambda s: {0: (1, 1, 1), 1: (1, *s, 1), 2: (*s, 1)}[len(s)]))
linear(np.copy, lambda dy, _like, order="K", subok=False: dy)


@primitive
def astype(x: Any, dtype: Any) -> Any:
    """The array in another floating dtype."""
    return x.astype(dtype)


linear(astype, lambda dy, like, _dtype: astype(dy, like.dtype), name="x.astype")


def cast(x: Any, dtype: Any, *_args: Any, **_options: Any) -> Any:
    """x.astype: integers and bools are plain arrays."""
    if np.dtype(dtype).kind in "biu":
        return plain(x).astype(dtype)
    if np.dtype(dtype).kind != "f":
        raise NotImplementedError(f"x.astype({np.dtype(dtype)}) has no derivative rule.")
    return astype(x, dtype)


if hasattr(np, "astype"):
    composed(np.astype)(lambda x, dtype, copy=True: cast(x, dtype))

# --- joining


@primitive
def concatenated(axis: int, *arrays: Any) -> Any:
    """np.concatenate of arguments."""
    return np.concatenate(arrays, axis)


def _piece(i: int, arrays: tuple[Any, ...], axis: int) -> tuple[Any, ...]:
    start = sum(np.shape(a)[axis] for a in arrays[: i - 1])
    front = (slice(None),) * (axis % np.ndim(arrays[0]))
    return (*front, slice(start, start + np.shape(arrays[i - 1])[axis]))


def _concatenated_jvp(tangents: list[Any], _y: Any, axis: int, *arrays: Any) -> Any:
    if all(d is None for d in tangents):
        return None
    parts = [
        np.zeros_like(plain(a)) if d is None else d
        for d, a in zip(tangents[1:], arrays, strict=True)
    ]
    return concatenated(axis, *parts)


custom(
    concatenated,
    lambda i, dy, _y, axis, *arrays: dy[_piece(i, arrays, axis)],
    joint_jvp=_concatenated_jvp,
    variadic=True,
    keywords=frozenset(),
    name="np.concatenate",
)


@composed(np.concatenate)
def _concatenate(
    arrays: Any,
    axis: int | None = 0,
    out: Any = None,
    *,
    dtype: Any = None,
    casting: str = "same_kind",
) -> Any:
    if axis is None:
        arrays, axis = [np.reshape(a, -1) for a in arrays], 0
    y = concatenated(axis, *arrays)
    return y if dtype is None else cast(y, dtype)


if hasattr(np, "concat") and np.concat is not np.concatenate:
    composed(np.concat)(_concatenate)


@composed(np.stack)
def _stack(
    arrays: Any, axis: int = 0, out: Any = None, *, dtype: Any = None, casting: str = "same_kind"
) -> Any:
    return _concatenate([np.expand_dims(a, axis) for a in arrays], axis, dtype=dtype)


@composed(np.vstack)
def _vstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    return _concatenate([np.atleast_2d(a) for a in tup], 0, dtype=dtype)


@composed(np.hstack)
def _hstack(tup: Any, *, dtype: Any = None, casting: str = "same_kind") -> Any:
    parts = [np.atleast_1d(a) for a in tup]
    return _concatenate(parts, 0 if np.ndim(parts[0]) == 1 else 1, dtype=dtype)


@composed(np.dstack)
def _dstack(tup: Any) -> Any:
    return _concatenate([np.atleast_3d(a) for a in tup], 2)


@composed(np.column_stack)
def _column_stack(tup: Any) -> Any:
    return _concatenate([a if np.ndim(a) == 2 else np.reshape(a, (-1, 1)) for a in tup], 1)


@composed(np.append)
def _append(arr: Any, values: Any, axis: int | None = None) -> Any:
    return _concatenate([arr, values], axis)


@composed(np.block)
def _block(arrays: Any) -> Any:
    def depth(a: Any) -> int:
        return 1 + max(map(depth, a)) if isinstance(a, list) else 0

    levels = depth(arrays)

    def largest(a: Any) -> int:
        return max(map(largest, a)) if isinstance(a, list) else int(np.ndim(a))

    n = max(levels, largest(arrays))

    def join(a: Any, level: int) -> Any:
        if isinstance(a, list):
            return _concatenate([join(b, level + 1) for b in a], n - levels + level)
        return np.reshape(a, (1,) * (n - np.ndim(a)) + np.shape(a))

    return join(arrays, 0)


# --- cutting


@composed(np.array_split)
def _array_split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    n = ary.shape[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        each, more = divmod(n, int(indices_or_sections))
        ends = np.cumsum([each + (i < more) for i in range(int(indices_or_sections))])[:-1]
    else:
        ends = np.asarray(indices_or_sections)
    front = (slice(None),) * (axis % ary.ndim)
    bounds = [0, *ends.tolist(), n]
    return [ary[(*front, slice(a, b))] for a, b in itertools.pairwise(bounds)]


@composed(np.split)
def _split(ary: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    sections = indices_or_sections
    if isinstance(sections, (int, np.integer)) and ary.shape[axis] % int(sections):
        raise ValueError("array split does not result in an equal division")
    return _array_split(ary, sections, axis)


composed(np.vsplit)(lambda ary, indices_or_sections: _split(ary, indices_or_sections, 0))
composed(np.hsplit)(
    lambda ary, indices_or_sections: _split(ary, indices_or_sections, 0 if ary.ndim == 1 else 1)
)
composed(np.dsplit)(lambda ary, indices_or_sections: _split(ary, indices_or_sections, 2))
if hasattr(np, "unstack"):
    composed(np.unstack)(lambda x, /, *, axis=0: tuple(np.moveaxis(x, axis, 0)))

# --- repeating and turning


@composed(np.repeat)
def _repeat(a: Any, repeats: Any, axis: int | None = None) -> Any:
    x = np.reshape(a, -1) if axis is None else a
    axis = 0 if axis is None else axis % x.ndim
    if np.ndim(repeats) == 0:
        shape = list(x.shape)
        spread = np.broadcast_to(
            np.expand_dims(x, axis + 1), [*shape[: axis + 1], int(repeats), *shape[axis + 1 :]]
        )
        shape[axis] *= int(repeats)
        return np.reshape(spread, shape)
    return x[(slice(None),) * axis + (np.repeat(np.arange(x.shape[axis]), repeats),)]


@composed(np.tile)
def _tile(A: Any, reps: Any) -> Any:
    times = (reps,) if np.ndim(reps) == 0 else tuple(reps)
    n = max(len(times), np.ndim(A))
    times = (1,) * (n - len(times)) + times
    sides = (1,) * (n - np.ndim(A)) + np.shape(A)
    x = np.reshape(A, [k for side in sides for k in (1, side)])
    x = np.broadcast_to(x, [k for pair in zip(times, sides, strict=True) for k in pair])
    return np.reshape(x, [t * s for t, s in zip(times, sides, strict=True)])


linear(np.roll, lambda dy, _like, shift, axis=None: np.roll(dy, np.negative(shift), axis))
linear(np.flip, lambda dy, _like, axis=None: np.flip(dy, axis))
linear(np.flipud, lambda dy, _like: np.flip(dy, 0))
linear(np.fliplr, lambda dy, _like: np.flip(dy, 1))
linear(np.rot90, lambda dy, _like, k=1, axes=(0, 1): np.rot90(dy, -k, axes))
linear(np.tril, lambda dy, _like, k=0: np.tril(dy, k))
linear(np.triu, lambda dy, _like, k=0: np.triu(dy, k))


@composed(np.pad)
def _pad(array: Any, pad_width: Any, mode: Any = "constant", *, constant_values: Any = 0) -> Any:
    if mode not in ("constant", "edge", "reflect", "symmetric", "wrap"):
        raise NotImplementedError(f"np.pad: mode={mode!r} has no derivative rule.")
    if mode == "constant":
        places = np.pad(np.arange(array.size).reshape(array.shape), pad_width, constant_values=-1)
        around = np.pad(
            np.zeros(array.shape, array.dtype), pad_width, constant_values=constant_values
        )
        inside = (
            tuple(slice(a.min(), a.max() + 1) for a in np.nonzero(places >= 0))
            if array.size
            else None
        )
        if inside is None:
            return around
        return scatter(array, inside, places.shape, array.dtype) + around
    x = array
    widths = np.broadcast_to(pad_width, (x.ndim, 2))
    for axis in range(x.ndim):
        order = np.pad(np.arange(x.shape[axis]), tuple(widths[axis]), mode=mode)
        x = x[(slice(None),) * axis + (order,)]
    return x


# --- diagonals, grids, windows


@composed(np.diagonal)
def _diagonal(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    x = np.moveaxis(a, (axis1, axis2), (-2, -1))
    rows, columns = x.shape[-2:]
    n = max(0, min(rows, columns - offset) if offset >= 0 else min(rows + offset, columns))
    i = np.arange(n)
    return x[..., i + max(0, -offset), i + max(0, offset)]


@composed(np.diag)
def _diag(v: Any, k: int = 0) -> Any:
    if np.ndim(v) == 2:
        return _diagonal(v, k)
    n = v.shape[0] + abs(k)
    i = np.arange(v.shape[0])
    return scatter(v, (i + max(0, -k), i + max(0, k)), (n, n), v.dtype)


composed(np.diagflat)(lambda v, k=0: _diag(np.reshape(v, -1), k))
if hasattr(np.linalg, "diagonal"):
    composed(np.linalg.diagonal)(lambda x, /, *, offset=0: _diagonal(x, offset, -2, -1))


@composed(np.meshgrid)
def _meshgrid(*xi: Any, copy: bool = True, sparse: bool = False, indexing: str = "xy") -> Any:
    n = len(xi)
    outs = []
    for i, x in enumerate(xi):
        place = {0: 1, 1: 0}.get(i, i) if indexing == "xy" and n > 1 else i
        outs.append(np.reshape(x, [-1 if k == place else 1 for k in range(n)]))
    if not sparse:
        outs = list(_broadcast_arrays(*outs))
    return tuple(outs)


@composed(np.lib.stride_tricks.sliding_window_view)
def _sliding_window_view(
    x: Any, window_shape: Any, axis: Any = None, *, subok: bool = False, writeable: bool = False
) -> Any:
    places = np.arange(math.prod(x.shape)).reshape(x.shape)
    windows = np.lib.stride_tricks.sliding_window_view(places, window_shape, axis)
    return np.reshape(x, -1)[windows]


@composed(np.interp)
def _interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None) -> Any:
    at, grid = plain(x), np.asarray(plain(xp))
    i = np.clip(np.searchsorted(grid, at, side="right") - 1, 0, max(len(grid) - 2, 0))
    if len(grid) == 1:
        y = np.broadcast_to(fp[0], np.shape(at))
    else:
        t = np.clip((x - xp[i]) / (xp[i + 1] - xp[i]), 0.0, 1.0)
        y = fp[i] * (1 - t) + fp[i + 1] * t
    y = y if left is None else np.where(at < grid[0], left, y)
    return y if right is None else np.where(at > grid[-1], right, y)


__all__ = ["along", "astype", "cast", "concatenated"]


# --- frequencies in another order; what is cut off, or taken again from the start


@composed(np.fft.fftshift)
def _fftshift(x: Any, axes: Any = None) -> Any:
    axes = range(x.ndim) if axes is None else axes if isinstance(axes, (tuple, list)) else (axes,)
    return np.roll(x, [x.shape[ax] // 2 for ax in axes], tuple(axes))


@composed(np.fft.ifftshift)
def _ifftshift(x: Any, axes: Any = None) -> Any:
    axes = range(x.ndim) if axes is None else axes if isinstance(axes, (tuple, list)) else (axes,)
    return np.roll(x, [-(x.shape[ax] // 2) for ax in axes], tuple(axes))


@composed(np.resize)
def _resize(a: Any, new_shape: Any) -> Any:
    n = math.prod(new_shape if isinstance(new_shape, (tuple, list)) else (new_shape,))
    return np.reshape(np.reshape(a, -1)[np.arange(n) % np.size(a)], new_shape)


@composed(np.trim_zeros)
def _trim_zeros(filt: Any, trim: str = "fb") -> Any:
    kept = np.flatnonzero(plain(filt))
    if not len(kept):
        return filt[:0]
    first = kept[0] if "f" in trim.lower() else 0
    return filt[first : kept[-1] + 1 if "b" in trim.lower() else None]


@composed(np.ediff1d)
def _ediff1d(ary: Any, to_end: Any = None, to_begin: Any = None) -> Any:
    d = np.diff(np.reshape(ary, -1))
    parts = [to_begin, d, to_end]
    return np.concatenate([np.reshape(part, -1) for part in parts if part is not None])
