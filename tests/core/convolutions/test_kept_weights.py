"""Predictions keep weights in a form of their own, which follows them and gives the same bytes."""

import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone

from fastdl import NetClassifier
from fastdl import layers as L
from fastdl._core import Program
from programs import assert_same_bytes, compiled, sample

NETWORKS: dict[str, tuple[tuple[int, ...], list[L.Layer]]] = {
    "dense": ((130,), [L.Dense(150), L.Activation("relu"), L.Dense(140)]),
    "rnn": ((6, 70), [L.RNN(130), L.Dense(3)]),
    "lstm": ((6, 40), [L.LSTM(70, return_sequences=True, peepholes=True), L.LSTM(33), L.Dense(3)]),
    "gru": ((6, 40), [L.GRU(75), L.Dense(3)]),
    "gru, reset after": ((6, 40), [L.GRU(75, reset_after=True), L.Dense(3)]),
    "both ways": ((6, 50), [L.Bidirectional(L.GRU(60)), L.Dense(120), L.Dense(3)]),
    "dense layers of images": ((9, 9, 20), [L.Conv2D(20, 3), L.Flatten(), L.Dense(30)]),
}


def change(program: Program) -> None:
    for p in program.parameters:
        program.set_parameter(p.name, program.get_parameter(p.name) / 2)


def learn(program: Program) -> None:
    n, width = 8, program.output_shape[-1]
    x, y = sample((n, *program.input_shape)), sample((n, width))
    program.set_loss("squared_error")
    program.set_optimizer_rule("sgd")
    x, y = x.astype(program.dtype), y.astype(program.dtype)
    program.train_epoch(x, y, np.arange(n), np.array([0.01]))


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("name", NETWORKS)
def test_weights_that_change(name: str, threads: int, backend: str, dtype: str) -> None:
    input_shape, layers = NETWORKS[name]
    options: dict[str, Any] = {"backend": backend, "dtype": dtype, "threads": threads}
    program = compiled(layers, input_shape, batch_size=19, **options)
    x = sample((300, *input_shape)).astype(dtype)
    for step in (lambda _: None, change, learn, change):
        step(program)
        fresh = compiled(layers, input_shape, batch_size=300, **options)
        for p in program.parameters:
            fresh.set_parameter(p.name, program.get_parameter(p.name))
        expected = fresh.forward(x)  # which keeps nothing
        for n in (1, 1, 2, 3, 5, 8, 17, 300):
            assert_same_bytes(program.predict(x[:n]), expected[:n], f"{n} samples")


def partial_fit(net: NetClassifier, X: np.ndarray, y: np.ndarray) -> NetClassifier:
    return net.partial_fit(X, y)


def set_weights(net: NetClassifier, X: np.ndarray, y: np.ndarray) -> NetClassifier:
    return net.set_weights({name: w / 2 for name, w in net.get_weights().items()})


def unpickled(net: NetClassifier, X: np.ndarray, y: np.ndarray) -> NetClassifier:
    return pickle.loads(pickle.dumps(net))


def fitted_clone(net: NetClassifier, X: np.ndarray, y: np.ndarray) -> NetClassifier:
    return clone(net).fit(X, y)


@pytest.mark.parametrize("then", [partial_fit, set_weights, unpickled, fitted_clone])
def test_estimators(then: Callable[..., NetClassifier]) -> None:
    """What an estimator that predicted before answers is what one answers that never did."""
    X, y = sample((40, 130)), np.arange(40) % 3
    nets = [
        NetClassifier([L.Dense(150), L.Activation("relu")], max_epochs=2, random_state=0).fit(X, y)
        for _ in range(2)
    ]
    for _ in range(3):
        nets[0].predict_proba(X)
    used, fresh = (then(net, X, y) for net in nets)
    for n in (1, 7, 40):
        assert_same_bytes(used.predict_proba(X[:n]), fresh.predict_proba(X[:n]), f"{n} samples")
