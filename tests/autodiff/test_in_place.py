"""Arrays changed in place, through views, or after they were used."""

import copy

import numpy as np
import pytest

from fastdl.autodiff import grad


def test_in_place():
    def aliases(x):
        y = x * 1.0
        z = y
        y += x
        y[0] = 5.0
        return np.sum(z * x)

    x = np.array([1.0, 2.0])
    assert grad(aliases)(x).tolist() == [5, 8]

    def accumulated(x):
        loss = 0.0
        for xi in x:
            loss += xi**2
        return loss

    assert grad(accumulated)(x).tolist() == [2, 4]

    def elements(x):
        y = np.zeros_like(x)
        y[0] += x[1]
        y[1:] -= x[:1]
        return np.sum(y * y)

    assert grad(elements)(x).tolist() == [2, 4]


def test_views_are_not_written_in_silence():
    def through_a_view(x):
        y = x * 1.0
        v = y[0:1]
        v += 1.0
        return np.sum(y)

    with pytest.raises(RuntimeError, match="changed in place through a view"):
        grad(through_a_view)(np.ones(2))

    def under_a_view(x):
        y = x * 1.0
        v = y.T
        y[0] = 0.0
        return np.sum(v)

    with pytest.raises(RuntimeError, match="of which another is a view"):
        grad(under_a_view)(np.ones((2, 2)))

    def other_place(x):
        y = x * 1.0
        v = y[0:1]
        v += 1.0
        y[1:2] = v
        return np.sum(y)

    with pytest.raises(RuntimeError, match="view"):
        grad(other_place)(np.ones(2))

    def gone(x):
        y = x * 1.0
        y = y.T  # nothing else refers to the first
        y[0] = 0.0
        return np.sum(y)

    assert grad(gone)(np.ones((2, 2))).tolist() == [[0, 1], [0, 1]]


def test_overwritten_constants():
    def overwrites(x, order):
        a = np.ones(3).copy(order)
        y = x * a
        a[0] = 5.0
        return np.sum(y)

    for order in "CF":
        with pytest.raises(RuntimeError, match="np.multiply was computed from was overwritten"):
            grad(overwrites)(np.ones(3), order)

    def overwrites_strided(x):
        a = np.ones(6)[::2]
        y = x * a
        a[0] = 5.0
        return np.sum(y)

    assert grad(overwrites_strided)(np.ones(3)).tolist() == [1, 1, 1]

    def harmless(x):
        a = np.ones(3)
        y = x + a  # nothing of a is needed
        a[0] = 5.0
        return np.sum(y)

    assert grad(harmless)(np.ones(3)).tolist() == [1, 1, 1]


def test_copies():
    x = np.array([1.0, 2.0])
    assert grad(lambda v: np.sum(copy.copy(v) * v))(x).tolist() == [2, 4]
    assert grad(lambda v: np.sum(copy.deepcopy({"a": [v]})["a"][0] * v))(x).tolist() == [2, 4]

    def f(v):
        y = copy.deepcopy(v)
        y[0] = 0.0
        return np.sum(y * v)

    assert grad(f)(x).tolist() == [0, 4]
