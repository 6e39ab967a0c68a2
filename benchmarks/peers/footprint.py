"""What a package costs before it computes: the time of its import, the memory of a fit.

`python -m peers.footprint SIDE ROW` trains for a moment and prints the process's peak memory.
"""

import subprocess
import sys
from pathlib import Path

import numpy as np

from peers.harness import Contest, repeated

STEPS = 20


def imports() -> Contest:
    """A process that imports the package and ends."""

    def start(package: str) -> None:
        subprocess.run([sys.executable, "-c", f"import {package}"], check=True)

    packages = {"fastdl": "fastdl", "numpy": "numpy", "scikit-learn": "sklearn", "torch": "torch"}
    sides = {side: repeated(lambda p=package: start(p)) for side, package in packages.items()}
    return Contest(sides, lambda: 0.0, 0.0)


def megabytes(row: str) -> dict[str, float]:
    """Peak memory of a process that trains the network, the package's own included."""
    found = {}
    for side in ("fastdl", "torch"):
        command = [sys.executable, "-m", "peers.footprint", side, row]
        found[side] = float(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    return found


def train(side: str, row: str) -> None:
    from benchmarks.nets import NETS

    net = NETS[row]
    X, y = net.data(net.batch)
    program = net.compile()
    if side == "fastdl":
        order = np.tile(np.arange(net.batch), STEPS)
        program.train_epoch(X, y, order, np.array([net.rate]))
        return
    from peers.steps import TorchStep

    step = TorchStep(net, program)
    del program
    for _ in range(STEPS):
        step()


if __name__ == "__main__":
    train(*sys.argv[1:])
    # not getrusage: its peak is inherited from the process that started this one
    status = Path("/proc/self/status").read_text()
    print(int(status.split("VmHWM:")[1].split()[0]) / 1024)
