"""Every loss against the reference and central differences, alone and at the end of a net."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import reference
from fastdl import _core, losses
from fastdl import layers as L
from fastdl.losses import Loss
from programs import EPS, assert_close, compiled, rounded, sample

LOSSES = [
    *(loss() for kind, loss in losses.BY_NAME.items() if kind not in ("huber", "pinball")),
    losses.Huber(0.7),
    losses.Pinball(0.3),
    losses.SoftmaxCrossEntropy(label_smoothing=0.1),
    losses.BinaryCrossEntropy(label_smoothing=0.1),
    losses.Focal(gamma=0.5),
    losses.BinaryFocal(gamma=0.5),
    losses.ObjectsAsPoints(size_weight=0.3),
    losses.Triplet(margin=3.0),
    losses.Contrastive(margin=3.0),
]
SHAPES = [(1, 1), (1, 5), (9, 1), (9, 2), (9, 5), (17, 33)]

each_loss = pytest.mark.parametrize("loss", LOSSES, ids=repr)
each_loss_of_samples = pytest.mark.parametrize("loss", [k for k in LOSSES if not k.pairs], ids=repr)
losses_and_shapes = pytest.mark.parametrize(
    ("loss", "shape"),
    [(k, s) for k in LOSSES for s in SHAPES if k.kind != "hinge" or s[1] > 1],
    ids=str,
)


def problem(loss: Loss, shape: tuple[int, int], rng: np.random.Generator) -> tuple[Any, Any]:
    """Outputs before the link, and what they should be."""
    pred = rounded(2 * rng.normal(size=shape))
    if loss.codes:
        return pred, rng.integers(shape[1], size=shape[0]).astype(np.int32)
    target = 3 * rng.normal(size=shape)
    if loss.boxes:  # heat maps, with centres
        target[::2, :4] = np.nan
        heat = rng.random((shape[0], max(0, shape[1] - 4)))
        target[:, 4:] = np.where(heat > 0.7, 1.0, heat)
    if loss.lowest == 0:  # shares or counts
        target = np.floor(np.abs(target))
    return pred, rounded(np.clip(target, loss.lowest, loss.highest))


def typed(target: NDArray[Any], dtype: str) -> NDArray[Any]:
    return target if target.dtype == np.int32 else target.astype(dtype)


def values(loss: Loss, pred: NDArray[Any], target: NDArray[Any]) -> NDArray[np.float64]:
    return reference.LOSSES[loss.kind](pred, target, loss.param)


def differences(
    loss: Loss, pred: NDArray[Any], target: NDArray[Any], weight: NDArray[Any]
) -> NDArray[np.float64]:
    """The derivative of the samples' losses, times their weights, by the outputs (n, outputs)."""
    slopes, step = np.empty_like(pred), 1e-6
    if loss.pairs:  # a sample's outputs are part of the losses of others
        for i in np.ndindex(pred.shape):
            above, below = pred.copy(), pred.copy()
            above[i] += step
            below[i] -= step
            change = values(loss, above, target) - values(loss, below, target)
            slopes[i] = weight @ change / (2 * step)
        return slopes
    for j in range(pred.shape[1]):
        above, below = pred.copy(), pred.copy()
        above[:, j] += step
        below[:, j] -= step
        slopes[:, j] = (values(loss, above, target) - values(loss, below, target)) / (2 * step)
    return weight[:, None] * slopes


@pytest.mark.share(4)
@losses_and_shapes
@pytest.mark.parametrize("weighted", [False, True], ids=["plain", "weighted"])
def test_loss(
    loss: Loss, shape: tuple[int, int], weighted: bool, dtype: str, rng: np.random.Generator
) -> None:
    pred, target = problem(loss, shape, rng)
    weight = rounded(rng.uniform(0.1, 2.0, size=shape[0])) if weighted else np.ones(shape[0])
    value, dpred = np.empty(shape[0]), np.empty(shape, dtype)
    _core.loss(
        loss.kind,
        pred.astype(dtype),
        typed(target, dtype),
        weight.astype(dtype) if weighted else None,
        3.0,
        loss.param,
        value,
        dpred,
    )
    assert_close(value, weight * values(loss, pred, target), EPS[dtype])
    expected = differences(loss, pred, target, weight) / 3.0
    assert_close(dpred, expected, max(EPS[dtype], 1e-8))


@pytest.mark.share(4)
@losses_and_shapes
def test_loss_of_a_net(
    loss: Loss, shape: tuple[int, int], backend: str, dtype: str, rng: np.random.Generator
) -> None:
    """One dense layer: dw = x^T dpred, db = the column sums of dpred."""
    n, outputs = shape
    program = compiled([L.Dense(outputs)], (4,), backend=backend, dtype=dtype, batch_size=n)
    program.set_loss(loss.kind, loss.param)
    x, (_, target) = sample((n, 4)), problem(loss, shape, rng)
    weight = rounded(rng.uniform(0.1, 2.0, size=n))
    mean, penalty = program.loss_and_grads(
        x.astype(dtype), typed(target, dtype), sample_weight=weight.astype(dtype)
    )
    pred = program.predict(x.astype(dtype)).astype(np.float64)
    dpred = differences(loss, pred, target, weight) / weight.sum()
    assert penalty == 0
    expected = np.sum(weight * values(loss, pred, target)) / weight.sum()
    assert mean == pytest.approx(expected, rel=EPS[dtype], abs=EPS[dtype])
    eps = max(EPS[dtype], 1e-8)
    assert_close(program.get_gradient("dense_1.weight"), x.T @ dpred, eps, "weight")
    assert_close(program.get_gradient("dense_1.bias"), dpred.sum(axis=0), eps, "bias")


@each_loss_of_samples
def test_batches_add_up(loss: Loss, backend: str, dtype: str, rng: np.random.Generator) -> None:
    """loss_and_grads over three batches is that of one."""
    x, (_, target) = sample((17, 4)).astype(dtype), problem(loss, (17, 3), rng)
    results = []
    for batch_size in (17, 7):
        program = compiled([L.Dense(3)], (4,), backend=backend, dtype=dtype, batch_size=batch_size)
        program.set_loss(loss.kind, loss.param)
        program.set_optimizer_rule("sgd", l1=0.1, l2=0.2)
        result = program.loss_and_grads(x, typed(target, dtype))
        results.append((*result, program.get_gradients()))
    assert results[1][:2] == pytest.approx(results[0][:2], rel=EPS[dtype])
    assert_close(results[1][2], results[0][2], EPS[dtype])


@each_loss
def test_padding_weights_count_for_nothing(
    loss: Loss, backend: str, dtype: str, rng: np.random.Generator
) -> None:
    """Samples of weight zero change neither loss nor gradients."""
    x, (_, target) = sample((9, 4)).astype(dtype), problem(loss, (9, 3), rng)
    weight = np.array([1, 2, 0, 1, 0, 0, 3, 1, 0], dtype)
    kept = weight > 0
    results = []
    for rows in (slice(None), kept):
        program = compiled([L.Dense(3)], (4,), backend=backend, dtype=dtype)
        program.set_loss(loss.kind, loss.param)
        y = np.ascontiguousarray(typed(target, dtype)[rows])
        mean, _ = program.loss_and_grads(x[rows], y, sample_weight=weight[rows])
        results.append((mean, program.get_gradients()))
    assert results[0][0] == pytest.approx(results[1][0], rel=EPS[dtype])
    assert_close(results[0][1], results[1][1], EPS[dtype])


def test_cap(backend: str, dtype: str) -> None:
    """The value of a sample is cut off at the cap, its gradient is not."""
    program = compiled([L.Dense(2)], (2,), backend=backend, dtype=dtype)
    program.set_parameter("dense_1.weight", np.eye(2))
    program.set_parameter("dense_1.bias", np.zeros(2))
    x, y = np.array([[50.0, 0.0], [0.0, 1.0]], dtype), np.array([1, 1], np.int32)
    program.set_loss("softmax_cross_entropy", cap=36.0)
    loss, _ = program.loss_and_grads(x, y)
    assert loss == pytest.approx((36.0 + np.log1p(np.exp(-1.0))) / 2, rel=EPS[dtype])
    slope = 1 / (1 + np.exp(1.0))
    expected = np.array([1.0 + slope, -1.0 - slope]) / 2
    assert_close(program.get_gradient("dense_1.bias"), expected, EPS[dtype])


@pytest.mark.parametrize("kind", ["softmax_cross_entropy", "binary_cross_entropy"])
def test_large_logits(kind: str, dtype: str) -> None:
    """No overflow: 1000 on the wrong side costs 1000, on the right side nothing."""
    pred = np.array([[1000.0, 0.0], [-1000.0, 0.0]], dtype)
    if kind == "binary_cross_entropy":
        pred = pred[:, :1].copy()
    target = np.zeros(2, np.int32) if pred.shape[1] == 2 else np.ones((2, 1), dtype)
    value, dpred = np.empty(2), np.empty_like(pred)
    _core.loss(kind, pred, target, None, 1.0, 0.0, value, dpred)
    np.testing.assert_allclose(value, [0.0, 1000.0], rtol=EPS[dtype], atol=1e-30)
    np.testing.assert_allclose(dpred[:, 0], [0.0, -1.0], rtol=EPS[dtype], atol=1e-30)


@each_loss_of_samples
def test_nan_is_seen(loss: Loss, dtype: str, rng: np.random.Generator) -> None:
    pred, target = problem(loss, (3, 4), rng)
    pred[1, 2] = np.nan
    value, dpred = np.empty(3), np.empty((3, 4), dtype)
    _core.loss(
        loss.kind,
        pred.astype(dtype),
        typed(target, dtype),
        None,
        1.0,
        loss.param,
        value,
        dpred,
    )
    assert np.isnan(value).tolist() == [False, True, False]
    assert np.isfinite(dpred[[0, 2]]).all()


PAIRS = [k for k in LOSSES if k.pairs]


@pytest.mark.parametrize("loss", PAIRS, ids=repr)
def test_nan_is_seen_by_those_it_is_compared_with(loss: Loss, dtype: str) -> None:
    pred, codes = np.eye(3, dtype=dtype), np.array([0, 0, 1], np.int32)
    pred[1, 2] = np.nan
    value, dpred = np.empty(3), np.empty_like(pred)
    _core.loss(loss.kind, pred, codes, None, 1.0, loss.param, value, dpred)
    assert np.isnan(value).tolist() == [True, True, loss.kind == "contrastive"]


@pytest.mark.parametrize("loss", PAIRS, ids=repr)
@pytest.mark.parametrize("codes", [[0, 1, 2], [7, 7, 7], [-1, 5, 5]], ids=["apart", "one", "few"])
def test_a_batch_without_some_kind_of_pair(loss: Loss, codes: list[int], dtype: str) -> None:
    """No number is divided by none; codes are any integers."""
    pred, y = np.eye(3, dtype=dtype), np.array(codes, np.int32)
    value, dpred = np.empty(3), np.empty_like(pred)
    _core.loss(loss.kind, pred, y, None, 1.0, loss.param, value, dpred)
    expected = values(loss, pred.astype(np.float64), y)
    assert_close(value, expected, EPS[dtype])
    assert_close(dpred, differences(loss, np.eye(3), y, np.ones(3)), max(EPS[dtype], 1e-8))


@pytest.mark.parametrize("loss", PAIRS, ids=repr)
def test_samples_on_one_spot(loss: Loss, dtype: str) -> None:
    """Distances of 0 have no direction: a collapsed batch has a loss, and a gradient of 0."""
    pred, y = np.ones((4, 3), dtype), np.array([0, 0, 1, 1], np.int32)
    value, dpred = np.empty(4), np.empty_like(pred)
    _core.loss(loss.kind, pred, y, None, 1.0, loss.param, value, dpred)
    expected = loss.param if loss.kind == "triplet" else loss.param**2 / 2
    np.testing.assert_allclose(value, np.full(4, expected), rtol=EPS[dtype])
    np.testing.assert_array_equal(dpred, np.zeros_like(pred))


@pytest.mark.parametrize("loss", PAIRS, ids=repr)
def test_pairs_give_the_same_bytes_for_any_team(loss: Loss, backend: str) -> None:
    x, y = sample((40, 300)).astype(np.float32), (np.arange(40) % 5).astype(np.int32)
    found = []
    for threads in (1, 2, 3):
        program = compiled([L.Dense(300), L.Dense(200)], (300,), backend=backend, threads=threads)
        program.set_loss(loss.kind, loss.param)
        loss_value, _ = program.loss_and_grads(x, y)
        found.append((loss_value, program.get_gradients().tobytes()))
    assert found[1] == found[0] == found[2]


def test_triplets_by_hand() -> None:
    """On a line: anchor 0, positive 1, negatives 2, 0.5 and 3."""
    z, y = np.array([[0.0], [1.0], [2.0], [0.5], [3.0]]), np.array([0, 0, 1, 2, 3], np.int32)
    value, dpred = np.empty(5), np.empty_like(z)
    _core.loss("triplet", z, y, None, 1.0, 4.0, value, dpred)
    # Of 0: the nearest beyond 1 is 2, 4 + 1 - 4. Of 1: 2 is as far as 0 and not beyond, so 3.
    np.testing.assert_array_equal(value, [1.0, 1.0, 0.0, 0.0, 0.0])
    by_0, by_1, by_2, by_3 = 2 * (2 - 1), 2 * 1, 2 * (0 - 2), 0.0  # of the first triplet
    by_0, by_1, by_4 = by_0 + 2 * (0 - 1), by_1 + 2 * (3 - 0), 2 * (1 - 3)
    np.testing.assert_array_equal(dpred[:, 0], [by_0, by_1, by_2, by_3, by_4])
