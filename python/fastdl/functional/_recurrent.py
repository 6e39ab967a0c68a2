"""Recurrent nets over whole sequences."""

# mypy: allow-redefinition
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdl import _core
from fastdl._rules import choice
from fastdl._tracing import differentiable
from fastdl.functional._arrays import counts, expect, expect_shape, host_floats, wanted

_GATES = {"rnn_tanh": 1, "rnn_relu": 1, "lstm": 4, "gru": 3, "gru_reset_after": 3}


class RecurrentCache(NamedTuple):
    """What backward needs of forward; arrays are (steps, n, ...), in the order they are done."""

    cell: str
    lengths: NDArray[np.int32]
    steps: int  # of the user's arrays; the others end with the longest sequence
    reverse: bool
    x: NDArray[Any]
    w_ih: NDArray[Any]
    w_hh: NDArray[Any]
    b: NDArray[Any]
    peepholes: NDArray[Any] | None
    h0: NDArray[Any] | None
    c0: NDArray[Any] | None
    h: NDArray[Any]
    gates: NDArray[Any]
    extra: NDArray[Any]


@differentiable
def rnn(
    x: ArrayLike,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b: ArrayLike | None = None,
    h0: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    activation: str = "tanh",
    reverse: bool = False,
    return_cache: bool = False,
) -> Any:
    """h_t = f(x_t w_ih + h_{t-1} w_hh + b).

    Parameters
    ----------
    x : array-like of shape (n, T, F)
    w_ih : array-like of shape (F, H)
    w_hh : array-like of shape (H, H)
    b : array-like of shape (H,), optional
    h0 : array-like of shape (n, H), optional
        The states before the first step; zeros if not given.
    lengths : array-like of int of shape (n,), optional
        Steps of each sequence, 1 to T; what stands after them is not read.
    activation : {"tanh", "relu"}
    reverse : bool
        Start at each sequence's last step.
    return_cache : bool
        Also give what `rnn_backward` needs.

    Returns
    -------
    h : ndarray of shape (n, T, H)
        The state after each step, zero past a sequence's length. The final state of sequence i is
        ``h[i, lengths[i] - 1]``, or ``h[i, 0]`` with `reverse`.
    cache : RecurrentCache
        With `return_cache`.

    Raises
    ------
    ValueError
        If shapes do not fit, or a length is out of range.
    TypeError
        If an array does not hold real numbers.
    """
    expect("rnn", "activation", activation, choice("tanh", "relu"))
    cache = _forward("rnn", f"rnn_{activation}", x, w_ih, w_hh, b, h0, None, None, lengths, reverse)
    h = _to_user(cache, cache.h)
    return (h, cache) if return_cache else h


def rnn_backward(
    dh: ArrayLike, cache: RecurrentCache, *, needs: Sequence[bool] | None = None
) -> tuple[NDArray[Any] | None, ...]:
    """Gradients of `rnn`, through time.

    Parameters
    ----------
    dh : array-like of shape (n, T, H)
    cache : RecurrentCache
        As `rnn` gave it.
    needs : sequence of 5 bool, optional
        Which of the gradients are wanted; the others are None.

    Returns
    -------
    dx, dw_ih, dw_hh, db, dh0 : ndarray of the shapes of x, w_ih, w_hh, b and h0, or None
    """
    d = _backward("rnn_backward", dh, None, cache)
    return _pick("rnn_backward", "x w_ih w_hh b h0", needs, d)


@differentiable
def lstm(
    x: ArrayLike,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b: ArrayLike | None = None,
    h0: ArrayLike | None = None,
    c0: ArrayLike | None = None,
    peepholes: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    reverse: bool = False,
    return_cache: bool = False,
) -> Any:
    """c_t = f_t c_{t-1} + i_t g_t, h_t = o_t tanh(c_t); see `fastdl.layers.LSTM`.

    Parameters
    ----------
    x : array-like of shape (n, T, F)
    w_ih : array-like of shape (F, 4 H)
        Gates i f g o side by side, as in `w_hh` and `b`.
    w_hh : array-like of shape (H, 4 H)
    b : array-like of shape (4 H,), optional
    h0, c0 : array-like of shape (n, H), optional
        The states before the first step; zeros if not given.
    peepholes : array-like of shape (3, H), optional
        From c to i, f and o.
    lengths, reverse, return_cache
        As in `rnn`.

    Returns
    -------
    h, c : ndarray of shape (n, T, H)
        The states after each step, zero past a sequence's length.
    cache : RecurrentCache
        With `return_cache`.

    Raises
    ------
    ValueError, TypeError
        As `rnn`.
    """
    cache = _forward("lstm", "lstm", x, w_ih, w_hh, b, h0, c0, peepholes, lengths, reverse)
    h, c = _to_user(cache, cache.h), _to_user(cache, cache.extra)
    return (h, c, cache) if return_cache else (h, c)


def lstm_backward(
    dh: ArrayLike,
    cache: RecurrentCache,
    dc: ArrayLike | None = None,
    *,
    needs: Sequence[bool] | None = None,
) -> tuple[NDArray[Any] | None, ...]:
    """Gradients of `lstm`, through time.

    Parameters
    ----------
    dh : array-like of shape (n, T, H)
    cache : RecurrentCache
        As `lstm` gave it.
    dc : array-like of shape (n, T, H), optional
    needs : sequence of 7 bool, optional
        Which of the gradients are wanted; the others are None.

    Returns
    -------
    dx, dw_ih, dw_hh, db, dh0, dc0, dpeepholes : ndarray or None
    """
    d = _backward("lstm_backward", dh, dc, cache)
    return _pick("lstm_backward", "x w_ih w_hh b h0 c0 peepholes", needs, d)


@differentiable
def gru(
    x: ArrayLike,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b: ArrayLike | None = None,
    h0: ArrayLike | None = None,
    lengths: ArrayLike | None = None,
    reset_after: bool = True,
    reverse: bool = False,
    return_cache: bool = False,
) -> Any:
    """h_t = (1 - z_t) n_t + z_t h_{t-1}; see `fastdl.layers.GRU`.

    Parameters
    ----------
    x : array-like of shape (n, T, F)
    w_ih : array-like of shape (F, 3 H)
        Gates r z n side by side, as in `w_hh` and `b`.
    w_hh : array-like of shape (H, 3 H)
    b : array-like of shape (3 H,) or (2, 3 H), optional
        With `reset_after` also one for the product with x and one for that with h.
    h0 : array-like of shape (n, H), optional
    lengths : array-like of int of shape (n,), optional
    reset_after : bool
        Apply r after the product with `w_hh`, as cuDNN and PyTorch do; False before it.
    reverse, return_cache
        As in `rnn`.

    Returns
    -------
    h : ndarray of shape (n, T, H)
    cache : RecurrentCache
        With `return_cache`.

    Raises
    ------
    ValueError, TypeError
        As `rnn`.
    """
    cell = "gru_reset_after" if reset_after else "gru"
    cache = _forward("gru", cell, x, w_ih, w_hh, b, h0, None, None, lengths, reverse)
    h = _to_user(cache, cache.h)
    return (h, cache) if return_cache else h


def gru_backward(
    dh: ArrayLike, cache: RecurrentCache, *, needs: Sequence[bool] | None = None
) -> tuple[NDArray[Any] | None, ...]:
    """Gradients of `gru`, through time.

    Parameters
    ----------
    dh : array-like of shape (n, T, H)
    cache : RecurrentCache
        As `gru` gave it.
    needs : sequence of 5 bool, optional
        Which of the gradients are wanted; the others are None.

    Returns
    -------
    dx, dw_ih, dw_hh, db, dh0 : ndarray of the shapes of x, w_ih, w_hh, b and h0, or None
    """
    d = _backward("gru_backward", dh, None, cache)
    return _pick("gru_backward", "x w_ih w_hh b h0", needs, d)


def _forward(
    who: str,
    cell: str,
    x: ArrayLike,
    w_ih: ArrayLike,
    w_hh: ArrayLike,
    b: ArrayLike | None,
    h0: ArrayLike | None,
    c0: ArrayLike | None,
    peepholes: ArrayLike | None,
    lengths: ArrayLike | None,
    reverse: bool,
) -> RecurrentCache:
    x, w_ih, w_hh, b, h0, c0, peepholes = host_floats(
        who, x=x, w_ih=w_ih, w_hh=w_hh, b=b, h0=h0, c0=c0, peepholes=peepholes
    )
    expect_shape(who, "x", x, "(n, T, F)")
    n, steps, features = x.shape
    expect_shape(who, "w_hh", w_hh, "(H, gates * H)")
    units, columns = len(w_hh), len(w_hh) * _GATES[cell]
    b = np.zeros(columns, x.dtype) if b is None else b
    shapes = {
        "w_ih": (w_ih, (features, columns)),
        "w_hh": (w_hh, (units, columns)),
        "b": (b, (2, columns) if cell == "gru_reset_after" and b.ndim == 2 else (columns,)),
        "h0": (h0, (n, units)),
        "c0": (c0, (n, units)),
        "peepholes": (peepholes, (3, units)),
    }
    for name, (array, shape) in shapes.items():
        if array is not None and array.shape != shape:
            raise ValueError(f"{who}(): {name} has shape {array.shape}; expected {shape}.")
    of_each = counts(who, lengths, n, steps, 1)
    longest = int(of_each.max(initial=0))

    def empty(*last: int) -> NDArray[Any]:
        return np.empty((longest, n, *last), x.dtype)

    kept = cell.startswith("rnn")  # by h alone
    cache = RecurrentCache(
        cell,
        of_each,
        steps,
        reverse,
        _to_steps(x, of_each, longest, reverse),
        w_ih,
        w_hh,
        b,
        peepholes,
        h0,
        c0,
        empty(units),
        empty(0 if kept else columns),
        empty(0 if kept else units),
    )
    if n and longest:
        _core.recurrent_forward(*_arguments(cache))
    return cache


def _arguments(cache: RecurrentCache) -> tuple[Any, ...]:
    """As `_core.recurrent_forward` takes them."""
    return (cache.cell, cache.lengths, *cache[4:])


def _backward(
    who: str, dh: ArrayLike, dc: ArrayLike | None, cache: RecurrentCache
) -> dict[str, NDArray[Any]]:
    if not isinstance(cache, RecurrentCache):
        forward = who.removesuffix("_backward")
        raise TypeError(
            f"{who}(): cache is of type {type(cache).__name__}; expected what {forward}() gave."
        )
    dh, dc, x = host_floats(who, dh=dh, dc=dc, x=cache.x)
    user = (x.shape[1], cache.steps, len(cache.w_hh))
    for name, array in {"dh": dh, "dc": dc}.items():
        if array is not None and array.shape != user:
            raise ValueError(f"{who}(): {name} has shape {array.shape}; expected {user}.")
    if dh.dtype != cache.x.dtype:
        raise TypeError(f"{who}(): dh has dtype {dh.dtype}, but x had {cache.x.dtype}.")
    zeros = {name: np.zeros_like(getattr(cache, name)) for name in ("x", "w_ih", "w_hh", "b")}
    state = np.zeros(cache.h.shape[1:], x.dtype)
    zeros |= {"peepholes": np.zeros((3, user[2]), x.dtype), "h0": state, "c0": state.copy()}
    if x.size:
        order = (cache.lengths, len(cache.x), cache.reverse)
        d_steps = [None if d is None else _to_steps(d, *order) for d in (dh, dc)]
        _core.recurrent_backward(*_arguments(cache), *d_steps, *zeros.values())
    zeros["x"] = _to_user(cache, zeros["x"])
    if cache.peepholes is None:
        del zeros["peepholes"]
    return zeros


def _pick(
    who: str, names: str, needs: Sequence[bool] | None, d: dict[str, NDArray[Any]]
) -> tuple[NDArray[Any] | None, ...]:
    flags = wanted(who, names, needs)
    return tuple(
        d.get(name) if need else None for name, need in zip(names.split(), flags, strict=True)
    )


def _to_steps(
    a: NDArray[Any], lengths: NDArray[np.int32], longest: int, reverse: bool
) -> NDArray[Any]:
    """(n, T, ...) as (longest, n, ...): the order of work, zeros past the lengths."""
    t = np.arange(longest)[:, None]
    inside = t < lengths
    source = np.where(inside, lengths - 1 - t, 0) if reverse else np.broadcast_to(t, inside.shape)
    picked = a[np.arange(len(a)), source]
    return np.ascontiguousarray(np.where(inside[:, :, None], picked, a.dtype.type(0)))


def _to_user(cache: RecurrentCache, a: NDArray[Any]) -> NDArray[Any]:
    """(longest, n, ...) as (n, T, ...), zeros past the lengths."""
    y = np.zeros((a.shape[1], cache.steps, a.shape[2]), a.dtype)
    longest = len(a)
    back = _to_steps(np.moveaxis(a, 0, 1), cache.lengths, longest, cache.reverse)
    y[:, :longest] = np.moveaxis(back, 0, 1)
    return y
