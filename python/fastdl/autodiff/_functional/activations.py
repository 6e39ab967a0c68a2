"""Rules of the activations."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import fastdl.functional as F
from fastdl.autodiff._functional.by_name import BY_NAME, negative
from fastdl.autodiff._functional.rules import ARRAYS, checked, composed, custom
from fastdl.autodiff._rules.table import elementwise, primitive
from fastdl.autodiff._trace import plain

_SELU, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _positive(x: Any) -> Any:
    return (plain(x) > 0).astype(plain(x).dtype)


@primitive
def _slope_of_gelu(x: Any) -> Any:
    return F.gelu_backward(np.ones_like(x), x)


elementwise(
    _slope_of_gelu,
    lambda _y, x: np.exp(-0.5 * x * x) * (2 - x * x) / math.sqrt(2 * math.pi),
    name="F.gelu_backward",
)


def _swish(_y: Any, x: Any, alpha: Any) -> Any:
    s = F.sigmoid(alpha * x)
    return s * (1 + alpha * x * (1 - s))


def _swish_by_alpha(_y: Any, x: Any, alpha: Any) -> Any:
    s = F.sigmoid(alpha * x)
    return x * x * s * (1 - s)


def _mish(_y: Any, x: Any) -> Any:
    t = F.tanh(F.softplus(x))
    return t + x * (1 - t * t) * F.sigmoid(x)


def _activation(f: Any, *partials: Any) -> None:
    elementwise(f, *partials, name=f"F.{f.__name__}")
    ARRAYS[f] = len(partials)


_activation(F.relu, lambda _y, x: _positive(x))
_activation(
    F.leaky_relu,
    lambda _y, x, alpha: np.where(plain(x) > 0, 1.0, alpha),
    lambda _y, x, _alpha: negative(x),
)
_activation(
    F.elu,
    lambda y, x, alpha: np.where(plain(x) > 0, 1.0, y + alpha),
    lambda _y, x, _alpha: np.expm1(negative(x)),
)
_activation(F.selu, lambda y, x: np.where(plain(x) > 0, _SELU, y + _SELU * _SELU_ALPHA))
_activation(F.sigmoid, lambda y, _x: y * (1 - y))
_activation(F.tanh, lambda y, _x: 1 - y * y)
_activation(F.softplus, lambda _y, x: F.sigmoid(x))
_activation(F.gelu, lambda _y, x: _slope_of_gelu(x))
_activation(F.swish, _swish, _swish_by_alpha)
_activation(F.mish, _mish)


def _weighed_sum(a: Any, b: Any) -> Any:
    return np.sum(a * b, axis=-1, keepdims=True)


def _softmax(d: Any, y: Any, _x: Any) -> Any:
    return y * (d - _weighed_sum(y, d))


custom(F.softmax, _softmax, _softmax)
custom(
    F.log_softmax,
    lambda dy, y, _x: dy - np.exp(y) * np.sum(dy, axis=-1, keepdims=True),
    lambda dx, y, _x: dx - _weighed_sum(np.exp(y), dx),
)


def _by_name(x: Any, name: str, alpha: Any = None) -> Any:
    checked(F.activation, np.zeros(1), name, alpha)
    f = BY_NAME.get(name) or getattr(F, name)
    return f(x) if alpha is None else f(x, alpha)


def _maxout(x: Any, pieces: int) -> Any:
    """The first of the largest, as the backward of the core has it."""
    checked(F.maxout, x, pieces)
    grouped = np.reshape(x, (*x.shape[:-1], x.shape[-1] // pieces, pieces))
    first = np.argmax(plain(grouped), axis=-1)[..., None]
    return np.squeeze(np.take_along_axis(grouped, first, -1), -1)


custom(F.rrelu, lambda dy, _y, x, **o: F.rrelu_backward(dy, x, **o))
composed(F.activation, 1, _by_name, "alpha")
composed(F.maxout, 1, _maxout)
composed(F.prelu, 2, lambda x, alpha: np.where(plain(x) > 0, x, alpha * x))
