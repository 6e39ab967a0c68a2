"""Losses as functions: values, gradients, reductions."""

import numpy as np
import pytest
from functional_calls import CODES, TARGETS, Z, normal

import fastdl.functional as F

BITS, COUNTS = (TARGETS > 0).astype(int), (2 * abs(normal(6, 4, seed=2))).astype(int)


POINTS = np.where(np.arange(6)[:, None] % 2, TARGETS, np.nan)  # every second cell has a centre


WEIGHTS = 0.5 + normal(6) ** 2


def logsumexp(z):
    return np.log(np.sum(np.exp(z), axis=1))


def crammer_singer(z, y, margin=1.0):
    rows = np.arange(len(z))
    others = z.copy()
    others[rows, y] = -np.inf
    return np.maximum(0, margin + others.max(axis=1) - z[rows, y])


def huber(z, y, delta=1.0):
    e = np.abs(z - y)
    return np.where(e <= delta, e**2 / 2, delta * (e - delta / 2)).sum(axis=1)


def focal(z, y, gamma=2.0):
    p = np.exp(z[np.arange(6), y] - logsumexp(z))
    return -((1 - p) ** gamma) * np.log(p)


def binary_focal(z, y, gamma=2.0):
    p = np.where(y == 1, 1 / (1 + np.exp(-z)), 1 / (1 + np.exp(z)))
    return (-((1 - p) ** gamma) * np.log(p)).sum(axis=1)


def objects_as_points(z, y):  # the four outputs before the heat maps
    errors = np.where(np.isnan(y), 0, abs(z - y))
    return errors[:, :2].sum(axis=1) + 0.3 * errors[:, 2:].sum(axis=1)


def squares_and_kinds(z, y):
    d = np.array([[np.sum((a - b) ** 2) for b in z] for a in z])
    same = y[:, None] == y
    return d, [np.flatnonzero(row) for row in same & ~np.eye(6, dtype=bool)], ~same


def triplet(z, y, margin=0.2):
    d, alike, other = squares_and_kinds(z, y)
    values = np.zeros(6)
    for a in range(6):
        for p in alike[a]:
            rest = d[a, other[a]]
            beyond = rest[rest > d[a, p]]
            n = beyond.min() if len(beyond) else rest.max()
            values[a] += max(0, margin + d[a, p] - n) / len(alike[a])
    return values


def contrastive(z, y, margin=1.0):
    d, alike, other = squares_and_kinds(z, y)
    gaps = np.maximum(0, margin - np.sqrt(d)) ** 2
    return np.array(
        [
            (d[a, alike[a]].mean() if len(alike[a]) else 0) / 2 + gaps[a, other[a]].mean() / 2
            for a in range(6)
        ]
    )


# fmt: off
LOSSES = [
    (F.softmax_cross_entropy, CODES, {}, lambda z, y: logsumexp(z) - z[np.arange(6), y]),
    (F.binary_cross_entropy, BITS, {}, lambda z, y: (np.logaddexp(0, z) - y * z).sum(axis=1)),
    (F.squared_error, TARGETS, {}, lambda z, y: ((z - y) ** 2).sum(axis=1) / 2),
    (F.absolute_error, TARGETS, {}, lambda z, y: np.abs(z - y).sum(axis=1)),
    (F.huber, TARGETS, {}, huber),
    (F.huber, TARGETS, {"delta": 0.4}, lambda z, y: huber(z, y, 0.4)),
    (F.hinge, CODES, {}, crammer_singer),
    (F.hinge, CODES, {"margin": 3.0}, lambda z, y: crammer_singer(z, y, 3.0)),
    (F.poisson, COUNTS, {}, lambda z, y: (np.exp(z) - y * z).sum(axis=1)),
    (F.softmax_cross_entropy, CODES, {"label_smoothing": 0.2},
     lambda z, y: logsumexp(z) - 0.8 * z[np.arange(6), y] - 0.2 * z.mean(axis=1)),
    (F.binary_cross_entropy, BITS, {"label_smoothing": 0.2},
     lambda z, y: (np.logaddexp(0, z) - (0.8 * y + 0.1) * z).sum(axis=1)),
    (F.pinball, TARGETS, {"quantile": 0.3},
     lambda z, y: np.maximum(0.3 * (y - z), 0.7 * (z - y)).sum(axis=1)),
    (F.focal, CODES, {}, focal),
    (F.focal, CODES, {"gamma": 0.5}, lambda z, y: focal(z, y, 0.5)),
    (F.binary_focal, BITS, {}, binary_focal),
    (F.objects_as_points, POINTS, {"size_weight": 0.3}, objects_as_points),
    (F.triplet, CODES, {}, triplet),
    (F.triplet, CODES, {"margin": 9.0}, lambda z, y: triplet(z, y, 9.0)),
    (F.contrastive, CODES, {}, contrastive),
    (F.contrastive, CODES, {"margin": 5.0}, lambda z, y: contrastive(z, y, 5.0)),
]


# fmt: on
each_loss = pytest.mark.parametrize(
    ("f", "y", "options", "reference"), LOSSES, ids=[f.__name__ for f, _, _, _ in LOSSES]
)


@each_loss
def test_losses(f, y, options, reference):
    each = reference(Z, y)
    weighted = WEIGHTS * each
    values, _ = f(Z, y, reduction="none", **options)
    np.testing.assert_allclose(values, each, rtol=1e-12)
    values, _ = f(Z, y, WEIGHTS, "none", **options)
    np.testing.assert_allclose(values, weighted, rtol=1e-12)
    assert f(Z, y, **options)[0] == pytest.approx(each.mean(), rel=1e-12)
    mean = weighted.sum() / WEIGHTS.sum()
    assert f(Z, y, WEIGHTS, **options)[0] == pytest.approx(mean, rel=1e-12)
    assert f(Z, y, WEIGHTS, "sum", **options)[0] == pytest.approx(weighted.sum(), rel=1e-12)
    loss, dpred = f(Z.astype(np.float32), y, **options)
    assert dpred.dtype == (np.float64 if y.dtype.kind == "f" else dpred.dtype)
    assert loss == pytest.approx(each.mean(), rel=1e-5)


@pytest.mark.share(3)
@each_loss
@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
def test_gradients_of_losses(f, y, options, reference, reduction):
    def value(z):
        return np.sum(f(z, y, WEIGHTS, reduction, **options)[0])

    _, dpred = f(Z, y, WEIGHTS, reduction, **options)
    numeric = np.empty_like(Z)
    for i in np.ndindex(Z.shape):
        step = np.zeros_like(Z)
        step[i] = 1e-6
        numeric[i] = (value(Z + step) - value(Z - step)) / 2e-6
    np.testing.assert_allclose(dpred, numeric, rtol=1e-6, atol=1e-8)


def test_losses_of_one_output():
    for f in (F.squared_error, F.binary_cross_entropy, F.poisson):
        loss, dpred = f(Z[:, 0], np.abs(TARGETS[:, 0]))
        expected, gradient = f(Z[:, :1], np.abs(TARGETS[:, :1]))
        assert loss == expected
        np.testing.assert_array_equal(dpred, gradient[:, 0])


def test_out_of_a_loss():
    out = np.empty_like(Z)
    _, dpred = F.softmax_cross_entropy(Z, CODES, out=out)
    assert dpred is out
    z = Z.copy()
    _, dpred = F.softmax_cross_entropy(z, CODES, out=z)
    assert dpred is z
    np.testing.assert_array_equal(z, out)


def test_losses_do_not_overflow():
    z = np.array([[1000.0, -1000.0]])
    assert F.softmax_cross_entropy(z, [1])[0] == 2000.0
    assert F.binary_cross_entropy(z, [[0.0, 1.0]])[0] == 2000.0
