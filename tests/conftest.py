"""What every test may ask for."""

import copy
import itertools
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from inspect import signature

os.environ.setdefault("OMP_WAIT_POLICY", "passive")  # some tests have more threads than cores

import numpy as np
import pytest

import backends
from each import Each
from fastdl import _core
from fastdl.program import gpus

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


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Call a test that takes `backend`, `dtype` or another `Each` with each of its values.

    They are no parameters of pytest's, which spends more on a test than most of these calls do. A
    failure says with which it failed; the others are met all the same.
    """
    each = {name: v for name, v in pyfuncitem.funcargs.items() if isinstance(v, Each)}
    if not each:
        return None
    given = {name: pyfuncitem.funcargs[name] for name in signature(pyfuncitem.obj).parameters}
    failures: dict[str, BaseException] = {}
    skipped: list[BaseException] = []
    combinations = list(itertools.product(*each.values()))
    for values in combinations:
        own = {k: copy.deepcopy(v) for k, v in given.items() if isinstance(v, np.random.Generator)}
        try:
            pyfuncitem.obj(**given | own | dict(zip(each, values, strict=True)))
        except pytest.skip.Exception as skip:
            skipped.append(skip)
        except (Exception, pytest.fail.Exception) as error:
            failures[", ".join(getattr(v, "__name__", v) for v in values)] = error
    for error in failures.values():  # the first stands for all
        error.add_note(f"It fails with {'; '.join(failures)}.")
        raise error
    if len(skipped) == len(combinations):
        raise skipped[0]
    return True


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(autouse=True)
def numpys_own_generator() -> None:
    """Estimators without a random_state draw from it: the same numbers, whatever ran before."""
    np.random.seed(0)  # noqa: NPY002


@pytest.fixture(autouse=True)
def no_gpu(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """But for tests marked cuda this is a machine without one, whatever it has, and was built."""
    if request.node.get_closest_marker("cuda"):
        return
    monkeypatch.setitem(sys.modules, "fastdl._cuda", None)
    monkeypatch.setattr(gpus, "_DRIVER", "/nowhere")
    monkeypatch.setattr(gpus, "_found", [])


@pytest.fixture(autouse=True)
def no_figure_stays_open() -> Iterator[None]:
    """Matplotlib keeps those of `pyplot` until they are closed, and warns of many."""
    yield
    if "matplotlib.pyplot" in sys.modules:
        sys.modules["matplotlib.pyplot"].close("all")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick",
        action="store_true",
        help="one backend, float64, no estimator checks of scikit-learn, nothing marked slow, "
        "of long tables a share",
    )
    parser.addoption("--backend", action="append", help="of the backends, this one alone")
    parser.addoption("--dtype", action="append", help="of float32 and float64, this one alone")


# Before pytest's own, which follows -k and -m: a share is the same whatever is left of it.
@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "cuda" not in config.option.markexpr:
        on_a_gpu = [item for item in items if item.get_closest_marker("cuda")]
        config.hook.pytest_deselected(items=on_a_gpu)
        items[:] = [item for item in items if not item.get_closest_marker("cuda")]
    if config.getoption("--quick"):
        in_share = _shares()
        quick = {item: _is_quick(item) and in_share(item) for item in items}
        config.hook.pytest_deselected(items=[item for item in items if not quick[item]])
        items[:] = [item for item in items if quick[item]]


def _is_quick(item: pytest.Item) -> bool:
    params = item.callspec.params if hasattr(item, "callspec") else {}
    return "check" not in params and item.get_closest_marker("slow") is None


def _shares() -> Callable[[pytest.Item], bool]:
    """Whether an item, asked for in order, is among every n-th case of a test marked `share(n)`.

    The tests of a table begin at different cases, so that together they meet them all.
    """
    begins: dict[str, int] = {}  # by test: where it begins
    seen: Counter[str] = Counter()

    def in_share(item: pytest.Item) -> bool:
        marker = item.get_closest_marker("share")
        if marker is None or not hasattr(item, "callspec"):
            return True
        test = item.nodeid.partition("[")[0]
        place = seen[test] + begins.setdefault(test, len(begins))
        seen[test] += 1
        return place % marker.args[0] == 0

    return in_share


@pytest.fixture
def python_handles_ctrl_c() -> Iterator[None]:
    """Python's handler, also where a shell started us in the background with SIGINT ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
