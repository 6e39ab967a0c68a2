"""The networks that are timed, by asv and beside the peers: one table."""

from dataclasses import dataclass

import numpy as np

from fastdl import architectures, losses, optim
from fastdl import layers as L
from fastdl.program import compile

MNIST, CIFAR = (28, 28, 1), (32, 32, 3)


@dataclass(frozen=True)
class Net:
    input_shape: tuple[int, ...]
    layers: list[L.Layer]
    batch: int
    optimizer: optim.Optimizer
    rate: float
    loss: losses.Loss = losses.SoftmaxCrossEntropy()

    def data(self, n: int) -> tuple[np.ndarray, np.ndarray]:
        """Random X (n, *input_shape) and codes (n,), or X itself as its own target."""
        rng = np.random.default_rng(0)
        X = rng.random((n, *self.input_shape), dtype=np.float32)
        if isinstance(self.loss, losses.SquaredError):
            return X, X.reshape(n, -1, self.input_shape[-1]) if X.ndim == 4 else X
        return X, rng.integers(0, self.layers[-1].units, n, dtype=np.int32)

    def compile(self, threads: int | None = None):
        return compile(
            self.layers,
            self.input_shape,
            batch_size=self.batch,
            threads=threads,
            random_state=0,
            loss=self.loss,
            optimizer=self.optimizer,
        )


def mlp(*units: int, activation: str = "relu") -> list[L.Layer]:
    layers: list[L.Layer] = []
    for n in units[:-1]:
        layers += [L.Dense(n), L.Activation(activation)]
    return [*layers, L.Dense(units[-1])]


def conv(
    filters: int, size: int = 3, padding: int = 1, activation: str = "relu", **options
) -> list[L.Layer]:
    return [L.Conv2D(filters, size, padding=padding, **options), L.Activation(activation)]


def lenet5() -> list[L.Layer]:
    return [
        *conv(6, 5, padding=2),
        L.MaxPool2D(2),
        *conv(16, 5, padding=0),
        L.MaxPool2D(2),
        L.Flatten(),
        *mlp(120, 84, 10),
    ]


def resnet20() -> list[L.Layer]:
    return [*architectures.resnet20(CIFAR), L.Dense(10)]


def googlenet(input_shape: tuple[int, ...] = CIFAR) -> list[L.Layer]:
    """With batch normalisation; without dropout and side heads."""
    layers = architectures.googlenet(input_shape, batch_norm=True)
    kept = [layer for layer in layers if not isinstance(layer, (L.AuxHead, L.Dropout))]
    return [*kept, L.Dense(10)]


def resnet50_stage() -> list[L.Layer]:
    """The second stage: four bottlenecks, from 256 channels to 512 and to half the height."""
    after_start, blocks = 3 + 3 * 2, 4
    layers = architectures.resnet50(CIFAR)[after_start : after_start + 2 * blocks]
    return [*layers, L.GlobalAvgPool(), L.Dense(10)]


def vgg_small() -> list[L.Layer]:
    layers: list[L.Layer] = []
    for filters in (64, 128, 256):
        layers += [*conv(filters), *conv(filters), L.MaxPool2D(2)]
    return [*layers, L.Flatten(), *mlp(256, 10)]


def mobile() -> list[L.Layer]:
    """Depthwise and 1x1 convolutions in turn (Howard et al. 2017), without norms."""
    layers: list[L.Layer] = conv(32, stride=2)
    for before, filters in ((32, 64), (64, 64), (64, 128)):
        layers += [*conv(before, groups=before), *conv(filters, 1, padding=0)]
    return [*layers, L.GlobalAvgPool(), L.Dense(10)]


def over_time(filters: int, depth: int) -> list[L.Layer]:
    """Convolutions over time that keep all steps."""
    block = [L.Conv1D(filters, 3, padding="same"), L.Activation("relu")]
    return [*block * depth, L.GlobalAvgPool(), L.Dense(10)]


def last_step(cell: L.Layer) -> list[L.Layer]:
    return [cell, L.Dense(10)]


NETS = {
    "mlp 784-30-10": Net((784,), mlp(30, 10, activation="sigmoid"), 10, optim.SGD(), 0.1),
    "mlp 784-100-10": Net((784,), mlp(100, 10), 200, optim.Adam(), 1e-3),
    "mlp 784-1024x3-10": Net((784,), mlp(1024, 1024, 1024, 10), 128, optim.Adam(), 1e-3),
    "autoencoder 784-196-784": Net(
        (784,),
        [*mlp(196, 784, activation="sigmoid"), L.Activation("sigmoid")],
        256,
        optim.Adam(),
        1e-3,
        losses.SquaredError(),
    ),
    "lenet5": Net(MNIST, lenet5(), 64, optim.Adam(), 1e-3),
    "resnet20": Net(CIFAR, resnet20(), 32, optim.Momentum(), 0.01),
    "googlenet": Net(CIFAR, googlenet(), 16, optim.Momentum(), 0.01),
    "resnet50 stage": Net((32, 32, 256), resnet50_stage(), 16, optim.Momentum(), 0.01),
    "vgg-small": Net(CIFAR, vgg_small(), 32, optim.Adam(), 1e-4),
    "depthwise, 80x80": Net((80, 80, 3), mobile(), 32, optim.Adam(), 1e-3),
    "conv1d 64x3, T=128": Net((128, 64), over_time(64, 3), 32, optim.Adam(), 1e-3),
    "rnn 64-128, T=50": Net((50, 64), last_step(L.RNN(128)), 32, optim.Adam(), 1e-3),
    "gru 64-128, T=50": Net((50, 64), last_step(L.GRU(128)), 32, optim.Adam(), 1e-3),
    "lstm 64-128, T=50": Net((50, 64), last_step(L.LSTM(128)), 32, optim.Adam(), 1e-3),
    "lstm 256-512, T=35": Net((35, 256), last_step(L.LSTM(512)), 20, optim.Adam(), 1e-3),
}
