"""scikit-learn's own tests of the drop-ins, from the installed scikit-learn."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from versions import promised_for_1_9

HERE = Path(__file__).parents[2]

SUITES = "sklearn.neural_network.tests."


@pytest.mark.slow
@promised_for_1_9
@pytest.mark.parametrize(("module", "count"), [("test_mlp", 59), ("test_rbm", 24)])
def test_passes(module: str, count: int, tmp_path: Path) -> None:
    # A process of its own, without this project's pytest settings: the plugin changes scikit-learn.
    command = [sys.executable, "-m", "pytest", "-c", os.devnull, "-p", "sklearn_suite_plugin"]
    run = subprocess.run(
        [*command, "-p", "no:cacheprovider", "-q", "--pyargs", SUITES + module],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, sys.path)])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout[-4000:]
    assert f"{count} passed" in run.stdout
