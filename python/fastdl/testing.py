"""Gradients against central differences, for functions and for whole programs."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdl._core import Program

__all__ = ["check_gradients", "check_program_gradients", "numerical_gradient"]


def numerical_gradient(
    f: Callable[[Any], Any], x: ArrayLike, step: float | None = None, scheme: str = "central"
) -> NDArray[Any]:
    """The derivative of a function of one number, by differences.

    Parameters
    ----------
    f : callable
        Takes an array of the shape of `x`, or a number, and returns one number.
    x : float or array-like
        Where; of any shape.
    step : float, optional
        h. By default 6e-6 for "central", 1e-8 for "forward", 1e-20 for "complex".
    scheme : {"central", "forward", "complex"}, default="central"
        (f(x + h) - f(x - h)) / 2h, with an error of order h^2; (f(x + h) - f(x)) / h, of order h;
        or Im f(x + ih) / h, without cancellation, for f that takes complex numbers (W. Squire and
        G. Trapp, "Using complex variables to estimate derivatives of real functions", 1998).

    Returns
    -------
    ndarray of float64 of the shape of x

    Raises
    ------
    ValueError
        If there is no such scheme.

    Examples
    --------
    >>> from fastdl.testing import numerical_gradient
    >>> numerical_gradient(lambda x: (x**3).sum(), [1.0, 2.0]).round(6)
    array([ 3., 12.])
    """
    defaults = {"central": 6e-6, "forward": 1e-8, "complex": 1e-20}
    if scheme not in defaults:
        raise ValueError(f"scheme={scheme!r}; expected one of {', '.join(map(repr, defaults))}.")
    h = defaults[scheme] if step is None else step
    point = np.array(x, dtype=complex if scheme == "complex" else float)
    result = np.empty(point.shape)
    for index in np.ndindex(point.shape):

        def at(d: complex, index: Any = index) -> Any:
            moved = point.copy()
            moved[index] += d
            return f(moved if moved.ndim else moved[()])

        if scheme == "complex":
            result[index] = np.imag(at(1j * h)) / h
        elif scheme == "central":
            result[index] = (at(h) - at(-h)) / (2 * h)
        else:
            result[index] = (at(h) - at(0.0)) / h
    return result


def check_gradients(
    f: Callable[..., Any],
    args: Sequence[ArrayLike | None],
    *,
    options: Mapping[str, Any] | None = None,
    backward: Callable[..., Any] | None = None,
    step: float = 1e-5,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    max_elements: int | None = None,
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
    max_elements : int, optional
        Check only so many elements of each argument, chosen at random.
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
    differences = _Differences(step, rtol, atol, max_elements)
    for i, (x, dx) in enumerate(zip(inputs, gradients, strict=False)):
        if dx is not None and x is not None and x.dtype == np.float64:
            differences.compare(f"{_name(f)}: gradient of argument {i}", dx, value, x, dy)


def check_program_gradients(
    program: Program,
    X: ArrayLike,
    *,
    training: bool = True,
    step: float = 1e-5,
    rtol: float = 1e-6,
    atol: float = 1e-8,
    max_elements: int | None = None,
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
    step, rtol, atol, max_elements, random_state
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
            f"check_program_gradients: the program computes in {program.dtype}; compile it with "
            "dtype='float64'."
        )
    X = np.array(X, dtype=np.float64, order="C")

    def value() -> NDArray[np.float64]:
        return np.array(program.forward(X, training=training))

    dy = np.random.default_rng(random_state).normal(size=value().shape)
    dX = program.backward(dy)
    analytic = {p.name: program.get_gradient(p.name) for p in program.parameters if p.trainable}
    differences = _Differences(step, rtol, atol, max_elements)
    if dX is not None:
        differences.compare("gradient of the input", dX, value, X, dy)
    for name, dw in analytic.items():
        w = program.get_parameter(name)

        def moved(name: str = name, w: NDArray[np.float64] = w) -> NDArray[np.float64]:
            program.set_parameter(name, w)
            return value()

        differences.compare(f"gradient of '{name}'", dw, moved, w, dy)
        program.set_parameter(name, w)


def _backward_of(f: Callable[..., Any]) -> Callable[..., Any]:
    backward = getattr(importlib.import_module(f.__module__), f"{_name(f)}_backward", None)
    if backward is None:
        raise TypeError(
            f"check_gradients: {f.__module__} has no {_name(f)}_backward; give one by backward=."
        )
    return backward


def _name(f: Callable[..., Any]) -> str:
    return getattr(f, "__name__", repr(f))


def _as_float64(a: ArrayLike | None) -> NDArray[Any] | None:
    """Copy what will be written to; integers (codes, indices) stay as they are."""
    if a is None or not np.issubdtype(np.asarray(a).dtype, np.floating):
        return None if a is None else np.asarray(a)
    return np.array(a, dtype=np.float64, order="C")


class _Differences(NamedTuple):
    """Central differences, and how far a gradient may be from them."""

    step: float
    rtol: float
    atol: float
    max_elements: int | None

    def compare(
        self,
        who: str,
        analytic: NDArray[Any],
        value: Callable[[], NDArray[np.float64]],
        x: NDArray[np.float64],
        dy: NDArray[np.float64],
    ) -> None:
        """Raise where `analytic` is not d sum(dy * value()) / dx; value() reads x."""
        if np.shape(analytic) != x.shape:
            raise AssertionError(f"{who} has shape {np.shape(analytic)}; expected {x.shape}.")
        chosen = np.random.default_rng(0).permutation(x.size)[: self.max_elements]
        where = list(zip(*np.unravel_index(chosen, x.shape), strict=True))
        numeric = np.array([self._derivative(value, x, dy, i) for i in where])
        given = np.array([analytic[i] for i in where])
        with np.errstate(invalid="ignore"):  # infinities
            off = np.nan_to_num(np.abs(given - numeric), nan=np.inf)
        tolerance = self.atol + self.rtol * np.max(np.abs(numeric), initial=0.0)
        bad = int(np.sum(~(off <= tolerance)))
        if bad:
            worst = int(np.argmax(off))
            raise AssertionError(
                f"{who} at index {tuple(map(int, where[worst]))}: backward gives "
                f"{given[worst]:.10g}, central differences give {numeric[worst]:.10g} ({bad} of "
                f"{len(where)} elements are off by more than {tolerance:.1e})."
            )

    def _derivative(
        self,
        value: Callable[[], NDArray[np.float64]],
        x: NDArray[np.float64],
        dy: NDArray[np.float64],
        i: tuple[int, ...],
    ) -> float:
        old = x[i]
        x[i] = old + self.step
        above, right = value(), x[i]
        x[i] = old - self.step
        below, left = value(), x[i]
        x[i] = old
        with np.errstate(invalid="ignore"):  # infinities
            return float(np.sum(dy * (above - below)) / (right - left))
