"""Where the time of a training step on a GPU goes, kernel by kernel.

`python -m peers.cuda.profile [WORDS]` in benchmarks/, for the nets whose names have WORDS in them;
PyTorch's profiler sees the kernels of the whole process.
"""

import re
import sys

import numpy as np
import torch
from torch.profiler import ProfilerActivity, profile

from peers.cuda.nets import LARGE, ROWS
from peers.cuda.ours import N_BATCHES, data, made

STEPS = 64


def kernels(name: str, precision: str) -> None:
    """Print the microseconds of a step, by kernel."""
    net = LARGE if name == "Update" else ROWS[name].net
    program = made(net, precision, False)
    X, y = data(net, N_BATCHES * net.batch)
    order = np.resize(np.arange(len(X)), STEPS * net.batch)
    rates = np.array([net.rate])
    program.train_epoch(X, y, order, rates, version=1)
    with profile(activities=[ProfilerActivity.CUDA]) as found:
        program.train_epoch(X, y, order, rates, version=1)
        torch.cuda.synchronize()
    rows = sorted(found.key_averages(), key=lambda row: -row.device_time_total)
    total = sum(row.device_time_total for row in rows) / STEPS
    count = sum(row.count for row in rows) / STEPS
    print(f"== {name} {precision}: {total:.1f} us in kernels, {count:.1f} of them", flush=True)
    for row in rows[:22]:
        print(f"  {row.device_time_total / STEPS:8.2f} {row.count / STEPS:5.1f}  {_short(row.key)}")


def _short(key: str) -> str:
    key = re.sub(r"fastdl::\w+::|\(anonymous namespace\)::|void ", "", key)
    return key[:150]


if __name__ == "__main__":
    wanted = " ".join(sys.argv[1:]).lower()
    for each in [*ROWS, "Update"]:
        if wanted in each.lower():
            kernels(each, "tf32")
