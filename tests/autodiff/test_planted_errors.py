"""The table of cases finds an error in any one rule: tried with ten and more."""

import numpy as np
import pytest
from rule_cases import CASES, arguments

from fastdl.autodiff import check_gradients
from fastdl.autodiff._rules.table import composed, custom, elementwise, linear, multilinear
from fastdl.autodiff._trace import RULES, plain

T = lambda a: np.swapaxes(a, -1, -2)  # noqa: E731


def _wrong_prod(dy, y, x, axis=None, dtype=None, out=None, keepdims=False):
    return dy * np.ones_like(x)


PLANTED = {
    "sin": (np.sin, lambda f: elementwise(f, lambda _y, x: 1.0001 * np.cos(x))),
    "divide": (
        np.true_divide,
        lambda f: elementwise(f, lambda _y, _a, b: 1 / b, lambda y, _a, b: y / b),
    ),
    "maximum": (np.maximum, lambda f: elementwise(f, lambda _y, a, b: plain(a) < plain(b), 0.5)),
    "logaddexp": (
        np.logaddexp,
        lambda f: elementwise(f, lambda y, a, _b: np.exp(a - y), lambda y, a, _b: np.exp(a - y)),
    ),
    "sum": (
        np.sum,
        lambda f: linear(f, lambda dy, like, axis=None, dtype=None, keepdims=False: 2 * np.sum(dy)),
    ),
    "reshape": (
        np.reshape,
        lambda f: linear(
            f, lambda dy, like, shape=None, order="C", *, copy=None: np.reshape(dy, like.shape)
        ),
    ),
    "flip": (np.flip, lambda f: linear(f, lambda dy, like, axis=None: dy)),
    "matmul": (
        np.matmul,
        lambda f: multilinear(
            f, (lambda dy, like, _a, b: dy @ b.T, lambda dy, like, a, _b: -a.T @ dy)
        ),
    ),
    "prod": (
        np.prod,
        lambda f: custom(f, (_wrong_prod, *(None,) * 4), (_wrong_prod, *(None,) * 4)),
    ),
    "inv": (
        np.linalg.inv,
        lambda f: custom(
            f, (lambda dy, y, _a: -T(y) @ dy @ T(y),), (lambda da, y, _a: y @ da @ y,)
        ),
    ),
    "cumsum": (
        np.cumsum,
        lambda f: linear(
            f,
            lambda dy, like, axis=None, dtype=None: (
                np.flip(np.cumsum(np.flip(dy, axis), axis), axis) * 0.999
            ),
        ),
    ),
    "mean": (
        np.mean,
        lambda f: composed(f)(
            lambda a, axis=None, keepdims=False: np.sum(a, axis=axis, keepdims=keepdims) / a.size
        ),
    ),
}


@pytest.mark.parametrize("name", PLANTED)
def test_planted_error_is_found(name, monkeypatch):
    function, plant = PLANTED[name]
    monkeypatch.setitem(RULES, function, RULES[function])  # and back
    plant(function)
    found = False
    for case in CASES:
        if not case[0].strip("+~").startswith(name):
            continue
        try:  # (keywords that the wrong rule does not know raise something else)
            check_gradients(case[1], arguments(case))
        except AssertionError:
            found = True
            break
        except (NotImplementedError, TypeError, ValueError):
            continue
    assert found, f"no case notices the wrong rule of {name}"
