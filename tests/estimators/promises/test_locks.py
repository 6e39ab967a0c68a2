"""Locks are left open by interrupts and forks."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any

import pytest

from fastdl._locks import ForkSafeLock


def is_open(lock: ForkSafeLock) -> bool:
    """Whether another thread gets it."""

    def attempt() -> bool:
        if got := lock.acquire(blocking=False):
            lock.release()
        return got

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(attempt).result()


def test_an_interrupt_on_the_way_in_or_out_leaves_it_open() -> None:
    def interrupt(frame: FrameType, event: str, arg: Any) -> None:
        if frame.f_code.co_name in ("__enter__", "__exit__"):
            raise KeyboardInterrupt

    lock, before = ForkSafeLock(), sys.gettrace()
    sys.settrace(interrupt)
    try:
        with lock:
            pass
    except KeyboardInterrupt:
        pass
    finally:
        sys.settrace(before)
    assert is_open(lock)


def test_it_is_re_entrant_and_known_to_its_thread() -> None:
    lock = ForkSafeLock()
    assert not lock.is_mine()
    with lock:
        with lock:
            assert lock.is_mine()
        assert lock.is_mine()
        assert not is_open(lock)
    assert not lock.is_mine()
    assert is_open(lock)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_finds_it_open_but_where_it_holds_it() -> None:
    held, mine = ForkSafeLock(), ForkSafeLock()
    inside, done = threading.Event(), threading.Event()

    def hold() -> None:
        with held:
            inside.set()
            done.wait()

    thread = threading.Thread(target=hold)
    thread.start()
    inside.wait()
    with mine:
        child = os.fork()
        if child == 0:
            os._exit(0 if held.acquire(blocking=False) and mine.is_mine() else 1)
        _, status = os.waitpid(child, 0)
    done.set()
    thread.join()
    assert status == 0
    assert is_open(held)
    assert is_open(mine)
