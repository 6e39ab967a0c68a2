"""Where loops of our own stand for NumPy's, and gradients are written over: the same numbers."""

from functools import partial

import numpy as np
import pytest

from fastdl.autodiff import check_gradients, grad, jvp, vjp

SHAPES = [(200, 2), (7, 5, 3), (30, 40), (1, 6), (6, 1), (2, 3, 1, 4), (9,), (0, 3), (3, 0)]


def rounded(dtype, shape):
    return np.random.default_rng(0).normal(size=shape).round(1).astype(dtype)  # with ties


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("f", [np.sum, np.add.reduce, np.max, np.min])
@pytest.mark.share(4)
def test_values_are_those_of_numpy(dtype, shape, f):
    adds = f in (np.sum, np.add.reduce)
    if 0 in shape and not adds:
        pytest.skip("there is no largest of none")
    for layout in (np.ascontiguousarray, np.asfortranarray, lambda a: a[::-1]):
        x = layout(rounded(dtype, shape))
        for axis in (*range(x.ndim), -1, tuple(range(x.ndim)), None):
            for keepdims in (False, True):
                reduced = partial(f, axis=axis, keepdims=keepdims)
                y, pullback = vjp(reduced, x)
                assert y.dtype == dtype
                np.testing.assert_array_equal(y, reduced(x))
                gradient = pullback(np.ones_like(y))[0]
                n = x.size // max(1, np.size(y)) if adds else 1  # shares add up to one
                sums = np.sum(gradient, axis=axis, keepdims=keepdims)
                np.testing.assert_allclose(sums, np.full(np.shape(y), n), rtol=1e-5)


@pytest.mark.parametrize("f", [np.max, np.min])
def test_nan_is_the_extreme(f):
    x = np.array([[1.0, np.nan, 3.0], [np.nan, 1.0, 2.0], [2.0, 1.0, np.nan], [1.0, 2.0, 2.0]])
    y, pullback = vjp(lambda v: f(v, axis=1), x)
    np.testing.assert_array_equal(y, f(x, axis=1))
    np.testing.assert_array_equal(pullback(np.ones(4))[0][:3], np.zeros((3, 3)))


X = np.random.default_rng(1).normal(size=(4, 3))
B = np.random.default_rng(2).normal(size=3)
FUNCTIONS = {
    "twice": lambda x, b: np.sum(x + x),
    "both_ways": lambda x, b: np.sum((x + b) * (x - b)),
    "passed_on": lambda x, b: np.sum(np.sin(x + 1.0) + (x + 2.0) * (x + 3.0)),
    "negated": lambda x, b: np.sum(-np.negative(x * b) - (x - b) ** 2),
    "diamond": lambda x, b: np.sum((lambda h: h * h + np.exp(h) * h)(np.tanh(x + b))),
    "views": lambda x, b: np.sum(x.T @ x) + np.sum(x.reshape(-1)[::2] * x.ravel()[1::2]),
    "rows": lambda x, b: sum(np.sum(row * b) * row[0] for row in x),
    "kept": lambda x, b: (lambda y: np.sum(y * np.sum(y, axis=0) + np.maximum(y, b)))(x * b),
    "itself": lambda x, b: np.sum(np.multiply(x, x) * x / (x * x + 1)),
    "column": lambda x, b: np.sum(np.max(x * b, axis=1, keepdims=True) * x + x[:, :1]),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_shared_gradients(name):
    check_gradients(FUNCTIONS[name], (X, B))


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_pullback_is_the_same_each_time(name):
    f = FUNCTIONS[name]
    _, pullback = vjp(lambda x, b: f(x, b) * np.ones(3), X, B)
    dy = np.array([1.0, 2.0, 3.0])
    first = pullback(dy)
    kept = [g.copy() for g in first]
    for g in first:
        g[...] = 7.0  # they are the caller's
    np.testing.assert_array_equal(dy, [1, 2, 3])
    for again, g in zip(pullback(dy), kept, strict=True):
        np.testing.assert_array_equal(again, g)


def test_tangents_are_the_callers_own():
    """Also where it is that of the argument, or of another output."""
    x, dx = np.ones(3), np.full(3, 2.0)

    def f(x):
        h = np.sin(x)
        return x, x + 1.0, h + 1.0, h + 2.0, h.reshape(3, 1)

    _, tangents = jvp(f, (x,), (dx,))
    for t in tangents:
        assert t.base is None
        assert not np.shares_memory(t, dx)
    for t in tangents:
        t += 1.0
    np.testing.assert_array_equal(dx, np.full(3, 2.0))
    np.testing.assert_allclose(tangents[2], 2 * np.cos(x) + 1)
    np.testing.assert_allclose(tangents[3], 2 * np.cos(x) + 1)


def test_partials_that_are_integers():
    """2 x is no -1: whole numbers that a derivative rule computes are factors as others are."""
    g = grad(lambda v: np.sum(grad(lambda x: np.sum(np.sin(x**2)))(v)))
    x = np.array([1.0, 2.0])
    np.testing.assert_allclose(g(x), 2 * np.cos(x**2) - 4 * x * x * np.sin(x**2))
