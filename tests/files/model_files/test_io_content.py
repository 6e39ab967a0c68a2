"""What stands in a model file, and how it is mapped."""

import contextlib
import io
import json

import numpy as np
import pytest
from fitted_models import ROWS, X, Y, fitted

import fastdl
import models
from fastdl import (
    MLPClassifier,
)
from fastdl.io import ModelFileError, _safetensors
from images import tiny
from models import MODELS


@pytest.mark.share(3)
@pytest.mark.parametrize("name", MODELS)
def test_names_in_a_file_are_not_those_of_private_attributes(name, tmp_path):
    """So that these may be renamed."""
    fastdl.io.save(MODELS[name](), tmp_path / "model")
    tensors, metadata = _safetensors.read(tmp_path / "model")
    content = json.loads(metadata["fastdl"])["content"]["$estimator"]
    assert set(content) == {"class", "parameters", "fitted"}
    assert not [key for key in (*content["fitted"], *tensors) if key.startswith("_")]


@pytest.mark.slow
@pytest.mark.parametrize("name", {**MODELS, **models.OTHERS})
def test_each_part_is_needed_or_not(name):
    """Without any one part of what is fitted, a file is read or refused, with one kind of error."""
    file = io.BytesIO()
    fastdl.io.save({**MODELS, **models.OTHERS}[name](), file, optimizer=False)
    tensors, metadata = _safetensors.read(io.BytesIO(file.getvalue()))
    text = metadata["fastdl"]

    def parts(tree, at=()):
        for key in tree if isinstance(tree, dict) else range(len(tree)):
            yield (*at, key)
            if isinstance(tree[key], dict) and len(at) < 3 and key != "parameters":
                yield from parts(tree[key], (*at, key))

    for *at, key in list(parts(json.loads(text)["content"])):
        description = json.loads(text)
        tree = description["content"]
        for step in at:
            tree = tree[step]
        del tree[key]
        file = io.BytesIO()
        _safetensors.write(file, tensors, {"fastdl": json.dumps(description)})
        for read in (fastdl.load, fastdl.load_network):
            with contextlib.suppress(ModelFileError):
                read(io.BytesIO(file.getvalue()))


def test_the_same_fit_gives_the_same_file(tmp_path):
    for name in "ab":
        tiny().fit(X, Y).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_weights_stand_in_it_once(tmp_path):
    """With Adam's moments three numbers for each weight; without its state one, and 16 KiB."""
    clf = MLPClassifier((256,), tol=1.0, random_state=0).fit(ROWS, Y)
    n_bytes = sum(a.nbytes for a in clf.coefs_ + clf.intercepts_)
    for optimizer, times in ((True, 3), (False, 1)):
        fastdl.io.save(clf, tmp_path / "model", optimizer=optimizer)
        assert (tmp_path / "model").stat().st_size < 1.05 * times * n_bytes + 16384


@pytest.mark.parametrize("name", ["cnn", "mlp", "words"])
def test_mapped_and_in_memory(name, tmp_path):
    estimator = fitted(name)
    estimator.save(tmp_path / "model")
    file = io.BytesIO()
    estimator.save(file)
    assert file.getvalue() == (tmp_path / "model").read_bytes()
    file.seek(0)
    mapped = fastdl.load(tmp_path / "model", mmap=True)
    data = ROWS if name == "mlp" else X
    for loaded in (mapped, fastdl.load(file)):
        np.testing.assert_array_equal(loaded.predict_proba(data), estimator.predict_proba(data))
    if name == "mlp":
        mapped.partial_fit(data, Y)
        assert file.getvalue() == (tmp_path / "model").read_bytes()


def test_weights_of_a_map_are_not_copied(tmp_path):
    estimator = fitted("cnn")
    estimator.save(tmp_path / "model", optimizer=False)
    for mmap in (False, True):
        network = fastdl.load_network(tmp_path / "model", mmap=mmap)
        assert network._network.snapshot().weights.flags.owndata is not mmap


def test_other_programs_can_read_it(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    clf = fitted("net")
    clf.save(tmp_path / "model.safetensors")
    arrays = safetensors.load_file(tmp_path / "model.safetensors")
    for name in ("conv2d_1.weight", "prelu_1.alpha", "output.bias"):
        np.testing.assert_array_equal(arrays[name], clf.program_.get_parameter(name))
    running = clf.program_.get_state("batch_norm_1.running_mean")
    np.testing.assert_array_equal(arrays["batch_norm_1.running_mean"], running)
