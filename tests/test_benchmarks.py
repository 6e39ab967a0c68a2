"""The table of default fits can be made, and the small program for a GPU runs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import fastdl


@pytest.mark.slow
def test_table_of_default_fits() -> None:
    """One set, one split; another process, for the table limits the threads of its own."""
    root, package = Path(__file__).parents[1], Path(fastdl.__file__).parents[1]
    command = [sys.executable, "-m", "benchmarks.defaults"]
    command += ["--sets", "iris", "--splits", "1", "--only", "elm"]
    env = os.environ | {"PYTHONPATH": f"{package}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    run = subprocess.run(command, cwd=root, env=env, check=True, capture_output=True, text=True)
    header, _, row, *summary = run.stdout.splitlines()
    assert header.split("|")[2].strip() == "estimator"
    assert [cell.strip() for cell in row.split("|")][1:3] == ["iris", "ELMClassifier"]
    assert float(row.split("|")[3]) > 0.9
    assert summary[0] == "1 of 1 beside, within 0.05"


@pytest.mark.slow
def test_small_program_of_a_gpu() -> None:
    """Rehearsed on the CPU."""
    root, package = Path(__file__).parents[1], Path(fastdl.__file__).parents[1]
    command = [sys.executable, "-m", "peers.cuda.small", "--rehearse"]
    env = os.environ | {"PYTHONPATH": f"{package}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"}
    run = subprocess.run(
        command, cwd=root / "benchmarks", env=env, check=True, capture_output=True, text=True
    )
    assert [line.split()[0] for line in run.stdout.splitlines()] == [
        "rows",
        "images",
        "sequences",
        "symbols",
        "answers",
    ]
