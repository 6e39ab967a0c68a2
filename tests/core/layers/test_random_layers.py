"""What layers draw in training: the distributions that their papers say, and what shares a draw."""

import numpy as np
import pytest

import fastdl.functional as F
from fastdl import layers as L
from programs import compiled


def test_slopes_are_uniform() -> None:
    x = np.full((200, 500), -1.0)
    slopes = -F.rrelu(x, 0.2, 0.7, seed=3)
    assert 0.2 <= slopes.min() < 0.2001
    assert 0.6999 < slopes.max() < 0.7
    counts, _ = np.histogram(slopes, 20, (0.2, 0.7))
    expected = slopes.size / 20  # a standard deviation is 69
    assert np.abs(counts - expected).max() < 300
    assert slopes.var() == pytest.approx(0.5**2 / 12, rel=0.01)
    x = np.abs(np.random.default_rng(0).normal(size=(5, 6)))
    np.testing.assert_array_equal(F.rrelu(x, seed=3), x)


def test_slopes_of_steps_are_their_own() -> None:
    program = compiled([L.RReLU()], (6, 5), dtype="float64", batch_size=3, seed=1)
    y = program.forward(np.full((3, 6, 5), -1.0), training=True)
    assert len(np.unique(y)) == y.size


def test_the_mean_of_stochastic_pooling() -> None:
    """Over many draws each value is taken as often as it is large."""
    image = np.array([[1.0, 0.0, 2.0], [0.5, -3.0, 4.0]])
    x = np.broadcast_to(image[None, :, :, None], (20_000, 2, 3, 1))
    y = F.stochastic_pool2d(x, (2, 3), seed=5).ravel()
    positive = image[image > 0]
    for value in positive:
        share = value / positive.sum()
        spread = np.sqrt(share * (1 - share) / len(y))
        assert np.mean(y == value) == pytest.approx(share, abs=4 * spread)
    assert set(np.unique(y)) == set(positive)
    mean = F.stochastic_pool2d(x[:1], (2, 3), training=False)
    assert mean.item() == pytest.approx((positive**2).sum() / positive.sum())
    assert y.mean() == pytest.approx(mean.item(), rel=0.02)


def test_windows_of_zeros_and_below() -> None:
    x = -np.abs(np.random.default_rng(0).normal(size=(3, 4, 4, 2)))
    x[0] = 0
    for training in (True, False):
        assert (F.stochastic_pool2d(x, 2, training=training) == 0).all()
        dx = F.stochastic_pool2d_backward(np.ones((3, 2, 2, 2)), x, 2, training=training)
        assert (dx == 0).all()


def test_whole_channels_are_dropped() -> None:
    program = compiled([L.SpatialDropout(0.3)], (4, 5, 80), dtype="float64", batch_size=64, seed=2)
    y = program.forward(np.ones((64, 4, 5, 80)), training=True)
    of_channel = y[:, 0, 0]
    assert (y == of_channel[:, None, None]).all()
    assert set(np.unique(of_channel)) == {0.0, 1 / 0.7}
    assert np.mean(of_channel == 0) == pytest.approx(0.3, abs=0.02)
    assert len(np.unique(of_channel, axis=0)) == 64  # each sample its own


def test_dropped_connections() -> None:
    program = compiled(
        [L.DropConnect(L.Dense(100, bias=False), 0.3)], (100,), dtype="float64", batch_size=100
    )
    w, eye = program.get_parameter("drop_connect_1.weight"), np.eye(100)
    kept = program.forward(eye, training=True)
    np.testing.assert_allclose(kept[kept != 0], w[kept != 0] / 0.7)
    assert np.mean(kept == 0) == pytest.approx(0.3, abs=0.02)
    np.testing.assert_array_equal(program.forward(eye, training=True), kept)
    other = program.forward(eye, training=True, epoch=1)
    assert np.mean((other == 0) & (kept == 0)) == pytest.approx(0.09, abs=0.01)
    np.testing.assert_array_equal(program.predict(eye), w)


def test_batches_of_an_epoch_drop_other_connections() -> None:
    """A step of plain descent on a constant gradient shows which weights a batch had."""
    program = compiled(
        [L.DropConnect(L.Dense(50, bias=False), 0.5)], (50,), dtype="float64", batch_size=1, seed=4
    )
    program.set_loss("absolute_error")
    program.set_optimizer_rule("sgd")
    moved = []
    for sample in (0, 1):
        before = program.get_weights()
        x, y = np.ones((2, 50)), np.full((2, 50), 1e3)
        program.train_epoch(x, y, np.array([sample]), np.ones(1), batch_size=1)
        moved.append(program.get_weights() != before)
    assert np.mean(moved[0]) == pytest.approx(0.5, abs=0.05)
    assert np.mean(moved[0] & moved[1]) == pytest.approx(0.25, abs=0.05)


def test_weight_norm_starts_as_the_layer_inside() -> None:
    from fastdl.program import compile

    for layer, shape in [
        (L.Dense(5), (7,)),
        (L.Conv1D(6, 3, groups=2), (8, 4)),
        (L.Conv2D(6, 3), (5, 6, 2)),
        (L.Conv2DTranspose(6, 3, 2, groups=2), (5, 6, 4)),
    ]:
        x = np.random.default_rng(0).normal(size=(3, *shape))
        plain, normed = (
            compile([net, L.Activation("relu")], shape, dtype="float64", random_state=3)
            for net in (layer, L.WeightNorm(layer))
        )
        np.testing.assert_allclose(normed.predict(x), plain.predict(x), rtol=1e-12, atol=1e-12)
        assert [p.name.partition(".")[2] for p in normed.parameters] == [
            "weight_v",
            "weight_g",
            "bias",
        ]
