"""Recurrent layers forward in plain float64 NumPy, one sequence after the other: part of reference.

``arrays["lengths"]`` has the steps of each sequence; without it all have all of them.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Layer = dict[str, Any]
Step = Callable[[Array, Array, Array], tuple[Array, Array]]  # x, h, c -> h, c


def sigmoid(x: Array) -> Array:
    return np.exp(-np.logaddexp(0.0, -x))


def rnn_step(w_ih: Array, w_hh: Array, b: Array, activation: str = "tanh") -> Step:
    f = {"tanh": np.tanh, "relu": lambda z: np.maximum(z, 0.0)}[activation]
    return lambda x, h, c: (f(x @ w_ih + h @ w_hh + b), c)


def lstm_step(w_ih: Array, w_hh: Array, b: Array, peepholes: Array | None = None) -> Step:
    p = np.zeros((3, len(w_hh))) if peepholes is None else peepholes

    def step(x: Array, h: Array, c: Array) -> tuple[Array, Array]:
        i, f, g, o = np.split(x @ w_ih + h @ w_hh + b, 4)
        c_new = sigmoid(f + p[1] * c) * c + sigmoid(i + p[0] * c) * np.tanh(g)
        return sigmoid(o + p[2] * c_new) * np.tanh(c_new), c_new

    return step


def gru_step(w_ih: Array, w_hh: Array, b: Array, reset_after: bool = True) -> Step:
    b_x, b_h = b if b.ndim == 2 else (b, np.zeros_like(b))
    units = len(w_hh)

    def step(x: Array, h: Array, c: Array) -> tuple[Array, Array]:
        r, z, n = np.split(x @ w_ih + b_x, 3)
        r_h, z_h, n_h = np.split(h @ w_hh + b_h, 3)
        r, z = sigmoid(r + r_h), sigmoid(z + z_h)
        past = r * n_h if reset_after else (r * h) @ w_hh[:, 2 * units :]
        return (1 - z) * np.tanh(n + past) + z * h, c

    return step


def over_time(
    step: Step,
    x: Array,
    units: int,
    lengths: Any = None,
    reverse: bool = False,
    h0: Array | None = None,
    c0: Array | None = None,
) -> tuple[Array, Array]:
    """All h and c, (n, steps, units), zero at and past a sequence's length."""
    n, steps, _ = x.shape
    hs, cs = np.zeros((n, steps, units)), np.zeros((n, steps, units))
    for i in range(n):
        h = np.zeros(units) if h0 is None else h0[i]
        c = np.zeros(units) if c0 is None else c0[i]
        order = range(steps if lengths is None else lengths[i])
        for t in reversed(order) if reverse else order:
            h, c = step(x[i, t], h, c)
            hs[i, t], cs[i, t] = h, c
    return hs, cs


def lengths_of(arrays: dict[str, Array], x: Array) -> NDArray[np.int64]:
    given = arrays.get("lengths")
    return np.full(len(x), x.shape[1]) if given is None else given.astype(np.int64)


def last_step(x: Array, lengths: Any) -> Array:
    return x[np.arange(len(x)), np.asarray(lengths) - 1]


def pooled(layer: Layer, arrays: dict[str, Array], x: Array, pool: Any) -> Array:
    """Over the pixels of images (n, h, w, c), over the steps of sequences."""
    if x.ndim == 4:
        return pool(x, axis=(1, 2))
    return np.stack([pool(x[i, :t], axis=0) for i, t in enumerate(lengths_of(arrays, x))])


# --- windows over time ---------------------------------------------------------------------------


def seen_steps(length: int, size: int, stride: int, padding: str, dilation: int = 1) -> Any:
    """For each output of a sequence, the steps that its taps meet; those outside do not exist."""
    reach = dilation * (size - 1) + 1
    count = (length - reach) // stride + 1 if padding == "valid" else -(-length // stride)
    before = {"valid": 0, "causal": reach - 1}.get(
        padding, max((count - 1) * stride + reach - length, 0) // 2
    )
    return [[t * stride - before + u * dilation for u in range(size)] for t in range(count)]


def over_windows(
    layer: Layer, arrays: dict[str, Array], x: Array, size: int, f: Callable[[Array, Array], Array]
) -> Array:
    """f(values (size, c), which of them exist) of each window; the lengths after it go on."""
    lengths, dilation = lengths_of(arrays, x), layer.get("dilation", 1)
    outs, counts = [], []
    most = len(seen_steps(x.shape[1], size, layer["stride"], layer["padding"], dilation))
    for of_one, length in zip(x, lengths, strict=True):
        windows = seen_steps(length, size, layer["stride"], layer["padding"], dilation)
        rows = []
        for steps in map(np.array, windows):
            there = (steps >= 0) & (steps < length)
            values = np.where(there[:, None], of_one[np.clip(steps, 0, length - 1)], 0.0)
            rows.append(f(values, there))
        out = np.zeros((most, *f(np.zeros((size, x.shape[2])), np.ones(size, bool)).shape))
        out[: len(rows)] = rows
        outs.append(out)
        counts.append(len(rows))
    arrays["lengths"] = np.array(counts, np.float64)
    return np.stack(outs)


def conv1d_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    w, b = arrays[layer["name"] + ".weight"], arrays.get(layer["name"] + ".bias", 0.0)

    def f(values: Array, there: Array) -> Array:
        groups = layer["groups"]
        parts = zip(np.split(values, groups, axis=1), np.split(w, groups, axis=2), strict=True)
        return np.concatenate([np.einsum("uc,ucf->f", p, v) for p, v in parts]) + b

    return over_windows(layer, arrays, x, layer["kernel_size"], f)


def max_pool1d_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    return over_windows(layer, arrays, x, layer["size"], lambda v, there: v[there].max(axis=0))


def avg_pool1d_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    return over_windows(layer, arrays, x, layer["size"], lambda v, there: v[there].mean(axis=0))


# --- layers --------------------------------------------------------------------------------------


def recurrent_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    end = "_reverse" if layer["reverse"] else ""
    w_ih, w_hh, b = (arrays[f"{layer['name']}.{what}{end}"] for what in WEIGHTS)
    lengths = lengths_of(arrays, x)

    def states(x: Array, lengths: Any, mask: Array) -> Array:
        w = mask[:, None] * w_hh  # (h * mask) @ w_hh
        if layer["kind"] == "rnn":
            step = rnn_step(w_ih, w, b, layer["activation"])
        elif layer["kind"] == "gru":
            step = gru_step(w_ih, w, b, layer["reset_after"])
        else:
            step = lstm_step(w_ih, w, b, arrays.get(f"{layer['name']}.peepholes{end}"))
        return over_time(step, x, layer["units"], lengths, layer["reverse"])[0]

    if training and layer["recurrent_dropout"]:
        masks = arrays[f"{layer['name']}.mask{end}"]
        parts = [states(x[i : i + 1], lengths[i : i + 1], mask) for i, mask in enumerate(masks)]
        h = np.concatenate(parts)
    else:
        h = states(x, lengths, np.ones(layer["units"]))
    if layer["return_sequences"]:
        return h
    return h[:, 0] if layer["reverse"] else last_step(h, lengths)


WEIGHTS = ("weight_ih", "weight_hh", "bias")


def bidirectional_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    inner = layer["layer"][0] | {"name": layer["name"]}
    both = [
        recurrent_layer(inner | {"reverse": reverse}, arrays, x, training)
        for reverse in (False, True)
    ]
    return np.concatenate(both, axis=-1)


def embedding_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    return arrays[layer["name"] + ".weight"][x[:, :, 0].astype(np.int64)]


LAYERS: dict[str, Callable[[Layer, dict[str, Array], Array, bool], Array]] = {
    "global_avg_pool": lambda layer, arrays, x, training: pooled(layer, arrays, x, np.mean),
    "global_max_pool": lambda layer, arrays, x, training: pooled(layer, arrays, x, np.max),
    "conv1d": conv1d_layer,
    "max_pool1d": max_pool1d_layer,
    "avg_pool1d": avg_pool1d_layer,
    "last_step": lambda layer, arrays, x, training: last_step(x, lengths_of(arrays, x)),
    "embedding": embedding_layer,
    "rnn": recurrent_layer,
    "lstm": recurrent_layer,
    "gru": recurrent_layer,
    "bidirectional": bidirectional_layer,
}
