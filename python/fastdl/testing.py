"""Gradients against central differences, for functions and for whole programs."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdl._core import Program

__all__ = ["check_gradients", "check_program_gradients"]


def check_gradients(
    f: Callable[..., Any],
    args: Sequence[ArrayLike | None],
    *,
    options: Mapping[str, Any] | None = None,
    backward: Callable[..., Any] | None = None,
    step: float = 1e-5,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    random_state: int = 0,
) -> None:
    """Compare the backward of a function with central differences, in float64.

    For a random `dy` the derivative of ``sum(dy * f(*args))`` by every element of every floating
    argument is ``sum(dy * (f(x + step) - f(x - step))) / (2 * step)``.

    Parameters
    ----------
    f : callable
        ``f(*args, **options) -> y``, as in `fastdl.functional`; of a tuple the first is `y`.
    args : sequence of array-like or None
        Inputs of any shape. Floating ones are taken as float64 and are differentiated; integers
        and None are passed through.
    options : mapping, optional
        Named arguments of both `f` and its backward, such as ``{"padding": "same"}``.
    backward : callable, optional
        ``backward(dy, *args, **options)`` gives an array, or a tuple of them in the order of
        `args`, None where there is no gradient. By default ``<name of f>_backward`` from the
        module of `f`.
    step : float, default=1e-5
        Half the distance of the two points.
    rtol, atol : float
        A gradient may be off by ``atol + rtol * max(abs(numeric))`` of its argument.
    random_state : int, default=0
        Seed of `dy`.

    Raises
    ------
    AssertionError
        Names the function, the argument, the worst index and both values.
    TypeError
        No backward was found, or it gave no gradient at all.

    Examples
    --------
    >>> import numpy as np
    >>> import fastdl.functional as F
    >>> from fastdl.testing import check_gradients
    >>> rng = np.random.default_rng(0)
    >>> x, w = rng.normal(size=(2, 5, 5, 3)), rng.normal(size=(3, 3, 3, 4))
    >>> check_gradients(F.conv2d, (x, w), options={"padding": "same"})
    """
    options = options or {}
    backward = backward or _backward_of(f)
    inputs = [_as_float64(a) for a in args]

    def value() -> NDArray[np.float64]:
        y = f(*inputs, **options)
        return np.array(y[0] if isinstance(y, tuple) else y)

    dy = np.random.default_rng(random_state).normal(size=value().shape)
    gradients = backward(dy, *inputs, **options)
    gradients = gradients if isinstance(gradients, tuple) else (gradients,)
    if all(g is None for g in gradients):
        raise TypeError(
            f"{_name(f)}: its backward gave no gradient to check; ask for one by needs=."
        )
    for i, (x, dx) in enumerate(zip(inputs, gradients, strict=False)):
        if dx is not None and x is not None and x.dtype == np.float64:
            who = f"{_name(f)}: gradient of argument {i}"
            _compare(who, dx, _differences(value, x, dy, step), rtol, atol)


def check_program_gradients(
    program: Program,
    X: ArrayLike,
    *,
    training: bool = True,
    step: float = 1e-5,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    random_state: int = 0,
) -> None:
    """Compare the gradients of a program with central differences.

    Parameters
    ----------
    program : Program
        Compiled with ``dtype="float64"``, and ``input_gradient=True`` if that of `X` is to be
        checked. Its parameters are as before afterwards; its running statistics have moved.
    X : array-like of shape (n, *input_shape)
        One batch.
    training : bool, default=True
        Whether dropout and batch statistics are active.
    step, rtol, atol, random_state
        As in `check_gradients`.

    Raises
    ------
    AssertionError
        Names the parameter (or the input), the worst index and both values.
    TypeError
        The program computes in float32, where differences show nothing.
    """
    if program.dtype != "float64":
        raise TypeError(
            f"check_program_gradients got a program in {program.dtype}; compile it with dtype='float64'."
        )
    X = np.array(X, dtype=np.float64, order="C")

    def value() -> NDArray[np.float64]:
        return np.array(program.forward(X, training=training))

    dy = np.random.default_rng(random_state).normal(size=value().shape)
    dX = program.backward(dy)
    analytic = {p.name: program.get_gradient(p.name) for p in program.parameters if p.trainable}
    if dX is not None:
        _compare("gradient of the input", dX, _differences(value, X, dy, step), rtol, atol)
    for name, dw in analytic.items():
        w = program.get_parameter(name)

        def moved(name: str = name, w: NDArray[np.float64] = w) -> NDArray[np.float64]:
            program.set_parameter(name, w)
            return value()

        _compare(f"gradient of '{name}'", dw, _differences(moved, w, dy, step), rtol, atol)
        program.set_parameter(name, w)


def _backward_of(f: Callable[..., Any]) -> Callable[..., Any]:
    backward = getattr(importlib.import_module(f.__module__), f"{_name(f)}_backward", None)
    if backward is None:
        raise TypeError(
            f"check_gradients found no {_name(f)}_backward in {f.__module__}; give one by backward=."
        )
    return backward  # type: ignore[no-any-return]


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__name__", repr(f))


def _as_float64(a: ArrayLike | None) -> NDArray[Any] | None:
    """A copy that may be written to; integers (codes, indices) as they are."""
    if a is None or not np.issubdtype(np.asarray(a).dtype, np.floating):
        return None if a is None else np.asarray(a)
    return np.array(a, dtype=np.float64, order="C")


def _differences(
    value: Callable[[], NDArray[np.float64]],
    x: NDArray[np.float64],
    dy: NDArray[np.float64],
    step: float,
) -> NDArray[np.float64]:
    """d sum(dy * value()) / dx; value() reads x, which is changed in place and put back."""
    numeric = np.empty_like(x)
    for i in np.ndindex(x.shape):
        old = x[i]
        x[i] = old + step
        above, right = value(), x[i]
        x[i] = old - step
        numeric[i] = np.sum(dy * (above - value())) / (right - x[i])
        x[i] = old
    return numeric


def _compare(
    who: str, analytic: NDArray[Any], numeric: NDArray[np.float64], rtol: float, atol: float
) -> None:
    if analytic.shape != numeric.shape:
        raise AssertionError(f"{who} has shape {analytic.shape}, but its argument {numeric.shape}.")
    if numeric.size == 0:
        return
    off = np.abs(analytic - numeric)
    off[np.isnan(off)] = np.inf
    tolerance = atol + rtol * np.max(np.abs(numeric))
    bad = int(np.sum(off > tolerance))
    if bad:
        worst = tuple(int(i) for i in np.unravel_index(np.argmax(off), off.shape))
        raise AssertionError(
            f"{who} at index {worst}: backward gives {analytic[worst]:.10g}, central differences "
            f"give {numeric[worst]:.10g} ({bad} of {off.size} elements are off by more than "
            f"{tolerance:.1e})."
        )
