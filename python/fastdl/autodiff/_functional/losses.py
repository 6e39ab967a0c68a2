"""Rules of the losses: (loss, dpred), both of them functions of pred."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

import fastdl.functional as F
from fastdl.autodiff._functional.rules import checked, composed
from fastdl.autodiff._trace import plain


def _loss(f: Any, of_rows: Any) -> None:
    """`of_rows`: (pred, y, **options) -> losses and slopes, both of the shape of pred or (n,)."""

    def both(
        pred: Any, y: Any, sample_weight: Any = None, reduction: str = "mean", **o: Any
    ) -> Any:
        checked(f, pred, y, sample_weight, reduction, **o)
        values, slopes = of_rows(pred, y, **o)
        values = np.sum(values, axis=1) if np.ndim(values) > 1 else values
        if sample_weight is not None:
            values = values * sample_weight
            slopes = slopes * np.reshape(sample_weight, (-1, *(1,) * (np.ndim(slopes) - 1)))
        return reduced(values, slopes, sample_weight, reduction)

    composed(f, 3, both, *inspect.signature(of_rows).parameters)


def reduced(values: Any, dpred: Any, sample_weight: Any, reduction: str) -> tuple[Any, Any]:
    """Weighted losses of rows and their slopes, or the sum or mean of both."""
    if reduction == "none":
        return values, dpred
    norm = 1.0
    if reduction == "mean":
        norm = np.shape(dpred)[0] if sample_weight is None else np.sum(sample_weight)
    return np.sum(values) / norm, dpred / norm


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
