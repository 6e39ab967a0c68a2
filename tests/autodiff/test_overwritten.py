"""What the function overwrites after use: the right derivative or an error, never a wrong one."""

import numpy as np
import pytest

from fastdl.autodiff import check_gradients, grad
from fastdl.functional import dense

x = np.array([0.5, -1.5, 2.0, 0.25, -0.75])


def changed(make, use, change):
    """A function that makes something, uses it, and then overwrites it."""

    def f(v):
        a = make()
        y = use(v, a)
        change(a)
        return np.sum(y * y)

    return f


def zero(a):
    a[...] = 0


def first_zero(a):
    a[0] = 0


def ints():
    return np.array([3, 1])


def numbers():
    return np.arange(1.0, 6.0)


def write(a):
    a.flags.writeable = True
    a[...] = 0


RIGHT = {  # what is small is copied
    "list": (lambda: [1.0, 2.0, 3.0, 4.0, 5.0], lambda v, a: v * a, first_zero),
    "list_in_matmul": (lambda: [1.0, 2.0, 3.0, 4.0, 5.0], lambda v, a: v @ a, first_zero),
    "list_on_the_left": (lambda: [1.0, 2.0, 3.0, 4.0, 5.0], lambda v, a: np.dot(a, v), first_zero),
    "index_list": (lambda: [3, 1], lambda v, a: v[a], first_zero),
    "index_array": (ints, lambda v, a: v[a], zero),
    "index_in_tuple": (ints, lambda v, a: np.outer(v, v)[a, 1:], zero),
    "mask": (lambda: x > 0, lambda v, a: v[a], zero),
    "take": (ints, lambda v, a: np.take(v, a), zero),
    "written_list": (lambda: [3, 1], lambda v, a: set_at(v, a), first_zero),
    "shape": (lambda: [5, 1], lambda v, a: np.reshape(v, a) * x, lambda a: a.reverse()),
    "shift": (lambda: [1], lambda v, a: np.roll(v, a) * x, first_zero),
    "shift_by_keyword": (lambda: [1], lambda v, a: np.roll(v, shift=a) * x, first_zero),
    "axes": (
        lambda: [1, 0, 2],
        lambda v, a: np.transpose(np.multiply.outer(np.outer(v, v), v), a) * x,
        lambda a: a.sort(),
    ),
    "quantiles": (lambda: np.array([0.1, 0.9]), lambda v, a: np.quantile(v, a), zero),
    "bounds": (numbers, lambda v, a: np.clip(v, -a, a), zero),
}
ERRORS = {  # what may be large is only looked at
    "factor": (numbers, lambda v, a: v * a, zero),
    "view": (lambda: numbers()[1:], lambda v, a: v[1:] * a, zero),
    "condition": (lambda: x > 0, lambda v, a: np.where(a, v, 2 * v), zero),
    "product": (numbers, lambda v, a: np.tensordot(v, a, 1), zero),
    "matrix": (lambda: 2 * np.eye(5), lambda v, a: np.linalg.solve(a, v), zero),
    "dense": (lambda: np.ones((5, 2)), lambda v, a: dense(v.reshape(1, 5), a), zero),
}


def set_at(v, a):
    y = v * 1.0
    y[a] = 0.0
    return y


@pytest.mark.parametrize("name", RIGHT)
def test_right(name):
    check_gradients(changed(*RIGHT[name]), (x,))


@pytest.mark.parametrize("name", ERRORS)
def test_error(name):
    with pytest.raises(RuntimeError, match="was overwritten afterwards"):
        grad(changed(*ERRORS[name]))(x)


def test_through_a_view_that_is_read_only():
    """Who writes to the array behind it changes the view as well."""
    behind = numbers()
    read_only = behind[:]
    read_only.flags.writeable = False
    strided = np.broadcast_to(behind, (2, 5))

    def f(v, use):
        y = v * use
        behind[...] = 0
        return np.sum(y * y)

    with pytest.raises(RuntimeError, match="was overwritten afterwards"):
        grad(f)(x, read_only)
    behind[...] = numbers()
    np.testing.assert_allclose(grad(f)(x, strided), 4 * x * numbers() ** 2)


def test_series_of_pandas():
    """They count as the arrays that they hold."""
    pd = pytest.importorskip("pandas")
    s = pd.Series(numbers())
    check_gradients(lambda v: np.sum((v * s)[::-1] * v), (x,))

    def f(v):
        y = v * s
        s[0] = 100.0
        return np.sum(y)

    with pytest.raises(RuntimeError, match="was overwritten afterwards"):
        grad(f)(x)
