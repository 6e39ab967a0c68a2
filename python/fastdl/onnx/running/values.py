"""Products and functions of single values."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import functional as F
from fastdl.onnx.running.operator import Compute, takes


def _dense(x: NDArray[Any], w: NDArray[Any]) -> NDArray[Any]:
    """A product of matrices."""
    if 0 in (*x.shape, *w.shape):
        return np.zeros((len(x), w.shape[1]), x.dtype)
    return F.dense(np.ascontiguousarray(x), np.ascontiguousarray(w))


def matmul(a: Any, b: Any, **_: Any) -> Any:
    """MatMul, of stacks of matrices too."""
    if not takes(a, b):
        return None
    left, right = (a[np.newaxis] if a.ndim == 1 else a), (b[:, np.newaxis] if b.ndim == 1 else b)
    if right.ndim == 2:
        y = _dense(left.reshape(-1, left.shape[-1]), right).reshape(*left.shape[:-1], -1)
    else:
        outer = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
        left = np.broadcast_to(left, (*outer, *left.shape[-2:]))
        right = np.broadcast_to(right, (*outer, *right.shape[-2:]))
        y = np.empty((*outer, left.shape[-2], right.shape[-1]), a.dtype)
        for i in np.ndindex(outer):
            y[i] = _dense(left[i], right[i])
    y = y[..., 0, :] if a.ndim == 1 else y
    return y[..., 0] if b.ndim == 1 else y


def gemm(
    a: Any,
    b: Any,
    c: Any = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    transA: int = 0,
    transB: int = 0,
    **_: Any,
) -> Any:
    """Gemm."""
    if not takes(a, b, c):
        return None
    y = _dense(a.T if transA else a, b.T if transB else b)
    y = y if alpha == 1 else y * np.asarray(alpha, y.dtype)
    return y if c is None else (y + np.asarray(beta, y.dtype) * c).astype(y.dtype)


def function(name: str, alpha: float | None = None) -> Compute:
    """An activation; `alpha` is its default."""

    def compute(x: Any, **options: Any) -> Any:
        if not takes(x):
            return None
        value = None if alpha is None else float(options.get("alpha", alpha))
        if value is not None and value < 0:
            return None
        return F.activation(x, name, value) if x.size else x.copy()

    return compute


def selu(x: Any, *, alpha: float = 1.67326319, gamma: float = 1.05070102, **_: Any) -> Any:
    """Selu, of other numbers too."""
    if not takes(x):
        return None
    return np.asarray(gamma, x.dtype) * F.elu(x, float(alpha))


def gelu(x: Any, *, approximate: str = "none", **_: Any) -> Any:
    """Gelu; by tanh as onnx writes it."""
    if not takes(x):
        return None
    if approximate == "none":
        return F.gelu(x)
    inner = math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)
    return (0.5 * x * (1 + F.tanh(inner.astype(x.dtype)))).astype(x.dtype)


def prelu(x: Any, slope: Any, **_: Any) -> Any:
    """PRelu, of slopes that broadcast."""
    if not takes(x, slope):
        return None
    if slope.ndim == 1 < x.ndim and slope.shape[0] == x.shape[1] != x.shape[-1]:  # opset 6
        slope = slope.reshape(-1, *(1,) * (x.ndim - 2))
    whole = np.broadcast_to(slope, x.shape).reshape(1, -1)
    return F.prelu(x.reshape(1, -1), whole[0]).reshape(x.shape)


def _softmax(x: Any, f: Any, axis: int | None, opset: int) -> Any:
    if not takes(x) or not x.size:
        return None
    if opset < 13:
        axis = 1 if axis is None else axis
        rows = x.reshape(math.prod(x.shape[:axis]), -1)
        return f(rows).reshape(x.shape)
    axis = -1 if axis is None else axis
    last = np.ascontiguousarray(np.moveaxis(x, axis, -1))
    y = f(last.reshape(-1, last.shape[-1])).reshape(last.shape)
    return np.moveaxis(y, -1, axis)


def softmax(x: Any, *, opset: int, axis: int | None = None, **_: Any) -> Any:
    """Softmax; of old opsets over all axes from one on."""
    return _softmax(x, F.softmax, axis, opset)


def log_softmax(x: Any, *, opset: int, axis: int | None = None, **_: Any) -> Any:
    """LogSoftmax; of old opsets over all axes from one on."""
    return _softmax(x, F.log_softmax, axis, opset)
