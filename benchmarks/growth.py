"""How time and memory grow with the work: `python -m growth` in benchmarks/ prints the tables.

One thread, processor time, the median of a few rounds. Each size has its time, and its time by unit
of work: where that stays, the cost grows as the arithmetic does.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

import fastdl
from benchmarks.nets import Net, conv, last_step, mlp
from fastdl import layers as L
from fastdl import optim

Run = Callable[[], object]


class Law(NamedTuple):
    """What grows, the sizes, how much work each is (and its unit), and what is run."""

    sizes: Sequence[int]
    work: Callable[[int], float]
    unit: str
    make: Callable[[int], Run]


def step(net: Net) -> Run:
    """One training step."""
    program, (X, y) = net.compile(1), net.data(net.batch)
    order, rates = np.arange(net.batch), np.array([net.rate])
    return lambda: program.train_epoch(X, y, order, rates)


def prediction(net: Net) -> Run:
    program, (X, _) = net.compile(1), net.data(net.batch)
    return lambda: program.predict(X)


def of(input_shape: tuple[int, ...], layers: list[L.Layer], batch: int) -> Net:
    return Net(input_shape, layers, batch, optim.Adam(), 1e-3)


def rows(n: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((n, 20), dtype=np.float32), rng.integers(3, size=n)


def fit(n: int) -> Run:
    """One epoch of a classifier, 20-100-3 in batches of 200."""
    X, y = rows(n)

    def run() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one epoch is not meant to converge
            fastdl.MLPClassifier(max_iter=1, n_jobs=1, random_state=0).fit(X, y)

    return run


def wide(n: int) -> Net:
    return of((64,), mlp(n, n, 10), 64)


def deep(n: int) -> Net:
    return of((64,), mlp(*[64] * n, 10), 64)


def long(n: int) -> Net:
    return of((n, 16), last_step(L.LSTM(32)), 8)


def large(n: int) -> Net:
    layers = [*conv(8), *conv(8), L.MaxPool2D(2), *conv(16), L.GlobalAvgPool(), L.Dense(10)]
    return of((n, n, 3), layers, 4)


def images(n: int) -> Net:
    layers = [*conv(8), L.MaxPool2D(2), *conv(16), L.GlobalAvgPool(), L.Dense(10)]
    return of((16, 16, 3), layers, n)


LAWS = {
    "rows, fit": Law([10**3, 10**4, 10**5, 10**6], lambda n: n, "row", fit),
    "width, step": Law(
        [16, 64, 256, 1024, 4096],
        lambda n: n * (n + 74),
        "weight",
        lambda n: step(wide(n)),
    ),
    "depth, step": Law([2, 8, 32, 128, 200], lambda n: n, "layer", lambda n: step(deep(n))),
    "length, step": Law([10, 100, 1000, 10_000], lambda n: n, "time step", lambda n: step(long(n))),
    "side, step": Law(
        [8, 16, 32, 64, 128, 256, 512], lambda n: n * n, "pixel", lambda n: step(large(n))
    ),
    "side, predict": Law(
        [8, 16, 32, 64, 128, 256, 512], lambda n: n * n, "pixel", lambda n: prediction(large(n))
    ),
}
BATCHES = {
    "mlp, step": lambda n: step(of((64,), mlp(128, 10), n)),
    "convolutions, step": lambda n: step(images(n)),
    "convolutions, predict": lambda n: prediction(images(n)),
    "lstm, step": lambda n: step(of((20, 16), last_step(L.LSTM(32)), n)),
}


def seconds(run: Run, rounds: int) -> float:
    """Of one run: the median of rounds of at least 20 ms."""
    run()
    start = time.process_time()
    run()
    count = max(1, round(0.02 / max(1e-6, time.process_time() - start)))
    times = []
    for _ in range(rounds):
        start = time.process_time()
        for _ in range(count):
            run()
        times.append((time.process_time() - start) / count)
    return statistics.median(times)


def megabytes_beside_rows(n: int) -> float:
    """The most that a fit of n rows takes beside X and y, in a process of its own."""
    code = f"import growth, json; print(json.dumps(growth.taken_by_fit({n})))"
    out = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)


def taken_by_fit(n: int) -> float:
    fit(100)()  # what is taken once
    run = fit(n)
    Path("/proc/self/clear_refs").write_text("5")  # the peak from here on
    before = _resident("VmRSS")
    run()
    return (_resident("VmHWM") - before) / 1024


def _resident(what: str) -> int:
    line = next(s for s in Path("/proc/self/status").read_text().splitlines() if s.startswith(what))
    return int(line.split()[1])  # kB


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m growth", description=__doc__)
    parser.add_argument("--rows", default="", help="only what has this in its name")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    print("| what grows | sizes | ms | by unit |\n| --- | --- | --- | --- |")
    for name, law in LAWS.items():
        if arguments.rows in name:
            ms = [1e3 * seconds(law.make(n), arguments.rounds) for n in law.sizes]
            each = [1e6 * t / law.work(n) for t, n in zip(ms, law.sizes, strict=True)]
            cells = (_list(law.sizes), _list(ms), f"{_list(each)} ns a {law.unit}")
            print(f"| {name} | {' | '.join(cells)} |", flush=True)
    if arguments.rows in "memory of rows, fit":
        sizes = LAWS["rows, fit"].sizes
        cells = (_list(sizes), "", f"{_list([megabytes_beside_rows(n) for n in sizes])} MB")
        print(f"| memory beside X and y | {' | '.join(cells)} |", flush=True)
    sizes = range(1, 65)
    print(f"\n| batch | {' | '.join(map(str, SHOWN))} | dearer than a larger one |")
    print(f"|{' --- |' * (len(SHOWN) + 2)}")
    for name, make in BATCHES.items():
        if arguments.rows in f"batch {name}":
            us = {n: 1e6 * seconds(make(n), arguments.rounds) for n in sizes}
            worst = max(sizes, key=lambda n: us[n] / min(us[m] for m in sizes if m >= n))
            excess = us[worst] / min(us[m] for m in sizes if m >= worst)
            cells = [f"{us[n]:.3g}" for n in SHOWN]
            print(f"| {name}, us | {' | '.join(cells)} | {worst}: {excess:.2f} |", flush=True)


SHOWN = (1, 2, 4, 5, 8, 12, 16, 17, 24, 32, 33, 48, 64)


def _list(numbers: Sequence[float]) -> str:
    return ", ".join(f"{n:,.0f}" if n >= 1000 else f"{n:.3g}" for n in numbers)


if __name__ == "__main__":
    main()
