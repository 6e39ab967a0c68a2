"""One step of an optimizer on arrays; `fastdl.functional` says what all of them take."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdl import _core, optim
from fastdl._core import DeviceArray
from fastdl.functional._arrays import zeros
from fastdl.functional._device import queue_of, take, taken
from fastdl.functional._producers import is_on_gpu

Params: TypeAlias = NDArray[Any] | Sequence[NDArray[Any]]
Grads: TypeAlias = ArrayLike | Sequence[ArrayLike]


class State(NamedTuple):
    """What an optimizer remembers: the number of steps done, and m and v of its equations."""

    steps: int
    first: list[NDArray[Any]]
    second: list[NDArray[Any]]


def sgd_step(params: Params, grads: Grads, state: State | None = None, lr: float = 0.01) -> State:
    """Plain gradient descent: w <- w - lr g.

    Arguments and result are those of all steps, see `fastdl.functional`.
    """
    return _step(_rule(optim.SGD), params, grads, state, lr)


def momentum_step(
    params: Params,
    grads: Grads,
    state: State | None = None,
    lr: float = 0.01,
    momentum: float = 0.9,
) -> State:
    """With velocity: m <- momentum m - lr g; w <- w + m.

    Arguments and result are those of all steps, see `fastdl.functional`.
    """
    return _step(_rule(optim.Momentum, momentum), params, grads, state, lr)


def nesterov_step(
    params: Params,
    grads: Grads,
    state: State | None = None,
    lr: float = 0.01,
    momentum: float = 0.9,
) -> State:
    """Look ahead: m <- momentum m - lr g; w <- w + momentum m - lr g.

    Arguments and result are those of all steps, see `fastdl.functional`.
    """
    return _step(_rule(optim.Nesterov, momentum), params, grads, state, lr)


def adagrad_step(
    params: Params, grads: Grads, state: State | None = None, lr: float = 0.01, eps: float = 1e-8
) -> State:
    """Sum of squares: m <- m + g^2; w <- w - lr g / (sqrt(m) + eps).

    Arguments and result are those of all steps, see `fastdl.functional`.
    """
    return _step(_rule(optim.AdaGrad, eps), params, grads, state, lr)


def adadelta_step(
    params: Params,
    grads: Grads,
    state: State | None = None,
    lr: float = 1.0,
    rho: float = 0.95,
    eps: float = 1e-6,
) -> State:
    """See `fastdl.optim.AdaDelta`.

    Arguments and result are those of all steps, see `fastdl.functional`.
    """
    return _step(_rule(optim.AdaDelta, rho, eps), params, grads, state, lr)


def rmsprop_step(
    params: Params,
    grads: Grads,
    state: State | None = None,
    lr: float = 1e-3,
    rho: float = 0.9,
    eps: float = 1e-8,
) -> State:
    """Mean of squares: m <- rho m + (1 - rho) g^2; w <- w - lr g / (sqrt(m) + eps).

    Arguments and result are those of all steps, see `fastdl.functional`.
    """
    return _step(_rule(optim.RMSprop, rho, eps), params, grads, state, lr)


def adam_step(
    params: Params,
    grads: Grads,
    state: State | None = None,
    lr: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> State:
    """See `fastdl.optim.Adam`.

    Arguments and result are those of all steps, see `fastdl.functional`.
    """
    return _step(_rule(optim.Adam, beta1, beta2, eps), params, grads, state, lr)


def adamw_step(
    params: Params,
    grads: Grads,
    state: State | None = None,
    lr: float = 1e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
    weight_decay: float = 0.01,
) -> State:
    """See `fastdl.optim.AdamW`; here everything decays.

    Arguments and result are those of all steps, see `fastdl.functional`.
    """
    return _step(_rule(optim.AdamW, beta1, beta2, eps, weight_decay), params, grads, state, lr)


def nadam_step(
    params: Params,
    grads: Grads,
    state: State | None = None,
    lr: float = 2e-3,
    beta1: float = 0.9,
    beta2: float = 0.999,
    eps: float = 1e-8,
) -> State:
    """See `fastdl.optim.Nadam`.

    Arguments and result are those of all steps, see `fastdl.functional`.
    """
    return _step(_rule(optim.Nadam, beta1, beta2, eps), params, grads, state, lr)


_DEFAULTS = {"momentum": 0.0, "beta1": 0.0, "beta2": 0.0, "eps": 1e-8, "weight_decay": 0.0}


class _Rule(NamedTuple):
    kind: str
    numbers: dict[str, float]


def _rule(optimizer: type[optim.Optimizer], *numbers: float) -> _Rule:
    try:
        return _checked(optimizer, *numbers)  # type: ignore[arg-type]
    except TypeError:  # what cannot be a key is no number: the check says which
        optimizer(*numbers).check()
        raise


@lru_cache(maxsize=64)  # a step of a small network takes no longer than looking at its numbers
def _checked(optimizer: type[optim.Optimizer], *numbers: float) -> _Rule:
    spec = optimizer(*numbers)
    spec.check()
    return _Rule(spec.kind, {**_DEFAULTS, **spec.rule()})


def _step(rule: _Rule, params: Params, grads: Grads, state: State | None, lr: float) -> State:
    who = f"{rule.kind}_step"
    one = isinstance(params, np.ndarray) or is_on_gpu(params)
    for name, arrays in {"params": params, "grads": grads}.items():
        if is_on_gpu(arrays):
            continue
        if isinstance(arrays, Mapping) or not isinstance(arrays, Iterable):
            raise TypeError(
                f"{who}(): {name} is of type {type(arrays).__name__}; expected an array or a list "
                "of arrays."
            )
    weights: list[Any] = [params] if one else list(params)
    gradients: list[Any] = [grads] if one else list(grads)  # type: ignore[arg-type]
    if any(map(is_on_gpu, [*weights, *gradients])):
        weights, gradients = _on_gpu(who, one, weights, gradients)
    _check(who, weights, gradients)
    if state is None:
        state = State(0, *([zeros(w.shape, w) for w in weights] for _ in range(2)))
    elif [m.shape for m in state.first] != [w.shape for w in weights]:
        raise ValueError(f"{who}(): state is of a step on other params; begin with state=None.")
    for w, g, m, v in zip(weights, gradients, state.first, state.second, strict=True):
        on_gpu = queue_of(w)
        flat = w if on_gpu else np.ascontiguousarray(w)  # w itself where it can be
        _core.update(
            rule.kind,
            flat,
            g if on_gpu else np.ascontiguousarray(g, w.dtype),
            m,
            v,
            step=state.steps + 1,
            rate=lr,
            **rule.numbers,
            l1=0.0,
            l2=0.0,
            clip_value=float("inf"),
            queue=on_gpu,
        )
        if flat is not w:
            w[...] = flat
    return state._replace(steps=state.steps + 1)


def _on_gpu(
    who: str, one: bool, weights: Sequence[Any], gradients: Sequence[Any]
) -> tuple[list[Any], list[Any]]:
    """Arrays of one GPU, of which those of `weights` may be written to."""
    place = "" if one else "[{}]"
    given = {f"params{place.format(i)}": w for i, w in enumerate(weights)}
    for name, w in given.items():
        if is_on_gpu(w):
            take(who, name, w, writes=True)
    given |= {f"grads{place.format(i)}": g for i, g in enumerate(gradients)}
    arrays = taken(who, given) or []
    return arrays[: len(weights)], arrays[len(weights) :]


def _check(who: str, weights: Sequence[Any], gradients: Sequence[Any]) -> None:
    """Before anything is changed."""
    if len(gradients) != len(weights):
        raise ValueError(f"{who}(): {len(gradients)} grads for {len(weights)} params.")
    for w, g in zip(weights, gradients, strict=True):
        if isinstance(w, DeviceArray):
            pass
        elif not isinstance(w, np.ndarray) or w.dtype not in (np.float32, np.float64):
            kind = w.dtype if isinstance(w, np.ndarray) else type(w).__name__
            raise TypeError(
                f"{who}(): params is changed in place; expected arrays of float32 or float64, got "
                f"{kind}."
            )
        elif not w.flags.writeable:
            raise ValueError(f"{who}(): params is read-only.")
        if np.shape(g) != w.shape:
            raise ValueError(f"{who}(): grads has shape {np.shape(g)}, but params has {w.shape}.")
