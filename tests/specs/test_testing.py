"""fastdl.testing finds wrong gradients, and says where."""

import re

import numpy as np
import pytest
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl.testing import check_gradients, check_program_gradients
from programs import compiled, sample

Array = NDArray[np.float64]


def outer(x: Array, w: Array, scale: float = 1.0) -> Array:
    return scale * x[:, None] * w[None, :] ** 2


def outer_backward(dy: Array, x: Array, w: Array, scale: float = 1.0) -> tuple[Array, Array]:
    return scale * dy @ w**2, scale * 2 * w * (x @ dy)


X, W = sample((4,)), sample((3,), 1)


def test_right_gradients_pass() -> None:
    check_gradients(outer, (X, W))
    check_gradients(outer, (X, W), options={"scale": 3.0})
    check_gradients(outer, (X.astype(np.float32), list(W)))
    check_gradients(np.sin, (X,), backward=lambda dy, x: dy * np.cos(x))
    check_gradients(lambda x, i: (x[i], "more"), (X, [2, 0]), backward=scatter)


def scatter(dy: Array, x: Array, i: NDArray[np.int64]) -> Array:
    dx = np.zeros_like(x)
    dx[i] = dy
    return dx


def test_a_wrong_gradient_is_named() -> None:
    def backward(dy: Array, x: Array, w: Array) -> tuple[Array, Array]:
        dx, dw = outer_backward(dy, x, w)
        dw[2] += 0.5
        return dx, dw

    text = (
        r"outer: gradient of argument 1 at index \(2,\): backward gives (\S+), central differences "
        r"give (\S+) \(1 of 3 elements are off by more than \S+\)\."
    )
    with pytest.raises(AssertionError, match=text) as caught:
        check_gradients(outer, (X, W), backward=backward)
    found = re.match(text, str(caught.value))
    assert found is not None
    assert float(found[1]) - float(found[2]) == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_nan_is_wrong(wrong: float) -> None:
    with pytest.raises(AssertionError, match=r"argument 0 at index \(1,\)"):
        check_gradients(
            np.sin, (X,), backward=lambda dy, x: np.where(np.arange(4) == 1, wrong, dy * np.cos(x))
        )
    with pytest.raises(AssertionError, match="4 of 4 elements"):
        check_gradients(lambda x: x * wrong, (X,), backward=lambda dy, x: dy)


def test_shapes_and_absences() -> None:
    with pytest.raises(AssertionError, match=r"argument 0 has shape \(1, 4\); expected \(4,\)"):
        check_gradients(np.sin, (X,), backward=lambda dy, x: (dy * np.cos(x))[None])
    with pytest.raises(TypeError, match="has no sample_backward; give one by backward="):
        check_gradients(sample, ((3,),))
    with pytest.raises(TypeError, match="its backward gave no gradient to check"):
        check_gradients(outer, (X, W), backward=lambda dy, x, w: (None, None))


def test_only_some_elements() -> None:
    calls = []

    def square(x: Array) -> Array:
        calls.append(None)
        return x**2

    big = sample((1000,))
    check_gradients(square, (big,), backward=lambda dy, x: 2 * x * dy, max_elements=5)
    assert len(calls) == 1 + 2 * 5


def test_programs() -> None:
    layers = [L.Dense(4, trainable=False), L.Activation("tanh"), L.Dense(2, name="head")]
    program = compiled(layers, (3,), dtype="float64", input_gradient=True)
    weights = program.get_weights()
    check_program_gradients(program, sample((5, 3)))
    np.testing.assert_array_equal(program.get_weights(), weights)

    class Wrong:
        """The same program but for one gradient."""

        def __getattr__(self, name: str) -> object:
            return getattr(program, name)

        def get_gradient(self, name: str) -> Array:
            return program.get_gradient(name) * (1.001 if name == "head.bias" else 1.0)

    with pytest.raises(AssertionError, match=r"gradient of 'head.bias' at index \(\d,\)"):
        check_program_gradients(Wrong(), sample((5, 3)))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="computes in float32; compile it with dtype='float64'"):
        check_program_gradients(compiled(layers, (3,)), sample((5, 3)))
