"""Model cards: the metadata block can be read, and says what is true."""

import re

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fastdl
import models
from fastdl.io import model_card
from models import MODELS


def metadata(card):
    """The block between two lines of dashes, by an own small reader of this much YAML."""
    first, block, _ = re.split(r"^---$", card, maxsplit=2, flags=re.MULTILINE)
    assert first == ""
    found, key = {}, ""
    for line in block.strip().splitlines():
        if line.startswith("- "):
            found[key].append(line[2:])
        elif not line.startswith(" "):
            key, _, value = line.partition(":")
            found[key] = value.strip() or []
    return found


@pytest.mark.share(4)
@pytest.mark.parametrize("name", [name for name in MODELS if "pretrained" not in name])
def test_every_estimator(name):
    card = model_card(MODELS[name]())
    assert metadata(card)["library_name"] == "fastdl"
    assert "Not evaluated." in card
    assert 'fastdl.load("model.safetensors")' in card
    assert "nan" not in card.partition("## Training")[2]


def test_scores_and_curve():
    clf = MODELS["CNNClassifier"]()
    card = model_card(clf, models.IMAGES, models.WORDS, title="Digits", file="a/digits.safetensors")
    block = metadata(card)
    assert block["tags"] == ["fastdl", "sklearn", "image-classification"]
    assert block["metrics"] == ["accuracy", "balanced_accuracy", "f1_macro"]
    assert block["model-index"] == ["name: 'Digits'"]
    accuracy = clf.score(models.IMAGES, models.WORDS)
    assert f"    - type: accuracy\n      value: {accuracy:.6g}\n" in card
    assert f"| accuracy | {accuracy:.4g} |" in card
    assert 'fastdl.load("digits.safetensors")' in card
    assert "`no`, `perhaps`, `yes`" in card
    assert str(clf.summary()) in card
    assert f"| 2 | {clf.loss_curve_[1]:.4g} |" in card


def test_other_tasks():
    X, y = models.ROWS, models.VALUES
    pipe = make_pipeline(StandardScaler(), fastdl.NetRegressor([], max_epochs=2)).fit(X, y)
    card = model_card(pipe, X, y)
    assert metadata(card)["tags"][-1] == "tabular-regression"
    errors = ["mean_absolute_error", "root_mean_squared_error"]
    assert metadata(card)["metrics"] == ["r2", *errors]
    assert "StandardScaler()" in card
    assert (
        metadata(model_card(MODELS["RNNClassifier texts"]()))["tags"][-1] == "text-classification"
    )
    tagger = model_card(MODELS["SequenceTagger"](), models.TEXTS, models.TAGS)
    assert metadata(tagger)["metrics"] == ["accuracy"]
    assert metadata(tagger)["tags"][-1] == "token-classification"
    assert "| score |" in model_card(MODELS["Autoencoder"](), models.ROWS)


def test_errors():
    with pytest.raises(NotFittedError):
        model_card(fastdl.MLPClassifier())
    with pytest.raises(ValueError, match="X has no answers: pass y, too, or neither"):
        model_card(MODELS["NetRegressor"](), np.zeros((2, 6)))
