"""Rules of functions that give one value for each position: arithmetic and NumPy's ufuncs.

At a kink the derivative is 0 for abs and sign, and a half each for equal arguments of maximum.
"""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

from fastdl.autodiff._rules.table import composed, constant, custom, elementwise
from fastdl.autodiff._trace import halves, plain

_LN2 = math.log(2.0)
_LN10 = math.log(10.0)

elementwise(np.add, 1, 1, by_operator=operator.add)
elementwise(np.subtract, 1, -1, by_operator=operator.sub)
elementwise(
    np.multiply,
    lambda _y, _a, b: b,
    lambda _y, a, _b: a,
    by_operator=operator.mul,
)
elementwise(
    np.true_divide,
    lambda _y, _a, b: 1 / b,
    lambda y, _a, b: -y / b,
    by_operator=operator.truediv,
)


def _power_by_base(_y: Any, x: Any, n: Any) -> Any:
    """N x**(n-1), which is 0 for n = 0, at x = 0 too."""
    if isinstance(n, (int, float)):
        return 2 * x if n == 2 else np.zeros_like(plain(x)) if n == 0 else n * x ** (n - 1)
    zero = plain(n) == 0
    return n * x ** np.where(zero, 1.0, n - 1) if np.count_nonzero(zero) else n * x ** (n - 1)


def _power_by_exponent(y: Any, x: Any, _n: Any) -> Any:
    """x**n log(x), which is 0 at x = 0."""
    zero = plain(x) == 0
    return y * np.log(np.where(zero, 1.0, x)) if np.count_nonzero(zero) else y * np.log(x)


elementwise(np.power, _power_by_base, _power_by_exponent, by_operator=operator.pow)
elementwise(np.float_power, _power_by_base, _power_by_exponent)
elementwise(np.negative, -1, by_operator=operator.neg)
elementwise(np.positive, 1)
elementwise(np.conjugate, 1)
elementwise(np.absolute, lambda _y, x: np.sign(plain(x)))
elementwise(np.fabs, lambda _y, x: np.sign(plain(x)))
elementwise(np.square, lambda _y, x: 2 * x)
elementwise(np.reciprocal, lambda y, _x: -y * y)
elementwise(np.sqrt, lambda y, _x: 0.5 / y)
elementwise(np.cbrt, lambda y, _x: 1 / (3 * y * y))

elementwise(np.exp, lambda y, _x: y)
elementwise(np.exp2, lambda y, _x: y * _LN2)
elementwise(np.expm1, lambda y, _x: y + 1)
elementwise(np.log, lambda _y, x: 1 / x)
elementwise(np.log2, lambda _y, x: 1 / (x * _LN2))
elementwise(np.log10, lambda _y, x: 1 / (x * _LN10))
elementwise(np.log1p, lambda _y, x: 1 / (1 + x))

elementwise(np.sin, lambda _y, x: np.cos(x))
elementwise(np.cos, lambda _y, x: -np.sin(x))
elementwise(np.tan, lambda y, _x: 1 + y * y)
elementwise(np.arcsin, lambda _y, x: 1 / np.sqrt(1 - x * x))
elementwise(np.arccos, lambda _y, x: -1 / np.sqrt(1 - x * x))
elementwise(np.arctan, lambda _y, x: 1 / (1 + x * x))
elementwise(np.sinh, lambda _y, x: np.cosh(x))
elementwise(np.cosh, lambda _y, x: np.sinh(x))
elementwise(np.tanh, lambda y, _x: 1 - y * y)
elementwise(np.arcsinh, lambda _y, x: 1 / np.sqrt(x * x + 1))
elementwise(np.arccosh, lambda _y, x: 1 / np.sqrt(x * x - 1))
elementwise(np.arctanh, lambda _y, x: 1 / (1 - x * x))
for _degrees in (np.rad2deg, np.degrees):
    elementwise(_degrees, 180 / math.pi)
for _radians in (np.deg2rad, np.radians):
    elementwise(_radians, math.pi / 180)


def _larger(_y: Any, a: Any, b: Any) -> Any:
    a, b = plain(a), plain(b)
    found = halves(a, b)
    if found is not None:
        return found
    equal = a == b
    return np.where(equal, 0.5, a > b) if np.count_nonzero(equal) else a > b


def _smaller(_y: Any, a: Any, b: Any) -> Any:
    return _larger(_y, -plain(a), -plain(b))


def _larger_or_number(_y: Any, a: Any, b: Any) -> Any:
    """As `_larger`; a number wins over a nan."""
    return np.where(np.isnan(plain(b)), 1.0, _larger(_y, a, b))


def _smaller_or_number(_y: Any, a: Any, b: Any) -> Any:
    return np.where(np.isnan(plain(b)), 1.0, _smaller(_y, a, b))


elementwise(np.maximum, _larger, lambda _y, a, b: _larger(_y, b, a))
elementwise(np.minimum, _smaller, lambda _y, a, b: _smaller(_y, b, a))
elementwise(np.fmax, _larger_or_number, lambda _y, a, b: _larger_or_number(_y, b, a))
elementwise(np.fmin, _smaller_or_number, lambda _y, a, b: _smaller_or_number(_y, b, a))


def _nonzero(y: Any) -> Any:
    """Y, and 1 where it is 0."""
    zero = plain(y) == 0
    return np.where(zero, 1.0, y) if np.count_nonzero(zero) else y


elementwise(np.hypot, lambda y, a, _b: a / _nonzero(y), lambda y, _a, b: b / _nonzero(y))
elementwise(
    np.arctan2,
    lambda _y, a, b: b / _nonzero(a * a + b * b),
    lambda _y, a, b: -a / _nonzero(a * a + b * b),
)


def _finite(y: Any) -> Any:
    """Y, and 0 where it is -inf: nothing adds to exp(-inf)."""
    empty = plain(y) == -np.inf
    return np.where(empty, 0.0, y) if np.count_nonzero(empty) else y


elementwise(
    np.logaddexp,
    lambda y, a, _b: np.exp(a - _finite(y)),
    lambda y, _a, b: np.exp(b - _finite(y)),
)
elementwise(
    np.logaddexp2,
    lambda y, a, _b: np.exp2(a - _finite(y)),
    lambda y, _a, b: np.exp2(b - _finite(y)),
)
elementwise(
    np.copysign,
    lambda _y, a, b: np.where(np.signbit(plain(a)) == np.signbit(plain(b)), 1.0, -1.0),
    0,
)
elementwise(np.remainder, 1, lambda _y, a, b: -np.floor(plain(a) / plain(b)))
elementwise(np.fmod, 1, lambda _y, a, b: -np.trunc(plain(a) / plain(b)))
elementwise(np.ldexp, lambda _y, _a, b: np.ldexp(1.0, plain(b)), 0)
elementwise(np.heaviside, 0, lambda _y, a, _b: (plain(a) == 0).astype(float))

composed(np.real)(lambda val: val)
composed(np.imag)(lambda val: np.imag(plain(val)))
elementwise(np.nan_to_num, lambda _y, x: np.isfinite(plain(x)).astype(float))


def _slope_of_sinc(y: Any, x: Any) -> Any:
    """(cos(pi x) - sinc(x)) / x, near 0 by its series."""
    near = np.abs(plain(x)) < 0.02
    z = np.where(near, 1.0, x)
    w = np.where(near, x, 0.0) * math.pi
    series = math.pi * (-w / 3 + w**3 / 30 - w**5 / 840)
    return np.where(near, series, (np.cos(math.pi * z) - np.sinc(z)) / z)


elementwise(np.sinc, _slope_of_sinc)
custom(
    np.where,
    (
        None,
        lambda dy, _y, c, _a, _b: np.where(plain(c), dy, 0.0),
        lambda dy, _y, c, _a, _b: np.where(plain(c), 0.0, dy),
    ),
    (
        None,
        lambda dx, _y, c, _a, _b: np.where(plain(c), dx, 0.0),
        lambda dx, _y, c, _a, _b: np.where(plain(c), 0.0, dx),
    ),
)


@composed(np.clip)
def _clip(
    a: Any,
    a_min: Any = None,
    a_max: Any = None,
    out: Any = None,
    *,
    min: Any = None,
    max: Any = None,
) -> Any:
    """The bounds themselves count as inside."""
    low, high = a_min if min is None else min, a_max if max is None else max
    y = a
    if low is not None:
        y = np.where(plain(y) < plain(low), low, y)
    if high is not None:
        y = np.where(plain(y) > plain(high), high, y)
    return y


@composed(np.select)
def _select(condlist: Any, choicelist: Any, default: Any = 0) -> Any:
    y = default
    for c, choice in zip(reversed(condlist), reversed(choicelist), strict=True):
        y = np.where(c, choice, y)
    return y


constant(
    np.sign, np.floor, np.ceil, np.rint, np.trunc, np.fix, np.round, np.around, np.floor_divide,
    np.isnan, np.isfinite, np.isinf, np.isposinf, np.isneginf, np.signbit, np.spacing,
    np.equal, np.not_equal, np.less, np.less_equal, np.greater, np.greater_equal,
    np.logical_and, np.logical_or, np.logical_not, np.logical_xor,
)  # fmt: skip
