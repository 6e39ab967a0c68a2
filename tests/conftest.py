"""What every test may ask for."""

import gc
import os
import signal
import sys
from collections import Counter
from collections.abc import Generator, Iterator
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # some tests have more threads than cores
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # beside each other's workers they only spin

import numpy as np
import pytest

import backends
from each import Each, pytest_pyfunc_call
from fastdl import _core
from fastdl.functional import _device, _layer
from fastdl.program import gpus

__all__ = ["pytest_pyfunc_call"]  # a hook of pytest's that stands in each.py

BACKENDS = [b.name for b in _core.backends() if b.available]
# Those of the test build, and whose tests they run beside tests/cuda: what meets all of a program.
TEST_BACKENDS = backends.add()
ON_TEST_BACKENDS = {
    "test_activations",
    "test_boxes_in_batches",
    "test_losses",
    "test_losses_of_steps",
    "test_moved_targets",
    "test_penalties",
    "test_program",
    "test_rbm",
    "test_recurrent",
    "test_updates",
    "test_windows_of_steps",
}


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Each:
    """Each set of kernels that runs on this machine."""
    chosen = request.config.getoption("--backend")
    if chosen or request.config.getoption("--quick"):
        return Each(chosen or BACKENDS[:1])
    return Each(BACKENDS + (TEST_BACKENDS if request.path.stem in ON_TEST_BACKENDS else []))


@pytest.fixture
def dtype(request: pytest.FixtureRequest) -> Each:
    chosen = request.config.getoption("--dtype")
    if chosen or request.config.getoption("--quick"):
        return Each(chosen or ["float64"])
    return Each(["float32", "float64"])


@pytest.fixture
def emulated_gpu(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A GPU, emulated: its memory is hidden from the host, and streams work as late as they may."""
    test_backends = pytest.importorskip("fastdl._test_backends")
    module = backends.cuda_module()
    monkeypatch.setattr(gpus, "module", lambda: module)
    monkeypatch.setattr(gpus, "_backends", {})
    monkeypatch.setattr(gpus, "_users", [])
    test_backends.emulate(hide=True, late=True)
    yield
    _layer._of_thread.build.cache_clear()
    _device._of_thread.queues.clear()
    test_backends.emulate()


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(autouse=True)
def numpys_own_generator() -> None:
    """Estimators without a random_state draw from it: the same numbers, whatever ran before."""
    np.random.seed(0)  # noqa: NPY002


# No fixtures, which would take longer than many a test.
@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """No test sees a GPU, or leaves figures open."""
    with pytest.MonkeyPatch.context() as patch:
        if item.get_closest_marker("cuda") is None:  # whatever this machine has, and was built
            patch.setitem(sys.modules, "fastdl._cuda", None)
            patch.setattr(gpus, "_DRIVER", "/nowhere")
            patch.setattr(gpus, "_found", [])
        done = yield
    if "matplotlib.pyplot" in sys.modules:  # keeps figures until they are closed, and warns of many
        sys.modules["matplotlib.pyplot"].close("all")
    return done


@pytest.hookimpl(wrapper=True)
def pytest_report_to_serializable(
    report: pytest.CollectReport | pytest.TestReport,
) -> Generator[None, Any, Any]:
    """A worker sends three reports of each test: nobody reads the keywords of what has passed."""
    if report.passed and isinstance(report, pytest.TestReport):
        report.keywords = {}
    return (yield)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick",
        action="store_true",
        help="one backend, float64, no estimator checks of scikit-learn, nothing marked slow, "
        "of long tables a share",
    )
    parser.addoption("--backend", action="append", help="of the backends, this one alone")
    parser.addoption("--dtype", action="append", help="of float32 and float64, this one alone")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Items and modules stay to the end: no collection of garbage looks at them again."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


# Before pytest's own, which follows -k and -m: a share is the same whatever is left of it.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    on_gpus = "cuda" in config.option.markexpr
    quick = _Quick() if config.getoption("--quick") else None
    kept, left_out = [], []
    for item in items:
        marks = {mark.name: mark for mark in reversed([*item.iter_markers()])}
        takes = (on_gpus or "cuda" not in marks) and (quick is None or quick(item, marks))
        (kept if takes else left_out).append(item)
    config.hook.pytest_deselected(items=left_out)
    items[:] = kept


class _Quick:
    """Whether `make test-quick` takes an item, asked for in order.

    Of a test marked `share(n)` it takes every n-th case; the tests of a table begin at different
    cases, so that together they meet them all.
    """

    def __init__(self) -> None:
        self.begins: dict[str, int] = {}  # by test: where it begins
        self.seen: Counter[str] = Counter()

    def __call__(self, item: pytest.Item, marks: dict[str, pytest.Mark]) -> bool:
        params = item.callspec.params if hasattr(item, "callspec") else {}
        if "slow" in marks or "check" in params:  # of scikit-learn's
            return False
        if "share" not in marks or not params:
            return True
        test = item.nodeid.partition("[")[0]
        place = self.seen[test] + self.begins.setdefault(test, len(self.begins))
        self.seen[test] += 1
        return place % marks["share"].args[0] == 0


@pytest.fixture
def python_handles_ctrl_c() -> Iterator[None]:
    """Python's handler, also where a shell started us in the background with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
