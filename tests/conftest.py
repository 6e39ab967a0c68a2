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


@pytest.fixture(autouse=True)
def numpys_own_generator() -> None:
    """Estimators without a random_state draw from it: the same numbers, whatever ran before."""
    np.random.seed(0)  # noqa: NPY002


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick",
        action="store_true",
        help="one backend, float64, no estimator checks of scikit-learn, nothing marked slow",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--quick"):
        left_out = [item for item in items if not _is_quick(item)]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if _is_quick(item)]


def _is_quick(item: pytest.Item) -> bool:
    params = item.callspec.params if hasattr(item, "callspec") else {}
    return (
        params.get("backend", BACKENDS[0]) == BACKENDS[0]
        and params.get("dtype", "float64") == "float64"
        and "check" not in params
        and item.get_closest_marker("slow") is None
    )
