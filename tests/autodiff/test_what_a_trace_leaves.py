"""Threads, memory and imports: what a trace leaves behind."""

import contextlib
import gc
import subprocess
import sys
import threading

import numpy as np
import pytest

from fastdl import autodiff as ad
from fastdl.autodiff import grad, vjp


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
