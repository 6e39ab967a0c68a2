"""Rules of the losses that compare samples with each other."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

import fastdl.functional as F
from fastdl.autodiff._functional.losses import reduced
from fastdl.autodiff._functional.rules import checked, composed
from fastdl.autodiff._trace import plain


def _pair_loss(f: Any, of_pairs: Any) -> None:
    """`of_pairs`: (squared distances, alike, other, margin) -> losses of rows, slopes by those."""

    def both(
        pred: Any, y: Any, sample_weight: Any = None, reduction: str = "mean", **o: Any
    ) -> Any:
        checked(f, pred, y, sample_weight, reduction, **o)
        codes, n = np.asarray(plain(y)), np.shape(pred)[0]
        counts = np.ones(n, bool) if sample_weight is None else plain(sample_weight) != 0
        pair, same = counts[:, None] & counts, codes[:, None] == codes
        apart = np.expand_dims(pred, 1) - np.expand_dims(pred, 0)
        alike, other = pair & same & ~np.eye(n, dtype=bool), pair & ~same
        values, slopes = of_pairs(np.sum(apart * apart, axis=2), alike, other, **o)
        if sample_weight is not None:
            values = values * sample_weight
            slopes = slopes * np.expand_dims(sample_weight, 1)
        dpred = 2.0 * np.sum(np.expand_dims(slopes + np.transpose(slopes), 2) * apart, axis=1)
        return reduced(values, dpred, sample_weight, reduction)

    composed(f, 3, both, *inspect.signature(of_pairs).parameters)


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
