"""Activations that `fastdl.functional` has by name only, by functions that have rules."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import fastdl.functional as F
from fastdl.autodiff._rules.table import elementwise, primitive
from fastdl.autodiff._trace import plain


@primitive
def _erf(x: Any) -> Any:
    return F.activation(x, "erf")


elementwise(_erf, lambda _y, x: 2 / math.sqrt(math.pi) * np.exp(-x * x), name="erf")


def negative(x: Any) -> Any:
    """min(x, 0), of derivative 0 above 0."""
    return np.where(plain(x) > 0, 0.0, x)


def _hard_sigmoid(x: Any) -> Any:
    return np.clip(x / 6 + 0.5, 0.0, 1.0)


def _gelu_tanh(x: Any) -> Any:
    return 0.5 * x * (1 + np.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x * x * x)))


# The formulas of `fastdl.layers.Activation`, of x and, where there is one, alpha.
BY_NAME: dict[str, Callable[..., Any]] = {
    "identity": lambda x: x,
    "hard_sigmoid": _hard_sigmoid,
    "hard_swish": lambda x: x * _hard_sigmoid(x),
    "gelu_tanh": _gelu_tanh,
    "celu": lambda x, a=1.0: np.where(plain(x) > 0, x, a * np.expm1(negative(x) / a)),
    "softsign": lambda x: x / (1 + np.abs(x)),
    "thresholded_relu": lambda x, a=1.0: np.where(plain(x) > plain(a), x, 0.0),
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "abs": np.abs,
    "erf": _erf,
    "power": lambda x, a=2.0: x**a,
}
