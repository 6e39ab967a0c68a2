"""Penalties of activations: their values, their gradients with those of tied weights, the input as
its own target. The layers' outputs are in the case table."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import backends
from fastdl import layers as L
from fastdl._core import Program
from fastdl.program import compile, set_optimizer
from programs import assert_same_bytes, compiled, sample

N, UNITS = 19, 5


def act(function: str) -> L.Activation:
    return L.Activation(function)


def encoder(function: str = "sigmoid") -> list[L.Layer]:
    return [L.Dense(UNITS, name="a"), act(function)]


def sigmoid(z: NDArray[Any]) -> NDArray[Any]:
    return 1 / (1 + np.exp(-z))


def kl(code: NDArray[Any], w: NDArray[Any], weight: NDArray[Any]) -> float:
    m, t = np.average(code, axis=0, weights=weight), 0.1
    return float(2.0 * np.sum(t * np.log(t / m) + (1 - t) * np.log((1 - t) / (1 - m))))


def l1(code: NDArray[Any], w: NDArray[Any], weight: NDArray[Any]) -> float:
    return float(0.3 * np.average(np.abs(code).sum(axis=1), weights=weight))


def jacobian(slopes: Any) -> Any:
    def value(code: NDArray[Any], w: NDArray[Any], weight: NDArray[Any]) -> float:
        J = slopes(code)[:, None, :] * w  # (n, features, units), of each sample
        return float(0.7 * np.average((J**2).sum(axis=(1, 2)), weights=weight))

    return value


SLOPES = {
    "sigmoid": lambda h: h * (1 - h),
    "tanh": lambda h: 1 - h**2,
    "relu": lambda h: (h > 0) * 1.0,
    "identity": lambda h: np.ones_like(h),
}
# id: layers of which the last gives the code, and the penalty of code, weights and sample weights
PENALTIES = {
    "kl": ([*encoder(), L.KLSparsity(0.1, 2.0)], kl),
    "l1": ([*encoder("tanh"), L.ActivityL1(0.3)], l1),
    **{
        f"contractive-{f}": ([L.Contractive(encoder(f), 0.7)], jacobian(slopes))
        for f, slopes in SLOPES.items()
    },
    "frozen": (
        [L.Contractive([L.Dense(UNITS, name="a", trainable=False), act("sigmoid")], 0.7)],
        jacobian(SLOPES["sigmoid"]),
    ),
}
DECODERS = {"dense": [L.Dense(7)], "tied": [L.TiedDense("a")]}


@pytest.fixture(params=PENALTIES.values(), ids=PENALTIES)
def penalised(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=DECODERS.values(), ids=DECODERS)
def decoder(request: pytest.FixtureRequest) -> Any:
    return request.param


def net(layers: Any, **options: Any) -> Program:
    program = compiled(layers, (7,), **{"dtype": "float64", "batch_size": 64, **options})
    program.set_loss("squared_error")
    return program


def weights(n: int = N) -> NDArray[np.float64]:
    return np.random.default_rng(2).uniform(0, 2, size=n) * (np.arange(n) % 5 > 0)


@pytest.mark.parametrize("weight", [None, weights()], ids=["", "weighted"])
def test_value(penalised: Any, weight: Any) -> None:
    layers, penalty = penalised
    program, X = net([*layers, L.Dense(7)]), sample((N, 7))
    code = program.predict(X, layer=len(layers) - 1)
    loss, extra = program.loss_and_grads(X, X, sample_weight=weight)
    expected = penalty(
        code, program.get_parameter("a.weight"), np.ones(N) if weight is None else weight
    )
    assert extra == pytest.approx(expected, rel=1e-12)
    errors = 0.5 * ((program.predict(X) - X) ** 2).sum(axis=1)
    assert loss == pytest.approx(np.average(errors, weights=weight), rel=1e-12)
    assert program.loss_and_grads(X, X, sample_weight=weight, evaluation=True)[1] == extra


@pytest.mark.parametrize("weight", [None, weights()], ids=["", "weighted"])
def test_gradient(penalised: Any, decoder: Any, weight: Any, backend: str) -> None:
    """By central differences on one backend, on others as there; of two batches that differ."""
    program = net([*penalised[0], *decoder], backend=backend, batch_size=14)
    X, step = sample((N, 7)), 1e-5
    program.loss_and_grads(X, None, sample_weight=weight)
    found = program.get_gradients()
    if backend != backends.BEST:
        best = net([*penalised[0], *decoder], backend=backends.BEST, batch_size=14)
        best.loss_and_grads(X, None, sample_weight=weight)
        np.testing.assert_allclose(found, best.get_gradients(), rtol=1e-10, atol=1e-12)
        return
    learns = np.concatenate([np.full(p.size, p.trainable) for p in program.parameters])
    w = program.get_weights()
    for i in np.flatnonzero(learns):
        ends = []
        for moved in (w[i] + step, w[i] - step):
            at = w.copy()
            at[i] = moved
            program.set_weights(at)
            ends.append(sum(program.loss_and_grads(X, None, sample_weight=weight)))
        assert found[i] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-6, abs=1e-8)


def test_gradient_of_all_penalties_of_a_deep_net(backend: str) -> None:
    layers = [
        L.Contractive([L.Dense(6, name="a"), act("tanh")]),
        L.Residual([L.Contractive([L.Dense(6, name="b"), act("sigmoid")]), L.KLSparsity(0.2)]),
        L.ActivityL1(0.2),
        L.TiedDense("b"),
        L.TiedDense("a"),
    ]
    program, X = net(layers, backend=backend), sample((N, 7))
    program.loss_and_grads(X, None)
    found, w, step = program.get_gradients(), program.get_weights(), 1e-5
    for i in range(len(w)):
        ends = []
        for moved in (w[i] + step, w[i] - step):
            at = w.copy()
            at[i] = moved
            program.set_weights(at)
            ends.append(sum(program.loss_and_grads(X, None)))
        assert found[i] == pytest.approx((ends[0] - ends[1]) / (2 * step), rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("shape", [(7,), (3, 4, 2)])
def test_without_y_the_input_is_the_target(backend: str, dtype: str, shape: Any) -> None:
    flatten = [] if len(shape) == 1 else [L.Flatten()]
    features = int(np.prod(shape))
    X = sample((N, *shape)).astype(dtype)
    found = []
    for y in (X.reshape(N, features), None):
        program = compiled(
            [*flatten, L.Dense(features)], shape, dtype=dtype, backend=backend, batch_size=8
        )
        program.set_loss("squared_error")
        set_optimizer(program, "adam")
        result = program.train_epoch(X, y, np.arange(N)[::-1].copy(), np.full(1, 0.01))
        both = program.loss_and_grads(X, y)
        found.append((result.loss, both, program.get_weights()))
    assert found[0][:2] == found[1][:2]
    assert_same_bytes(found[0][2], found[1][2])


def test_the_target_is_what_was_there_before_the_corruption() -> None:
    program = compile([L.Corrupt("gaussian", 0.5)], (7,), dtype="float64", loss="squared_error")
    X = sample((40, 7))
    assert program.loss_and_grads(X, None, evaluation=True) == (0.0, 0.0)
    noise = program.forward(X, training=True) - X
    assert program.loss_and_grads(X, None)[0] == pytest.approx(0.5 * (noise**2).sum() / 40)


def test_corruption() -> None:
    """Shares, moments, other draws in every epoch, and nothing in inference."""
    X = np.full((2000, 50), 0.5)
    for noise, check in {
        "masking": lambda y: abs((y == 0).mean() - 0.3) < 0.01,
        "salt_and_pepper": lambda y: (
            abs((y == 0).mean() - 0.15) < 0.01 and abs((y == 1).mean() - 0.15) < 0.01
        ),
        "gaussian": lambda y: abs(y.mean() - 0.5) < 0.01 and abs(y.std() - 0.3) < 0.01,
    }.items():
        program = compile([L.Corrupt(noise, 0.3)], (50,), batch_size=2000, dtype="float64", seed=3)
        y = program.forward(X, training=True)
        assert check(y), noise
        assert (program.forward(X, training=True, epoch=1) != y).any()
        np.testing.assert_array_equal(program.predict(X), X)


def test_penalties_train_alike_on_any_number_of_threads(dtype: str) -> None:
    layers = [
        L.Corrupt("salt_and_pepper", 0.2),
        L.Contractive([L.Dense(200, name="a"), act("sigmoid")]),
        L.KLSparsity(),
        L.ActivityL1(0.01),
        L.TiedDense("a"),
    ]
    X, found = np.random.default_rng(0).random((300, 100)).astype(dtype), []
    for threads in (1, 2, 4):
        program = compile(
            layers, (100,), dtype=dtype, threads=threads, random_state=0, loss="squared_error"
        )
        set_optimizer(program, "adam")
        assert threads == 1 or program.team_size(64) > 1
        for epoch in range(2):
            result = program.train_epoch(X, None, np.arange(300), np.full(1, 0.01), epoch=epoch)
        found.append((result, program.get_weights()))
    for result, w in found[1:]:
        assert result == found[0][0]
        assert_same_bytes(w, found[0][1])
