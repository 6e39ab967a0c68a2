"""Calls of the command in this process."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from fastdl.command_line import main

IRIS = load_iris()
SPECIES = IRIS.target_names[IRIS.target]
MLP = "MLPClassifier((8,), max_iter=300, tol=0.01, learning_rate_init=0.03, random_state=0)"


def call(capsys, *arguments):
    """Exit status, stdout and stderr."""
    try:
        status = main([str(a) for a in arguments])
    except SystemExit as exit:
        status = exit.code
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def trained(capsys, *more, model=MLP, data="iris.csv", target="species"):
    options = ["--target", target] if target else []
    return call(capsys, "train", data, *options, "--model", model, "--out", "m", *more)


def images(folder, size=(8, 8), n=4):
    pillow = pytest.importorskip("PIL.Image")
    for label in ("dark", "light"):
        (folder / "images" / label).mkdir(parents=True)
        for i in range(n):
            values = np.full((*size, 3), 40 * i + (100 if label == "light" else 0), np.uint8)
            pillow.fromarray(values).save(folder / "images" / label / f"{i}.png")
    return folder / "images"
