"""Arguments as they come: numbers and arrays, in containers of containers."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from fastdl.autodiff._trace import Traced, is_traced, of_complex_numbers, plain

_LEAVES = {np.ndarray, float, Traced}  # most, before questions that take time


def _is_leaf(tree: Any) -> bool:
    if type(tree) in _LEAVES:
        return True
    if isinstance(tree, (tuple, list, dict)):
        return False
    return isinstance(tree, type) or not dataclasses.is_dataclass(tree)


def leaves(tree: Any) -> list[Any]:
    """The leaves from left to right, without None."""
    if type(tree) in _LEAVES:
        return [tree]
    found: list[Any] = []
    rebuild(tree, found.append)
    return found


def rebuild(tree: Any, f: Callable[[Any], Any]) -> Any:
    """The same containers with f of each leaf; None stays."""
    kind = type(tree)
    if kind in _LEAVES:
        return f(tree)
    if tree is None:
        return None
    if kind is list:
        return [rebuild(part, f) for part in tree]
    if kind is dict:
        return {key: rebuild(value, f) for key, value in tree.items()}
    if _is_leaf(tree):
        return f(tree)
    if isinstance(tree, dict):
        new = copy.copy(tree)  # its own kind: ordered, with defaults
        for key, value in tree.items():
            new[key] = rebuild(value, f)
        return new
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(rebuild(part, f) for part in tree))
    if isinstance(tree, (tuple, list)):
        return type(tree)([rebuild(part, f) for part in tree])
    fields = [field for field in dataclasses.fields(tree) if field.init]
    return dataclasses.replace(
        tree, **{f_.name: rebuild(getattr(tree, f_.name), f) for f_ in fields}
    )


def rebuilt_with(tree: Any, values: list[Any]) -> Any:
    """The same containers with these leaves."""
    remaining = iter(values)
    return rebuild(tree, lambda _leaf: next(remaining))


def same_form(a: Any, b: Any) -> bool:
    """Whether two trees have the same containers, keys and numbers of leaves."""
    if type(a) in _LEAVES and type(b) in _LEAVES:
        return True
    if a is None or b is None:
        return a is None and b is None
    if _is_leaf(a) or _is_leaf(b):
        return _is_leaf(a) and _is_leaf(b)
    if isinstance(a, dict):
        same = isinstance(b, dict) and list(a) == list(b)
        return same and all(same_form(a[key], b[key]) for key in a)
    if isinstance(a, (tuple, list)):
        same = isinstance(b, (tuple, list)) and len(a) == len(b)
        return same and all(same_form(p, q) for p, q in zip(a, b, strict=True))
    names = [field.name for field in dataclasses.fields(a) if field.init]
    return type(a) is type(b) and all(same_form(getattr(a, n), getattr(b, n)) for n in names)


def checked(leaf: Any, who: str, what: str) -> Any:
    """A leaf that can be differentiated by: a float, or an array of floats.

    Raises
    ------
    TypeError
        For integers, bools, complex numbers, text and objects.
    """
    kind = type(leaf)
    if (kind is np.ndarray and leaf.dtype.kind == "f") or kind is Traced or kind is float:
        return leaf
    if isinstance(leaf, (np.ma.MaskedArray, np.matrix)):
        raise TypeError(
            f"{who}: {what} is a {type(leaf).__name__}, which NumPy's functions treat in a way of "
            "its own. Pass a plain array: np.asarray(x), or x.filled(0) and the mask beside it."
        )
    if isinstance(leaf, (np.ndarray, np.generic)):
        if leaf.dtype.kind == "f":
            return leaf
        seen = f"an array of {leaf.dtype}" if isinstance(leaf, np.ndarray) else f"a {leaf.dtype}"
    elif isinstance(leaf, (bool, int)):
        seen = f"{type(leaf).__name__} {leaf!r}"
    elif hasattr(leaf, "__array__"):
        raise TypeError(
            f"{who}: {what} is a {type(leaf).__name__}; derivatives are taken by floats and arrays "
            "of floats. Pass a plain array: np.asarray(x)."
        )
    else:
        seen = f"a {type(leaf).__name__}"
    raise TypeError(
        f"{who}: {what} is {seen}; derivatives are taken by floats and arrays of floats. Convert "
        "it (x.astype(float)), or leave it out of argnums."
    )


def real(x: Any, who: str) -> Any:
    """x, which a function returned, and which is not complex.

    Raises
    ------
    TypeError
        If it is.
    """
    value = plain(x)
    if isinstance(value, complex) or getattr(value, "dtype", np.dtype(float)).kind == "c":
        raise of_complex_numbers(who)
    return x


def flatten(params: Any) -> tuple[Any, Callable[[Any], Any]]:
    """All numbers of nested containers as one vector, and the way back.

    Parameters
    ----------
    params : float, array, or tuples, lists, dicts, named tuples, dataclasses of them
        None passes through.

    Returns
    -------
    vector : ndarray of shape (n,)
        In the dtype that all arrays together promote to.
    unflatten : callable
        ``unflatten(vector)`` gives the containers again, in the dtypes that they had; it may be
        called in a differentiated function. It can be pickled.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl.autodiff import flatten
    >>> vector, unflatten = flatten({"w": np.eye(2), "b": 1.5})
    >>> vector
    array([1. , 0. , 0. , 1. , 1.5])
    >>> unflatten(vector * 2)["b"]
    3.0
    """
    parts = leaves(params)
    unflatten = Unflatten(rebuild(params, _Like))
    if not parts:
        return np.zeros(0), unflatten
    return np.concatenate([np.reshape(part, -1) for part in parts]), unflatten


class _Like:
    """Shape and type of a leaf."""

    def __init__(self, leaf: Any) -> None:
        self.shape = np.shape(leaf)
        self.dtype = (
            None if isinstance(leaf, float) and not isinstance(leaf, np.generic) else leaf.dtype
        )
        self.size = int(np.prod(self.shape))


class Unflatten:
    """Cuts a vector into the containers that `flatten` was given."""

    def __init__(self, likes: Any) -> None:
        self._likes = likes
        self._n = sum(like.size for like in leaves(likes))

    def __call__(self, vector: Any) -> Any:
        """The containers; ValueError if the vector has another length."""
        if np.shape(vector) != (self._n,):
            raise ValueError(
                f"unflatten: the vector has shape {np.shape(vector)}, expected ({self._n},)."
            )
        start = 0

        def cut(like: _Like) -> Any:
            nonlocal start
            part = vector[start : start + like.size]
            start += like.size
            if like.dtype is None:
                return part[0] if is_traced(vector) else float(part[0])
            part = np.reshape(part, like.shape)
            return part if part.dtype == like.dtype else part.astype(like.dtype)

        return rebuild(self._likes, cut)
