"""Functions without a derivative, makers of new arrays, and the methods of traced arrays."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

import fastdl.autodiff._trace as _trace
from fastdl.autodiff._rules.shapes import cast
from fastdl.autodiff._rules.table import composed, constant
from fastdl.autodiff._trace import METHODS, any_traced, plain, plain_of_all, traced_constant

constant(
    np.shape, np.ndim, np.size, np.argmax, np.argmin, np.nanargmax, np.nanargmin, np.argsort,
    np.argpartition, np.argwhere, np.nonzero, np.flatnonzero, np.count_nonzero, np.searchsorted,
    np.digitize, np.bincount, np.unique, np.all, np.any, np.allclose, np.isclose, np.array_equal,
    np.array_equiv, np.iscomplexobj, np.isrealobj, np.iscomplex, np.isreal, np.result_type,
    np.can_cast, np.min_scalar_type, np.common_type, np.may_share_memory, np.shares_memory,
    np.histogram, np.histogram_bin_edges, np.isin, np.lexsort, np.array_repr, np.array_str,
    np.array2string, np.linalg.matrix_rank, np.linalg.cond, np.tril_indices_from,
    np.triu_indices_from, np.diag_indices_from, np.iscomplexobj,
)  # fmt: skip


def _maker(f: Any) -> Any:
    """zeros_like and its kin: the new array may be written to with traced values."""

    def make(a: Any, *args: Any, **kwargs: Any) -> Any:
        if not _trace.is_traced(a):  # full_like(plain, traced) and the like
            a_traced = next(x for x in args if _trace.is_traced(x))
            return np.broadcast_to(a_traced, np.shape(a)) + np.zeros_like(plain(a))
        if any_traced(args):
            fill = args[0]
            return np.broadcast_to(fill, np.shape(a)) + np.zeros_like(plain(a))
        new = f(plain(a), *plain_of_all(args), **plain_of_all(kwargs))
        return traced_constant(a, new) if new.dtype.kind == "f" else new

    return make


for _f in (np.zeros_like, np.ones_like, np.empty_like, np.full_like):
    _trace.RULES[_f] = _trace.Composed(_maker(_f), f"np.{_f.__name__}", None)


@composed(np.copyto)
def _copyto(dst: Any, src: Any, casting: str = "same_kind", where: Any = True) -> None:
    if not _trace.is_traced(dst):
        raise _trace.ConversionError(
            "np.copyto, np.full or np.put: writing a traced array into a plain one." + _WAY_OUT
        )
    dst[...] = src if where is True else np.where(where, src, dst)


_WAY_OUT = (
    " Build the result with np.stack, np.concatenate or np.where, or write into "
    "np.zeros_like(x) of a traced x."
)


def _refuse_to_write(f: Any) -> None:
    def refuse(*_args: Any, **_kwargs: Any) -> None:
        raise _trace.ConversionError(
            f"np.{f.__name__}: writing a traced array into a plain one." + _WAY_OUT
        )

    _trace.RULES[f] = _trace.Composed(refuse, f"np.{f.__name__}", None)


for _g in (np.put, np.place, np.putmask, np.put_along_axis, np.fill_diagonal):
    _refuse_to_write(_g)

# --- attributes and methods

METHODS["T"] = np.transpose
METHODS["mT"] = lambda x: np.swapaxes(x, -1, -2)
METHODS["real"] = np.real
METHODS["imag"] = np.imag
METHODS["flat"] = lambda x: iter(np.reshape(x, -1))
for _name in (
    "sum", "mean", "prod", "max", "min", "var", "std", "cumsum", "cumprod", "trace", "ravel",
    "squeeze", "swapaxes", "dot", "clip", "repeat", "take", "diagonal", "compress", "copy",
    "argmax", "argmin", "argsort", "nonzero", "searchsorted", "all", "any", "round", "argpartition",
):  # fmt: skip
    METHODS[_name] = partial(lambda f, x: partial(f, x), getattr(np, _name))
METHODS["flatten"] = lambda x: lambda order="C": np.copy(np.ravel(x, order))
METHODS["conj"] = METHODS["conjugate"] = lambda x: lambda: x
METHODS["astype"] = lambda x: partial(cast, x)
METHODS["reshape"] = lambda x: (
    lambda *shape, order="C": np.reshape(x, shape[0] if len(shape) == 1 else shape, order)
)
METHODS["transpose"] = lambda x: (
    lambda *axes: np.transpose(x, None if not axes else axes[0] if len(axes) == 1 else axes)
)
METHODS["__array_namespace__"] = lambda x: lambda api_version=None: np


def _sort_in_place(x: Any) -> Any:
    def sort(axis: int = -1, kind: Any = None) -> None:
        x[...] = np.sort(x, axis)

    return sort


def _fill(x: Any) -> Any:
    def fill(value: Any) -> None:
        x[...] = value

    return fill


METHODS["sort"] = _sort_in_place
METHODS["fill"] = _fill
