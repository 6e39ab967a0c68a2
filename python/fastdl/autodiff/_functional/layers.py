"""Rules of poolings, norms, attention and recurrent layers."""

from __future__ import annotations

from typing import Any

import numpy as np

import fastdl.functional as F
from fastdl.autodiff._functional.rules import checked, composed, custom, joint
from fastdl.autodiff._trace import any_traced

custom(F.max_pool2d, lambda dy, _y, x, return_indices=False, **o: F.max_pool2d_backward(dy, x, **o))

custom(F.global_max_pool2d, lambda dy, _y, x: F.global_max_pool2d_backward(dy, x))
custom(F.max_pool1d, lambda dy, _y, x, **o: F.max_pool1d_backward(dy, x, **o))
custom(
    F.spatial_pyramid_pool2d,
    lambda dy, _y, x, **o: F.spatial_pyramid_pool2d_backward(dy, x, **o),
)
custom(F.stochastic_pool2d, lambda dy, _y, x, **o: F.stochastic_pool2d_backward(dy, x, **o))
custom(F.unit_norm, lambda dy, _y, x, **o: F.unit_norm_backward(dy, x, **o))
custom(F.local_response_norm, lambda dy, _y, x, **o: F.local_response_norm_backward(dy, x, **o))


def _weight_norm(v: Any, g: Any, axis: int = -1) -> Any:
    checked(F.weight_norm, v, g, axis)
    axes = tuple(i for i in range(np.ndim(v)) if i != axis % np.ndim(v))
    norm = np.sqrt(np.sum(v * v, axis=axes, keepdims=True))
    return v * (np.reshape(g, np.shape(norm)) / norm)


composed(F.weight_norm, 2, _weight_norm)


def _attention(
    q: Any,
    k: Any,
    v: Any,
    w: Any,
    lengths: Any = None,
    score: str = "dot",
    return_weights: bool = False,
) -> Any:
    """By products; steps past a length are far below all others before the softmax."""
    checked(F.attention, q, k, v, w, lengths, score)
    steps = np.shape(k)[1]
    inside = np.ones((len(k), 1, steps), bool)
    if lengths is not None:
        inside = (np.arange(steps) < np.asarray(lengths)[:, None])[:, None, :]
    real = np.swapaxes(inside, 1, 2)
    k, v = np.where(real, k, 0.0), np.where(real, v, 0.0)
    if score == "dot":
        scores = np.matmul(q, np.swapaxes(k, 1, 2))
    else:
        scores = np.sum(np.tanh(q[:, :, None, :] + k[:, None, :, :]) * w, axis=-1)
    weights = F.softmax(np.where(inside, scores, -1e30)) * inside
    y = np.matmul(weights, v)
    return (y, weights) if return_weights else y


composed(F.weight_norm, 2, _weight_norm)
composed(F.attention, 4, _attention)

# --- by the backward of the core, once


def _norm(back: Any) -> Any:
    return lambda dy, needs, _y, *arrays, **o: back(dy, *arrays, needs=needs, **o)


joint(F.layer_norm, 3, _norm(F.layer_norm_backward))
joint(F.group_norm, 3, _norm(F.group_norm_backward))


def _batch_norm(
    dy: Any,
    needs: Any,
    _y: Any,
    x: Any,
    gamma: Any,
    beta: Any,
    mean: Any,
    var: Any,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Any:
    """In training the running statistics are no part of the value."""
    o = (training, momentum, eps)
    first = F.batch_norm_backward(dy, x, gamma, beta, mean, var, *o, needs=needs[:3])
    if training or not any(needs[3:]):
        return *first, None, None
    scale, axes = 1 / np.sqrt(np.asarray(var) + eps), tuple(range(np.ndim(x) - 1))
    dmean = -np.sum(dy, axis=axes) * gamma * scale
    dvar = -0.5 * np.sum(dy * (x - np.asarray(mean)), axis=axes) * gamma * scale**3
    return *first, dmean, dvar


joint(F.batch_norm, 5, _batch_norm)


def _recurrent(f: Any, back: Any) -> Any:
    def gradients(dy: Any, needs: Any, y: Any, *arrays: Any, **o: Any) -> Any:
        if any_traced((dy, *arrays)) or any_traced(tuple(dy) if isinstance(dy, list) else ()):
            raise NotImplementedError(
                f"F.{f.__name__}: derivatives of it are taken once, by reverse mode."
            )
        *_, cache = f(*arrays, return_cache=True, **o)
        dh, *dc = dy if isinstance(dy, list) else [dy]
        dh = np.zeros_like(arrays[0], shape=cache_shape(f, arrays)) if dh is None else dh
        return back(dh, cache, *(d for d in dc if d is not None), needs=needs)

    return gradients


def cache_shape(f: Any, arrays: tuple[Any, ...]) -> tuple[int, ...]:
    """Of the states: (n, T, H)."""
    return (*np.shape(arrays[0])[:2], np.shape(arrays[2])[0])


joint(F.rnn, 5, _recurrent(F.rnn, F.rnn_backward))
joint(F.gru, 5, _recurrent(F.gru, F.gru_backward))
joint(F.lstm, 7, _recurrent(F.lstm, F.lstm_backward))
