"""The networks whose predictions are timed: common ones, and odd sizes on purpose."""

from benchmarks.nets import CIFAR, MNIST, NETS, Net, conv, last_step, mlp, mobile, over_time
from fastdl import layers as L
from fastdl import losses, optim

SAMPLES = (1, 8, 64, 1000)


def shown(
    input_shape: tuple[int, ...],
    layers: list[L.Layer],
    loss: losses.Loss = Net.loss,
) -> Net:
    """In batches of 64."""
    return Net(input_shape, layers, 64, optim.SGD(), 1e-3, loss)


def branch(*filters: int, size: int) -> list[L.Layer]:
    first, last = filters
    return [*conv(first, 1, padding=0), *conv(last, size, padding=size // 2)]


def inception() -> list[L.Layer]:
    """Block 4a of GoogLeNet (Szegedy et al. 2015)."""
    pooled = [L.MaxPool2D(3, 1, 1), *conv(64, 1, padding=0)]
    branches = [conv(192, 1, padding=0), branch(96, 208, size=3), branch(16, 48, size=5), pooled]
    return [L.Concat(branches), L.GlobalAvgPool(), L.Dense(10)]


def conv_autoencoder() -> list[L.Layer]:
    down = [*conv(16, stride=2), *conv(32, stride=2)]
    up = [L.Upsample2D(2), *conv(16), L.Upsample2D(2)]
    return [*down, *up, L.Conv2D(1, 3, padding=1), L.Activation("sigmoid")]


def odd_images() -> list[L.Layer]:
    layers = [*conv(7), L.MaxPool2D(2), *conv(13, 5, padding=0), *conv(21, stride=2)]
    return [*layers, L.Flatten(), *mlp(33, 3)]


def stacked(cell: type[L.LSTM] | type[L.GRU], *units: int) -> list[L.Layer]:
    *before, last = units
    return [*(cell(n, return_sequences=True) for n in before), cell(last), L.Dense(5)]


TRAINED = (
    "mlp 784-30-10",
    "mlp 784-100-10",
    "mlp 784-1024x3-10",
    "autoencoder 784-196-784",
    "lenet5",
    "resnet20",
    "vgg-small",
    "depthwise, 80x80",
    "conv1d 64x3, T=128",
    "rnn 64-128, T=50",
    "gru 64-128, T=50",
    "lstm 64-128, T=50",
    "lstm 256-512, T=35",
)
PREDICTED = {name: NETS[name] for name in TRAINED} | {
    "mlp 20-100-3": shown((20,), mlp(100, 3)),
    "mlp 37-53-29-1, tanh": shown((37,), mlp(53, 29, 1, activation="tanh")),
    "mlp 300-256-128-64-5": shown((300,), mlp(256, 128, 64, 5)),
    "mlp 64x20": shown((64,), mlp(*[64] * 20)),
    "mlp 1000-4096-1000": shown((1000,), mlp(4096, 1000)),
    "autoencoder 784-256-32-256-784": shown((784,), mlp(256, 32, 256, 784)),
    "conv autoencoder, 28x28": shown(MNIST, conv_autoencoder(), losses.SquaredError()),
    "conv, 29x31x5": shown((29, 31, 5), odd_images()),
    "conv 3x3, 12 on 17x17x3": shown((17, 17, 3), [*conv(12), *conv(12), L.Flatten(), L.Dense(2)]),
    "mobile, 40x40": shown((40, 40, 3), mobile()),
    "inception 4a, 14x14": shown((14, 14, 480), inception()),
    "vgg block, 32x32": shown(
        CIFAR, [*conv(32), *conv(32), L.MaxPool2D(2), L.Flatten(), L.Dense(9)]
    ),
    "conv1d 24x2, T=101 of 5": shown((101, 5), over_time(24, 2)),
    "rnn 11-37, T=29": shown((29, 11), last_step(L.RNN(37))),
    "gru 16-32, T=200": shown((200, 16), last_step(L.GRU(32))),
    "gru 2x96, T=40 of 7": shown((40, 7), stacked(L.GRU, 96, 96)),
    "lstm 1-16, T=100": shown((100, 1), last_step(L.LSTM(16))),
    "lstm 100-200, T=20": shown((20, 100), last_step(L.LSTM(200))),
    "lstm 2x50, T=30 of 13": shown((30, 13), stacked(L.LSTM, 50, 50)),
}
