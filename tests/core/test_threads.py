"""The same bytes for 1, 2 and 4 threads: weights, moments and running statistics after training."""

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl._core import Program
from programs import assert_same_bytes, compiled, sample

LENET = [
    L.Conv2D(6, 5, padding="same"),
    L.BatchNorm(),
    L.Activation("relu"),
    L.MaxPool2D(2),
    L.Conv2D(16, 3),
    L.Activation("tanh"),
    L.AvgPool2D(2),
    L.Residual([L.Conv2D(16, 3, padding="same"), L.PReLU()]),
    L.Flatten(),
    L.Dropout(0.3),
    L.Dense(40),
    L.LayerNorm(),
    L.Activation("gelu"),
    L.Dense(10),
]
MLP = [
    L.Dense(150),
    L.BatchNorm(),
    L.Activation("sigmoid"),
    L.Dropout(0.5),
    L.Maxout(70, pieces=2),
    L.Dense(10),
]
NETS = {"lenet": (LENET, (14, 14, 1)), "mlp": (MLP, (100,))}
RULES = {"lenet": "adam", "mlp": "momentum"}


def trained(net: str, threads: int, **options: Any) -> tuple[Program, list[NDArray[Any]]]:
    layers, shape = NETS[net]
    program = compiled(layers, shape, batch_size=48, threads=threads, **options)
    assert program.team_size(48) == threads  # else this file tests nothing
    x = sample((150, *shape)).astype(program.dtype)
    y = np.random.default_rng(1).integers(10, size=150).astype(np.int32)
    weight = sample((150,), 2).astype(program.dtype) ** 2
    program.set_loss("softmax_cross_entropy")
    program.set_optimizer_rule(RULES[net], l1=1e-3, l2=1e-2, clip_norm=1.0, max_norm=2.0)
    losses = []
    for epoch in range(2):
        order = np.random.default_rng(epoch).permutation(150)  # the last batch has 6 samples
        rates = np.array([0.01])
        result = program.train_epoch(x, y, order, rates, sample_weight=weight, epoch=epoch)
        losses.append(result.loss)
    blocks = [program.get_weights(), program.get_states(), program.get_optimizer()]
    return program, [*blocks, program.predict(x), np.array(losses)]


@pytest.mark.parametrize("net", NETS)
def test_training(net: str, backend: str, dtype: str) -> None:
    _, one = trained(net, 1, backend=backend, dtype=dtype)
    assert np.isfinite(one[0]).all()
    for threads in (2, 4):
        _, more = trained(net, threads, backend=backend, dtype=dtype)
        for a, b in zip(more, one, strict=True):
            assert_same_bytes(a, b, f"{threads} threads")


@pytest.mark.parametrize("net", NETS)
def test_a_second_run_gives_the_same_bytes(net: str) -> None:
    for a, b in zip(trained(net, 2)[1], trained(net, 2)[1], strict=True):
        assert_same_bytes(a, b)


def test_the_seed_matters() -> None:
    """Dropout draws by it."""
    assert np.any(trained("mlp", 1, seed=1)[1][0] != trained("mlp", 1, seed=2)[1][0])


def test_fewer_threads_later() -> None:
    program, first = trained("mlp", 4)
    x = sample((150, 100)).astype(np.float32)
    program.set_threads(1)
    assert program.threads == 1
    assert program.team_size(48) == 1
    assert_same_bytes(program.predict(x), first[3])


def test_fits_at_once() -> None:
    """From several Python threads: they share the processors, not the results."""
    expected = trained("lenet", 1)[1]
    with ThreadPoolExecutor(4) as pool:
        for blocks in pool.map(lambda _: trained("lenet", 2)[1], range(8)):
            for found, wanted in zip(blocks, expected, strict=True):
                assert_same_bytes(found, wanted)


def test_the_environment_is_left_alone() -> None:
    """Loading the core sets OpenMP's spins for a moment."""
    ask = "import os; before = dict(os.environ); import fastdl; assert os.environ == before"
    for extra in ({}, {"GOMP_SPINCOUNT": "7"}, {"OMP_WAIT_POLICY": "active"}):
        subprocess.run([sys.executable, "-c", ask], env=os.environ | extra, check=True)


FORKED: list[Program] = []


def predicted_by_child() -> bytes:
    return FORKED[0].predict(sample((150, 100)).astype(np.float32)).tobytes()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_after_a_fork() -> None:
    """OpenMP's threads do not survive a fork; the child goes on alone, with the same bytes."""
    program, first = trained("mlp", 2)
    FORKED[:] = [program]
    fork = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(1, mp_context=fork) as children:
        assert children.submit(predicted_by_child).result(timeout=60) == first[3].tobytes()
