"""A decoder on the emulated GPU, and guarded: as on the CPU, with the same bytes in any order.

Device memory is hidden from the host, and streams work as late as they may.
"""

import gc
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import backends
from decoders import FEATURES, NETS, STEPS, check_learnt, data, learnt, made, network
from fastdl import program as programs
from programs import assert_same_bytes

test_backends = pytest.importorskip("fastdl._test_backends")
pytestmark = pytest.mark.share(8)

ORDERS = ("forward", "reverse", "random")
LIMIT = {"float32": 1e-4, "float64": 1e-11}  # of the norm of what is compared


@pytest.fixture(autouse=True)
def emulated() -> Iterator[None]:
    backends.add()
    yield
    gc.collect()
    assert test_backends.allocated_bytes() == 0
    test_backends.emulate()


@pytest.mark.parametrize("net", NETS)
def test_emulated(net: str, dtype: str) -> None:
    first: dict[str, NDArray[Any]] = {}
    for order in ORDERS[:1] if test_backends.sanitizer else ORDERS:  # one, to a sanitizer
        test_backends.emulate(order=order, hide=True, late=True)
        for name, value in learnt(net, backends.EMULATED, dtype).items():
            what = f"{name}, threads in {order} order"
            assert_same_bytes(value, first.setdefault(name, value), what)
    check_learnt(first, net, LIMIT[dtype])


@pytest.mark.parametrize("net", NETS)
def test_guarded(net: str, dtype: str) -> None:
    found, best = (learnt(net, backend, dtype) for backend in (backends.GUARDED, backends.BEST))
    for name, value in best.items():
        assert_same_bytes(found[name], value, name)


def test_parts_are_the_whole() -> None:
    """Where a device has no room for all pairs, which take 58,000 bytes: the same ones."""
    net = network("gru", "additive", True, 1)
    X, y, lengths = (np.repeat(part, 24, axis=0) for part in data(13))

    def found(room: int | None) -> list[bytes]:
        test_backends.emulate(hide=True, late=True)
        program = made(net, backend=backends.EMULATED, batch_size=8)
        programs.set_optimizer(program, "sgd")
        program.loss_and_grads(X[:8], y[:8], lengths=lengths[:8])  # books all
        program.search(X[:8], lengths=lengths[:8], beam_size=2)
        if room is not None:
            memory = test_backends.allocated_bytes() + room
            test_backends.emulate(hide=True, late=True, memory=memory)
        order, rates = np.arange(len(X))[::-1].copy(), np.array([0.1])
        program.train_epoch(X, y, order, rates, lengths=lengths)
        values = [program.get_weights(), *program.search(X, lengths=lengths, beam_size=2)]
        values.append(program.log_likelihoods(X, y, lengths=lengths))
        return [value.tobytes() for value in values]

    assert found(None) == found(36_000)


def test_answers_of_other_lengths_in_every_batch() -> None:
    """To sources of one length: no step can be recorded for the next one."""
    _, y, _ = data(24)
    order = np.argsort((y >= 0).sum(axis=1), kind="stable")
    X, rates = np.random.default_rng(0).normal(size=(24, STEPS, FEATURES)), np.array([0.1])
    found = []
    for backend in (backends.EMULATED, backends.BEST):
        program = made(network("gru", "additive", True, 1), backend=backend)
        programs.set_optimizer(program, "sgd")
        program.train_epoch(X, y, order, rates)
        found.append(program.get_weights())
    np.testing.assert_allclose(*found, rtol=0, atol=1e-12)
