"""Rules of `fastdl.functional`: its C++ backward is the vjp.

Linear maps, convolutions, activations and losses have forward mode and derivatives of any order;
pooling by maxima, norms and recurrent layers have reverse mode once.
"""

from __future__ import annotations

import inspect
import math
from typing import Any

import numpy as np

import fastdl.autodiff._trace as _trace
import fastdl.functional as F
from fastdl.autodiff._activations import BY_NAME, negative
from fastdl.autodiff._indexing import scatter
from fastdl.autodiff._table import elementwise, primitive
from fastdl.autodiff._trace import RULES, any_traced, is_traced, plain, plain_of_all
from fastdl.autodiff._tree import leaves

_ARRAYS: dict[Any, int] = {}  # by function: how many of its first parameters have a rule
_OPTIONS: dict[Any, frozenset[str]] = {}  # by function: further parameters with a derivative


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
    for key in names[_ARRAYS[f] :]:
        if key != "out" and key not in _OPTIONS.get(f, ()):
            _refuse_traced(name, key, given[key])
    if given.pop("out", None) is not None or given.pop("return_cache", False):
        raise NotImplementedError(f"{name}: out= and return_cache= go without traced arrays only.")
    if given.pop("return_indices", False):
        raise NotImplementedError(f"{name}: return_indices= goes without traced arrays only.")
    given.pop("needs", None)
    names = list(given)
    arrays = [given[key] for key in names[: _ARRAYS[f]]]
    return RULES[f](*arrays, **{key: given[key] for key in names[_ARRAYS[f] :]})


def _refuse_traced(name: str, key: str, value: Any) -> None:
    """Raise for a traced option: the rule would lose its derivative."""
    if any(is_traced(part) for part in leaves(value)):
        raise TypeError(
            f"{name} has no derivative by {key}: pass a plain value, or value_of({key}) of "
            "fastdl.autodiff where no derivative is wanted."
        )


def _checked(f: Any, *args: Any, **options: Any) -> None:
    """What f says of its arguments, as plain ones."""
    f(*plain_of_all(args), **plain_of_all(options))


def _empty(like: Any) -> Any:
    """For backward functions that only ask for the shape."""
    return np.empty(like.shape, like.dtype)


# --- linear in one array


def _linear(f: Any, back: Any) -> None:
    RULES[f] = _trace.Linear(
        f, f"F.{f.__name__}", lambda dy, like, **o: back(dy, _empty(like), **o), None, ()
    )
    RULES[back] = _trace.Linear(
        back, f"F.{back.__name__}", lambda d, _like, _x, **o: f(d, **o), None, ()
    )
    _ARRAYS[f], _ARRAYS[back] = 1, 2


for _f, _back in (
    (F.im2col, F.im2col_backward),
    (F.col2im, F.col2im_backward),
    (F.avg_pool2d, F.avg_pool2d_backward),
    (F.global_avg_pool2d, F.global_avg_pool2d_backward),
    (F.upsample2d, F.upsample2d_backward),
    (F.pixel_shuffle, F.pixel_shuffle_backward),
    (F.crop2d, F.crop2d_backward),
    (F.resize2d, F.resize2d_backward),
    (F.avg_pool1d, F.avg_pool1d_backward),
    (F.dropout, F.dropout_backward),
):
    _linear(_f, _back)

# --- linear in x and in w, with a bias


def _affine(
    f: Any, back: Any, axes_of_bias: tuple[int, ...], real: Any = lambda dy, _w, **_: dy
) -> None:
    """f(x, w, b) and the two maps that its gradients are: they are each other's transposes.

    real: of dy, what stands at outputs that there are.
    """

    @primitive
    def to_x(dy: Any, w: Any, shape: tuple[int, ...], **o: Any) -> Any:
        return back(dy, np.empty(shape, w.dtype), w, needs=(True, False, False), **o)[0]

    @primitive
    def to_w(dy: Any, x: Any, shape: tuple[int, ...], **o: Any) -> Any:
        return back(dy, x, np.empty(shape, x.dtype), needs=(False, True, False), **o)[1]

    def rule(g: Any, *transposes: Any) -> None:
        RULES[g] = _trace.Multilinear(g, f"F.{back.__name__}", transposes, None, ())

    rule(
        to_x,
        lambda g, _like, _dy, w, _shape, **o: f(g, w, **o),
        lambda g, like, dy, _w, _shape, **o: to_w(dy, g, like.shape, **o),
    )
    rule(
        to_w,
        lambda g, _like, _dy, x, _shape, **o: f(x, g, **o),
        lambda g, like, dy, _x, _shape, **o: to_x(dy, g, like.shape, **o),
    )

    def joint(dy: Any, needs: Any, _y: Any, x: Any, w: Any, b: Any, **o: Any) -> Any:
        if not any_traced((dy, x, w)):
            return back(dy, x, w, b, needs=needs, **o)
        dx = to_x(dy, w, np.shape(x), **o) if needs[0] else None
        dw = to_w(dy, x, np.shape(w), **o) if needs[1] else None
        return dx, dw, np.sum(real(dy, w, **o), axis=axes_of_bias) if needs[2] else None

    def tangent(tangents: Any, y: Any, x: Any, w: Any, _b: Any, **o: Any) -> Any:
        dx, dw, db = tangents
        parts = [] if dx is None else [f(dx, w, **o)]
        parts += [] if dw is None else [f(x, dw, **o)]
        parts += [] if db is None else [real(np.broadcast_to(db, np.shape(y)), w, **o)]
        return sum(parts[1:], parts[0]) if parts else None

    RULES[f] = _trace.Custom(
        f, f"F.{f.__name__}", None, (), joint=joint, joint_jvp=tangent, keeps=0xFFFFFFFE
    )
    _ARRAYS[f] = 3


_affine(F.dense, F.dense_backward, (0,))
_affine(F.conv2d, F.conv2d_backward, (0, 1, 2))
_affine(F.conv2d_transpose, F.conv2d_transpose_backward, (0, 1, 2))


def _within(
    dy: Any, w: Any, stride: int, padding: str, dilation: int, lengths: Any, **_: Any
) -> Any:
    """Gradients (n, out_T, f), zero past the ends of the sequences."""
    if lengths is None:
        return dy
    reach = dilation * (np.shape(w)[0] - 1) + 1 if padding == "valid" else 1
    left = (np.asarray(lengths) - reach) // stride + 1
    return dy * (np.arange(np.shape(dy)[1]) < left[:, None])[:, :, None]


_affine(F.conv1d, F.conv1d_backward, (0, 1), _within)


def _embedding_vjp(dy: Any, _y: Any, ids: Any, table: Any) -> Any:
    if any_traced((dy,)):
        return scatter(dy, (np.asarray(ids),), np.shape(table), table.dtype)
    return F.embedding_backward(dy, ids, np.empty(np.shape(table), table.dtype))


RULES[F.embedding] = _trace.Custom(
    F.embedding, "F.embedding", None, (),
    vjps=(None, _embedding_vjp),
    jvps=(None, lambda d, _y, ids, _table: F.embedding(ids, d)),
)  # fmt: skip
_ARRAYS[F.embedding] = 2

# --- activations

_SELU, _SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def _positive(x: Any) -> Any:
    return (plain(x) > 0).astype(plain(x).dtype)


@primitive
def _slope_of_gelu(x: Any) -> Any:
    return F.gelu_backward(np.ones_like(x), x)


elementwise(
    _slope_of_gelu,
    lambda _y, x: np.exp(-0.5 * x * x) * (2 - x * x) / math.sqrt(2 * math.pi),
    name="F.gelu_backward",
)


def _swish(_y: Any, x: Any, alpha: Any) -> Any:
    s = F.sigmoid(alpha * x)
    return s * (1 + alpha * x * (1 - s))


def _swish_by_alpha(_y: Any, x: Any, alpha: Any) -> Any:
    s = F.sigmoid(alpha * x)
    return x * x * s * (1 - s)


def _mish(_y: Any, x: Any) -> Any:
    t = F.tanh(F.softplus(x))
    return t + x * (1 - t * t) * F.sigmoid(x)


def _activation(f: Any, *partials: Any) -> None:
    elementwise(f, *partials, name=f"F.{f.__name__}")
    _ARRAYS[f] = len(partials)


_activation(F.relu, lambda _y, x: _positive(x))
_activation(
    F.leaky_relu,
    lambda _y, x, alpha: np.where(plain(x) > 0, 1.0, alpha),
    lambda _y, x, _alpha: negative(x),
)
_activation(
    F.elu,
    lambda y, x, alpha: np.where(plain(x) > 0, 1.0, y + alpha),
    lambda _y, x, _alpha: np.expm1(negative(x)),
)
_activation(F.selu, lambda y, x: np.where(plain(x) > 0, _SELU, y + _SELU * _SELU_ALPHA))
_activation(F.sigmoid, lambda y, _x: y * (1 - y))
_activation(F.tanh, lambda y, _x: 1 - y * y)
_activation(F.softplus, lambda _y, x: F.sigmoid(x))
_activation(F.gelu, lambda _y, x: _slope_of_gelu(x))
_activation(F.swish, _swish, _swish_by_alpha)
_activation(F.mish, _mish)


def _weighed_sum(a: Any, b: Any) -> Any:
    return np.sum(a * b, axis=-1, keepdims=True)


def _custom(f: Any, vjp: Any, jvp: Any = None) -> None:
    jvps = None if jvp is None else (jvp,)
    RULES[f] = _trace.Custom(f, f"F.{f.__name__}", None, (), vjps=(vjp,), jvps=jvps)
    _ARRAYS[f] = 1


def _softmax(d: Any, y: Any, _x: Any) -> Any:
    return y * (d - _weighed_sum(y, d))


_custom(F.softmax, _softmax, _softmax)
_custom(
    F.log_softmax,
    lambda dy, y, _x: dy - np.exp(y) * np.sum(dy, axis=-1, keepdims=True),
    lambda dx, y, _x: dx - _weighed_sum(np.exp(y), dx),
)


def _composed(f: Any, n_arrays: int, g: Any, *options: str) -> None:
    """`options`: those with a derivative."""
    RULES[f] = _trace.Composed(g, f"F.{f.__name__}", None)
    _ARRAYS[f], _OPTIONS[f] = n_arrays, frozenset(options)


_custom(
    F.max_pool2d, lambda dy, _y, x, return_indices=False, **o: F.max_pool2d_backward(dy, x, **o)
)

# Linear but for the value around: tangents and gradients have zeros there.
_linear(F.pad2d, F.pad2d_backward)


def _outside(dy: Any, x: Any, padding: Any = 1, mode: str = "constant") -> Any:
    """Of dy, what stands around the image; nothing where that is the image itself."""
    return dy * F.pad2d(np.zeros_like(plain(x)), padding, mode, 1.0)


_PAD2D = _trace.Custom(
    lambda x, value, **o: F.pad2d(x, value=value, **o),
    "F.pad2d", None, (),
    vjps=(
        lambda dy, _y, x, _value, **o: F.pad2d_backward(dy, _empty(x), **o),
        lambda dy, _y, x, _value, **o: np.sum(_outside(dy, x, **o)),
    ),
    jvps=(
        lambda dx, _y, _x, _value, **o: F.pad2d(dx, **o),
        lambda dv, _y, x, _value, **o: _outside(dv, x, **o),
    ),
)  # fmt: skip


def _pad2d(x: Any, value: Any = 0.0, **o: Any) -> Any:
    return _PAD2D(x, value, **o)


RULES[F.pad2d_backward] = _trace.Linear(
    F.pad2d_backward,
    "F.pad2d_backward",
    lambda d, _like, _x, value=0.0, **o: F.pad2d(d, **o),
    None,
    (),
)
_composed(F.pad2d, 1, _pad2d, "value")
_custom(F.global_max_pool2d, lambda dy, _y, x: F.global_max_pool2d_backward(dy, x))
_custom(F.max_pool1d, lambda dy, _y, x, **o: F.max_pool1d_backward(dy, x, **o))
_custom(
    F.spatial_pyramid_pool2d,
    lambda dy, _y, x, **o: F.spatial_pyramid_pool2d_backward(dy, x, **o),
)
_custom(F.stochastic_pool2d, lambda dy, _y, x, **o: F.stochastic_pool2d_backward(dy, x, **o))
_custom(F.rrelu, lambda dy, _y, x, **o: F.rrelu_backward(dy, x, **o))
_custom(F.unit_norm, lambda dy, _y, x, **o: F.unit_norm_backward(dy, x, **o))
_custom(F.local_response_norm, lambda dy, _y, x, **o: F.local_response_norm_backward(dy, x, **o))


def _by_name(x: Any, name: str, alpha: Any = None) -> Any:
    _checked(F.activation, np.zeros(1), name, alpha)
    f = BY_NAME.get(name) or getattr(F, name)
    return f(x) if alpha is None else f(x, alpha)


def _maxout(x: Any, pieces: int) -> Any:
    """The first of the largest, as the backward of the core has it."""
    _checked(F.maxout, x, pieces)
    grouped = np.reshape(x, (*x.shape[:-1], x.shape[-1] // pieces, pieces))
    first = np.argmax(plain(grouped), axis=-1)[..., None]
    return np.squeeze(np.take_along_axis(grouped, first, -1), -1)


def _weight_norm(v: Any, g: Any, axis: int = -1) -> Any:
    _checked(F.weight_norm, v, g, axis)
    axes = tuple(i for i in range(np.ndim(v)) if i != axis % np.ndim(v))
    norm = np.sqrt(np.sum(v * v, axis=axes, keepdims=True))
    return v * (np.reshape(g, np.shape(norm)) / norm)


_composed(F.weight_norm, 2, _weight_norm)


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
    _checked(F.attention, q, k, v, w, lengths, score)
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


_composed(F.activation, 1, _by_name, "alpha")
_composed(F.attention, 4, _attention)
_composed(F.maxout, 1, _maxout)
_composed(F.prelu, 2, lambda x, alpha: np.where(plain(x) > 0, x, alpha * x))

# --- by the backward of the core, once


def _joint(f: Any, n_arrays: int, back: Any) -> None:
    RULES[f] = _trace.Custom(f, f"F.{f.__name__}", None, (), joint=back, keeps=0xFFFFFFFE)
    _ARRAYS[f] = n_arrays


def _norm(back: Any) -> Any:
    return lambda dy, needs, _y, *arrays, **o: back(dy, *arrays, needs=needs, **o)


_joint(F.layer_norm, 3, _norm(F.layer_norm_backward))
_joint(F.group_norm, 3, _norm(F.group_norm_backward))


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


_joint(F.batch_norm, 5, _batch_norm)


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


_joint(F.rnn, 5, _recurrent(F.rnn, F.rnn_backward))
_joint(F.gru, 5, _recurrent(F.gru, F.gru_backward))
_joint(F.lstm, 7, _recurrent(F.lstm, F.lstm_backward))

# --- losses: (loss, dpred), both of them functions of pred


def _loss(f: Any, of_rows: Any) -> None:
    """`of_rows`: (pred, y, **options) -> losses and slopes, both of the shape of pred or (n,)."""

    def composed(
        pred: Any, y: Any, sample_weight: Any = None, reduction: str = "mean", **o: Any
    ) -> Any:
        _checked(f, pred, y, sample_weight, reduction, **o)
        values, slopes = of_rows(pred, y, **o)
        values = np.sum(values, axis=1) if np.ndim(values) > 1 else values
        if sample_weight is not None:
            values = values * sample_weight
            slopes = slopes * np.reshape(sample_weight, (-1, *(1,) * (np.ndim(slopes) - 1)))
        if reduction == "none":
            return values, slopes
        norm = 1.0
        if reduction == "mean":
            norm = np.shape(pred)[0] if sample_weight is None else np.sum(sample_weight)
        return np.sum(values) / norm, slopes / norm

    _composed(f, 3, composed, *inspect.signature(of_rows).parameters)


def _onehot(pred: Any, y: Any) -> Any:
    return np.eye(np.shape(pred)[1], dtype=plain(pred).dtype)[np.asarray(y)]


def _cross_entropy(pred: Any, y: Any, label_smoothing: float = 0.0) -> Any:
    logp = F.log_softmax(pred)
    t = (1 - label_smoothing) * _onehot(pred, y) + label_smoothing / np.shape(pred)[1]
    return -np.sum(t * logp, axis=1), np.exp(logp) - t


def _binary_cross_entropy(pred: Any, y: Any, label_smoothing: float = 0.0) -> Any:
    t = (1 - label_smoothing) * y + label_smoothing / 2
    return F.softplus(pred) - t * pred, F.sigmoid(pred) - t


def _huber(pred: Any, y: Any, delta: float = 1.0) -> Any:
    e = pred - y
    near = np.abs(plain(e)) <= delta
    return np.where(near, 0.5 * e * e, delta * (np.abs(e) - delta / 2)), np.clip(e, -delta, delta)


def _hinge(pred: Any, y: Any, margin: float = 1.0) -> Any:
    own = _onehot(pred, y)
    others = np.where(own > 0, -np.inf, plain(pred))
    rival = np.eye(np.shape(pred)[1], dtype=own.dtype)[np.argmax(others, axis=1)]
    slopes = rival - own
    values = margin + np.sum(pred * slopes, axis=1)
    active = plain(values) > 0
    return np.where(active, values, 0.0), slopes * active[:, None]


_loss(F.softmax_cross_entropy, _cross_entropy)
_loss(F.binary_cross_entropy, _binary_cross_entropy)
_loss(F.squared_error, lambda pred, y: (0.5 * (pred - y) ** 2, pred - y))
_loss(F.absolute_error, lambda pred, y: (np.abs(pred - y), np.sign(plain(pred) - plain(y))))
_loss(F.huber, _huber)
_loss(F.hinge, _hinge)
_loss(F.poisson, lambda pred, y: (np.exp(pred) - y * pred, np.exp(pred) - y))


def _pinball(pred: Any, y: Any, quantile: float = 0.5) -> Any:
    above = plain(y) > plain(pred)
    return (y - pred) * np.where(above, quantile, quantile - 1), np.where(
        above, -quantile, 1.0 - quantile
    )


_loss(F.pinball, _pinball)


def _slope_by_log(logp: Any, p: Any, gamma: float) -> Any:
    """Derivative of -(1 - p)^gamma log(p) by log(p)."""
    return gamma * (1 - p) ** (gamma - 1) * p * logp - (1 - p) ** gamma


def _focal(pred: Any, y: Any, gamma: float = 2.0) -> Any:
    own = _onehot(pred, y)
    logs = F.log_softmax(pred)
    logp = np.sum(own * logs, axis=1)
    p = np.exp(logp)
    slopes = np.expand_dims(_slope_by_log(logp, p, gamma), 1) * (own - np.exp(logs))
    return -((1 - p) ** gamma) * logp, slopes


def _binary_focal(pred: Any, y: Any, gamma: float = 2.0) -> Any:
    p, q = F.sigmoid(pred), F.sigmoid(-pred)
    logp, logq = -F.softplus(-pred), -F.softplus(pred)
    values = -y * q**gamma * logp - (1 - y) * p**gamma * logq
    slopes = y * _slope_by_log(logp, p, gamma) * q - (1 - y) * _slope_by_log(logq, q, gamma) * p
    return values, slopes


def _objects_as_points(pred: Any, y: Any, size_weight: float = 1.0) -> Any:
    outputs = np.arange(np.shape(pred)[1])
    is_heat, there = outputs >= 4, ~np.isnan(plain(y))
    factor = np.where(outputs < 2, 1.0, size_weight) * there
    target = np.where(there, y, 0.0)
    p, q, a, b = F.sigmoid(pred), F.sigmoid(-pred), F.softplus(-pred), F.softplus(pred)
    centre, around = is_heat & (plain(y) == 1), np.where(is_heat, (1 - target) ** 4, 0.0)
    heat = np.where(centre, q**2 * a, around * p**2 * b)
    slopes = np.where(centre, -(q**2) * (2 * p * a + q), around * p**2 * (2 * q * b + p))
    sign = np.sign(plain(pred) - plain(target))
    values = np.where(is_heat, heat, factor * np.abs(pred - target))
    return values, np.where(is_heat, slopes, factor * sign)


_loss(F.focal, _focal)
_loss(F.objects_as_points, _objects_as_points)
_loss(F.binary_focal, _binary_focal)


def _pair_loss(f: Any, of_pairs: Any) -> None:
    """`of_pairs`: (squared distances, alike, other, margin) -> losses of rows, slopes by those."""

    def composed(
        pred: Any, y: Any, sample_weight: Any = None, reduction: str = "mean", **o: Any
    ) -> Any:
        _checked(f, pred, y, sample_weight, reduction, **o)
        codes, n = np.asarray(plain(y)), np.shape(pred)[0]
        counts = np.ones(n, bool) if sample_weight is None else plain(sample_weight) != 0
        both, same = counts[:, None] & counts, codes[:, None] == codes
        apart = np.expand_dims(pred, 1) - np.expand_dims(pred, 0)
        alike, other = both & same & ~np.eye(n, dtype=bool), both & ~same
        values, slopes = of_pairs(np.sum(apart * apart, axis=2), alike, other, **o)
        if sample_weight is not None:
            values = values * sample_weight
            slopes = slopes * np.expand_dims(sample_weight, 1)
        dpred = 2.0 * np.sum(np.expand_dims(slopes + np.transpose(slopes), 2) * apart, axis=1)
        if reduction == "none":
            return values, dpred
        norm = 1.0
        if reduction == "mean":
            norm = n if sample_weight is None else np.sum(sample_weight)
        return np.sum(values) / norm, dpred / norm

    _composed(f, 3, composed, *inspect.signature(of_pairs).parameters)


def _shares(kind: Any) -> Any:
    """Of each row one, in equal parts."""
    return kind / np.maximum(kind.sum(axis=1, keepdims=True), 1)


def _triplet(squares: Any, alike: Any, other: Any, margin: float = 0.2) -> Any:
    d, shares = plain(squares), _shares(alike)
    slopes = np.zeros_like(d)
    for a, p in zip(*np.nonzero(alike), strict=True):
        rest = np.flatnonzero(other[a])
        beyond = rest[d[a, rest] > d[a, p]]
        if not len(rest):
            continue
        n = beyond[d[a, beyond].argmin()] if len(beyond) else rest[d[a, rest].argmax()]
        if margin + d[a, p] > d[a, n]:
            slopes[a, p] += shares[a, p]
            slopes[a, n] -= shares[a, p]
    margins = margin * np.where(alike, np.maximum(slopes, 0), 0).sum(axis=1)
    return np.sum(slopes * squares, axis=1) + margins, slopes


def _contrastive(squares: Any, alike: Any, other: Any, margin: float = 1.0) -> Any:
    within = other & (plain(squares) < margin**2)
    near, far = 0.5 * _shares(alike), 0.5 * _shares(other)
    d = np.sqrt(np.where(within & (plain(squares) > 0), squares, 1.0))
    gaps = np.where(within, margin - np.where(plain(squares) > 0, d, 0.0), 0.0)
    values = np.sum(near * squares + far * gaps * gaps, axis=1)
    return values, near - far * np.where(plain(squares) > 0, gaps / d, 0.0)


_pair_loss(F.triplet, _triplet)
_pair_loss(F.contrastive, _contrastive)
