"""fastdl.autodiff: gradients of NumPy code, and losses of one's own in a fit."""

import numpy as np

from benchmarks.base import Benchmark
from fastdl.autodiff import grad, hessian_vector_product, jvp
from fastdl.losses import Custom
from fastdl.program.own_loss import OwnLoss

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(128, 64)), np.eye(10)[rng.integers(0, 10, 128)]
STEPS = rng.normal(size=(50, 16, 8))


def chain(x):
    for _ in range(300):
        x = np.sin(x) * 1.0001
    return np.sum(x)


def cross_entropy(y_true, y_pred):
    return np.logaddexp.reduce(y_pred, axis=1) - np.sum(y_true * y_pred, axis=1)


def mlp(p):
    h = np.maximum(X @ p["w1"] + p["b1"], 0.0)
    return np.mean(cross_entropy(Y, h @ p["w2"] + p["b2"]))


def rnn(p):
    h = np.zeros((16, 32))
    for x in STEPS:
        h = np.tanh(x @ p["w"] + h @ p["u"] + p["b"])
    return np.mean(h**2)


class Derivative(Benchmark):
    cases = {
        "chain of 600 operations on 10 numbers": (chain, rng.normal(size=10)),
        "mlp 64-100-10, batch 128": (
            mlp,
            {
                "w1": 0.1 * rng.normal(size=(64, 100)),
                "b1": np.zeros(100),
                "w2": 0.1 * rng.normal(size=(100, 10)),
                "b2": np.zeros(10),
            },
        ),
        "rnn of 50 steps, 8-32, batch 16": (
            rnn,
            {
                "w": 0.3 * rng.normal(size=(8, 32)),
                "u": 0.1 * rng.normal(size=(32, 32)),
                "b": np.zeros(32),
            },
        ),
    }

    def prepare(self, case: tuple) -> None:
        self.f, self.params = case
        self.gradient = grad(self.f)
        self.product = hessian_vector_product(self.f)

    def time_value(self, case: str) -> None:
        self.f(self.params)

    def time_grad(self, case: str) -> None:
        self.gradient(self.params)

    def time_jvp(self, case: str) -> None:
        jvp(self.f, (self.params,), (self.params,))

    def time_hessian_vector_product(self, case: str) -> None:
        self.product(self.params, self.params)


class OwnLosses(Benchmark):
    cases = {"cross-entropy, 200x10": cross_entropy}

    def prepare(self, f) -> None:
        self.loss = OwnLoss(Custom(f))
        self.pred = self.random(200, 10)
        self.y = np.eye(10, dtype=np.float32)[np.arange(200) % 10]
        self.weight = np.ones(200, np.float32)

    def time_value_and_gradient(self, case: str) -> None:
        self.loss(self.pred, self.y, self.weight, 200.0, True)
