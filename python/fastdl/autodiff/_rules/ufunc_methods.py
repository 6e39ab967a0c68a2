"""Rules of the methods of ufuncs: reduce, accumulate, outer."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastdl.autodiff._rules.table import composed
from fastdl.autodiff._trace import RULES, plain


def _of_ufunc(ufunc: Any, method: str, g: Any) -> None:
    composed((ufunc, method), name=f"np.{ufunc.__name__}.{method}")(g)


def _reduce_by(f: Any) -> Any:
    def reduce(
        array: Any, axis: Any = 0, dtype: Any = None, out: Any = None, keepdims: bool = False
    ) -> Any:
        if dtype is not None:
            array = array.astype(dtype)
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
        if dtype is not None:
            array = array.astype(dtype)
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
