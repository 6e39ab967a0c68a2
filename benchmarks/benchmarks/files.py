"""Model files: written, read, and mapped into memory."""

import io
import tempfile
from pathlib import Path
from typing import Any

import fastdl
from benchmarks.base import Benchmark
from fastdl import layers as L

SIZES = {"1 MB": 256, "100 MB": 5000}  # of two hidden layers, in units; files are in memory
READERS = {
    "load_network": lambda path: fastdl.load_network(path),
    "load_network, mmap": lambda path: fastdl.load_network(path, mmap=True),
    "load": lambda path: fastdl.load(path),
}


def network(units: int) -> fastdl.Network:
    layers = [L.Dense(units), L.Activation("relu"), L.Dense(units), L.Dense(10)]
    return fastdl.Network(layers, (64,), random_state=0)


class Save(Benchmark):
    cases = SIZES

    def prepare(self, units: int) -> None:
        self.network = network(units)

    def time_save(self, case: str) -> None:
        self.network.save(io.BytesIO())


class Load(Benchmark):
    cases = {f"{name}, {size}": (name, size) for name in READERS for size in SIZES}

    def prepare(self, case: Any) -> None:
        name, size = case
        self.read = READERS[name]
        self.folder = tempfile.TemporaryDirectory()
        self.path = Path(self.folder.name) / "model"
        network(SIZES[size]).save(self.path)

    def time_load(self, case: str) -> None:
        self.read(self.path)

    def teardown(self, case: str) -> None:
        self.folder.cleanup()


class Import:
    """A saved estimator asked once in a new process, with NumPy alone."""

    def timeraw_load_network(self) -> tuple[str, str]:
        code = "import fastdl\nfastdl.load_network(path).predict(np.zeros((1, 64), np.float32))"
        setup = (
            "import tempfile, numpy as np\nimport subprocess, sys\n"
            "path = tempfile.mktemp()\n"
            "make = 'import fastdl; from fastdl import layers as L; '\n"
            "make += f'fastdl.Network([L.Dense(10)], (64,)).save({path!r})'\n"
            "subprocess.run([sys.executable, '-c', make], check=True)"
        )
        return code, setup
