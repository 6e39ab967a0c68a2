"""One large image: memory for one, not for as many as a vector has lanes; and the same bytes."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_lone import LARGER

from cases import CASES, Case
from fastdl import layers as L
from fastdl._core import Program
from programs import assert_same_bytes, compiled, sample

IMAGES = [case for case in CASES if len(case.input_shape) == 3]
SRCNN = [L.Conv2D(64, 9), L.Activation("relu"), L.Conv2D(32, 1), L.Activation("relu")]
NETWORKS: dict[str, list[L.Layer]] = {
    "srcnn-9-1-5": [*SRCNN, L.Conv2D(1, 5)],
    "srcnn-9-5-5": [*SRCNN[:2], L.Conv2D(32, 5), L.Activation("relu"), L.Conv2D(1, 5)],
    "espcn": [L.Conv2D(64, 5), L.Activation("tanh"), L.Conv2D(32, 3), L.PixelShuffle(4)],
    "small": [
        L.Conv2D(16, 3, padding="same"), L.BatchNorm(), L.Activation("relu"), L.MaxPool2D(2),
        L.Conv2D(32, 3, padding="same"), L.LocalResponseNorm(), L.GlobalMaxPool(), L.Dense(10),
    ],
}  # fmt: skip


def largest_neighbours(program: Program) -> int:
    """Bytes of the two largest tensors of which one is made of the other."""
    shapes = [program.input_shape, *(row.output_shape for row in program.layers)]
    return 4 * max(int(np.prod(a) + np.prod(b)) for a, b in pairwise(shapes))


@pytest.mark.parametrize("name", NETWORKS)
def test_memory_of_a_prediction(name: str, backend: str) -> None:
    """Of 640x480: at most twice the two largest neighbours."""
    program = compiled(NETWORKS[name], (480, 640, 1), backend=backend, batch_size=1)
    memory = program.memory()
    assert memory["prediction"] <= 2 * largest_neighbours(program)
    assert memory["values"] > 4 * memory["prediction"]  # of lanes, and their gradients


def peak() -> int:
    """The most bytes that this process has had in memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(row.split()[1]) for row in lines if row.startswith("VmHWM:"))


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_what_a_prediction_takes() -> None:
    """Of the system, and not as planned: the blocks of training are not there."""
    x = sample((1, 480, 640, 1)).astype(np.float32)
    before = peak()
    program = compiled([L.Conv2D(64, 1), L.Conv2D(1, 1)], (480, 640, 1), batch_size=1)
    program.predict(x)
    assert peak() - before < program.memory()["prediction"] + (32 << 20)


@pytest.mark.parametrize("case", IMAGES, ids=lambda case: case.id)
def test_layers(case: Case, backend: str, dtype: str) -> None:
    check(case.layers, case.input_shape, backend, dtype)


@pytest.mark.parametrize("name", LARGER)
def test_networks(name: str, backend: str, dtype: str) -> None:
    input_shape, layers = LARGER[name]
    check(layers, input_shape, backend, dtype)


def check(layers: list[L.Layer], input_shape: tuple[int, ...], backend: str, dtype: str) -> None:
    """A program for one sample predicts what a batch does, whether it has room to learn or not."""
    options: dict[str, Any] = {"backend": backend, "dtype": dtype}
    x = sample((5, *input_shape)).astype(dtype)
    whole = compiled(layers, input_shape, batch_size=5, **options).forward(x)
    one = compiled(layers, input_shape, batch_size=1, **options)
    one.poison()
    for i in range(5):
        assert_same_bytes(one.predict(x[i : i + 1]), whole[i : i + 1], f"sample {i}")
    one.forward(x[:1])  # which takes the room
    one.poison()
    assert_same_bytes(one.predict(x), whole, "predictions")


def test_training_with_one_at_a_time() -> None:
    """As a program for more trains with batches of one, whether it has predicted or not."""
    x, y = sample((6, 12, 12, 1)).astype("float32"), (np.arange(6) % 10).astype(np.int32)
    weights = []
    for batch_size, predicts in ((1, True), (1, False), (8, True)):
        program = compiled(NETWORKS["small"], (12, 12, 1), dtype="float32", batch_size=batch_size)
        program.set_loss("softmax_cross_entropy")
        program.set_optimizer_rule("adam")
        for _ in range(2):
            program.train_epoch(x, y, np.arange(6), np.array([1e-2]), batch_size=1)
            if predicts:
                program.predict(x[:1])
        weights.append(program.get_weights())
    for other in weights[1:]:
        assert_same_bytes(other, weights[0], "weights")
