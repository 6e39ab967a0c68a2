"""The example scripts run; what they reach on real data is in docs/results.md."""

import runpy
import sys
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from sklearn.datasets import load_digits

mpl.use("Agg")

EXAMPLES = Path(__file__).parents[1] / "examples"
ARGUMENTS = {  # for a first look only; PICTURES stands for a new folder
    "mnist_dbn": "--sizes 20 10 --pretrain-epochs 1 --epochs 1 --pictures PICTURES",
    "mnist_few_labels": "--labels 20 --seeds 2 --sizes 20 10 --pretrain-epochs 1 --steps 5",
    "mnist_lenet": "--epochs 1",
    "mnist_maxout": "--units 10 --epochs 1",
    "mnist_self_taught": "--iterations 3 --pictures PICTURES",
    "mnist_softmax": "--iterations 3 --pictures PICTURES",
    "mnist_stacked_autoencoder": "--pretrain-epochs 1 --epochs 1 --pictures PICTURES",
    "parity": "--bits 2 3 --steps 100",
    "why_deep_was_hard": "--epochs 1 --pictures PICTURES",
}


@pytest.fixture(scope="module")
def mnist(tmp_path_factory):
    """scikit-learn's digits of 8x8, dressed up as MNIST."""
    digits = load_digits()
    images = np.kron(digits.images[:400] * 15.9, np.ones((3, 3))).astype(np.uint8)
    images, labels = np.pad(images, ((0, 0), (2, 2), (2, 2))), digits.target[:400].astype(np.uint8)
    path = tmp_path_factory.mktemp("data") / "mnist.npz"
    np.savez(
        path, x_train=images[:300], y_train=labels[:300], x_test=images[300:], y_test=labels[300:]
    )
    return path


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # so few epochs
@pytest.mark.parametrize("name", ARGUMENTS)
def test_runs(name, mnist, tmp_path, monkeypatch, capsys):
    arguments = ARGUMENTS[name].replace("PICTURES", str(tmp_path / "pictures")).split()
    data = [] if name == "parity" else ["--data", str(mnist)]
    monkeypatch.setattr(sys, "argv", [name, *data, *arguments])
    runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")
    assert capsys.readouterr().out
    if "--pictures" in arguments:
        assert list((tmp_path / "pictures").glob("*.png"))
