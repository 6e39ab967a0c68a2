"""Initialisers: moments, limits, the same draws for the same state."""

import numpy as np
import pytest

from fastdl import initializers as I

SHAPE, FAN_IN, FAN_OUT = (3, 3, 40, 120), 360, 1080


def draw(initializer, shape=SHAPE, seed=0):
    return initializer.draw(np.random.RandomState(seed), shape, FAN_IN, FAN_OUT)


@pytest.mark.share(4)
@pytest.mark.parametrize("name", I.BY_NAME)
def test_every_initializer_draws_the_same_again(name):
    values = draw(I.get(name))
    assert values.shape == SHAPE
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, draw(I.get(name)))


def test_constants():
    assert (draw(I.Zeros()) == 0).all()
    assert (draw(I.Constant(0.5)) == 0.5).all()


@pytest.mark.parametrize(
    ("initializer", "std"),
    [
        (I.Normal(0.3), 0.3),
        (I.GlorotNormal(), np.sqrt(2 / (FAN_IN + FAN_OUT))),
        (I.HeNormal(), np.sqrt(2 / FAN_IN)),
        (I.LeCunNormal(), np.sqrt(1 / FAN_IN)),
        (I.HeNormal(gain=3.0), 3 * np.sqrt(2 / FAN_IN)),
    ],
)
def test_normal(initializer, std):
    values = draw(initializer)
    assert values.std() == pytest.approx(std, rel=0.02)
    assert abs(values.mean()) < 0.02 * std
    assert np.abs(values).max() > 3 * std  # not truncated


@pytest.mark.parametrize(
    ("initializer", "limit"),
    [
        (I.Uniform(0.3), 0.3),
        (I.GlorotUniform(), np.sqrt(6 / (FAN_IN + FAN_OUT))),
        (I.HeUniform(), np.sqrt(6 / FAN_IN)),
        (I.LeCunUniform(), np.sqrt(3 / FAN_IN)),
        (I.GlorotUniform(gain=0.5), 0.5 * np.sqrt(6 / (FAN_IN + FAN_OUT))),
    ],
)
def test_uniform(initializer, limit):
    values = draw(initializer)
    assert np.abs(values).max() <= limit
    assert np.abs(values).max() > 0.99 * limit
    assert values.std() == pytest.approx(limit / np.sqrt(3), rel=0.02)


@pytest.mark.parametrize("shape", [(8, 5), (5, 8), (2, 2, 3, 7), (6, 6), (1, 4)])
def test_orthogonal(shape):
    q = draw(I.Orthogonal(gain=2.0), shape).reshape(-1, shape[-1])
    rows, columns = q.shape
    gram = q.T @ q if rows >= columns else q @ q.T
    np.testing.assert_allclose(gram, 4 * np.eye(min(rows, columns)), atol=1e-12)


def test_glorot_is_scikit_learns_start():
    mlp = pytest.importorskip("sklearn.neural_network").MLPRegressor
    X, y = np.zeros((2, 7)), np.array([0.0, 1.0])
    net = mlp(
        hidden_layer_sizes=(5,), solver="sgd", learning_rate_init=1e-30, max_iter=1, random_state=3
    )
    with pytest.warns(UserWarning, match="Maximum iterations"):
        net.fit(X, y)
    random = np.random.RandomState(3)
    glorot = I.GlorotUniform()
    np.testing.assert_allclose(net.coefs_[0], glorot.draw(random, (7, 5), 7, 5), rtol=1e-12)
    np.testing.assert_allclose(net.intercepts_[0], glorot.draw(random, (5,), 7, 5), rtol=1e-12)
    np.testing.assert_allclose(net.coefs_[1], glorot.draw(random, (5, 1), 5, 1), rtol=1e-12)
