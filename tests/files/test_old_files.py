"""Files of every format that was ever released are read, and predict what they predicted.

tests/models.py writes them, once for each format, by the version that has it first.
"""

from pathlib import Path

import numpy as np
import pytest

import fastdl
import models
from fastdl import estimators
from models import OTHERS, answer

FOLDER = Path(__file__).parents[1] / "data" / "models"
FILES = sorted(FOLDER.glob("*/*.safetensors"))


def test_there_is_one_of_each_class():
    assert {path.stem for path in FILES} == {*estimators.__all__, *OTHERS}
    assert max(path.stat().st_size for path in FILES) < 30_000


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_it_answers_as_it_did(path):
    with np.load(path.parent / "answers.npz") as answers:
        expected = answers[path.stem]
    found = answer(fastdl.load(path))
    if expected.dtype.kind == "f":
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    else:
        np.testing.assert_array_equal(found, expected)


WITHOUT = {
    *("NDScaler", "Pipeline", "Seq2Seq", "SequenceScaler", "SuperResolver", "TextGenerator"),
    "ObjectDetector",
    "WordVectors",
}


@pytest.mark.parametrize(
    "path",
    [path for path in FILES if path.stem not in WITHOUT],
    ids=lambda path: f"{path.parent.name}-{path.stem}",
)
def test_its_network_answers_as_the_estimator(path):
    model, net = fastdl.load(path), fastdl.load_network(path)
    X = models.samples_of(path.stem)
    for method in ("predict", "predict_proba"):
        if hasattr(model, method) and not hasattr(model, "symbols_"):
            found, expected = getattr(net, method)(X), getattr(model, method)(X)
            np.testing.assert_array_equal(found, expected)
