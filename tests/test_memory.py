"""What a step allocates it gives back: memory does not grow with steps or fits."""

import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fastdl import layers as L
from programs import compiled, sample

STATUS = Path("/proc/self/status")
KIB = 1024

pytestmark = pytest.mark.skipif(not STATUS.exists(), reason="needs Linux's /proc")


def resident() -> int:
    """Bytes of this process in memory."""
    line = next(row for row in STATUS.read_text().splitlines() if row.startswith("VmRSS:"))
    return int(line.split()[1]) * KIB


def growth(work: Callable[[], object], times: int) -> tuple[int, int]:
    """How many bytes the process, and Python in it, hold more after the second half of the runs."""
    for _ in range(times):
        work()
    gc.collect()
    before = resident()
    tracemalloc.start()
    try:
        work()
        python = tracemalloc.get_traced_memory()[0]
        for _ in range(times):
            work()
        gc.collect()
        return resident() - before, tracemalloc.get_traced_memory()[0] - python
    finally:
        tracemalloc.stop()


LAYERS = [
    L.Conv2D(4, 3, padding="same"),
    L.BatchNorm(),
    L.Activation("relu"),
    L.MaxPool2D(2),
    L.Flatten(),
    L.Dropout(0.5),
    L.Dense(10),
]
X = sample((64, 8, 8, 1)).astype(np.float32)
Y = (np.arange(64) % 10).astype(np.int32)


def program(threads: int = 2):
    net = compiled(LAYERS, (8, 8, 1), batch_size=16, threads=threads)
    net.set_loss("softmax_cross_entropy")
    net.set_optimizer_rule("adam")
    return net


def test_steps() -> None:
    """4000 steps: less than a page each hundred."""
    net, order, rate = program(), np.arange(64), np.array([1e-3])
    resident_growth, python_growth = growth(lambda: net.train_epoch(X, Y, order, rate), 500)
    assert resident_growth < 128 * KIB
    assert python_growth < 8 * KIB


def test_uses() -> None:
    net = program()

    def use() -> None:
        net.predict(X, link="softmax")
        net.backward(net.forward(X[:16], training=True))
        net.loss_and_grads(X, Y)
        net.set_weights(net.get_weights())

    resident_growth, python_growth = growth(use, 500)
    assert resident_growth < 256 * KIB
    assert python_growth < 8 * KIB


def test_programs() -> None:
    """1000 small nets made, trained and dropped."""

    def fit() -> None:
        program().train_epoch(X, Y, np.arange(64), np.array([1e-3]))

    resident_growth, python_growth = growth(fit, 500)
    assert resident_growth < 512 * KIB
    assert python_growth < 16 * KIB


def test_blocks_are_planned() -> None:
    """The blocks do not depend on how many samples come; Adam has two moments."""
    net = program(threads=1)
    planned = net.memory()
    net.train_epoch(X, Y, np.arange(64), np.array([1e-3]))
    net.predict(X)
    assert net.memory() == planned
    n_parameters = sum(p.size for p in net.parameters)
    assert planned["optimizer"] == 2 * 4 * n_parameters
