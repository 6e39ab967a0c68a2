"""From specs to a program: first weights, states, a summary, threads, L-BFGS."""

import numpy as np
import pytest

from fastdl import _core, initializers, losses, optim
from fastdl import layers as L
from fastdl.program import (
    compile,
    count_threads,
    draw_weights,
    get_state,
    set_loss,
    set_optimizer,
    set_state,
    summary,
)


def small(**options):
    layers = [
        L.Dense(5, name="hidden", bias_init=initializers.Constant(0.5)),
        L.BatchNorm(),
        L.PReLU(alpha_init=0.1),
        L.Dense(3, name="out", trainable=False),
    ]
    return compile(layers, (4,), dtype="float64", random_state=0, **options)


def test_initial_weights():
    program = small()
    expected = np.random.RandomState(0)
    hidden = expected.uniform(-np.sqrt(6 / 4), np.sqrt(6 / 4), (4, 5))  # He, before PReLU
    out = expected.uniform(-np.sqrt(6 / 8), np.sqrt(6 / 8), (5, 3))  # Glorot
    state = get_state(program)
    np.testing.assert_array_equal(state["hidden.weight"], hidden)
    np.testing.assert_array_equal(state["hidden.bias"], np.full(5, 0.5))
    np.testing.assert_array_equal(state["batch_norm_1.gain"], np.ones(5))
    np.testing.assert_array_equal(state["batch_norm_1.shift"], np.zeros(5))
    np.testing.assert_array_equal(state["prelu_1.alpha"], np.full(5, 0.1))
    np.testing.assert_array_equal(state["batch_norm_1.running_var"], np.ones(5))
    np.testing.assert_array_equal(state["out.weight"], out)
    np.testing.assert_array_equal(state["out.bias"], np.zeros(3))


# fmt: off
AUTOMATIC = [
    ([L.Dense(2, name="a"), L.Activation("relu")], "HeUniform"),
    ([L.Dense(2, name="a"), L.BatchNorm(), L.Dropout(), L.Activation("swish")], "HeUniform"),
    ([L.Dense(2, name="a"), L.LayerNorm(), L.PReLU()], "HeUniform"),
    ([L.Dense(2, name="a"), L.Activation("selu")], "LeCunNormal"),
    ([L.Dense(2, name="a"), L.Activation("tanh")], "GlorotUniform"),
    ([L.Dense(2, name="a"), L.Dense(2), L.Activation("relu")], "GlorotUniform"),
    ([L.Dense(2, name="a")], "GlorotUniform"),
    ([L.Conv2D(2, 3, name="a"), L.MaxPool2D(), L.Activation("relu")], "HeUniform"),
    ([L.Dense(4, name="a"), L.Corrupt(), L.ActivityL1(0.1), L.PReLU()], "HeUniform"),
    ([L.Dense(4, name="a"), L.Residual([L.Activation("relu")])], "GlorotUniform"),
    ([L.Dense(4, name="a"), L.Bidirectional(L.GRU(3)), L.Activation("relu")], "GlorotUniform"),
    ([L.Maxout(2, name="a")], "HeUniform"),
    ([L.Sequential([L.Dense(2, name="a")]), L.Activation("relu")], "HeUniform"),
    ([L.Dense(2, name="a"), L.Sequential([L.Activation("relu")])], "HeUniform"),
    ([L.Residual([L.Dense(2, name="a"), L.BatchNorm()]), L.Activation("relu")], "HeUniform"),
    ([L.Residual([L.Dense(2)], [L.Dense(2, name="a")]), L.Activation("relu")], "HeUniform"),
]


# fmt: on


@pytest.mark.parametrize(("layers", "initializer"), AUTOMATIC)
def test_automatic_initializers(layers, initializer):
    named = L.with_names(layers)
    automatic = L.automatic_initializers(named)["a"]
    chosen = L.find(named, "a").initializer("weight", "weight", automatic)
    assert type(chosen).__name__ == initializer


def test_named_initializers_are_used():
    program = compile([L.Dense(3, weight_init="zeros", bias_init="constant")], (2,))
    assert not program.get_weights().any()


def test_draw_weights_moves_a_random_state_on():
    program = small()
    random = np.random.RandomState(0)
    first = get_state(program)["out.weight"]
    layers = [L.Dense(5, name="hidden"), L.BatchNorm(), L.PReLU(), L.Dense(3, name="out")]
    draw_weights(program, layers, random)
    np.testing.assert_array_equal(get_state(program)["out.weight"], first)
    draw_weights(program, layers, random)
    assert not np.array_equal(get_state(program)["out.weight"], first)


def test_state_goes_out_and_in():
    program, other = small(), small()
    state = get_state(program)
    other.set_weights(np.zeros_like(other.get_weights()))
    set_state(other, state)
    for name, value in get_state(other).items():
        np.testing.assert_array_equal(value, state[name])


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda s: s.pop("out.bias"), "'out.bias' of the network is missing in the weights."),
        (lambda s: s.update(w=np.ones(2)), "'w' of the weights is not in the network."),
        (
            lambda s: s.update({"out.bias": np.ones(2)}),
            "'out.bias' has shape (2,) in the weights, but (3,) in the network.",
        ),
    ],
)
def test_state_of_another_net(change, text):
    program = small()
    state = get_state(program)
    change(state)
    with pytest.raises(ValueError, match="^'") as caught:
        set_state(program, state)
    expected = f"{text} Weights fit only a network with the layers they were taken from."
    assert str(caught.value) == expected


def test_summary():
    layers = [
        L.Conv2D(6, 5, name="conv1"),
        L.Residual([L.Conv2D(6, 3, padding="same", trainable=False)]),
        L.Flatten(),
        L.Dense(10),
    ]
    text = summary(compile(layers, (28, 28, 1)))
    assert text == (
        "Layer                  Output shape  Parameters\n"
        "-----------------------------------------------\n"
        "conv1 (Conv2D)         24x24x6              156\n"
        "residual_1 (Residual)  24x24x6                0\n"
        "  conv2d_2 (Conv2D)    24x24x6              330\n"
        "flatten_1 (Flatten)    3456                   0\n"
        "dense_1 (Dense)        10                34,570\n"
        "Input 28x28x1, 35,056 parameters, 330 of them frozen."
    )


def test_thread_counts(monkeypatch):
    assert count_threads(1) == 1
    assert count_threads(np.int64(2)) == min(2, count_threads(-1))
    assert count_threads(1000) == count_threads(-1)
    assert count_threads(None) >= 1
    assert count_threads(-1) >= 1
    assert count_threads(-1000) == 1
    monkeypatch.setattr(_core, "max_threads", lambda: 1)
    assert count_threads(None) == 1


def test_losses_and_optimizers_reach_the_program(rng):
    X, y = rng.normal(size=(8, 4)), rng.normal(size=(8, 3))
    program = compile([L.Dense(3)], (4,), dtype="float64", loss="huber", optimizer=optim.SGD())
    weights = program.get_weights()
    loss, penalty = program.loss_and_grads(X, y)
    gradients = program.get_gradients()
    order = np.arange(8)
    program.train_epoch(X, y, order, np.array([0.1]))
    np.testing.assert_allclose(
        program.get_weights(), weights - 0.1 * gradients, rtol=1e-12, atol=1e-12
    )
    assert loss > 0
    assert penalty == 0
    set_loss(program, losses.SquaredError())
    set_optimizer(program, "adam", l2=0.5)
    assert program.loss_and_grads(X, y)[1] > 0


def test_lbfgs_finds_the_least_squares(rng):
    pytest.importorskip("scipy")
    X = rng.normal(size=(30, 4))
    y = X @ rng.normal(size=(4, 2)) + 0.1 * rng.normal(size=(30, 2)) + 1.0
    program = compile([L.Dense(2)], (4,), dtype="float64", loss="squared_error", optimizer="lbfgs")
    seen = []
    result = optim.minimize(program, X, y, optim.LBFGS(), tol=1e-8, callback=seen.append)
    exact = np.linalg.lstsq(np.c_[X, np.ones(30)], y, rcond=None)[0]
    np.testing.assert_allclose(program.get_parameter("dense_1.weight"), exact[:4], atol=1e-4)
    np.testing.assert_allclose(program.get_parameter("dense_1.bias"), exact[4], atol=1e-4)
    assert result.nit == len(seen)


def test_lbfgs_leaves_frozen_parameters(rng):
    pytest.importorskip("scipy")
    X, y = rng.normal(size=(30, 4)), rng.normal(size=(30, 2))
    layers = [L.Dense(3, trainable=False), L.Activation("tanh"), L.Dense(2)]
    program = compile(layers, (4,), dtype="float64", loss="squared_error", random_state=0)
    before = program.get_parameter("dense_1.weight")
    optim.minimize(program, X, y, optim.LBFGS(), max_iter=3)
    np.testing.assert_array_equal(program.get_parameter("dense_1.weight"), before)
