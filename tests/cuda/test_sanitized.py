"""Under a sanitizer (`make sanitize-cuda`): it finds a fault planted in the module it watches."""

import subprocess
import sys
from pathlib import Path

import pytest

test_backends = pytest.importorskip("fastdl._test_backends")
pytestmark = pytest.mark.skipif(not test_backends.sanitizer, reason="built without a sanitizer")

PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import backends
from fastdl import _test_backends
_test_backends.plant(sys.argv[2])
print("went on")
"""
FAULTS = {  # and what is said of them
    "thread": ("lost updates", "ThreadSanitizer: data race"),
    "address": ("past a shared array", "AddressSanitizer: use-after-poison"),
}


@pytest.mark.parametrize("planted", [True, False])
def test_a_planted_fault_ends_the_process(planted: bool) -> None:
    fault, message = FAULTS[test_backends.sanitizer]
    command = [sys.executable, "-c", PROGRAM, str(Path(__file__).parents[1])]
    command.append(fault if planted else "none")
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (message in done.stderr) == planted, done.stderr
    assert (done.returncode == 0) == ("went on" in done.stdout) == (not planted), done.stderr
