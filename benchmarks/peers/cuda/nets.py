"""The networks that are timed on a GPU: those of the other pages, with larger batches."""

from dataclasses import replace
from typing import NamedTuple

from benchmarks.nets import NETS, Net
from fastdl import layers as L
from fastdl import optim

N_SAMPLES = 60_000  # of an epoch


class Row(NamedTuple):
    """A net, and how many times as fast as PyTorch it is to be."""

    net: Net
    goal: float


def _of(name: str, batch: int, goal: float) -> Row:
    return Row(replace(NETS[name], batch=batch), goal)


ROWS = {
    "MLP 784-100-10, b200, Adam": _of("mlp 784-100-10", 200, 3.0),
    "LeNet-5, b64, Adam": _of("lenet5", 64, 3.0),
    "ResNet-20, b128, momentum": _of("resnet20", 128, 1.5),
    "VGG-small, b256, Adam": _of("vgg-small", 256, 1.0),
    "LSTM 256-512, T=35, b64, Adam": _of("lstm 256-512, T=35", 64, 1.2),
    "GRU 64-128, T=50, b64, Adam": _of("gru 64-128, T=50", 64, 1.5),
}

# A table of 20 million numbers of which a step looks up one row: the rest of it is Adam.
N_LARGE = 20_000_000
LARGE = Net(
    (1, 1),
    [L.Embedding(N_LARGE // 100, 100), L.LastStep(), L.Dense(10)],
    1,
    optim.Adam(),
    1e-3,
)
# Bytes of a step of it: the gradient is zeroed; w, g, m, v are read, and w, m, v written.
LARGE_BYTES = 4 * N_LARGE * (1 + 4 + 3)
