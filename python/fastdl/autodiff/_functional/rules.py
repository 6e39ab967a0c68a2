"""How a function of `fastdl.functional` gets its rule, and a call of it with traced arrays."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

import fastdl.autodiff._trace as _trace
from fastdl.autodiff._trace import RULES, is_traced, plain_of_all
from fastdl.autodiff._tree import leaves

ARRAYS: dict[Any, int] = {}  # by function: how many of its first parameters have a rule
OPTIONS: dict[Any, frozenset[str]] = {}  # by function: further parameters with a derivative


def call(f: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A function of fastdl.functional on arrays of which some are traced."""
    name = f"fastdl.functional.{f.__name__}"
    if f not in RULES:
        raise NotImplementedError(
            f"{name} has no derivative rule in fastdl.autodiff: derivatives of it are taken once, "
            "by reverse mode."
        )
    try:
        bound = inspect.signature(f).bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"{name}: {error}.") from None
    bound.apply_defaults()
    given = bound.arguments
    names = list(given)
    for key in names[ARRAYS[f] :]:
        if key != "out" and key not in OPTIONS.get(f, ()):
            _refuse_traced(name, key, given[key])
    if given.pop("out", None) is not None or given.pop("return_cache", False):
        raise NotImplementedError(f"{name}: out= and return_cache= go without traced arrays only.")
    if given.pop("return_indices", False):
        raise NotImplementedError(f"{name}: return_indices= goes without traced arrays only.")
    given.pop("needs", None)
    names = list(given)
    arrays = [given[key] for key in names[: ARRAYS[f]]]
    return RULES[f](*arrays, **{key: given[key] for key in names[ARRAYS[f] :]})


def _refuse_traced(name: str, key: str, value: Any) -> None:
    """Raise for a traced option: the rule would lose its derivative."""
    if any(is_traced(part) for part in leaves(value)):
        raise TypeError(
            f"{name} has no derivative by {key}: pass a plain value, or value_of({key}) of "
            "fastdl.autodiff where no derivative is wanted."
        )


def checked(f: Any, *args: Any, **options: Any) -> None:
    """What f says of its arguments, as plain ones."""
    f(*plain_of_all(args), **plain_of_all(options))


def empty(like: Any) -> Any:
    """For backward functions that only ask for the shape."""
    return np.empty(like.shape, like.dtype)


def linear(f: Any, back: Any) -> None:
    """A linear map and its backward, each the transpose of the other."""
    RULES[f] = _trace.Linear(
        f, f"F.{f.__name__}", lambda dy, like, **o: back(dy, empty(like), **o), None, ()
    )
    RULES[back] = _trace.Linear(
        back, f"F.{back.__name__}", lambda d, _like, _x, **o: f(d, **o), None, ()
    )
    ARRAYS[f], ARRAYS[back] = 1, 2


def custom(f: Any, vjp: Any, jvp: Any = None) -> None:
    """A function of one array."""
    jvps = None if jvp is None else (jvp,)
    RULES[f] = _trace.Custom(f, f"F.{f.__name__}", None, (), vjps=(vjp,), jvps=jvps)
    ARRAYS[f] = 1


def composed(f: Any, n_arrays: int, g: Any, *options: str) -> None:
    """As g, made of functions that have rules; `options`: those with a derivative."""
    RULES[f] = _trace.Composed(g, f"F.{f.__name__}", None)
    ARRAYS[f], OPTIONS[f] = n_arrays, frozenset(options)


def joint(f: Any, n_arrays: int, back: Any) -> None:
    """All gradients by one call of the backward: reverse mode, once."""
    RULES[f] = _trace.Custom(f, f"F.{f.__name__}", None, (), joint=back, keeps=0xFFFFFFFE)
    ARRAYS[f] = n_arrays
