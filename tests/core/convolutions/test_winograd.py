"""3x3 convolutions of float32 by Winograd: how far off they may be, and what a NaN reaches.

Their other properties (bytes for threads and batches, shapes, gradients of float64, which stays
direct) are those of every layer: test_layers.py.
"""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl._core import Program
from programs import arrays, assert_same_bytes, compiled, gradients, sample

# Channels, filters, height, width, padding, batch: whole tiles of 4x4, ragged ones, many channels.
SHAPES = [
    (16, 16, 32, 32, "same", 5),
    (17, 23, 9, 14, "valid", 19),
    (64, 64, 8, 8, "same", 32),
    (32, 48, 7, 7, ((2, 1), (0, 3)), 33),
    (128, 128, 12, 12, "same", 16),
    (256, 64, 4, 4, "same", 64),
]
# The statement. Root mean square errors in root mean squares of the result, for inputs, weights and
# gradients of one scale each: 1.5e-7 times the square root of the number of maps that are summed,
# and 1.2e-6 for the gradient of the weights. (Direct: 0.5e-7 times that root, 0.6e-6.)
PER_MAP, WEIGHTS = 1.5e-7, 1.2e-6
WORST = 16  # the largest single error, in those


def build(shape: tuple[Any, ...], backend: str, dtype: str, **options: Any) -> Program:
    c, f, h, w, padding, n = shape
    layers = [L.Conv2D(f, 3, padding=padding)]
    options = {"batch_size": n, "input_gradient": True} | options
    return compiled(layers, (h, w, c), backend=backend, dtype=dtype, **options)


def results(program: Program, n: int) -> dict[str, NDArray[np.float64]]:
    x, dy = sample((n, *program.input_shape), 1), sample((n, *program.output_shape), 2)
    y = program.forward(x.astype(program.dtype), training=True)
    dx = program.backward(dy.astype(program.dtype))
    assert dx is not None
    dw = next(g for name, g in gradients(program).items() if name.endswith("weight"))
    found = (a.astype(np.float64) for a in (y, dx, dw))
    return dict(zip(("y", "dx", "dw"), found, strict=True))


def root_mean_square(x: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(x**2)))


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_error_bound(shape: tuple[Any, ...], backend: str) -> None:
    bounds = {"y": PER_MAP * shape[0] ** 0.5, "dx": PER_MAP * shape[1] ** 0.5, "dw": WEIGHTS}
    exact = results(build(shape, backend, "float64"), shape[-1])
    for what, found in results(build(shape, backend, "float32"), shape[-1]).items():
        bound = bounds[what] * root_mean_square(exact[what])
        error = found - exact[what]
        assert root_mean_square(error) <= bound, what
        assert np.abs(error).max() <= WORST * bound, what


@pytest.mark.slow
def test_error_of_long_sums(backend: str) -> None:
    """The gradient of the weights adds up chunks of tiles one by one; here there are 214."""
    shape = (16, 16, 16, 16, "same", 1280)
    exact = results(build(shape, backend, "float64"), 1280)["dw"]
    error = results(build(shape, backend, "float32"), 1280)["dw"] - exact
    assert root_mean_square(error) <= 2 * WEIGHTS * root_mean_square(exact)


def test_tiles_of_few_samples_share_vectors(backend: str) -> None:
    """Whatever a batch leaves over: the bytes that its samples have in a full one."""
    shape = (17, 20, 9, 14, "valid", 48)
    programs = [build(shape, backend, "float32", threads=threads) for threads in (1, 2)]
    direct = build(shape, backend, "float64")
    full = results(programs[0], 48)
    for n in range(1, 34):
        one, two = (results(program, n) for program in programs)
        exact = results(direct, n)["dw"]
        bound = WEIGHTS * root_mean_square(exact)
        assert root_mean_square(one["dw"] - exact) <= bound, f"{n} samples"
        for what in ("y", "dx", "dw"):
            assert_same_bytes(two[what], one[what], f"{what} of {n} samples, two threads")
        for what in ("y", "dx"):
            assert_same_bytes(one[what], full[what][:n], f"{what} of {n} samples")


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_in_its_tiles(bad: float, backend: str) -> None:
    """It reaches what it should, as NaN or infinity, and at most the rest of those 4x4 tiles."""
    program = build((16, 16, 12, 12, "same", 3), backend, "float32")
    x = sample((3, 12, 12, 16)).astype(np.float32)
    clean = program.predict(x)
    x[1, 6, 6, 4] = bad
    y = program.predict(x)
    assert not np.isfinite(y[1, 5:8, 5:8]).any()
    rest = np.ones(y.shape, bool)
    rest[1, 4:8, 4:8] = False
    assert_same_bytes(y[rest], clean[rest])
    x[1, 6, 6, 4], x[1, 8, 8, 4] = 0, bad  # read by the four tiles around
    y = program.predict(x)
    assert not np.isfinite(y[1, 7:10, 7:10]).any()
    rest[1, 4:12, 4:12] = False
    assert_same_bytes(y[rest], clean[rest])


def test_one_sample_alone_and_many_threads(backend: str) -> None:
    """Fewer tiles than threads; threads without a point of their own."""
    shape = (24, 40, 6, 5, "same", 37)
    found = []
    for threads in (1, 3, 40):
        program = build(shape, backend, "float32", threads=threads)
        found.append(results(program, 37))
        x = sample((37, 6, 5, 24), 1).astype(np.float32)
        assert_same_bytes(program.predict(x[8:9]), program.predict(x)[8:9])
    for other in found[1:]:
        for what, value in other.items():
            assert_same_bytes(value, found[0][what], what)


def test_weights_of_zero_give_the_bias(backend: str) -> None:
    program = build((16, 20, 5, 9, "same", 3), backend, "float32")
    program.set_parameter("conv2d_1.weight", np.zeros((3, 3, 16, 20)))
    y = program.predict(sample((3, 5, 9, 16)).astype(np.float32))
    bias = arrays(program)["conv2d_1.bias"].astype(np.float32)
    assert_same_bytes(y, np.broadcast_to(bias, y.shape).copy())
