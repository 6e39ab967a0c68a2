"""How long something takes, and rows in processes of their own, which may fail or be cut off."""

from __future__ import annotations

import multiprocessing
import statistics
import time
import traceback
from collections.abc import Callable, Iterator

BLOCK_SECONDS = 0.15
N_BLOCKS = 7

Found = float | str  # milliseconds, or what went wrong
Sides = Callable[[], Iterator[tuple[str, Callable[[], float]]]]


def milliseconds(run: Callable[[int], None], *, most: int = 1 << 20) -> float:
    """Of one of the `count` that run(count) does and waits for: the median of some blocks."""
    run(3)
    count = 4
    while True:
        start = time.perf_counter()
        run(count)
        seconds = time.perf_counter() - start
        if seconds > BLOCK_SECONDS / 2 or count >= most:
            break
        count = min(most, 2 * count)
    count = max(1, min(most, round(count * BLOCK_SECONDS / seconds)))
    blocks = []
    for _ in range(N_BLOCKS):
        start = time.perf_counter()
        run(count)
        blocks.append(1e3 * (time.perf_counter() - start) / count)
    return statistics.median(blocks)


def apart(sides: Sides, limit: float) -> dict[str, Found]:
    """What each side takes, measured in a process of its own that ends after `limit` seconds.

    This process must not have used CUDA: it is forked, so that PyTorch is imported once.
    """
    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe(duplex=False)
    process = fork.Process(target=_send, args=(sides, there))
    process.start()
    there.close()
    found: dict[str, Found] = {}
    end = time.monotonic() + limit
    try:
        while here.poll(max(0.0, end - time.monotonic())):
            name, value = here.recv()
            found[name] = value
        found["time"] = f"over {limit:.0f} s: the rest was left out"
    except EOFError:
        process.join(5)
        if process.exitcode:
            found["process"] = f"ended with {process.exitcode}"
    if process.is_alive():
        process.kill()
    process.join()
    return found


def _send(sides: Sides, pipe) -> None:
    try:
        for name, side in sides():
            try:
                pipe.send((name, side()))
            except Exception as error:
                traceback.print_exc()
                pipe.send((name, f"{type(error).__name__}: {error}"))
    finally:
        pipe.close()
