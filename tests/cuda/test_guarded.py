"""The guarded backend itself: a host that touches a value ends with SIGSEGV, and kernels do not."""

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("fastdl._test_backends")

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import ctypes
import numpy as np
import backends
from fastdl import _core, _test_backends, layers as L
backends.add()
program = _core.Program(
    L.to_dict([L.Dense(3)]), (5,), batch_size=4, backend=sys.argv[2], dtype="float32"
)
print(program.forward(np.ones((4, 5), np.float32), training=False).shape, flush=True)
if sys.argv[3] == "touch":
    ctypes.c_float.from_address(_test_backends.guarded_address()).value = 1.0
print("done")
"""


@pytest.mark.parametrize("what", ["leave", "touch"])
def test_a_host_that_touches_values(what: str) -> None:
    tests = str(Path(__file__).parents[1])
    command = [sys.executable, "-c", PROGRAM, tests, "cpu:guarded", what]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout.startswith("(4, 3)"), done.stderr
    assert done.returncode == (-11 if what == "touch" else 0), done.stderr  # SIGSEGV
    assert ("done" in done.stdout) == (what == "leave")
