"""Every line of the case table on the backends of the test build, forward and back.

`cuda:emulated` runs the kernels for GPUs on the host, the threads of a block in three orders: a
result that changes with the order is a missing barrier. Device memory is hidden from the host, and
streams work as late as they may. `cpu:guarded` closes its values but for kernels and copies.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import backends
from cases import CASES, Case
from fastdl import layers as L
from fastdl._core import Program
from programs import assert_same_bytes, compiled, gradients, sample

test_backends = pytest.importorskip("fastdl._test_backends")
pytestmark = pytest.mark.share(16)

SEED = 2**35 + 7
LIMIT = {"float32": 1e-4, "float64": 1e-10}  # of the norm of what is compared
ON_DEVICES = [  # a Lambda's function is the host's
    number
    for number, case in enumerate(CASES)
    if not any(layer.cpu_only for layer in L.walk(case.layers))
]


def of_all(numbers: Any) -> pytest.MarkDecorator:
    ids = [CASES[number].id for number in numbers]
    return pytest.mark.parametrize("number", numbers, ids=ids)


@pytest.fixture(autouse=True)
def hidden_and_late() -> Iterator[None]:
    backends.add()
    test_backends.emulate(hide=True, late=True)
    yield
    test_backends.emulate()


def modes(case: Case) -> tuple[bool, ...]:
    program = Program(L.to_dict(case.layers), case.input_shape, batch_size=1)
    return (True, False) if L.draws(case.layers) or len(program.states) else (True,)


def run(case: Case, backend: str, dtype: str, n: int, training: bool) -> dict[str, NDArray[Any]]:
    """What a batch gives, forward and back."""
    options = {"batch_size": max(case.batches), "seed": SEED, "input_gradient": True}
    program = compiled(case.layers, case.input_shape, backend=backend, dtype=dtype, **options)
    x = np.resize(case.inputs(64, 3), (n, *program.input_shape)).astype(dtype)
    dy = np.resize(sample((64, *program.output_shape), 4), (n, *program.output_shape))
    found = {"output": program.forward(x, training=training)}
    dx = program.backward(dy.astype(dtype))
    if dx is not None:
        found["gradient of the input"] = dx
    found |= {f"gradient of {name}": g for name, g in gradients(program).items()}
    return found | {s.name: program.get_state(s.name) for s in program.states}


@cache
def expected(number: int, n: int, training: bool) -> dict[str, NDArray[Any]]:
    return run(CASES[number], "cpu:generic", "float64", n, training)


@of_all(ON_DEVICES)
def test_kernels_for_gpus_emulated(number: int, dtype: str) -> None:
    """A batch size between stands for float64, whose kernels are float32's; in two orders.

    To a sanitizer all orders are one.
    """
    case = CASES[number]
    sizes, orders = {case.batches[1], case.batches[-1]}, ("forward", "reverse", "random")
    if test_backends.sanitizer:
        sizes, orders = {case.batches[-1]}, ("random",)
    elif dtype == "float64":
        sizes, orders = {case.batches[len(case.batches) // 2]}, ("forward", "reverse")
    for n in sorted(sizes):
        for training in modes(case):
            first: dict[str, NDArray[Any]] = {}
            for order in orders:
                test_backends.emulate(order=order, hide=True, late=True)
                found = run(case, backends.EMULATED, dtype, n, training)
                for name, value in found.items():
                    what = f"{name}, {n} samples, training={training}, threads in {order} order"
                    assert_same_bytes(value, first.setdefault(name, value), what)
            for name, exact in expected(number, n, training).items():
                # A gradient that is zero, as of a bias before a norm, is a sum of such as are not.
                norm = max(float(np.linalg.norm(exact)), 0.1 * exact.size**0.5)
                error = float(np.linalg.norm(first[name].astype(np.float64) - exact))
                assert error <= LIMIT[dtype] * norm, (name, n, training, error / norm)
    assert test_backends.allocated_bytes() == 0


@of_all(ON_DEVICES)
def test_guarded(number: int, dtype: str) -> None:
    case = CASES[number]
    for n in case.batches[1:]:
        for training in modes(case):
            found = run(case, backends.GUARDED, dtype, n, training)
            for name, value in run(case, backends.BEST, dtype, n, training).items():
                assert_same_bytes(found[name], value, name)


def test_only_rows_that_gpus_lack_are_absent() -> None:
    absent = test_backends.absent_rows(test_backends.emulated())
    assert absent == ["words.skip_gram"]
