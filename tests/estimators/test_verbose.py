"""What `verbose` prints: one form for all, and scikit-learn's words where an estimator is its."""

import re
from typing import Any

import numpy as np
import pytest

import fastdl

X = np.random.default_rng(0).random((30, 4))
Y = np.arange(30) % 2
LINE = re.compile(r"epoch \d+: ([a-z_-]+( [a-z]+)* -?\d+\.\d{4}(, )?)+ \(\d+\.\d\d s\)")
ONCE = {"max_epochs": 2, "random_state": 0, "n_jobs": 1, "verbose": True}
STACK = {**ONCE, "pretrain_epochs": 2}
SENTENCES = [["a", "b", "c"]] * 9
NETS = ["epoch", "epoch"]
STACKED = ["layer 1: 4 to 3 units", *NETS, "layer 2: 3 to 2 units", *NETS]

CASES: dict[str, tuple[Any, list[str]]] = {
    "CNNClassifier": (lambda: fastdl.CNNClassifier(**ONCE).fit(X, Y, X_val=X, y_val=Y), NETS),
    "lbfgs": (lambda: fastdl.NetClassifier(solver="lbfgs", **ONCE).fit(X, Y), NETS),
    "GaussianRBM": (
        lambda: fastdl.GaussianRBM(3, n_iter=2, random_state=0, verbose=1).fit(X),
        NETS,
    ),
    "DBNClassifier": (lambda: fastdl.DBNClassifier((3, 2), **STACK).fit(X, Y), [*STACKED, *NETS]),
    "StackedAutoencoder": (
        lambda: fastdl.StackedAutoencoder((3, 2), **STACK).fit(X),
        [*STACKED, *NETS],
    ),
    "WordVectors": (
        lambda: fastdl.WordVectors(
            3, min_count=1, sample=0, max_epochs=2, random_state=0, verbose=True
        ).fit(SENTENCES),
        NETS,
    ),
    "BernoulliRBM": (
        lambda: fastdl.BernoulliRBM(3, n_iter=1, random_state=0, verbose=1).fit(X),
        ["[BernoulliRBM] Iteration 1, pseudo-likelihood = "],
    ),
}


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize(("fit", "expected"), CASES.values(), ids=CASES)
def test_lines(fit: Any, expected: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    fit()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(expected), lines
    for line, start in zip(lines, expected, strict=True):
        assert line.startswith(start)
        assert start != "epoch" or LINE.fullmatch(line), line
