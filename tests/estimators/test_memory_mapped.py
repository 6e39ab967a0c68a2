"""An X that is larger than the memory a fit may have is read from its file, batch by batch."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FEATURES, SIZE, LIMIT = 784, 60 << 20, 48 << 20  # bytes of X, and of memory for a fit
FITS = [
    "Autoencoder(8, max_epochs=1, batch_size=1000, corruption=0.1).fit(X).score(X)",
    "ConvAutoencoder([layers.Augment(shift=2, mixup=1), layers.Conv2D(1, 3, 4, 'same')], "
    "max_epochs=1, input_shape=(28, 28)).fit(X)",
    "MLPClassifier(8, max_iter=1, batch_size=1000).fit(X, y).predict(X)",
    "BernoulliRBM(8, n_iter=1, batch_size=20, verbose=1).fit(X).partial_fit(X[:50])",
    "ELMClassifier(8).fit(X, y)",
]

CHILD = f"""
import os, resource, sys, warnings
import numpy as np
import scipy.linalg
from fastdl import *

warnings.simplefilter("ignore")
X = np.memmap(sys.argv[1], sys.argv[2], "r").reshape(-1, {FEATURES})
y = np.arange(len(X)) % 3
few = np.zeros((20, {FEATURES}), X.dtype)
square = np.eye(300)
scipy.linalg.eigh(square @ square + 0.0)  # both BLAS libraries take their buffers
scipy.linalg.cho_factor(square)
hard = resource.getrlimit(resource.RLIMIT_DATA)[1]
sanitized = "asan" in os.environ.get("LD_PRELOAD", "")  # it needs room of its own
for fit in {FITS}:
    print(fit, flush=True)
    eval(fit, globals() | {{"X": few, "y": y[:20]}})  # imports, starts threads
    data = int(open("/proc/self/status").read().split("VmData:")[1].split()[0]) * 1024
    resource.setrlimit(resource.RLIMIT_DATA, (hard if sanitized else data + {LIMIT}, hard))
    eval(fit)
    resource.setrlimit(resource.RLIMIT_DATA, (hard, hard))
print("all done")
"""


@pytest.mark.share(2)
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_X_is_not_copied(dtype: str, tmp_path: Path) -> None:
    path = tmp_path / "X"
    path.touch()
    os.truncate(path, SIZE // (4 * FEATURES) * 4 * FEATURES)  # zeros, which take no room on disk
    command = [sys.executable, "-c", CHILD, str(path), dtype]
    child = subprocess.run(command, capture_output=True, text=True)
    assert child.stdout.endswith("all done\n"), child.stdout + child.stderr
