"""What a function may say of its own derivative: none here, compute again, this is it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial, wraps
from typing import Any

import numpy as np

import fastdl.autodiff._trace as _trace
import fastdl.autodiff._transforms as _transforms
from fastdl.autodiff._trace import CHECKING, RULES, any_traced, is_traced, plain
from fastdl.autodiff._tree import leaves, rebuild, rebuilt_with


def value_of(x: Any) -> Any:
    """The plain array or number that a traced array stands for: to print, to branch, to plot.

    Parameters
    ----------
    x : traced array, or anything else, which is given back

    Returns
    -------
    ndarray, read-only, or number
    """
    value = plain(x)
    if value is not x and isinstance(value, np.ndarray):
        value = value.view()
        value.flags.writeable = False
    return value


def stop_gradient(x: Any) -> Any:
    """The same values, taken as constants.

    Parameters
    ----------
    x : array, number, or containers of them

    Examples
    --------
    >>> from fastdl.autodiff import grad, stop_gradient
    >>> grad(lambda x: x * stop_gradient(x))(3.0)
    3.0
    """
    return rebuild(x, value_of)


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """Save memory: reverse mode keeps the arguments of f only, and calls it again for the rest.

    Parameters
    ----------
    f : callable
        What it reads besides its positional arguments must not be traced. It is called twice, so it
        may not draw random numbers, nor change anything.

    Returns
    -------
    callable

    References
    ----------
    T. Chen et al., "Training deep nets with sublinear memory cost", 2016.
    """
    name = f"checkpoint({getattr(f, '__name__', type(f).__name__)})"

    @wraps(f)
    def called(*args: Any, **kwargs: Any) -> Any:
        flat = leaves(args)
        if not any_traced(tuple(flat)):
            return f(*args, **kwargs)
        run = _Again(partial(f, **kwargs), args)
        made = _trace.Custom(
            run, name, None, (), joint=run.gradients, joint_jvp=run.tangent, keeps=_WITHOUT_VALUE
        )
        outs = made(*flat)
        parts = outs if isinstance(outs, tuple) else (outs,)
        if _depth(parts) > _depth(flat):
            raise RuntimeError(
                f"{name}: the function uses a traced array that is not among its arguments."
            )
        return rebuilt_with(run.form, list(parts))

    return called


class _Again:
    """A function of containers as one of their leaves, called once more for derivatives."""

    def __init__(self, f: Callable[..., Any], args: tuple[Any, ...]) -> None:
        self._f = f
        self._args = args
        self.form: Any = None  # of what the function gave

    def __call__(self, *values: Any) -> Any:
        self.form = self._f(*rebuilt_with(self._args, list(values)))
        outs = tuple(leaves(self.form))
        return outs if len(outs) != 1 else outs[0]

    def _of(self, active: list[int], values: tuple[Any, ...]) -> Callable[..., Any]:
        """The same as a function of some of its leaves."""

        def of_active(*some: Any) -> Any:
            given = list(values)
            for i, value in zip(active, some, strict=True):
                given[i] = value
            return self(*given)

        return of_active

    def gradients(self, dy: Any, needs: Any, _y: Any, *values: Any) -> list[Any]:
        active = [i for i, needed in enumerate(needs) if needed]
        y, pullback = _transforms.vjp(self._of(active, values), *(values[i] for i in active))
        if isinstance(dy, list):
            dy = tuple(np.zeros_like(p) if d is None else d for p, d in zip(y, dy, strict=True))
        found: list[Any] = [None] * len(values)
        for i, g in zip(active, pullback(dy), strict=True):
            found[i] = g
        return found

    def tangent(self, tangents: list[Any], _y: Any, *values: Any) -> Any:
        active = [i for i, d in enumerate(tangents) if d is not None]
        points, directions = [values[i] for i in active], [tangents[i] for i in active]
        return _transforms.jvp(self._of(active, values), points, directions)[1]


_WITHOUT_VALUE = 0xFFFFFFFE  # the arguments are kept, what the function gave is not


def _depth(parts: Sequence[Any]) -> int:
    """How many traces stand above each other, at most."""
    most = 0
    for part in parts:
        depth = 0
        while _trace.is_traced(part):
            part, depth = _trace.outcome(_trace.trace_of(part), part)[0], depth + 1
        most = max(most, depth)
    return most


def rule(
    f: Callable[..., Any],
    *,
    vjp: Callable[..., Any] | None = None,
    jvp: Callable[..., Any] | None = None,
) -> Callable[..., Any]:
    """Give a function a derivative of your own: what is not NumPy, or is quicker by hand.

    Parameters
    ----------
    f : callable
        Takes and returns arrays or numbers; it gets plain ones.
    vjp : callable, optional
        ``vjp(dy, y, *args)`` gives the gradients by the positional arguments, as a tuple (None for
        those that have none) or, of one argument, as they are. Written in NumPy, it can be
        differentiated itself.
    jvp : callable, optional
        ``jvp(tangents, y, *args)`` gives the derivative of y in a direction; tangents is a list,
        None for arguments that do not change. Without it there is no forward mode.

    Returns
    -------
    callable
        To be called in f's place.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl.autodiff import grad, rule
    >>> softplus = rule(lambda x: np.log1p(np.exp(x)), vjp=lambda dy, y, x: dy / (1 + np.exp(-x)))
    >>> grad(softplus)(0.0)
    0.5
    """
    if vjp is None and jvp is None:
        raise TypeError("rule: give vjp, jvp, or both.")
    name = getattr(f, "__name__", type(f).__name__)

    def joint(dy: Any, _needs: Any, y: Any, *args: Any, **kwargs: Any) -> Any:
        if vjp is None:
            raise NotImplementedError(f"{name} has no rule for reverse mode: rule(f, vjp=...).")
        found = vjp(dy, y, *args, **kwargs)
        return found if isinstance(found, (tuple, list)) else (found,)

    def floats(*args: Any, **kwargs: Any) -> Any:
        y = f(*args, **kwargs)
        is_array = isinstance(y, (np.ndarray, np.generic, float, complex)) or is_traced(y)
        if not isinstance(y, tuple) and (not is_array or np.asarray(plain(y)).dtype.kind in "biu"):
            raise TypeError(
                f"{name}: the function with a rule returned {_seen(y)}; derivatives are those of "
                "floats. Return them: y.astype(float)."
            )
        return y

    made = _trace.Custom(floats, name, None, (), joint=joint, joint_jvp=jvp)

    @wraps(f)
    def called(*args: Any, **kwargs: Any) -> Any:
        return made(*args, **kwargs) if any_traced(args) else f(*args, **kwargs)

    return called


def _seen(y: Any) -> str:
    return f"an array of {y.dtype}" if isinstance(y, np.ndarray) else f"a {type(y).__name__}"


@contextmanager
def check_finite() -> Iterator[None]:
    """Within it, reverse mode raises at the operation whose derivative became nan or infinite.

    Raises
    ------
    FloatingPointError
        By the transformation: names the function, and file and line where it was called.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl.autodiff import check_finite, grad
    >>> with check_finite():
    ...     grad(lambda x: np.sum(np.sqrt(x)))(np.array([1.0, 0.0]))  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    FloatingPointError: the derivative of np.sqrt is not finite, at ...
    """
    token = CHECKING.set(True)
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        CHECKING.reset(token)


def rules() -> dict[str, str]:
    """What can be differentiated: the names of functions, and the kind of rule of each.

    Returns
    -------
    dict of str
        By name ("np.sin"): "elementwise", "linear", "multilinear", "custom", "composed" of others,
        or "constant" (the derivative is 0 where there is one).
    """
    return {rule.name: rule.kind for rule in RULES.values() if not inspect.isfunction(rule)}
