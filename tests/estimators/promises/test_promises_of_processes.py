"""Processes, threads and memory, for every estimator of the package."""

import copy
import ctypes
import gc
import os
import pickle
import select
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from promised_cases import is_text, promised, same

from promises import (
    Case,
    answers,
    facts,
    gone_on,
)

pytestmark = [
    pytest.mark.share(24),
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),
]


LIBC = ctypes.CDLL(None)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork()")
@promised()
def test_fork(case: Case) -> None:
    """A child predicts and fits as its parent does, also where that had threads."""
    estimator = case.fitted(n_jobs=2)
    said = answers(estimator, case.X)
    expected = hash_of(said, gone_on(copy.deepcopy(estimator), case))

    def child() -> bytes:
        return hash_of(answers(estimator, case.X), gone_on(estimator, case))

    assert in_a_child(child) == expected


def hash_of(*values: Any) -> bytes:
    import hashlib

    return hashlib.sha256(pickle.dumps([facts(value) for value in values])).digest()


def in_a_child(work: Callable[[], bytes], timeout: float = 60.0) -> bytes:
    """What work gives in a forked process; b"" if it raises or hangs."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            os.write(writer, work())
        finally:
            os._exit(0)
    os.close(writer)
    try:
        ready, _, _ = select.select([reader], [], [], timeout)
        return os.read(reader, 64) if ready else b""
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(reader)


@promised()
def test_first_predictions_from_8_threads(case: Case) -> None:
    fitted = case.fitted()
    said, state = facts(answers(fitted, case.X)), pickle.dumps(fitted)
    for _ in range(3):
        estimator, start = pickle.loads(state), threading.Barrier(8)
        found: list[Any] = []

        def predict(e: Any = estimator, start: Any = start, found: Any = found) -> None:
            start.wait()
            found.append(facts(answers(e, case.X)))

        threads = [threading.Thread(target=predict) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert found == [said] * 8
        assert same(estimator, fitted)


@promised()
def test_fits_in_8_threads(case: Case) -> None:
    """Estimators that are fitted at the same time do not know of each other."""
    expected = facts(case.fitted())
    found: list[Any] = []
    threads = [
        threading.Thread(target=lambda: found.append(facts(case.fitted()))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 8


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(LIBC, "mallinfo2"), reason="asks glibc what is allocated")
@promised()
def test_no_growth_over_200_fits(case: Case) -> None:
    """Neither in C++ nor in Python: counted, as resident memory comes and goes in large pieces."""
    few = (case.X[:20],) if is_text(case) else case.part(range(9))
    estimator = case.new(n_jobs=1, max_epochs=1, max_iter=1, n_iter=1)
    for _ in range(10):
        estimator.fit(*few)
    for _ in range(4):  # something else may be allocated once, a leak is there each time
        bytes_before, objects_before = allocated()
        for _ in range(50):
            estimator.fit(*few)
        bytes_after, objects_after = allocated()
        grown = bytes_after - bytes_before, objects_after - objects_before
        if grown[0] < 5_000 and grown[1] < 250:  # 100 bytes and 5 objects for each fit
            return
    pytest.fail(f"bytes and objects that 50 of 200 fits leave behind: {grown}")


class MallocInfo(ctypes.Structure):
    """See mallinfo2(3)."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            *("arena", "ordblks", "smblks", "hblks", "hblkhd"),
            *("usmblks", "fsmblks", "uordblks", "fordblks", "keepcost"),
        )
    ]


def allocated() -> tuple[int, int]:
    """Bytes taken from malloc, and Python's blocks."""
    gc.collect()
    LIBC.mallinfo2.restype = MallocInfo
    info = LIBC.mallinfo2()
    return info.uordblks + info.hblkhd, sys.getallocatedblocks()
