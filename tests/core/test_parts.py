"""Samples that a device has no room for come in parts: the same bytes as all at once."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import backends
from fastdl import layers as L
from fastdl._core import Program

test_backends = pytest.importorskip("fastdl._test_backends")

N = 150
ROOM = 75_000  # bytes; X takes 240,000


@pytest.fixture(autouse=True)
def emulated() -> Iterator[None]:
    backends.add()
    test_backends.emulate(hide=True, late=True)
    yield
    test_backends.emulate()


def learnt(room: int | None, **more: Any) -> list[Any]:
    """Two epochs, loss and gradients, and predictions; with so much room left on the device."""
    rng = np.random.default_rng(0)
    layers = L.to_dict([L.Dense(6), L.Activation("tanh"), L.Dropout(0.3), L.Dense(3)])
    program = Program(layers, (400,), backend=backends.EMULATED, batch_size=16)
    for p in program.parameters:
        program.set_parameter(p.name, rng.normal(0, 0.1, p.shape).astype(np.float32))
    program.set_loss("softmax_cross_entropy")
    program.set_optimizer_rule("adam", l2=0.1)
    X = rng.normal(size=(N, 400)).astype(np.float32)
    y = rng.integers(0, 3, N).astype(np.int32)
    order, rates = rng.permutation(N), np.array([0.01])
    program.loss_and_grads(X[:16], y[:16], **{k: v[:16] for k, v in more.items()})  # books all
    program.predict(X[:16])
    if room is not None:
        memory = test_backends.allocated_bytes() + room
        test_backends.emulate(hide=True, late=True, memory=memory)
    found: list[Any] = [
        program.train_epoch(X, y, order, rates, epoch=epoch, **more) for epoch in range(2)
    ]
    found.append(program.loss_and_grads(X, y, **more))
    found += [program.get_gradient(p.name).tobytes() for p in program.parameters]
    return [*found, program.predict(X).tobytes(), program.get_weights().tobytes()]


@pytest.mark.share(2)
@pytest.mark.parametrize("weighted", [False, True])
def test_parts_are_the_whole(weighted: bool) -> None:
    weights = np.random.default_rng(1).random(N).astype(np.float32)
    more = {"sample_weight": weights} if weighted else {}
    assert learnt(None, **more) == learnt(ROOM, **more)


def test_parts_are_gathered_while_the_device_works() -> None:
    """All of a part is sent by copies from pinned memory, between which the host does not wait."""
    passes = 5  # two epochs, the sum of the weights, loss and gradients, predictions
    of_x, of_numbers, of_y = passes * N * 400 * 4, passes * N * 8, (passes - 1) * N * 4
    test_backends.copies()
    learnt(None)
    assert test_backends.copies()[::2] == (0, 1)
    learnt(ROOM)
    assert test_backends.copies()[::2] == (of_x + of_numbers + of_y, 3)


def test_no_room_for_all_samples_at_once() -> None:
    """Or the test above would show nothing."""
    program = Program(L.to_dict([L.Dense(3)]), (400,), backend=backends.EMULATED, batch_size=16)
    columns = np.tile(np.arange(400, dtype=np.int32), N)
    starts = 400 * np.arange(N + 1, dtype=np.int64)
    X = (np.ones(400 * N, np.float32), columns, starts)  # sparse: is not cut into parts
    memory = test_backends.allocated_bytes() + ROOM
    test_backends.emulate(hide=True, late=True, memory=memory)
    with pytest.raises(MemoryError):
        program.predict(X)
