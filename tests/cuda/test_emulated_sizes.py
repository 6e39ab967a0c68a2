"""Layers on the emulated GPU by sizes at which they are done in several parts, and odd values."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import backends
from fastdl import layers as L
from programs import assert_same_bytes, compiled, gradients, sample

test_backends = pytest.importorskip("fastdl._test_backends")
ORDERS = ("forward", "reverse", "random")
LIMIT = {"float32": 1e-6, "float64": 1e-13}  # of the norm of what is compared


@pytest.fixture(autouse=True)
def emulated() -> Iterator[None]:
    backends.add()
    yield
    test_backends.emulate()


def check(layer: L.Layer, x: NDArray[Any], dtype: str, *, input_gradient: bool) -> None:
    """Forward and back as the CPU does it, with the same bytes in any order of threads."""

    def run(backend: str) -> dict[str, NDArray[Any]]:
        options = {"batch_size": len(x), "seed": 3, "input_gradient": input_gradient}
        program = compiled([layer], x.shape[1:], backend=backend, dtype=dtype, **options)
        found = {"output": program.forward(x.astype(dtype), training=True)}
        dy = sample((len(x), *program.output_shape), 1).astype(dtype)
        dx = program.backward(dy)
        return found | gradients(program) | ({} if dx is None else {"dx": dx})

    expected, first = run(backends.BEST), None
    for order in ORDERS:
        test_backends.emulate(order=order, hide=True, late=True)
        found = run(backends.EMULATED)
        first = found if first is None else first
        for name, value in found.items():
            norm = np.linalg.norm(expected[name].astype(float))
            far = np.linalg.norm(value.astype(float) - expected[name])
            assert far <= LIMIT[dtype] * norm, (name, order)
            assert_same_bytes(value, first[name])


def far_from_all(x: NDArray[Any]) -> NDArray[Any]:
    return np.where(np.arange(len(x))[:, None, None, None] == 0, x + 1e5, x)


VALUES: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "plain": lambda x: x,
    "offset": lambda x: x + 1e4,
    "first-far-from-all": far_from_all,
    "large": lambda x: x * 1e25,
    "small": lambda x: x * 1e-22,
    "zeros": lambda x: np.maximum(x - 1, 0),
}


@pytest.mark.share(3)
@pytest.mark.parametrize("values", VALUES)
def test_batch_norm_of_many_rows(values: str, dtype: str) -> None:
    x = VALUES[values](sample((36, 16, 16, 9)))
    check(L.BatchNorm(), x, dtype, input_gradient=True)


@pytest.mark.share(3)
@pytest.mark.parametrize("rows", [1, 65, 2048, 2049, 5000])
def test_embedding_of_many_rows(rows: int, dtype: str) -> None:
    ids = np.random.default_rng(rows).integers(0, 7, (rows, 1, 1))
    check(L.Embedding(7, 3), ids, dtype, input_gradient=False)
