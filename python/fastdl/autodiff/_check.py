"""Derivatives against central differences."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from fastdl.autodiff._transforms import jvp, vjp
from fastdl.autodiff._tree import flatten, leaves


def check_gradients(
    f: Callable[..., Any],
    args: Sequence[Any],
    *,
    modes: Sequence[str] = ("reverse", "forward"),
    order: int = 2,
    step: float | None = None,
    rtol: float = 1e-5,
    atol: float = 1e-7,
    max_elements: int | None = None,
) -> None:
    """Compare derivatives with central differences, in random directions.

    Parameters
    ----------
    f : callable
        Returns an array, a number, or containers of them.
    args : sequence
        Its arguments, in float64.
    modes : sequence of {"reverse", "forward"}
        What to check.
    order : {1, 2}, default=2
        Whether derivatives of derivatives are checked as well.
    step : float, optional
        Of the differences, times the largest argument; by default 6e-6.
    rtol, atol : float
        Of the comparison.
    max_elements : int, optional
        How many elements of the arguments are compared one by one; by default up to 50.

    Raises
    ------
    AssertionError
        Names mode, order, element and both numbers.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl.autodiff import check_gradients
    >>> check_gradients(lambda x, w: np.tanh(x @ w), (np.eye(3), np.ones(3)))
    """
    vector, unflatten = flatten(tuple(args))
    rng = np.random.default_rng(0)
    h = (6e-6 if step is None else step) * max(1.0, float(np.max(np.abs(vector), initial=0.0)))
    outputs = leaves(f(*args))
    if not outputs or vector.size == 0:
        return
    weights = [rng.normal(size=np.shape(y)) for y in outputs]
    sizes = [max(1.0, float(np.max(np.abs(y), initial=0.0))) for y in outputs]

    def weighed(v: Any) -> Any:
        ys = leaves(f(*unflatten(v)))
        return sum(np.sum(w * y) for w, y in zip(weights, ys, strict=True))

    gradient = _reverse(weighed) if "reverse" in modes else _forward_gradient(weighed)
    _compare(weighed, gradient, vector, h, rtol, atol, max_elements, "first derivative", modes)
    if order > 1:
        u = rng.normal(size=vector.shape)

        def bent(v: Any) -> Any:  # the gradient by y depends on v as well
            ys = leaves(f(*unflatten(v)))
            parts = zip(weights, sizes, ys, strict=True)
            return sum(np.sum(w * size * np.sin(y / size)) for w, size, y in parts)

        of_bent = _reverse(bent) if "reverse" in modes else _forward_gradient(bent)

        def slope(v: Any) -> Any:
            return np.sum(u * of_bent(v))

        second = _reverse(slope) if "reverse" in modes else _forward_gradient(slope)
        _compare(
            slope,
            second,
            vector,
            10 * h,
            10 * rtol,
            100 * atol,
            max_elements,
            "second derivative",
            modes,
        )


def _reverse(g: Any) -> Any:
    return lambda v: vjp(g, v)[1](1.0)[0]


def _forward_gradient(g: Any) -> Any:
    return lambda v: np.stack([jvp(g, (v,), (e,))[1] for e in np.eye(np.size(v))])


def _compare(
    g: Any,
    gradient: Any,
    v: Any,
    h: float,
    rtol: float,
    atol: float,
    most: int | None,
    what: str,
    modes: Any,
) -> None:
    found = np.asarray(gradient(v))
    n = min(v.size, 50 if most is None else most)
    places = np.random.default_rng(1).permutation(v.size)[:n]
    for i in places:
        e = np.zeros(v.size)
        e[i] = h
        difference = float((g(v + e) - g(v - e)) / (2 * h))
        _assert_close(found[i], difference, rtol, atol, f"{what}, reverse mode, element {i}")
        if "forward" in modes:
            direction = float(jvp(g, (v,), (e / h,))[1])
            _assert_close(direction, found[i], rtol, atol, f"{what}, forward mode, element {i}")


def _assert_close(found: float, expected: float, rtol: float, atol: float, what: str) -> None:
    if not abs(found - expected) <= atol + rtol * abs(expected):
        raise AssertionError(f"{what}: {float(found)!r}, but differences give {float(expected)!r}.")
