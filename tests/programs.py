"""Programs for the tests: weights depend neither on the backend nor on the dtype."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl._core import Program

EPS = {
    "float32": 5e-6,
    "float64": 1e-12,
}  # of the largest value: what rounding may do in a small net


def compiled(layers: Sequence[L.Layer], input_shape: tuple[int, ...], **options: Any) -> Program:
    """A program in which no weight, gain, shift or running statistic is 0 or 1."""
    program = Program(L.to_dict(layers), input_shape, **options)
    rng = np.random.default_rng(1)
    for p in program.parameters:
        centre, spread = {"weight": (0.0, 1.5 / np.sqrt(p.fan_in or 1)), "gain": (1.0, 0.3)}.get(
            p.role, (0.1, 0.3)
        )
        program.set_parameter(p.name, rounded(rng.normal(centre, spread, size=p.shape)))
    for s in program.states:
        program.set_state(s.name, rounded(rng.uniform(0.5, 2.0, size=s.size)))
    return program


def arrays(program: Program) -> dict[str, NDArray[np.float64]]:
    """Parameters and states by name, as the reference takes them."""
    named = {p.name: program.get_parameter(p.name) for p in program.parameters}
    named |= {s.name: program.get_state(s.name) for s in program.states}
    return {name: a.astype(np.float64) for name, a in named.items()}


def gradients(program: Program) -> dict[str, NDArray[Any]]:
    return {p.name: program.get_gradient(p.name) for p in program.parameters if p.trainable}


def sample(shape: tuple[int, ...], seed: int = 0) -> NDArray[np.float64]:
    """Normal numbers that float32 holds exactly."""
    return rounded(np.random.default_rng(seed).normal(size=shape))


def rounded(x: NDArray[np.float64]) -> NDArray[np.float64]:
    return x.astype(np.float32).astype(np.float64)


def assert_close(actual: NDArray[Any], expected: NDArray[Any], eps: float, what: str = "") -> None:
    """Equal up to eps times the largest expected value (at least 1)."""
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0, where=np.isfinite(expected))))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=eps * scale, err_msg=what)


def assert_same_bytes(actual: NDArray[Any], expected: NDArray[Any], what: str = "") -> None:
    assert actual.shape == expected.shape, what
    assert actual.dtype == expected.dtype, what
    if actual.tobytes() != expected.tobytes():
        np.testing.assert_array_equal(actual, expected, err_msg=what)  # shows where
        raise AssertionError(f"{what}: equal values, other bytes (the sign of a zero or a NaN)")
