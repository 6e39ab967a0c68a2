"""Rules of one's own, checkpoints, and check_gradients."""

import numpy as np
import pytest

from fastdl import autodiff as ad
from fastdl.autodiff import grad, jvp


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


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_check_gradients_at_any_scale(scale):
    x = np.array([0.5, -1.5, 2.0])
    ad.check_gradients(lambda v: np.sum((scale * v) ** 3), (x,))
    wrong = ad.rule(lambda v: v**3, vjp=lambda dy, y, v: 2.99 * dy * v**2)
    with pytest.raises(AssertionError, match="first derivative"):
        ad.check_gradients(lambda v: np.sum(scale * wrong(v)), (x,), modes=("reverse",), order=1)
