"""Sums, statistics and positions where float32 has few digits left, or none."""

import numpy as np
import pytest
from numpy.typing import NDArray

from fastdl import functional as F
from fastdl import layers as L
from fastdl._core import Program
from programs import assert_same_bytes, compiled

SHAPES = {"image": (64, 64, 64, 3), "rows": (300_000, 5), "one": (100_003, 1)}


def normalised(
    layer: L.Layer, x: NDArray[np.float32], **options: object
) -> tuple[NDArray[np.float32], Program]:
    program = Program(L.to_dict([layer]), x.shape[1:], batch_size=len(x), **options)
    for p in program.parameters:
        program.set_parameter(p.name, np.full(p.shape, 1.0 if p.role == "gain" else 0.0))
    return program.forward(x, training=True), program


@pytest.mark.parametrize("name", SHAPES)
def test_batch_norm_of_a_large_mean(name: str, backend: str) -> None:
    """Of 1e4 + normal: mean 0, variance 1, up to what float32 holds of x, 5e-4."""
    x = np.random.default_rng(0).normal(1e4, 1, SHAPES[name]).astype(np.float32)
    axes = tuple(range(x.ndim - 1))
    y, program = normalised(L.BatchNorm(momentum=1.0, name="bn"), x, backend=backend)
    exact = x.astype(np.float64)
    exact = (exact - exact.mean(axes)) / np.sqrt(exact.var(axes) + 1e-5)
    np.testing.assert_allclose(y, exact, atol=2e-3)
    np.testing.assert_allclose(y.mean(axes, dtype=np.float64), 0, atol=1e-3)
    np.testing.assert_allclose(y.std(axes, dtype=np.float64), 1, rtol=1e-4)
    mean, var = program.get_state("bn.running_mean"), program.get_state("bn.running_var")
    np.testing.assert_allclose(mean, x.mean(axes, dtype=np.float64), rtol=1e-7)
    np.testing.assert_allclose(var, x.var(axes, dtype=np.float64, ddof=1), rtol=1e-5)


@pytest.mark.parametrize("value", [0.1, 1e4 / 3, 1e30])
@pytest.mark.parametrize("name", SHAPES)
def test_batch_norm_of_a_constant(name: str, value: float, backend: str) -> None:
    x = np.full(SHAPES[name], value, np.float32)
    y, program = normalised(L.BatchNorm(momentum=1.0, name="bn"), x, backend=backend)
    assert not y.any()
    assert (program.get_state("bn.running_mean") == np.float32(value)).all()


@pytest.mark.parametrize("scale", [1e18, 1e20, 1e30, 1e37])
@pytest.mark.parametrize("shape", [(64, 9, 7, 3), (500, 40)], ids=["image", "rows"])
@pytest.mark.parametrize(
    "layer", [L.BatchNorm(name="a"), L.LayerNorm(name="a")], ids=lambda v: v.kind
)
def test_norms_of_large_values(
    layer: L.Layer, shape: tuple[int, ...], scale: float, backend: str
) -> None:
    """As for x / scale, for squares do not overflow; nor does the running variance, for good."""
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    large = (x.astype(np.float64) * scale).astype(np.float32)
    y, program = normalised(layer, large, backend=backend, input_gradient=True)
    axes = tuple(range(x.ndim - 1)) if layer.kind == "batch_norm" else (x.ndim - 1,)
    exact = large.astype(np.float64) / scale
    exact = (exact - exact.mean(axes, keepdims=True)) / exact.std(axes, keepdims=True)
    np.testing.assert_allclose(y, exact, atol=1e-5)
    dx = program.backward(np.ones_like(y) * x)
    assert dx is not None
    assert np.isfinite(dx).all()
    assert all(np.isfinite(program.get_state(s.name)).all() for s in program.states)
    small, _ = normalised(layer, x, backend=backend)
    program.forward(x, training=True)
    assert all(np.isfinite(program.get_state(s.name)).all() for s in program.states)
    assert_same_bytes(program.forward(x, training=True), small)  # nothing is left of the large ones


@pytest.mark.parametrize("kind", [L.BatchNorm, L.LayerNorm])
def test_norms_of_what_is_not_finite(kind: type[L.Layer], backend: str) -> None:
    """A NaN or an infinity makes NaN of its own channel (of its own row), and of no other."""
    for bad in (np.nan, np.inf):
        x = np.random.default_rng(0).normal(size=(40, 50)).astype(np.float32)
        clean, _ = normalised(kind(), x, backend=backend)
        x[7, 9] = bad
        y, _ = normalised(kind(), x, backend=backend)
        hit = np.zeros(x.shape, bool)
        hit[(slice(None), 9) if kind is L.BatchNorm else (7, slice(None))] = True
        assert np.isnan(y[hit]).all()
        assert_same_bytes(y[~hit], clean[~hit])


@pytest.mark.parametrize("kind", [L.BatchNorm, L.LayerNorm])
def test_norms_for_any_number_of_threads(kind: type[L.Layer], backend: str) -> None:
    x = np.random.default_rng(0).normal(1e4, 1, (50, 13, 11, 37)).astype(np.float32)
    x[..., 5] *= np.float32(1e26)
    one, _ = normalised(kind(), x, backend=backend, threads=1)
    for threads in (2, 3):
        more, _ = normalised(kind(), x, backend=backend, threads=threads)
        assert_same_bytes(more, one, f"{threads} threads")


def test_functional_norms() -> None:
    x = np.random.default_rng(0).normal(1e4, 1, (64, 64, 64, 1)).astype(np.float32)
    one, zero = np.ones(1, np.float32), np.zeros(1, np.float32)
    mean, var = zero.copy(), one.copy()
    y = F.batch_norm(x, one, zero, mean, var, training=True)
    assert abs(float(y.mean(dtype=np.float64))) < 1e-3
    np.testing.assert_allclose(y.std(dtype=np.float64), 1, rtol=1e-4)
    large = np.array([[1e30, -1e30, 3e30, 1e30]], np.float32)
    expected = np.array([[0, -2, 2, 0]]) / np.sqrt(2)
    y = F.layer_norm(large, np.ones(4, np.float32), np.zeros(4, np.float32))
    np.testing.assert_allclose(y, expected, atol=1e-6)


@pytest.mark.parametrize("n", [1, 5])
def test_means_of_many_pixels(n: int, backend: str) -> None:
    """The mean of many equal numbers is that number, up to a few roundings."""
    x = np.full((n, 700, 900, 1), 0.1, np.float32)
    for layer in (L.GlobalAvgPool(), L.AvgPool2D((700, 900))):
        program = Program(L.to_dict([layer]), x.shape[1:], backend=backend, batch_size=n)
        np.testing.assert_allclose(program.predict(x).ravel(), np.float32(0.1), rtol=1e-5)
    steps = x.reshape(n, -1, 1)
    program = Program(L.to_dict([L.GlobalAvgPool()]), steps.shape[1:], batch_size=n)
    np.testing.assert_allclose(program.predict(steps), np.float32(0.1), rtol=1e-6)


# --- positions of maxima --------------------------------------------------------------------------


@pytest.mark.slow
def test_positions_above_2_to_the_24() -> None:
    """The gradient of a maximum goes where it was, however large the map."""
    size = 2**24 + 4
    x = np.zeros((1, size, 1), np.float32)
    x[0, -1] = 1  # an odd position, which no float32 is
    program = compiled([L.GlobalMaxPool()], x.shape[1:], batch_size=1, input_gradient=True)
    program.forward(x, training=True)
    dx = program.backward(np.ones((1, 1), np.float32))
    assert dx is not None
    assert np.flatnonzero(dx).tolist() == [size - 1]
    del dx
    image, options = x.reshape(1, 1, size, 1), {"backend": "cpu:generic", "input_gradient": True}
    for layer in (L.MaxPool2D((1, 2), (1, 2**23)), L.GlobalMaxPool()):
        program = compiled([layer], image.shape[1:], batch_size=1, **options)
        y = program.forward(image, training=True)
        image[0, 0, 2**24 + 1, 0] = 2
        y = program.forward(image, training=True)
        dx = program.backward(np.where(y == 2, y, 0))
        assert dx is not None
        assert np.flatnonzero(dx).tolist() == [2**24 + 1], layer
        image[0, 0, 2**24 + 1, 0] = 0


@pytest.mark.parametrize("n", [1, 20])
def test_nan_in_maxima(n: int, backend: str, dtype: str) -> None:
    """NaN wins, and of several the first: what `return_indices` says, and where gradients go."""
    rng = np.random.default_rng(0)
    x = rng.choice([np.nan, -np.inf, 0.0, 1.0], size=(n, 7, 8, 3)).astype(dtype)
    for size, stride, padding in ((3, 2, 1), (2, 2, 0), ((7, 8), 1, 0)):
        y, where = F.max_pool2d(x, size, stride, padding, return_indices=True)
        flat = x.reshape(n, -1, 3)
        taken = np.take_along_axis(flat, where.reshape(n, -1, 3), axis=1).reshape(y.shape)
        np.testing.assert_array_equal(y, taken)
        program = Program(
            L.to_dict([L.MaxPool2D(size, stride, padding)]),
            x.shape[1:],
            dtype=dtype,
            backend=backend,
            batch_size=n,
            input_gradient=True,
        )
        assert_same_bytes(program.predict(x), y)
        program.forward(x, training=True)
        dx = program.backward(np.ones_like(y))
        expected = np.zeros_like(flat)
        for i, j, c in np.ndindex(n, y.shape[1] * y.shape[2], 3):
            expected[i, where.reshape(n, -1, 3)[i, j, c], c] += 1
        np.testing.assert_array_equal(dx, expected.reshape(x.shape))
    for layer, shaped in ((L.GlobalMaxPool(), x), (L.GlobalMaxPool(), x.reshape(n, 56, 3))):
        program = Program(
            L.to_dict([layer]),
            shaped.shape[1:],
            dtype=dtype,
            backend=backend,
            batch_size=n,
            input_gradient=True,
        )
        program.forward(shaped, training=True)
        dx = program.backward(np.ones((n, 3), dtype))
        assert dx is not None
        first = np.argmax(x.reshape(n, 56, 3), axis=1)
        np.testing.assert_array_equal(np.argmax(dx.reshape(n, 56, 3), axis=1), first)


def test_nan_in_maxout() -> None:
    """Of several NaN pieces the first takes the gradient, in functional and in the layer."""
    x = np.array([[1, np.nan, np.nan, 2, 2, 0]])
    dx = F.maxout_backward(np.ones((1, 2)), x, 3)
    np.testing.assert_array_equal(dx, [[0, 1, 0, 1, 0, 0]])
    program = Program(L.to_dict([L.Maxout(2, 3)]), (1,), dtype="float64")
    program.set_parameter("maxout_1.weight", np.zeros((1, 6)))
    program.set_parameter("maxout_1.bias", x[0])
    program.forward(np.ones((1, 1)), training=True)
    program.backward(np.ones((1, 2)))
    np.testing.assert_array_equal(program.get_gradient("maxout_1.bias"), dx[0])


# --- denormals ------------------------------------------------------------------------------------


def test_denormals_are_zero_in_the_core_and_nowhere_else(backend: str) -> None:
    """They would cost a hundred times as much; the caller's arithmetic stays as it was."""
    smallest = np.finfo(np.float32).tiny
    for threads in (1, 2):
        program = compiled([L.Dense(600)], (600,), batch_size=64, threads=threads, backend=backend)
        program.set_parameter("dense_1.weight", np.eye(600))
        program.set_parameter("dense_1.bias", np.zeros(600))
        y = program.predict(np.full((64, 600), smallest / 4, np.float32))
        assert not y.any()
        kept = program.predict(np.full((64, 600), 4 * smallest, np.float32))
        np.testing.assert_array_equal(kept, 4 * smallest)
        assert np.float32(smallest) / np.float32(4) > 0
        assert (np.full(100, smallest, np.float32) / np.float32(4)).all()
