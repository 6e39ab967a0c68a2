"""What is differentiated on the page `autodiff`: each loss for a NumPy of any library."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from fastdl.autodiff import checkpoint

rng = np.random.default_rng(0)
LENGTH = 300
X10 = 0.1 * rng.normal(size=10)


def _plus(xp: Any, arrays: Any) -> Any:
    c = arrays(np.full(10, 1e-3))
    return lambda x: x + c


def _times(xp: Any, arrays: Any) -> Any:
    c = arrays(np.full(10, 1.0001))
    return lambda x: x * c


def _product(xp: Any, arrays: Any) -> Any:
    w = arrays(np.eye(10))
    return lambda x: xp.dot(w, x)


def _mixed(xp: Any, arrays: Any) -> Any:
    c, w = arrays(np.full(10, 1.0001)), arrays(np.eye(10))
    ops = [lambda x: x + c, lambda x: x * c, xp.sin, lambda x: xp.dot(w, x), xp.tanh]
    turn = itertools.cycle(ops)
    return lambda x: next(turn)(x)


def _number(xp: Any, arrays: Any) -> Any:
    return lambda x: x * 1.0001


OPERATIONS: dict[str, Callable[[Any, Any], Callable[[Any], Any]]] = {
    "x + c": _plus,
    "x * c": _times,
    "np.sin": lambda xp, arrays: xp.sin,
    "W @ x": _product,
    "the four and np.tanh in turn": _mixed,
    "a number times 1.0001": _number,
}


def chain(op: Callable[[Any], Any], xp: Any) -> Callable[[Any], Any]:
    """Op after op, and the sum."""

    def f(x: Any) -> Any:
        for _ in range(LENGTH):
            x = op(x)
        return xp.sum(x)

    return f


class Model(NamedTuple):
    """Parameters, loss(xp, arrays) -> f(params), and its gradient by hand."""

    params: Any
    loss: Callable[[Any, Any], Callable[[Any], Any]]
    by_hand: Callable[[Any], Any] | None = None


def _logsumexp(xp: Any, x: Any, axis: int) -> Any:
    if hasattr(xp, "logsumexp"):
        return xp.logsumexp(x, axis)
    top = xp.max(x, axis=axis, keepdims=True)
    return xp.log(xp.sum(xp.exp(x - top), axis=axis)) + xp.squeeze(top, axis)


def _softplus(xp: Any, x: Any) -> Any:
    return xp.softplus(x) if hasattr(xp, "softplus") else xp.logaddexp(0.0, x)


# --- logistic regression

X = rng.normal(size=(500, 20))
SIGN = (rng.random(500) > 0.5) * 2.0 - 1


def _logistic(xp: Any, arrays: Any) -> Any:
    x, s = arrays(X), arrays(-SIGN)
    return lambda p: xp.mean(_softplus(xp, s * xp.dot(x, p[0])))


def _logistic_by_hand(p: Any) -> Any:
    probability = 1 / (1 + np.exp(SIGN * (X @ p[0])))
    return [X.T @ (-SIGN * probability) / 500]


# --- a perceptron

ROWS = rng.normal(size=(128, 64))
ONE_HOT = np.eye(10)[rng.integers(0, 10, 128)]
MLP = [
    0.1 * rng.normal(size=(64, 100)),
    np.zeros(100),
    0.1 * rng.normal(size=(100, 10)),
    np.zeros(10),
]


def _mlp(xp: Any, arrays: Any) -> Any:
    x, y = arrays(ROWS), arrays(ONE_HOT)

    def f(p: Any) -> Any:
        h = xp.maximum(xp.dot(x, p[0]) + p[1], 0.0)
        z = xp.dot(h, p[2]) + p[3]
        return xp.mean(_logsumexp(xp, z, 1) - xp.sum(z * y, 1))

    return f


def _mlp_by_hand(p: Any) -> Any:
    a = ROWS @ p[0] + p[1]
    h = np.maximum(a, 0)
    z = h @ p[2] + p[3]
    e = np.exp(z - z.max(axis=1, keepdims=True))
    dz = (e / e.sum(axis=1, keepdims=True) - ONE_HOT) / 128
    dh = dz @ p[2].T
    dh *= a > 0
    return [ROWS.T @ dh, dh.sum(0), h.T @ dz, dz.sum(0)]


# --- a recurrent net

STEPS = rng.normal(size=(50, 16, 8))
RNN = [
    0.3 * rng.normal(size=(8, 32)),
    0.1 * rng.normal(size=(32, 32)),
    np.zeros(32),
    rng.normal(size=32),
]


def _rnn(xp: Any, arrays: Any) -> Any:
    x, h0 = arrays(STEPS), arrays(np.zeros((16, 32)))

    def f(p: Any) -> Any:
        h = h0
        for t in range(50):
            h = xp.tanh(xp.dot(x[t], p[0]) + xp.dot(h, p[1]) + p[2])
        return xp.mean(xp.dot(h, p[3]) ** 2)

    return f


def _rnn_by_hand(p: Any) -> Any:
    hs = [np.zeros((16, 32))]
    for t in range(50):
        hs.append(np.tanh(STEPS[t] @ p[0] + hs[-1] @ p[1] + p[2]))
    do = 2 / 16 * (hs[-1] @ p[3])
    d = [np.zeros_like(a) for a in p[:3]] + [hs[-1].T @ do]
    dh = np.outer(do, p[3])
    for t in reversed(range(50)):
        da = dh * (1 - hs[t + 1] ** 2)
        d[0] += STEPS[t].T @ da
        d[1] += hs[t].T @ da
        d[2] += da.sum(0)
        dh = da @ p[1].T
    return d


# --- a mixture of 10 normal distributions in the plane

POINTS = rng.normal(size=(500, 1, 2))


def _mixture(xp: Any, arrays: Any) -> Any:
    x = arrays(POINTS)

    def f(p: Any) -> Any:  # means, log(1 / scales), log weights that do not sum to 1
        z = (x - p[0]) * xp.exp(p[1])
        density = xp.sum(p[1], 1) - 0.5 * xp.sum(z * z, 2) + p[2]
        return _logsumexp(xp, p[2], 0) - xp.mean(_logsumexp(xp, density, 1))

    return f


def _mixture_by_hand(p: Any) -> Any:
    scaled = np.exp(p[1])
    z = (POINTS - p[0]) * scaled
    density = p[1].sum(1) - 0.5 * (z * z).sum(2) + p[2]
    e = np.exp(density - density.max(axis=1, keepdims=True))
    r = e / e.sum(axis=1, keepdims=True) / -500  # of the mean, with the loss's sign
    prior = np.exp(p[2] - p[2].max())
    return [
        np.sum(r[..., None] * z, 0) * scaled,
        np.sum(r[..., None] * (1 - z * z), 0),
        prior / prior.sum() + r.sum(0),
    ]


MODELS = {
    "logistic regression, 500x20": Model([rng.normal(size=20)], _logistic, _logistic_by_hand),
    "MLP 64-100-10, batch 128": Model(MLP, _mlp, _mlp_by_hand),
    "RNN 16x50 steps, 8-32": Model(RNN, _rnn, _rnn_by_hand),
    "mixture of 10, 500x2": Model(
        [rng.normal(size=(10, 2)), 0.1 * rng.normal(size=(10, 2)), np.zeros(10)],
        _mixture,
        _mixture_by_hand,
    ),
}

# --- memory


def _deep(xp: Any, arrays: Any) -> Any:
    def f(p: Any) -> Any:
        h = p[0]
        for w in p[1:]:
            h = xp.tanh(xp.dot(h, w) + 0.1)
        return xp.mean(h * h)

    return f


def _long(steps: int, shape: tuple[int, int]) -> Callable[[Any, Any], Any]:
    def loss(xp: Any, arrays: Any) -> Any:
        def f(p: Any) -> Any:
            h = np.zeros(shape)
            for _ in range(steps):
                h = xp.tanh(xp.dot(h, p[0]) + p[1])
            return xp.mean(h * h)

        return f

    return loss


def _in_pieces(p: Any) -> Any:
    """The net of 1000 steps, of which 32 at a time are kept."""

    @checkpoint
    def some(h: Any, w: Any, b: Any) -> Any:
        for _ in range(32):
            h = np.tanh(np.dot(h, w) + b)
        return h

    h = np.zeros((64, 32))
    for _ in range(1000 // 32):
        h = some(h, p[0], p[1])
    return np.mean(h * h)


def _elementwise(xp: Any, arrays: Any) -> Any:
    return lambda p: xp.sum(xp.tanh(p[0] * 2.0 + 1.0) * xp.exp(-p[0]))


def _dots(xp: Any, arrays: Any) -> Any:
    w = 0.01 * np.eye(1000)

    def f(p: Any) -> Any:
        x = p[0]
        for _ in range(100):
            x = xp.dot(x, w)
        return xp.sum(x)

    return f


LARGE = {
    "MLP of 12 layers, 4096x64": Model(
        [rng.normal(size=(4096, 64)), *(0.1 * rng.normal(size=(64, 64)) for _ in range(12))], _deep
    ),
    "RNN of 200 steps, 64x256": Model(
        [0.05 * rng.normal(size=(256, 256)), np.zeros(256)], _long(200, (64, 256))
    ),
    "RNN of 1000 steps, 64x32": Model(
        [0.1 * rng.normal(size=(32, 32)), np.zeros(32)], _long(1000, (64, 32)), _in_pieces
    ),
    "element-wise, 10^6": Model([rng.normal(size=10**6)], _elementwise),
    "100 dots by a constant, 100x1000": Model([rng.normal(size=(100, 1000))], _dots),
}
