"""Attention: means of values, weighted by how well queries fit keys."""

# mypy: allow-redefinition
from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdl import _core
from fastdl._rules import choice
from fastdl._tracing import differentiable
from fastdl.functional._arrays import (
    buffer,
    counts,
    deliver,
    expect,
    expect_shape,
    host_floats,
    wanted,
)

_SCORE = choice("dot", "additive")


@differentiable
def attention(
    q: ArrayLike,
    k: ArrayLike,
    v: ArrayLike,
    w: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    score: str = "dot",
    return_weights: bool = False,
    *,
    out: NDArray[Any] | None = None,
) -> Any:
    """Y_t = sum_j a_tj v_j, with a_t the softmax over j of how well q_t fits k_j.

    Parameters
    ----------
    q : array-like of shape (n, queries, size)
    k : array-like of shape (n, T, size)
    v : array-like of shape (n, T, F)
    w : array-like of shape (size,), optional
        Of the additive score.
    lengths : array-like of int of shape (n,), optional
        Steps of each sequence, 0 to T: weights on those after them are exactly 0, and what stands
        there is not read. Without steps, y is zero.
    score : {"dot", "additive"}
        q_t k_j, not scaled, as ``scaled_dot_product_attention(q, k, v, scale=1)`` of PyTorch; or w
        tanh(q_t + k_j) (Bahdanau, Cho and Bengio 2015, with their products in q and k).
    return_weights : bool
        Also give the weights.
    out : ndarray of shape (n, queries, F), optional

    Returns
    -------
    y : ndarray of shape (n, queries, F)
    weights : ndarray of shape (n, queries, T)
        With `return_weights`; rows have the sum 1.

    Raises
    ------
    ValueError
        If shapes do not fit, or a length is out of range.
    TypeError
        If an array does not hold real numbers.
    """
    arrays, of_each = _checked("attention", q, k, v, w, lengths, score)
    q, k, v, w = arrays
    steps, longest = k.shape[1], int(of_each.max(initial=0))
    shape = (*q.shape[:2], v.shape[2])
    to = buffer("attention", out, shape, q)
    y, weights = _forward(arrays, of_each, longest, score)
    np.copyto(to, y.swapaxes(0, 1))
    y = deliver(to, out)
    if not return_weights:
        return y
    whole = np.zeros((*q.shape[:2], steps), q.dtype)
    whole[..., :longest] = weights.swapaxes(0, 1)
    return y, whole


def attention_backward(
    dy: ArrayLike,
    q: ArrayLike,
    k: ArrayLike,
    v: ArrayLike,
    w: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    score: str = "dot",
    *,
    needs: Sequence[bool] | None = None,
) -> tuple[NDArray[Any] | None, ...]:
    """Gradients of `attention`.

    Parameters
    ----------
    dy : array-like of shape (n, queries, F)
    q, k, v, w, lengths, score
        As given to `attention`.
    needs : sequence of bool, optional
        Which of the gradients are wanted; the others are None.

    Returns
    -------
    dq, dk, dv : ndarray of the shapes of q, k and v, or None
    dw : ndarray of shape (size,), or None
        Where there is a w. Those of steps past a length are zero.
    """
    who = "attention_backward"
    arrays, of_each = _checked(who, q, k, v, w, lengths, score)
    names = "q k v" if w is None else "q k v w"
    wants = wanted(who, names, needs)
    q, k, v, w = arrays
    dy = np.asarray(host_floats(who, dy=dy)[0], q.dtype)
    shape = (*q.shape[:2], v.shape[2])
    if dy.shape != shape:
        raise ValueError(f"{who}(): dy has shape {dy.shape}; expected {shape}.")
    longest = int(of_each.max(initial=0))
    inner = _inner(arrays, longest)
    y, weights = _forward(arrays, of_each, longest, score)
    d = [np.zeros(a.shape, q.dtype) for a in inner if a is not None]
    if all(a.size for a in d):
        given = (*inner, *((None,) if w is None else ()))[:4]
        gradients = (*d, *((None,) if w is None else ()))
        to_core = np.ascontiguousarray(dy.swapaxes(0, 1))
        _core.attention(score, of_each, *given, weights, y, to_core, *gradients)
    found: list[NDArray[Any] | None] = [d[0].swapaxes(0, 1).copy()]
    for part, like in zip(d[1:3], (k, v), strict=True):
        whole = np.zeros(like.shape, q.dtype)
        whole[:, :longest] = part.swapaxes(0, 1)
        found.append(whole)
    found += d[3:]
    return tuple(a if want else None for a, want in zip(found, wants, strict=True))


def _checked(
    who: str, q: Any, k: Any, v: Any, w: Any, lengths: Any, score: str
) -> tuple[list[Any], NDArray[np.int32]]:
    """The arrays, and a length for each sequence."""
    expect(who, "score", score, _SCORE)
    if (w is None) != (score == "dot"):
        say = "needs w, of shape (size,)" if w is None else "takes no w"
        raise ValueError(f"{who}(): score={score!r} {say}.")
    given = {"q": q, "k": k, "v": v} | ({} if w is None else {"w": w})
    arrays = host_floats(who, **given)
    for name, array in zip("qkv", arrays, strict=False):
        expect_shape(who, name, array, f"(n, {'queries' if name == 'q' else 'T'}, size)")
    (n, _, size), steps = arrays[0].shape, arrays[1].shape[1]
    shapes = {"k": (n, steps, size), "v": (n, steps, arrays[2].shape[2]), "w": (size,)}
    for name, array in zip("kvw", arrays[1:], strict=False):
        if array.shape != shapes[name]:
            raise ValueError(f"{who}(): {name} has shape {array.shape}; expected {shapes[name]}.")
    found = counts(who, lengths, n, steps, 0, "k")
    return [*arrays, *([None] if w is None else [])], found


def _inner(arrays: list[Any], longest: int) -> list[Any]:
    """As the core takes them: step after step, up to the longest sequence; w as it is."""
    q, k, v, w = arrays
    parts = (q, k[:, :longest], v[:, :longest])
    return [*(np.ascontiguousarray(a.swapaxes(0, 1)) for a in parts), w]


def _forward(
    arrays: list[Any], of_each: NDArray[np.int32], longest: int, score: str
) -> tuple[NDArray[Any], NDArray[Any]]:
    q, k, v, w = _inner(arrays, longest)
    y = np.zeros((*q.shape[:2], v.shape[2]), q.dtype)
    weights = np.zeros((*q.shape[:2], longest), q.dtype)
    if y.size and longest:
        _core.attention(score, of_each, q, k, v, w, weights, y)
    return y, weights
