"""grad, vjp, jvp and what is made of them: values, containers, nesting."""

import pickle
from collections import OrderedDict, defaultdict, namedtuple
from dataclasses import dataclass, field

import numpy as np
import pytest

from fastdl import autodiff as ad
from fastdl.autodiff import grad, jvp, value_and_grad, vjp

Pair = namedtuple("Pair", "a b")


@dataclass
class Weights:
    w: np.ndarray
    b: float
    note: None = None
    other: dict = field(default_factory=dict)


def total(tree):
    return sum(np.sum(np.sin(leaf) * 2) for leaf in ad._tree.leaves(tree))


TREES = {
    "float": 1.5,
    "numpy_float": np.float32(1.5),
    "array": np.arange(3.0),
    "array_0d": np.array(2.0),
    "list": [np.arange(2.0), 1.0],
    "tuple": (np.arange(2.0), (1.0, np.ones((2, 2), np.float32))),
    "dict": {"w": np.ones(2), "b": {"c": 0.5}},
    "ordered": OrderedDict(w=np.ones(2), b=0.5),
    "with_defaults": defaultdict(list, w=np.ones(2), b=0.5),
    "named": Pair(np.ones(2), 3.0),
    "dataclass": Weights(np.ones(2), 0.5, None, {"k": np.zeros(1)}),
    "none": [np.ones(2), None, (None, 1.0)],
    "same_twice": [np.ones(2)] * 2,
}


@pytest.mark.parametrize("name", TREES)
def test_containers(name):
    tree = TREES[name]
    value, gradient = value_and_grad(total)(tree)
    assert value == pytest.approx(total(tree))
    assert ad._tree.same_form(gradient, tree)
    assert type(gradient) is type(tree)
    for leaf, g in zip(ad._tree.leaves(tree), ad._tree.leaves(gradient), strict=True):
        np.testing.assert_allclose(g, 2 * np.cos(leaf), rtol=1e-6)
        assert type(g) is type(leaf)
        assert getattr(g, "dtype", None) == getattr(leaf, "dtype", None)
        assert not isinstance(g, np.ndarray) or (g.flags.writeable and g.flags.owndata)


def test_gradients_share_no_memory():
    a, b = np.ones(3), np.ones(3)
    ga, gb = grad(lambda x, y: np.sum(x + y), (0, 1))(a, b)
    ga[0] = 7
    assert gb.tolist() == [1, 1, 1]
    assert a.tolist() == [1, 1, 1]
    gx, gy = vjp(lambda x, y: x + y, a, b)[1](a)
    assert not np.may_share_memory(gx, gy)
    assert not np.may_share_memory(gx, a)
    assert not np.may_share_memory(gy, a)


def test_argnums():
    def f(x, y, scale=1.0):
        return scale * x**2 * y

    assert grad(f)(3.0, 2.0) == 12.0
    assert grad(f, 1)(3.0, 2.0) == 9.0
    assert grad(f, -1)(3.0, 2.0) == 9.0
    assert grad(f, (1, 0))(3.0, 2.0) == (9.0, 12.0)
    assert grad(f)(3.0, 2.0, scale=10.0) == 120.0
    assert grad(lambda x, n: x**n)(2.0, 3) == 12.0  # an int that is no argnum


def test_aux():
    def f(x):
        return np.sum(x**2), {"doubled": 2 * x, "name": "f"}

    (value, aux), _gradient = value_and_grad(f, has_aux=True)(np.ones(2))
    assert value == 2
    assert aux["doubled"].tolist() == [2, 2]
    assert aux["name"] == "f"
    assert isinstance(aux["doubled"], np.ndarray)
    assert grad(f, has_aux=True)(np.ones(2))[1]["name"] == "f"


def test_constant_functions():
    assert grad(lambda x: 3.0)(1.0) == 0.0
    assert grad(lambda x: np.sum(np.floor(x)))(np.ones(2)).tolist() == [0, 0]
    assert grad(lambda x, y: y, (0, 1))(1.0, 2.0) == (0.0, 1.0)
    y, dy = jvp(lambda x: np.ones(3), (1.0,), (1.0,))
    assert y.tolist() == [1, 1, 1]
    assert dy.tolist() == [0, 0, 0]


def test_control_flow_follows_the_value():
    def f(x):
        y = x
        while y < 100:
            y = y * x if y > 4 else y + x
        return y

    assert grad(f)(3.0) == pytest.approx((f(3.0 + 1e-6) - f(3.0 - 1e-6)) / 2e-6, rel=1e-6)


def test_no_perturbation_confusion():
    # Siskind and Pearlmutter 2005: d/dx (x * d/dy (x + y) at y = 1) is 1.
    assert grad(lambda x: x * grad(lambda y: x + y)(1.0))(1.0) == 1.0
    assert jvp(lambda x: x * jvp(lambda y: x + y, (1.0,), (1.0,))[1], (1.0,), (1.0,))[1] == 1.0
    assert grad(lambda x: x * jvp(lambda y: x * y, (2.0,), (1.0,))[1])(3.0) == 6.0
    assert jvp(lambda x: x * grad(lambda y: x * y * y)(2.0), (3.0,), (1.0,))[1] == 24.0


def test_depth():
    f = np.sin
    for order in range(6):
        f = grad(f)
        expected = [np.cos, lambda x: -np.sin(x), lambda x: -np.cos(x), np.sin][order % 4]
        assert f(0.7) == pytest.approx(expected(0.7), abs=1e-12)


def test_matrices():
    x = np.array([0.5, 1.0, 2.0])
    A = np.arange(12.0).reshape(4, 3)
    for mode in ("auto", "forward", "reverse"):
        np.testing.assert_allclose(ad.jacobian(lambda v: A @ v, mode=mode)(x), A)
    assert ad.jacobian(lambda v: v[:2, None] * v)(x).shape == (2, 3, 3)
    assert ad.jacobian(np.sin)(0.5) == pytest.approx(np.cos(0.5))
    assert [j.shape for j in ad.jacobian(lambda a, b: a * b, (0, 1))(x, 2.0)] == [(3, 3), (3,)]
    assert ad.jacobian(lambda v: v, mode="forward")(np.zeros(0)).shape == (0, 0)
    H = ad.hessian(lambda v: np.sum(v**3) + v[0] * v[1])(x)
    np.testing.assert_allclose(H, np.diag(6 * x) + np.array([[0, 1, 0], [1, 0, 0], [0, 0, 0]]))
    product = ad.hessian_vector_product(lambda v: np.sum(v**3) + v[0] * v[1])(x, np.ones(3))
    np.testing.assert_allclose(product, H.sum(1))
    tree = {"a": x, "b": 2.0}
    hv = ad.hessian_vector_product(lambda p: np.sum(p["a"] ** 2) * p["b"])(tree, {"a": x, "b": 0.0})
    np.testing.assert_allclose(hv["a"], 4 * x)


def test_pullback_many_times():
    _y, pullback = vjp(lambda x: x**2, np.array([1.0, 2.0]))
    for _ in range(3):
        assert pullback(np.array([1.0, 1.0]))[0].tolist() == [2, 4]
    (outer,) = vjp(lambda d: pullback(d)[0], np.ones(2))[1](np.ones(2))
    assert outer.tolist() == [2, 4]


def test_outputs_in_containers():
    y, pullback = vjp(lambda x: {"s": np.sum(x), "p": (x * 2, 5.0)}, np.ones(2))
    assert y["s"] == 2
    assert y["p"][1] == 5.0
    (g,) = pullback({"s": 1.0, "p": (np.array([1.0, 0.0]), 0.0)})
    assert g.tolist() == [3, 1]


def test_stop_gradient_and_value_of():
    seen = []

    def f(x):
        seen.append(ad.value_of(x))
        return np.sum(x * ad.stop_gradient({"x": x})["x"])

    assert grad(f)(np.ones(2)).tolist() == [1, 1]
    assert isinstance(seen[0], np.ndarray)
    assert not seen[0].flags.writeable
    assert ad.value_of(3) == 3


def test_flatten():
    params = {"w": np.eye(2, dtype=np.float32), "b": 1.5, "n": None}
    vector, unflatten = ad.flatten(params)
    again = pickle.loads(pickle.dumps(unflatten))(vector)
    assert again["w"].dtype == np.float32
    assert again["b"] == 1.5
    assert again["n"] is None
    g = grad(lambda v: np.sum(unflatten(v)["w"] ** 2) * unflatten(v)["b"])(vector.astype(float))
    assert g.tolist() == [3, 0, 0, 3, 2]
    with pytest.raises(ValueError, match=r"shape \(3,\), expected \(5,\)"):
        unflatten(np.zeros(3))


def test_with_scipy():
    from scipy.optimize import minimize, rosen

    def f(x):
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    x0 = np.array([1.3, 0.7, 0.8])
    assert f(x0) == pytest.approx(rosen(x0))
    found = minimize(value_and_grad(f), x0, jac=True, method="BFGS")
    np.testing.assert_allclose(found.x, 1, atol=1e-4)
    found = minimize(f, x0, jac=grad(f), hess=ad.hessian(f), method="Newton-CG")
    np.testing.assert_allclose(found.x, 1, atol=1e-4)


def _square(x):
    return np.sum(x**2)


@pytest.mark.parametrize(
    "make", [grad, value_and_grad, ad.jacobian, ad.hessian, ad.hessian_vector_product]
)
def test_pickle(make):
    f = make(_square)
    again = pickle.loads(pickle.dumps(f))
    args = (np.ones(2), np.ones(2)) if make is ad.hessian_vector_product else (np.ones(2),)
    assert repr(again) == repr(f)
    np.testing.assert_equal(again(*args), f(*args))


def test_check_finite_names_the_place():
    def f(x):
        return np.sum(np.sqrt(x) * 0.0)

    with np.errstate(all="ignore"):
        assert np.isnan(grad(f)(np.array([0.0]))).all()
    with (
        ad.check_finite(),
        pytest.raises(FloatingPointError, match=r"np.sqrt .* at .*test_tr.*:\d+"),
    ):
        grad(f)(np.array([0.0]))


def test_integers_that_dtype_asks_for_are_constant():
    x = np.array([1.5, 2.5, -0.5])
    assert grad(lambda v: np.sum(v, dtype=int) * v[0])(x).tolist() == [3, 0, 0]
    assert grad(lambda v: np.cumsum(v, dtype=int) @ v)(x).tolist() == [1, 3, 3]
    assert grad(lambda v: np.mean(v, dtype=int) * v[1])(x).tolist() == [0, 1, 0]
