"""What single layers cost beside what the machine allows: `python -m peers.floors`.

A layer's time is the slope between a short and a long chain of it, so that neither the way in and
out nor the loss is counted. Its floor is the larger of operations over peak and bytes over
bandwidth, when every tensor, weights too, is read and written once.
"""

import argparse
import statistics
import time
from dataclasses import dataclass

import numpy as np

from fastdl import _core
from fastdl import layers as L
from fastdl.program import compile
from peers.peak import measure_bandwidth, measure_peak
from peers.torch_nets import TorchNet

BATCH, SHORT, LONG = 32, 2, 8


@dataclass(frozen=True)
class Row:
    layer: L.Layer  # its output has the shape of its input
    input_shape: tuple[int, ...]
    reads: int  # tensors of that shape read and written: forward
    backward_reads: int  # and backward


def conv(filters: int) -> L.Layer:
    return L.Conv2D(filters, 3, padding=1)


ROWS = {
    "dense 1024": Row(L.Dense(1024), (1024,), 2, 4),
    "dense 256": Row(L.Dense(256), (256,), 2, 4),
    "conv2d 3x3, 16 maps of 32x32": Row(conv(16), (32, 32, 16), 2, 4),
    "conv2d 3x3, 32 maps of 16x16": Row(conv(32), (16, 16, 32), 2, 4),
    "conv2d 3x3, 64 maps of 8x8": Row(conv(64), (8, 8, 64), 2, 4),
    "conv2d 3x3, 64 maps of 32x32": Row(conv(64), (32, 32, 64), 2, 4),
    "conv2d 3x3, 256 maps of 8x8": Row(conv(256), (8, 8, 256), 2, 4),
    "conv2d 5x5, 16 maps of 14x14": Row(L.Conv2D(16, 5, padding=2), (14, 14, 16), 2, 4),
    "conv2d 1x1, 64 maps of 8x8": Row(L.Conv2D(64, 1, padding=0), (8, 8, 64), 2, 4),
    "max_pool2d 3x3, 16 maps of 32x32": Row(L.MaxPool2D(3, 1, "same"), (32, 32, 16), 3, 3),
    "batch_norm, 16 maps of 32x32": Row(L.BatchNorm(), (32, 32, 16), 2, 3),
    "relu, 16 maps of 32x32": Row(L.Activation("relu"), (32, 32, 16), 2, 3),
    "gelu, 16 maps of 32x32": Row(L.Activation("gelu"), (32, 32, 16), 2, 3),
    "layer_norm 512": Row(L.LayerNorm(), (512,), 2, 3),
    "rnn 128, 50 steps": Row(L.RNN(128, return_sequences=True), (50, 128), 2, 4),
    "gru 128, 50 steps": Row(L.GRU(128, return_sequences=True), (50, 128), 2, 4),
    "lstm 128, 50 steps": Row(L.LSTM(128, return_sequences=True), (50, 128), 2, 4),
}


def chain(row: Row, count: int, threads: int):
    """A program of so many copies, and the two things to time: a step and a prediction."""
    copies = [row.layer.replace(name=f"copy_{i}") for i in range(count)]
    end = {1: [], 2: [L.LastStep()], 3: [L.GlobalAvgPool()]}[len(row.input_shape)]
    program = compile(
        [L.PReLU(), *copies, *end],  # something to learn before the first, or it would not go back
        row.input_shape,
        batch_size=BATCH,
        threads=threads,
        random_state=0,
        loss="squared_error",
        optimizer="sgd",
    )
    X = np.random.default_rng(0).standard_normal((BATCH, *row.input_shape), dtype=np.float32)
    y = np.zeros((BATCH, *program.output_shape), np.float32)
    order, rates = np.arange(BATCH), np.array([0.0])
    return (
        lambda: program.train_epoch(X, y, order, rates),
        lambda: program.forward(X, training=True),
    )


def seconds(runs, steps: int) -> list[float]:
    """Medians of the runs, interleaved."""
    times: list[list[float]] = [[] for _ in runs]
    for _ in range(steps + 3):
        for run, into in zip(runs, times, strict=True):
            start = time.perf_counter()
            run()
            into.append(time.perf_counter() - start)
    return [statistics.median(t[3:]) for t in times]


def flops(row: Row) -> float:
    """Of one batch forward, by the direct algorithm; 0 where no weights are multiplied."""
    layer = row.layer
    if isinstance(layer, (L.RNN, L.GRU, L.LSTM)):
        layer = layer.replace(return_sequences=False)  # the same work
    if not any(p.role == "weight" for p in compile([layer], row.input_shape).parameters):
        return 0.0
    return BATCH * TorchNet([layer], row.input_shape).flops


def n_parameters(row: Row) -> int:
    return sum(p.size for p in compile([row.layer], row.input_shape).parameters)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m peers.floors", description=__doc__)
    parser.add_argument("--rows", default="", help="only rows with this in their names")
    parser.add_argument("--steps", type=int, default=30)
    parser.add_argument("--threads", type=int, default=_core.max_threads())
    arguments = parser.parse_args()
    peak = measure_peak(arguments.threads)
    bandwidth = measure_bandwidth(arguments.threads)
    print(
        f"{arguments.threads} threads, {peak:.0f} GFLOP/s, {bandwidth:.0f} GB/s, batch {BATCH}, us"
    )
    print(f"{'layer':36}{'forward':>9}{'floor':>8}{'backward':>10}{'floor':>8}{'share':>7}")
    for name, row in ROWS.items():
        if arguments.rows.lower() not in name:
            continue
        few, many = (chain(row, n, arguments.threads) for n in (SHORT, LONG))
        step_few, forward_few, step_many, forward_many = seconds([*few, *many], arguments.steps)
        forward = (forward_many - forward_few) / (LONG - SHORT)
        backward = (step_many - step_few) / (LONG - SHORT) - forward
        size = 4 * BATCH * float(np.prod(row.input_shape))
        work, weights = flops(row), 4 * n_parameters(row)
        floor = max(work / peak, (row.reads * size + weights) / bandwidth) / 1e9
        backward_bytes = row.backward_reads * size + 4 * weights  # read, gradient, update
        backward_floor = max(2 * work / peak, backward_bytes / bandwidth) / 1e9
        share = (floor + backward_floor) / (forward + backward)
        us = [1e6 * t for t in (forward, floor, backward, backward_floor)]
        print(f"{name:36}{us[0]:9.1f}{us[1]:8.1f}{us[2]:10.1f}{us[3]:8.1f}{share:7.0%}", flush=True)


if __name__ == "__main__":
    main()
