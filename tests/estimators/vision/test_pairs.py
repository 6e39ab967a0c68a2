"""Pairs of vectors: area under the curve, thresholds; the order that puts samples together."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from fastdl.estimators.vision.verification import pairs
from fastdl.fitting.training.grouping import side_by_side


def unit(rng, n, size=4):
    vectors = rng.normal(size=(n, size))
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.mark.parametrize("at_a_time", [1, 7, 1 << 22])
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_area_is_that_of_scikit_learn(rng, monkeypatch, at_a_time, weighted):
    monkeypatch.setattr(pairs, "_AT_A_TIME", at_a_time)
    y, (i, j) = rng.integers(5, size=30), np.triu_indices(30, 1)
    weight = rng.uniform(0, 2, size=30) if weighted else None
    of_pairs = None if weight is None else weight[i] * weight[j]
    for z in (unit(rng, 30), np.eye(4)[rng.integers(4, size=30)]):  # the latter with ties
        cosines = np.sum(z[i] * z[j], axis=1)
        expected = roc_auc_score(y[i] == y[j], cosines, sample_weight=of_pairs)
        assert pairs.area_under_curve(z, y, weight) == pytest.approx(expected, rel=1e-12)


def test_area_by_hand():
    z = np.array([[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    assert pairs.area_under_curve(z, np.array([0, 0, 1, 1])) == 1.0
    assert pairs.area_under_curve(z, np.array([0, 1, 0, 1])) == 0.25  # 0 against 1, 0, 0, 1
    assert pairs.area_under_curve(np.ones((3, 2)), np.array([0, 0, 1])) == 0.5
    assert np.isnan(pairs.area_under_curve(np.full((3, 2), np.nan), np.array([0, 0, 1])))


def test_threshold_of_best_accuracy():
    alike, others = np.array([0.3, 0.7, 0.8, 0.9]), np.array([-0.5, 0.0, 0.2, 0.5, 0.6, 0.75])
    # Above 0.6 are three of four alike and one of six others: (3/4 + 5/6) / 2; above 0.75 less.
    assert pairs.best_threshold(alike, others) == pytest.approx(0.65)
    assert pairs.best_threshold(np.array([0.9]), np.array([0.1])) == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("rate", "expected"), [(0.01, 0.775), (0.2, 0.65), (0.4, 0.55), (0.9, -0.25)]
)
def test_threshold_of_a_rate(rate, expected):
    alike, others = np.array([0.3, 0.7, 0.8, 0.9]), np.array([-0.5, 0.0, 0.2, 0.5, 0.6, 0.75])
    found = pairs.threshold_of_rate(alike, others, rate)
    assert found == pytest.approx(expected)
    assert np.mean(others > found) <= rate


@pytest.mark.parametrize("counts", [[8, 8, 8], [40, 3, 2, 1], [1, 1, 5], [2] * 9, [7, 13, 22]])
@pytest.mark.parametrize("size", [2, 3, 4])
def test_side_by_side(counts, size):
    codes = np.repeat(np.arange(len(counts)), counts).astype(np.int32)
    state = np.random.RandomState(0)
    order = side_by_side(state.permutation(len(codes)), codes, size, state)
    assert sorted(order) == list(range(len(codes)))
    runs = np.split(codes[order], np.flatnonzero(np.diff(codes[order])) + 1)
    alone = [run[0] for run in runs if len(run) == 1]
    assert all(counts[code] == 1 for code in alone)


def test_batches_hold_several_of_several_classes():
    codes = np.repeat(np.arange(10), 40).astype(np.int32)
    state = np.random.RandomState(0)
    for _ in range(3):
        order = side_by_side(state.permutation(400), codes, 4, state)
        for batch in codes[order].reshape(-1, 40):
            found, counts = np.unique(batch, return_counts=True)
            assert len(found) >= 9
            assert counts.min() >= 4
