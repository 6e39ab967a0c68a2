"""The command: stdin and stdout, signals, a shell, and its document."""

import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import types
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from commands import call, images, trained
from sklearn.datasets import load_digits

import fastdl
from fastdl.command_line import main

COMMAND = [sys.executable, "-m", "fastdl"]


def test_stdin_and_stdout(folder, capsys, monkeypatch):
    """In one process: what `-` reads and writes."""
    content = Path("iris.csv").read_bytes()
    stdin = types.SimpleNamespace(buffer=io.BytesIO(content))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert trained(capsys, data="-")[0] == 0
    stdin.buffer = io.BytesIO(Path("m").read_bytes())
    assert call(capsys, "predict", "-", "iris.csv")[1].startswith("prediction\nsetosa\n")


@pytest.mark.slow
@pytest.mark.usefixtures("python_handles_ctrl_c")  # what a child starts with
def test_interrupted(folder):
    """The model of the last finished epoch is there."""
    X = np.random.default_rng(0).normal(size=(2000, 20))
    np.savez("x.npz", X=X, y=X[:, 0] > 0)
    model = "MLPClassifier((50,), max_iter=20000, n_iter_no_change=100000, tol=0, verbose=1)"
    command = [*COMMAND, "train", "x.npz", "--model", model, "--out", "m"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        for line in child.stderr:
            if "Iteration 3" in line:
                break
        time.sleep(0.1)
        child.send_signal(signal.SIGINT)
        said = child.stderr.read()
        assert child.wait() == 130
    assert "interrupted; the model of the last finished epoch" in said
    assert fastdl.load("m").n_iter_ >= 3


def test_the_document(folder, monkeypatch):
    """Every line of docs/command-line.md, with what it reads and writes, in one process."""
    digits = load_digits()
    np.savez("digits.npz", X=digits.images[:200, ..., np.newaxis] / 16, y=digits.target[:200])
    images(folder).rename(folder / "shapes")
    text = (Path(__file__).parents[2] / "docs" / "command-line.md").read_text()
    blocks = "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).replace("\\\n", " ")
    lines = [shlex.split(line) for line in blocks.splitlines()]
    assert len(lines) > 10
    for command, *arguments in lines:
        assert command == "fastdl"
        out = io.TextIOWrapper(io.BytesIO())
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "__stdout__", out)
        places = dict(pairwise(arguments))
        if "<" in arguments:
            file = io.BytesIO(Path(places["<"]).read_bytes())
            monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=file))
        before = [a for a in arguments if a in "<>"]
        arguments = arguments[: arguments.index(before[0])] if before else arguments
        if arguments == ["--version"]:
            with pytest.raises(SystemExit, match="0"):
                main(arguments)
        else:
            assert main(arguments) == 0, arguments
        out.flush()
        if ">" in before:
            Path(places[">"]).write_bytes(out.buffer.getvalue())
    assert json.loads(Path("scores.json").read_text())["accuracy"] > 0.9
    assert Path("predictions.csv").read_text().startswith("prediction\nsetosa\n")
    assert Path("probabilities.csv").read_text().startswith("setosa,versicolor,virginica\n")
    assert type(fastdl.load("softmax.safetensors")).__name__ == "SoftmaxRegression"


SCRIPT = """set -e
fastdl() { "$PYTHON" -m fastdl "$@"; }
fastdl train - --target species --model "SoftmaxRegression()" --out - < iris.csv > m
fastdl predict m iris.csv | head -1
fastdl info iris.csv || echo $?
"""


@pytest.mark.slow
def test_in_a_shell(folder):
    """Pipes, redirections and exit statuses; a reader that has seen enough."""
    environment = {**os.environ, "PYTHON": sys.executable}
    done = subprocess.run(
        ["sh", "-c", SCRIPT], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout == "prediction\n1\n"
    trained, fault = done.stderr.splitlines()
    assert trained.startswith("SoftmaxRegression: 150 samples")
    assert fault == "fastdl: iris.csv is neither a safetensors file nor ONNX."
