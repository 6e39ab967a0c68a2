"""Every line of the case table on a real GPU, and decoders, beside the generic kernels in float64.

`pytest -m cuda` on a machine that has one; elsewhere nothing here runs. Errors are relative to the
norm of what is compared. Where factors are rounded, a net of several layers may be further off: a
value near a kink takes the other side, and what nearly cancels is all error. There, the limit is
a few times what rounding the parameters, X and the gradient of the outputs does by itself, for what
is between is rounded, too.
"""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cases import CASES, Case
from decoders import NETS, check_learnt, learnt
from fastdl import layers as L
from fastdl._core import Program
from fastdl.program import devices
from programs import compiled, gradients, sample

pytestmark = pytest.mark.cuda

SEED = 2**35 + 7
# dtype, precision, and how far a norm may be off
KINDS = {
    "float64": ("float64", "float32", 1e-10),
    "float32": ("float32", "float32", 1e-4),
    "tf32": ("float32", "tf32", 2e-3),
    "bf16": ("float32", "bf16", 1e-2),
}
ROUNDED = {"tf32": 2.0**-11, "bf16": 2.0**-8}  # relative errors of a factor


@cache
def gpu() -> str:
    """Its backend."""
    try:
        return devices.resolve("cuda").backend
    except RuntimeError as error:
        pytest.skip(str(error))


def modes(case: Case) -> tuple[bool, ...]:
    program = Program(L.to_dict(case.layers), case.input_shape, batch_size=1)
    return (True, False) if L.draws(case.layers) or len(program.states) else (True,)


def build(case: Case, backend: str, dtype: str, precision: str = "float32") -> Program:
    return compiled(
        case.layers,
        case.input_shape,
        backend=backend,
        dtype=dtype,
        precision=precision,
        batch_size=max(case.batches),
        seed=SEED,
        input_gradient=True,
    )


def run(
    case: Case, program: Program, n: int, training: bool, moved: Callable[[Any], Any] = np.asarray
) -> dict[str, NDArray[Any]]:
    """What a batch gives, forward and back; of numbers that are a little moved."""
    x = np.resize(case.inputs(64, 3), (n, *program.input_shape)).astype(program.dtype)
    dy = np.resize(sample((64, *program.output_shape), 4), (n, *program.output_shape))
    if moved is not np.asarray:
        for p in program.parameters:
            program.set_parameter(p.name, moved(program.get_parameter(p.name)))
        x = x if case.symbols or case.codes else moved(x)
    found = {"output": program.forward(x, training=training)}
    dx = program.backward(moved(dy).astype(program.dtype))
    if dx is not None:
        found["gradient of the input"] = dx
    found |= {f"gradient of {name}": g for name, g in gradients(program).items()}
    return found | {s.name: program.get_state(s.name) for s in program.states}


@cache
def expected(number: int, n: int, training: bool) -> dict[str, NDArray[Any]]:
    case = CASES[number]
    return run(case, build(case, "cpu:generic", "float64"), n, training)


@cache
def by_rounding(number: int, n: int, training: bool, size: float) -> dict[str, float]:
    """How far results are off where the numbers that go in are, each by that much or less."""
    case, exact = CASES[number], expected(number, n, training)
    rng = np.random.default_rng(0)
    program = Program(L.to_dict(case.layers), case.input_shape, batch_size=1)
    size *= sum(p.role == "weight" for p in program.parameters)  # each product rounds again

    def moved(a: NDArray[Any]) -> NDArray[Any]:
        return a * (1 + size * rng.uniform(-1, 1, a.shape))

    runs = [run(case, build(case, "cpu:generic", "float64"), n, training, moved) for _ in range(4)]
    return {
        name: max(float(np.linalg.norm(found[name] - value)) for found in runs)
        for name, value in exact.items()
    }


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", range(len(CASES)), ids=[case.id for case in CASES])
def test_as_on_the_cpu(number: int, kind: str) -> None:
    case, (dtype, precision, limit) = CASES[number], KINDS[kind]
    backend = gpu()
    if any(layer.cpu_only for layer in L.walk(case.layers)):
        pytest.skip("runs on the CPU only")
    for n in case.batches[1:]:
        for training in modes(case):
            program = build(case, backend, dtype, precision)
            for name, value in run(case, program, n, training).items():
                exact = expected(number, n, training)[name]
                # A gradient that is zero, as of a bias before a norm, is a sum of such as are not.
                norm = max(float(np.linalg.norm(exact)), 0.1 * exact.size**0.5)
                error = float(np.linalg.norm(value.astype(np.float64) - exact))
                if error > limit * norm and precision in ROUNDED:
                    off = by_rounding(number, n, training, ROUNDED[precision])[name]
                    assert error <= 4 * off, (name, n, training, error / norm, off / norm)
                else:
                    assert error <= limit * norm, (name, n, training, error / norm)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("net", NETS)
def test_decoders_as_on_the_cpu(net: str, dtype: str) -> None:
    check_learnt(learnt(net, gpu(), dtype), net, KINDS[dtype][2])
