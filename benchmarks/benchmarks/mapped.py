"""Fits on an X that is larger than the memory they may have, read from its file batch by batch."""

import os
import subprocess
import sys
import tempfile

from benchmarks.base import Benchmark

FEATURES = 784
SIZE, LIMIT = 128 << 20, 64 << 20  # bytes of X, and of memory for the fit
FITS = {
    "Autoencoder": "Autoencoder(64, max_epochs=1).fit(X)",
    "MLPClassifier": "MLPClassifier(64, max_iter=1).fit(X, y)",
    "BernoulliRBM": "BernoulliRBM(64, n_iter=1, batch_size=100).fit(X)",
    "ELMClassifier": "ELMClassifier(64).fit(X, y)",
}
CHILD = """
import resource, sys, threading, warnings
import numpy as np
from fastdl import *

def used(what):
    return int(open("/proc/self/status").read().split(what + ":")[1].split()[0]) * 1024

def watch():
    while not done.wait(0.005):
        peaks.append(used("RssAnon"))

warnings.simplefilter("ignore")
X = np.memmap(sys.argv[1], sys.argv[2], "r").reshape(-1, int(sys.argv[3]))
y = np.arange(len(X)) % 10
whole, X, y = (X, y), X[:256], y[:256]
exec(sys.argv[5])  # what libraries take once and keep, such as OpenBLAS its buffers
X, y = whole
resource.setrlimit(resource.RLIMIT_DATA, (used("VmData") + int(sys.argv[4]),) * 2)
before, peaks, done = used("RssAnon"), [0], threading.Event()
watcher = threading.Thread(target=watch)
watcher.start()
try:
    exec(sys.argv[5])
finally:
    done.set()
    watcher.join()
print((max(peaks) - before) / 2**20)
"""


class Mapped(Benchmark):
    """MiB of memory, the file's pages apart, that a fit takes; more than the limit is an error."""

    cases = {
        f"{name}, {dtype}": (fit, dtype)
        for name, fit in FITS.items()
        for dtype in ("uint8", "float32")
    }
    unit = "MiB"

    def prepare(self, case: tuple[str, str]) -> None:
        self.fit, self.dtype = case

    def track_peak(self, case: str) -> float:
        with tempfile.NamedTemporaryFile() as file:
            os.truncate(file.name, SIZE // (4 * FEATURES) * 4 * FEATURES)  # zeros, in no disk's way
            arguments = [file.name, self.dtype, FEATURES, LIMIT, self.fit]
            command = [sys.executable, "-c", CHILD, *map(str, arguments)]
            child = subprocess.run(command, capture_output=True, text=True)
        if child.returncode:
            raise MemoryError(child.stderr)
        return float(child.stdout)
