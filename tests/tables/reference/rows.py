"""Products, activations, norms and columns of tables."""

from collections.abc import Callable
from math import erf, erfc

import numpy as np

from .types import Array


def dense(x: Array, w: Array, b: Array | None = None) -> Array:
    return x @ w if b is None else x @ w + b


def weight_norm(v: Array, g: Array, transposed: bool = False, groups: int = 1) -> Array:
    """g v / ||v||, for each output: the last axis, or (h, w, filters / groups, groups * inputs)."""
    if not transposed:
        return g * v / np.sqrt((v**2).sum(axis=tuple(range(v.ndim - 1))))
    parts = zip(np.split(v, groups, axis=3), np.split(g, groups), strict=True)
    scaled = [p * (of / np.sqrt((p**2).sum(axis=(0, 1, 3))))[:, None] for p, of in parts]
    return np.concatenate(scaled, axis=3)


def softmax(x: Array) -> Array:
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def sigmoid(x: Array) -> Array:
    return np.exp(-np.logaddexp(0.0, -x))


SELU_ALPHA, SELU_SCALE = 1.6732632423543772, 1.0507009873554805  # Klambauer et al. 2017


ACTIVATIONS: dict[str, Callable[[Array, float], Array]] = {
    "identity": lambda x, alpha: x,
    "sigmoid": lambda x, alpha: sigmoid(x),
    "tanh": lambda x, alpha: np.tanh(x),
    "relu": lambda x, alpha: np.maximum(x, 0.0),
    "leaky_relu": lambda x, alpha: np.where(x > 0, x, alpha * x),
    "elu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0))),
    "selu": lambda x, alpha: (
        SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(np.minimum(x, 0.0)))
    ),
    "softplus": lambda x, alpha: np.logaddexp(0.0, x),
    "gelu": lambda x, alpha: x * 0.5 * np.vectorize(erfc)(-x / np.sqrt(2.0)),
    "swish": lambda x, alpha: x * sigmoid(alpha * x),
    "mish": lambda x, alpha: x * np.tanh(np.logaddexp(0.0, x)),
    "exp": lambda x, alpha: np.exp(x),
    "hard_sigmoid": lambda x, alpha: np.clip(x / 6 + 0.5, 0.0, 1.0),
    "hard_swish": lambda x, alpha: x * np.clip(x / 6 + 0.5, 0.0, 1.0),
    "gelu_tanh": lambda x, alpha: x * sigmoid(2 * np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)),
    "celu": lambda x, alpha: np.where(x > 0, x, alpha * np.expm1(np.minimum(x, 0.0) / alpha)),
    "softsign": lambda x, alpha: x / (1 + np.abs(x)),
    "thresholded_relu": lambda x, alpha: np.where(x <= alpha, 0.0, x),
    "log": lambda x, alpha: np.log(x),
    "sqrt": lambda x, alpha: np.sqrt(x),
    "abs": lambda x, alpha: np.abs(x),
    "erf": lambda x, alpha: np.vectorize(erf)(x),
    "power": lambda x, alpha: x**alpha,
    "softmax": lambda x, alpha: softmax(x),
}


def prelu(x: Array, alpha: Array) -> Array:
    return np.where(x > 0, x, alpha * x)


def parametric_activation(x: Array, slope: Array, function: str, alpha: float) -> Array:
    return x + slope * (ACTIVATIONS[function](x, alpha) - x)


def numeric_embedding(
    x: Array, frequency: Array, phase: Array, weight: Array, bias: Array
) -> Array:
    """The first columns as vectors, then the other features."""
    columns = len(frequency)
    waves = np.cos(2 * np.pi * x[:, :columns, None] * frequency + phase)  # (n, columns, k)
    mixed = np.einsum("njk,jkm->njm", waves, weight) + bias
    vectors = np.concatenate([mixed, x[:, :columns, None]], axis=2)
    return np.hstack([vectors.reshape(len(x), -1), x[:, columns:]])


def embed_categories(x: Array, table: Array, sizes: list[int]) -> Array:
    """The features that are no codes, then the vectors of the codes."""
    parts, first = [x[:, : -len(sizes)]], 0
    for j, size in enumerate(sizes):
        codes = np.rint(x[:, x.shape[1] - len(sizes) + j]).astype(int)
        known = np.where((codes >= 0) & (codes < size), codes, 0)
        parts.append(table[first + known])
        first += size
    return np.hstack(parts)


def maxout(x: Array, pieces: int) -> Array:
    """The largest of each ``pieces`` neighbouring columns."""
    return x.reshape(len(x), -1, pieces).max(axis=2)


def batch_norm(x: Array, gain: Array, shift: Array, mean: Array, var: Array, eps: float) -> Array:
    return gain * (x - mean) / np.sqrt(var + eps) + shift


def layer_norm(x: Array, gain: Array, shift: Array, eps: float) -> Array:
    return batch_norm(
        x, gain, shift, x.mean(axis=-1, keepdims=True), x.var(axis=-1, keepdims=True), eps
    )


def group_norm(x: Array, gain: Array, shift: Array, groups: int, eps: float) -> Array:
    """Over the channels of a group and all axes but the first."""
    parts = np.split(x, groups, axis=-1)
    axes = tuple(range(1, x.ndim))
    parts = [
        (p - p.mean(axes, keepdims=True)) / (p.var(axes, keepdims=True) + eps) ** 0.5 for p in parts
    ]
    return gain * np.concatenate(parts, axis=-1) + shift


def local_response_norm(x: Array, size: int, alpha: float, beta: float, k: float) -> Array:
    """Each channel over a power of the squares of the ``size`` channels around it."""
    reach = size // 2
    around = [slice(max(0, c - reach), c + reach + 1) for c in range(x.shape[-1])]
    sums = np.stack([(x[..., part] ** 2).sum(axis=-1) for part in around], axis=-1)
    return x / (k + alpha / size * sums) ** beta


def unit_norm(x: Array, eps: float = 1e-12) -> Array:
    """Vectors along the last axis at length 1; zeros where they are not longer than eps."""
    length = np.sqrt((x**2).sum(axis=-1, keepdims=True))
    return np.where(length <= eps, 0.0, x / np.maximum(length, eps))
