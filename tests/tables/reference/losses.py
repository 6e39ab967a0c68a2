"""Losses: (n,) values of the output before the link (n, outputs)."""

from collections.abc import Callable
from typing import Any

import numpy as np

from .types import Array


def softmax_cross_entropy(z: Array, codes: Any, param: float = 0.0) -> Array:
    """With label smoothing `param` (Szegedy et al. 2016)."""
    top, classes = z.max(axis=1), z.shape[1]
    target = (1 - param) * np.eye(classes)[codes] + param / classes
    return top + np.log(np.exp(z - top[:, None]).sum(axis=1)) - (target * z).sum(axis=1)


def binary_cross_entropy(z: Array, y: Array, param: float = 0.0) -> Array:
    """With label smoothing `param`."""
    return (np.logaddexp(0.0, z) - ((1 - param) * y + param / 2) * z).sum(axis=1)


def pinball(z: Array, y: Array, param: float = 0.5) -> Array:
    return np.maximum(param * (y - z), (param - 1) * (y - z)).sum(axis=1)


def focal(z: Array, codes: Any, param: float = 2.0) -> Array:
    """Lin et al. 2017, equation 4; the others' share is summed, as 1 - p would lose digits."""
    rows, e = np.arange(len(z)), np.exp(z - z.max(axis=1, keepdims=True))
    hit, total = e[rows, codes], e.sum(axis=1)
    e[rows, codes] = 0
    return (e.sum(axis=1) / total) ** param * -np.log(hit / total)


def binary_focal(z: Array, y: Array, param: float = 2.0) -> Array:
    p = 1 / (1 + np.exp(-z))
    yes, no = (1 - p) ** param * np.logaddexp(0.0, -z), p**param * np.logaddexp(0.0, z)
    return (y * yes + (1 - y) * no).sum(axis=1)


def hinge(z: Array, codes: Any, param: float = 1.0) -> Array:
    """Crammer and Singer 2001: max(0, margin + max_{j != y} z_j - z_y)."""
    rows = np.arange(len(z))
    others = z.copy()
    others[rows, codes] = -np.inf
    return np.maximum(0.0, param + others.max(axis=1) - z[rows, codes])


def huber(z: Array, y: Array, param: float = 1.0) -> Array:
    r = np.abs(z - y)
    return np.where(r <= param, 0.5 * r**2, param * (r - 0.5 * param)).sum(axis=1)


def objects_as_points(z: Array, y: Array, param: float = 1.0) -> Array:
    """Zhou, Wang and Kraehenbuehl 2019: offset and size where y is a number, then heat maps."""
    errors = np.where(np.isnan(y), 0.0, np.abs(z - y))
    p = 1 / (1 + np.exp(-z[:, 4:]))
    heat, rest = y[:, 4:], 1 - p
    around = (1 - heat) ** 4 * p**2 * -np.log(rest)
    of_heat = np.where(heat == 1, -(rest**2) * np.log(p), around)
    return errors[:, :2].sum(axis=1) + param * errors[:, 2:4].sum(axis=1) + of_heat.sum(axis=1)


def _pairs(z: Array, codes: Any) -> tuple[Array, Any, Any]:
    """Squared distances (n, n), and which pairs are of one code or of two."""
    alike = codes[:, None] == codes
    d = ((z[:, None] - z) ** 2).sum(axis=2)
    return d, alike & ~np.eye(len(z), dtype=bool), ~alike


def triplet(z: Array, codes: Any, param: float = 0.2) -> Array:
    """Schroff et al. 2015, semi-hard: of each a and p the nearest n beyond p, or the furthest."""
    d, alike, other = _pairs(z, codes)
    if not other.any():
        return np.zeros(len(z))
    furthest = np.where(other, d, -np.inf).max(axis=1)[:, None]
    beyond = np.where(other[:, None] & (d[:, None] > d[:, :, None]), d[:, None], np.inf).min(axis=2)
    values = np.maximum(0.0, param + d - np.where(np.isinf(beyond), furthest, beyond))
    return np.where(alike, values, 0.0).sum(axis=1) / np.maximum(alike.sum(axis=1), 1)


def contrastive(z: Array, codes: Any, param: float = 1.0) -> Array:
    """Hadsell et al. 2006, equation 4, each kind of pair with its own mean."""
    d, alike, other = _pairs(z, codes)
    far = np.maximum(0.0, param - np.sqrt(d)) ** 2
    return sum(
        np.where(kind, of, 0.0).sum(axis=1) / np.maximum(kind.sum(axis=1), 1) / 2
        for kind, of in ((alike, d), (other, far))
    )


LOSSES: dict[str, Callable[[Array, Any, float], Array]] = {
    "softmax_cross_entropy": softmax_cross_entropy,
    "binary_cross_entropy": binary_cross_entropy,
    "squared_error": lambda z, y, param: 0.5 * ((z - y) ** 2).sum(axis=1),
    "absolute_error": lambda z, y, param: np.abs(z - y).sum(axis=1),
    "huber": huber,
    "hinge": hinge,
    "poisson": lambda z, y, param: (np.exp(z) - y * z).sum(axis=1),
    "pinball": pinball,
    "focal": focal,
    "binary_focal": binary_focal,
    "objects_as_points": objects_as_points,
    "triplet": triplet,
    "contrastive": contrastive,
}
