"""The transformations: containers, types, nesting, threads, memory."""

import contextlib
import copy
import gc
import pickle
import subprocess
import sys
import threading
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


def test_own_rule():
    def clipped(x):
        return np.minimum(x, 1.0)

    straight = ad.rule(clipped, vjp=lambda dy, y, x: dy, jvp=lambda tangents, y, x: tangents[0])
    assert grad(lambda x: np.sum(straight(x)))(np.array([0.5, 3.0])).tolist() == [1, 1]
    assert jvp(straight, (np.array([0.5, 3.0]),), (np.ones(2),))[1].tolist() == [1, 1]
    assert straight(2.0) == 1.0
    only_reverse = ad.rule(clipped, vjp=lambda dy, y, x: dy)
    with pytest.raises(NotImplementedError, match="clipped has no rule for forward mode"):
        jvp(only_reverse, (1.0,), (1.0,))
    product = ad.rule(lambda a, b: a * b, vjp=lambda dy, y, a, b: (dy * b, dy * a))
    assert grad(grad(lambda x: product(x, x)))(3.0) == 2.0


def test_checkpoint_takes_keywords():
    f = ad.checkpoint(lambda v, *, scale: np.sin(v * scale))
    x = np.array([0.5, 1.0])
    assert grad(lambda v: np.sum(f(v, scale=2.0)))(x).tolist() == (2 * np.cos(2 * x)).tolist()
    np.testing.assert_array_equal(f(x, scale=2.0), np.sin(2 * x))
    with pytest.raises(RuntimeError, match="not among its arguments"):
        grad(lambda v: np.sum(f(v, scale=v)))(x)


def test_checkpoint_gives_the_same():
    calls = []

    def block(x, w):
        calls.append(1)
        return {"h": np.tanh(x @ w["w"]), "n": np.sum(x)}

    def loss(w, block):
        h = np.ones((2, 3))
        for _ in range(3):
            out = block(h, w)
            h = out["h"] * out["n"]
        return np.sum(h**2)

    w = {"w": np.eye(3) * 0.3}
    plain = grad(loss)(w, block)["w"]
    calls.clear()
    cheap = grad(loss)(w, ad.checkpoint(block))["w"]
    np.testing.assert_allclose(cheap, plain, rtol=1e-12)
    assert len(calls) == 6
    direction = {"w": np.ones((3, 3))}
    np.testing.assert_allclose(
        jvp(lambda p: loss(p, ad.checkpoint(block)), (w,), (direction,))[1],
        jvp(lambda p: loss(p, block), (w,), (direction,))[1],
    )


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


def test_threads():
    x = np.linspace(0, 1, 50)
    expected = grad(lambda x: np.sum(np.tanh(x) ** 2))(x)
    wrong = []

    def work():
        for _ in range(50):
            g = grad(lambda x: np.sum(np.tanh(x) ** 2))(x)
            wrong.extend([1] * (not np.array_equal(g, expected)))

    threads = [threading.Thread(target=work) for _ in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert not wrong


def _growth(f):
    for _ in range(100):  # Python's own free lists and caches fill first
        f()
    before = sys.getallocatedblocks()
    for _ in range(100):
        f()
    return sys.getallocatedblocks() - before


def _failing(x):
    y = np.exp(x) @ x
    raise KeyError(float(ad.value_of(y)))


def _fails():
    with contextlib.suppress(KeyError):
        grad(_failing)(np.ones(3))


def _rows(x):
    y = np.zeros_like(x)
    for i in range(len(x)):
        y[i] += x[i] * 2
    return y


USES = {
    "gradient": lambda: grad(lambda x: np.sum(np.sin(x) * x[0]))(np.ones(3)),
    "failed": _fails,
    "unused_pullback": lambda: vjp(lambda x: np.tanh(x) * 2, np.ones(3)),
    "hessian": lambda: ad.hessian(lambda x: np.sum(x**3))(np.ones(3)),
    "views": lambda: grad(lambda x: np.sum(x.T * x.reshape(2, 2)))(np.ones((2, 2))),
    "in_place": lambda: grad(lambda x: np.sum(_rows(x)))(np.ones((4, 2))),
    "checkpoint": lambda: grad(lambda x: np.sum(ad.checkpoint(np.tanh)(x)))(np.ones(3)),
}


@pytest.mark.share(3)
@pytest.mark.parametrize("use", USES)
def test_nothing_is_left_for_the_collector(use):
    gc.collect()
    gc.disable()
    try:
        assert _growth(USES[use]) < 30
    finally:
        gc.enable()


@pytest.mark.slow
@pytest.mark.parametrize("fate", ["finished", "failed", "dropped"])
def test_a_million_operations(fate):
    def f(x):
        for _ in range(1_000_000):
            x = x * 1.0000001
        if fate == "failed":
            raise KeyError
        return x

    if fate == "finished":
        assert grad(f)(1.0) == pytest.approx(np.exp(0.1), rel=1e-6)
    elif fate == "failed":
        with pytest.raises(KeyError):
            grad(f)(1.0)
    else:
        vjp(f, 1.0)


def test_copies():
    x = np.array([1.0, 2.0])
    assert grad(lambda v: np.sum(copy.copy(v) * v))(x).tolist() == [2, 4]
    assert grad(lambda v: np.sum(copy.deepcopy({"a": [v]})["a"][0] * v))(x).tolist() == [2, 4]

    def f(v):
        y = copy.deepcopy(v)
        y[0] = 0.0
        return np.sum(y * v)

    assert grad(f)(x).tolist() == [0, 4]


def test_integers_that_dtype_asks_for_are_constant():
    x = np.array([1.5, 2.5, -0.5])
    assert grad(lambda v: np.sum(v, dtype=int) * v[0])(x).tolist() == [3, 0, 0]
    assert grad(lambda v: np.cumsum(v, dtype=int) @ v)(x).tolist() == [1, 3, 3]
    assert grad(lambda v: np.mean(v, dtype=int) * v[1])(x).tolist() == [0, 1, 0]


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_check_gradients_at_any_scale(scale):
    x = np.array([0.5, -1.5, 2.0])
    ad.check_gradients(lambda v: np.sum((scale * v) ** 3), (x,))
    wrong = ad.rule(lambda v: v**3, vjp=lambda dy, y, v: 2.99 * dy * v**2)
    with pytest.raises(AssertionError, match="first derivative"):
        ad.check_gradients(lambda v: np.sum(scale * wrong(v)), (x,), modes=("reverse",), order=1)


def test_import_loads_nothing_else():
    """No layers, no SciPy; `fastdl` alone does not load it, and finds it when it is asked."""
    code = (
        "import sys, fastdl; assert 'fastdl.autodiff' not in sys.modules;"
        "import fastdl.autodiff; fastdl.autodiff.grad(lambda v: v * v)(2.0);"
        "others = {'scipy', 'sklearn', 'numpy.ma', 'fastdl.layers', 'fastdl.data'};"
        "print(sorted(others & set(sys.modules)))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
    code = "import fastdl; print(fastdl.autodiff.grad(lambda v: v * v)(2.0))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "4.0"
