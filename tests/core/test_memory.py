"""What a step allocates it gives back: memory does not grow with steps or fits."""

import gc
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from fastdl import layers as L
from fastdl._core import Program
from programs import compiled, sample

STATUS = Path("/proc/self/status")
KIB = 1024

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not STATUS.exists(), reason="needs Linux's /proc"),
]


def resident() -> int:
    """Bytes of this process in memory."""
    line = next(row for row in STATUS.read_text().splitlines() if row.startswith("VmRSS:"))
    return int(line.split()[1]) * KIB


def assert_no_growth(work: Callable[[], object], bound: int, times: int = 1000) -> None:
    """Neither the process nor Python in it holds more after the second thousand runs.

    Caches, free lists and the allocator breathe, hence the bounds; an array, a dict or a block that
    leaks in each run is far above them.
    """

    def repeat() -> None:
        for _ in range(times):
            work()
        gc.collect()

    repeat()
    before = resident()
    repeat()
    assert resident() - before < bound

    tracemalloc.start()
    try:
        work()
        held = tracemalloc.get_traced_memory()[0]
        repeat()
        assert tracemalloc.get_traced_memory()[0] - held < 100 * times
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


def program(threads: int = 2) -> Program:
    net = compiled(LAYERS, (8, 8, 1), batch_size=16, threads=threads)
    net.set_loss("softmax_cross_entropy")
    net.set_optimizer_rule("adam")
    return net


def fit(net: Program) -> None:
    net.train_epoch(X, Y, np.arange(64), np.array([1e-3]))


def use(net: Program) -> None:
    net.predict(X, link="softmax")
    net.backward(net.forward(X[:16], training=True))
    net.loss_and_grads(X, Y)
    net.set_weights(net.get_weights())


def test_steps() -> None:
    net = program()
    assert_no_growth(lambda: fit(net), 512 * KIB)


def test_uses() -> None:
    net = program()
    assert_no_growth(lambda: use(net), 512 * KIB)


def test_programs() -> None:
    """Small nets made, trained and dropped."""
    assert_no_growth(lambda: fit(program()), 4096 * KIB)


def test_blocks_are_planned() -> None:
    """The blocks do not depend on how many samples come; Adam has two moments."""
    net = program(threads=1)
    planned = net.memory()
    fit(net)
    net.predict(X)
    assert net.memory() == planned
    n_parameters = sum(p.size for p in net.parameters)
    assert planned["optimizer"] == 2 * 4 * n_parameters
