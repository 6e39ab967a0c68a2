"""What every test may ask for."""

import os

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # some tests have more threads than cores

import numpy as np
import pytest

from fastdl import _core

BACKENDS = [b.name for b in _core.backends() if b.available]


@pytest.fixture(params=BACKENDS)
def backend(request: pytest.FixtureRequest) -> str:
    """Each set of kernels that runs on this machine."""
    return request.param


@pytest.fixture(params=["float32", "float64"])
def dtype(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
