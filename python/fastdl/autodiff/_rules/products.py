"""Rules of products: linear in each factor."""

from __future__ import annotations

import string
from typing import Any

import numpy as np

import fastdl.autodiff._trace as _trace
from fastdl.autodiff._rules.table import composed, linear, multilinear
from fastdl.autodiff._trace import RULES

# --- matmul


def _by_left(dy: Any, like: Any, _a: Any, b: Any) -> Any:
    if b.ndim == 2 and like.ndim <= 2:
        return dy @ b.T
    if b.ndim == 1:
        return dy * b if like.ndim == 1 else np.expand_dims(dy, -1) * b
    if like.ndim == 1:
        return np.squeeze(b @ np.expand_dims(dy, -1), -1)
    return dy @ np.swapaxes(b, -1, -2)


def _by_right(dy: Any, like: Any, a: Any, _b: Any) -> Any:
    if a.ndim == 2:
        return a.T @ dy
    if a.ndim == 1:
        return dy * a if like.ndim == 1 else np.expand_dims(a, -1) * np.expand_dims(dy, -2)
    if like.ndim == 1:
        return np.reshape(a, (-1, a.shape[-1])).T @ np.reshape(dy, -1)
    if like.ndim == 2 and a.ndim > 2:  # one matrix for all of a stack: no stack of gradients
        return np.reshape(a, (-1, a.shape[-1])).T @ np.reshape(dy, (-1, dy.shape[-1]))
    return np.swapaxes(a, -1, -2) @ dy


multilinear(np.matmul, (_by_left, _by_right))


def _dot(a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    return np.tensordot(a, b, ([-1], [-1 if np.ndim(b) == 1 else -2]))


if hasattr(np, "matvec"):
    composed(np.matvec)(lambda x1, x2: np.squeeze(x1 @ np.expand_dims(x2, -1), -1))
    composed(np.vecmat)(lambda x1, x2: np.squeeze(np.expand_dims(x1, -2) @ x2, -2))

RULES[np.dot] = _trace.Dot(_dot, "np.dot", frozenset("ab"))


@composed(np.inner)
def _inner(a: Any, b: Any) -> Any:
    if np.ndim(a) == 0 or np.ndim(b) == 0:
        return a * b
    return np.tensordot(a, b, ([-1], [-1]))


@composed(np.outer)
def _outer(a: Any, b: Any) -> Any:
    return np.reshape(a, (-1, 1)) * np.reshape(b, (1, -1))


@composed(np.vdot)
def _vdot(a: Any, b: Any) -> Any:
    return np.matmul(np.reshape(a, -1), np.reshape(b, -1))


if hasattr(np, "vecdot"):

    @composed(np.vecdot)
    def _vecdot(x1: Any, x2: Any, axis: int = -1) -> Any:
        return np.sum(x1 * x2, axis=axis)

    composed(np.linalg.vecdot)(lambda x1, x2, *, axis=-1: _vecdot(x1, x2, axis))


@composed(np.tensordot)
def _tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    if isinstance(axes, (int, np.integer)):
        of_a: list[Any]
        of_b: list[Any]
        of_a, of_b = list(range(np.ndim(a) - axes, np.ndim(a))), list(range(axes))
    else:
        of_a, of_b = ([ax] if isinstance(ax, (int, np.integer)) else list(ax) for ax in axes)
    of_a = [ax % np.ndim(a) for ax in of_a]
    of_b = [ax % np.ndim(b) for ax in of_b]
    free_a = [ax for ax in range(np.ndim(a)) if ax not in of_a]
    free_b = [ax for ax in range(np.ndim(b)) if ax not in of_b]
    shape = [np.shape(a)[ax] for ax in free_a] + [np.shape(b)[ax] for ax in free_b]
    inner = int(np.prod([np.shape(a)[ax] for ax in of_a]))
    rows = int(np.prod([np.shape(a)[ax] for ax in free_a]))
    columns = int(np.prod([np.shape(b)[ax] for ax in free_b]))
    left = np.reshape(np.transpose(a, free_a + of_a), (rows, inner))
    right = np.reshape(np.transpose(b, of_b + free_b), (inner, columns))
    return np.reshape(left @ right, shape)


if hasattr(np.linalg, "tensordot"):
    composed(np.linalg.tensordot)(lambda x1, x2, *, axes=2: _tensordot(x1, x2, axes))


@composed(np.kron)
def _kron(a: Any, b: Any) -> Any:
    n = max(np.ndim(a), np.ndim(b))
    of_a = (1,) * (n - np.ndim(a)) + np.shape(a)
    of_b = (1,) * (n - np.ndim(b)) + np.shape(b)
    spread_a = np.reshape(a, [k for side in of_a for k in (side, 1)])
    spread_b = np.reshape(b, [k for side in of_b for k in (1, side)])
    return np.reshape(spread_a * spread_b, [p * q for p, q in zip(of_a, of_b, strict=True)])


@composed(np.cross)
def _cross(
    a: Any, b: Any, axisa: int = -1, axisb: int = -1, axisc: int = -1, axis: int | None = None
) -> Any:
    if axis is not None:
        axisa = axisb = axisc = axis
    a, b = np.moveaxis(a, axisa, -1), np.moveaxis(b, axisb, -1)
    if a.shape[-1] != 3 or b.shape[-1] != 3:
        raise NotImplementedError("np.cross has a derivative rule for vectors of 3 numbers only.")
    (a0, a1, a2), (b0, b1, b2) = ([v[..., i] for i in range(3)] for v in (a, b))
    c = np.stack([a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0], axis=-1)
    return np.moveaxis(c, -1, axisc)


@composed(np.linalg.multi_dot)
def _multi_dot(arrays: Any) -> Any:
    y, *others = arrays
    for a in others:
        y = np.dot(y, a)
    return y


@composed(np.linalg.matrix_power)
def _matrix_power(a: Any, n: int) -> Any:
    if n < 0:
        a, n = np.linalg.inv(a), -n
    y = np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape)
    while n:
        if n % 2:
            y = y @ a
        a, n = (a @ a, n // 2) if n > 1 else (a, 0)
    return y


def _trace_transpose(dy: Any, like: Any, offset: int = 0, axis1: int = 0, axis2: int = 1) -> Any:
    rows, columns = like.shape[axis1], like.shape[axis2]
    eye = np.eye(rows, columns, offset, dtype=like.dtype)
    y = dy[..., None, None] * eye if np.ndim(dy) else dy * eye
    return np.moveaxis(y, (-2, -1), (axis1, axis2))


linear(np.trace, _trace_transpose)

# --- einsum


def _terms(subscripts: str, ndims: list[int]) -> tuple[list[str], str]:
    """The letters of each operand and of the result, the ellipsis spelled out."""
    subscripts = subscripts.replace(" ", "")
    left, arrow, out = subscripts.partition("->")
    terms = left.split(",")
    unused = [c for c in string.ascii_letters if c not in subscripts]
    hidden = [
        n - len(t.replace("...", "")) if "..." in t else 0
        for t, n in zip(terms, ndims, strict=True)
    ]
    letters = "".join(unused[: max(hidden, default=0)])
    spelled = [
        t.replace("...", letters[len(letters) - n :]) for t, n in zip(terms, hidden, strict=True)
    ]
    if arrow:
        return spelled, out.replace("...", letters)
    together = "".join(terms).replace("...", "")
    return spelled, letters + "".join(sorted(c for c in set(together) if together.count(c) == 1))


def _letters(axes: Any) -> str:
    """A list of numbers, which einsum takes beside an operand, as letters."""
    letters = string.ascii_uppercase + string.ascii_lowercase  # sorted as the numbers are
    return "".join("..." if k is Ellipsis else letters[k] for k in axes)


def einsum_transpose(i: int, dy: Any, like: Any, *args: Any, optimize: Any = False) -> Any:
    """Gradient of argument i: the product of dy and the others, summed to its letters."""
    if isinstance(args[0], str):
        i -= 1
        subscripts, *operands = args
    else:  # operand, its axes, operand, its axes ..., the axes of the result
        i //= 2
        n = len(args) // 2
        operands = list(args[: 2 * n : 2])
        subscripts = ",".join(map(_letters, args[1 : 2 * n : 2]))
        subscripts += "->" + _letters(args[-1]) if len(args) % 2 else ""
    ndims = [like.ndim if k == i else np.ndim(a) for k, a in enumerate(operands)]
    terms, out = _terms(subscripts, ndims)
    mine = terms[i]
    others = [(t, a) for k, (t, a) in enumerate(zip(terms, operands, strict=True)) if k != i]
    known = set(out).union(*(t for t, _ in others))
    letters = list(dict.fromkeys(mine))
    found = [c for c in letters if c in known]
    inputs = [out, *(t for t, _ in others)]
    g = np.einsum(
        ",".join(inputs) + "->" + "".join(found), dy, *(a for _, a in others), optimize=optimize
    )
    sides = dict(zip(mine, like.shape, strict=True))
    shape = [np.shape(g)[found.index(c)] if c in found else 1 for c in letters]
    g = np.broadcast_to(
        np.reshape(g, shape),
        [n if c in found else sides[c] for c, n in zip(letters, shape, strict=True)],
    )
    return g if len(letters) == len(mine) else _on_diagonal(g, letters, mine, like)


def _on_diagonal(g: Any, letters: list[str], mine: str, like: Any) -> Any:
    """Put g where the indices of repeated letters are equal, zeros elsewhere."""
    unused = iter(c for c in string.ascii_letters if c not in mine)
    result, eyes = "", []
    for place, c in enumerate(mine):
        if mine.index(c) == place:
            result += c
        else:
            new = next(unused)
            eyes.append((c + new, np.eye(like.shape[place], dtype=like.dtype)))
            result += new
    inputs = ["".join(letters), *(t for t, _ in eyes)]
    return np.einsum(",".join(inputs) + "->" + result, g, *(e for _, e in eyes))


multilinear(np.einsum, einsum_transpose, keywords=frozenset({"optimize"}), name="np.einsum")

# --- convolution of sequences


@composed(np.convolve)
def _convolve(a: Any, v: Any, mode: str = "full") -> Any:
    if np.size(v) > np.size(a):
        a, v = v, a
    n, k = np.size(a), np.size(v)
    padded = np.pad(a, (k - 1, k - 1))
    full = np.lib.stride_tricks.sliding_window_view(padded, k) @ np.flip(v)
    if mode == "full":
        return full
    if mode == "valid":
        return full[k - 1 : n]
    return full[(k - 1) // 2 : (k - 1) // 2 + n]


@composed(np.correlate)
def _correlate(a: Any, v: Any, mode: str = "valid") -> Any:
    if np.size(v) > np.size(a):
        return np.flip(_correlate(v, a, mode))
    n, k = np.size(a), np.size(v)
    full = _convolve(a, np.flip(v), "full")
    if mode == "full":
        return full
    if mode == "valid":
        return full[k - 1 : n]
    return full[(k - 1) // 2 : (k - 1) // 2 + n]
