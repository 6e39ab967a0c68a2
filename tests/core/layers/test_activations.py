"""Activations far from zero: no overflow, no lost digits, NaN and infinity where they belong."""

import numpy as np
import pytest

import reference
from fastdl import layers as L
from programs import compiled

POINTS = np.array([0.0, 1e-30, 1e-8, 1e-3, 0.1, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 80.0, 300.0])
X = np.concatenate([-POINTS[::-1], POINTS, np.linspace(-9, 9, 301)]).astype(np.float32)
FUNCTIONS = [f for f in L.Activation.rules["function"].choices if f != "softmax"]
# Largest relative error; below the smallest normal number, and in gelu's tail, an absolute one.
RELATIVE = {"float32": 4e-6, "float64": 1e-13}
SMALLEST = {"float32": 2e-37, "float64": 1e-100}


def value(function: str, x: np.ndarray, backend: str, dtype: str) -> np.ndarray:
    program = compiled([L.Activation(function)], (1,), backend=backend, dtype=dtype, batch_size=512)
    return program.predict(x.astype(dtype)[:, None])[:, 0]


ABSOLUTE = {
    ("gelu", "float32"): 1e-7,
    ("gelu_tanh", "float32"): 1e-20,
    **{(f, "float64"): 1e-15 for f in ("hard_sigmoid", "hard_swish")},  # the line crosses 0 at -3
}


@pytest.mark.filterwarnings(
    *(f"ignore:{what} " for what in ("overflow", "underflow", "invalid value", "divide by zero"))
)
@pytest.mark.parametrize("function", FUNCTIONS)
def test_values(function: str, backend: str, dtype: str) -> None:
    alpha = L.Activation(function).to_dict()["alpha"]
    expected = reference.ACTIVATIONS[function](X.astype(np.float64), alpha)
    absolute = ABSOLUTE.get((function, dtype), SMALLEST[dtype])
    np.testing.assert_allclose(
        value(function, X, backend, dtype),
        expected.astype(dtype),
        rtol=RELATIVE[dtype],
        atol=absolute,
    )


LIMITS = {  # at -inf and +inf
    "identity": (-np.inf, np.inf),
    "sigmoid": (0.0, 1.0),
    "tanh": (-1.0, 1.0),
    "relu": (0.0, np.inf),
    "leaky_relu": (-np.inf, np.inf),
    "elu": (-1.0, np.inf),
    "selu": (-reference.SELU_SCALE * reference.SELU_ALPHA, np.inf),
    "softplus": (0.0, np.inf),
}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_limits_and_nan(function: str, backend: str, dtype: str) -> None:
    y = value(function, np.array([-np.inf, np.inf, np.nan]), backend, dtype)
    assert np.isnan(y[2])
    if function in LIMITS:  # x times something is NaN at -inf in gelu and swish, and may be
        np.testing.assert_allclose(y[:2], LIMITS[function], rtol=RELATIVE[dtype])


def test_softmax_of_large_numbers(backend: str, dtype: str) -> None:
    program = compiled([L.Activation("softmax")], (3,), backend=backend, dtype=dtype)
    y = program.predict(np.array([[1e4, 1e4, -1e4], [-1e4, -1e4, -1e4]], dtype))
    np.testing.assert_allclose(y, [[0.5, 0.5, 0.0], [1 / 3, 1 / 3, 1 / 3]], rtol=RELATIVE[dtype])


@pytest.mark.parametrize("piece", range(3))
def test_maxout_with_a_nan_among_its_pieces(piece: int, backend: str, dtype: str) -> None:
    program = compiled([L.Maxout(2, pieces=3)], (1,), backend=backend, dtype=dtype)
    program.set_parameter("maxout_1.bias", np.where(np.arange(6) == piece, np.nan, 0.0))
    y = program.predict(np.ones((5, 1), dtype))
    assert np.isnan(y[:, 0]).all()
    assert np.isfinite(y[:, 1]).all()
