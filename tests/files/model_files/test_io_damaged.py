"""Damaged model files, and files of something else."""

import json

import numpy as np
import pytest
from fitted_models import X, Y

import fastdl
from fastdl.io import ModelFileError, _safetensors
from images import tiny


def damaged(path, change):
    """The bytes of a good file after a change of its description."""
    tensors, metadata = _safetensors.read(path)
    description = json.loads(metadata["fastdl"])
    description = change(description, description.get("content", {}).get("$estimator"), tensors)
    text = description if isinstance(description, str) else json.dumps(description)
    _safetensors.write(path, tensors, {"fastdl": text})


def changed(**new):
    """A change of the description itself."""
    return lambda description, estimator, tensors: {**description, **new}


def fitted_with(*keys, value=None):
    """A change of what is kept of the fitted estimator; None takes it away."""

    def change(description, estimator, tensors):
        inner = estimator["fitted"]
        for key in keys[:-1]:
            inner = inner[key]
        if value is None:
            del inner[keys[-1]]
        else:
            inner[keys[-1]] = value
        return description

    return change


def with_parameters(**new):
    def change(description, estimator, tensors):
        estimator["parameters"] |= new
        return description

    return change


def with_class(name):
    def change(description, estimator, tensors):
        estimator["class"] = name
        return description

    return change


def with_tensor(name, value):
    def change(description, estimator, tensors):
        tensors[name] = value
        return description

    return change


def without_tensor(description, estimator, tensors):
    del tensors["output.bias"]
    return description


HUGE = {"$spec": {"class": "layers.Dense", "units": 5_000_000, "name": "output"}}
DAMAGED = {
    "no JSON": (lambda *_: "{]", "is damaged: its description is no JSON: Expecting property"),
    "twice": (lambda *_: '{"a": 1, "a": 2}', "is no JSON: 'a' stands twice in it. Save the model"),
    "nested": (lambda *_: "[" * 100_000, "is no JSON: maximum recursion depth exceeded"),
    "no object": (lambda *_: "[]", "is damaged: it says no format. Save the model again."),
    "no format": (changed(format="2"), "is damaged: it says no format. Save the model again."),
    "first format": (changed(format=1), "is of format 1, which fastdl wrote before its first rel"),
    "later format": (
        changed(format=3, versions={"fastdl": "9.0"}),
        f"is of format 3, written by fastdl 9.0; this is {fastdl.__version__}. Install that",
    ),
    "deep": (changed(content=json.loads("[" * 300 + "]" * 300)), "or is nested too deeply. Save"),
    "no estimator": (changed(content=[1]), "cannot be read: it holds no estimator. Save the model"),
    "class": (with_class("os.system"), "it holds a 'os.system', which this version of fastdl does"),
    "another shape": (
        with_tensor("output.bias", np.zeros(3, np.float32)),
        "cannot be read: 'output.bias' has shape (3,) in the weights, but (10,) in the network. We",
    ),
    "another dtype": (
        with_tensor("output.bias", np.zeros(10)),
        "cannot be read: network: 'output.bias' is float64; expected float32. Save the model",
    ),
    "an array less": (without_tensor, "'output.bias' is missing, or stands in two places. Save"),
    "an array twice": (
        fitted_with("network", "weights", "output.bias", value={"$array": "output.weight"}),
        "is missing, or stands in two places.",
    ),
    "units": (
        fitted_with("network", "layers", -1, value=HUGE),
        "in the weights, but (8, 5000000) in the network",
    ),
    "array of nothing": (
        with_parameters(alpha={"$array": {"shape": [20_000_000], "objects": ["a"]}}),
        "it holds an array of shape [20000000] with other values.",
    ),
    "tag": (with_parameters(alpha={"$pickle": "gASV"}), "it holds a '$pickle', which this version"),
    "two tags": (with_parameters(alpha={"$tuple": [], "$array": 1}), "it holds a '$tuple', which"),
    "parameter": (with_parameters(predict=1), "CNNClassifier has a parameter 'predict', which is"),
    "attribute": (
        fitted_with("predict", value=1),
        "has an attribute 'predict', which",
    ),
    "part": (fitted_with("targets"), "CNNClassifier: targets of the fitted estimator is missing."),
    "field": (fitted_with("progress", "t"), "progress has no field 't'."),
    "other field": (
        fitted_with("progress", "x", value=1),
        "progress has a field 'x', which is not",
    ),
    "no part": (fitted_with("network", value=5), "network is 5; expected its fields by name."),
    "number": (
        fitted_with("n_features_in_", value="6"),
        "n_features_in_ is '6'; expected an",
    ),
    "layer": (
        fitted_with("network", "layers", 0, "$spec", "class", value="layers.Conv9D"),
        "it holds a 'layers.Conv9D', which this version of fastdl does not have.",
    ),
    "code": (
        fitted_with("network", "layers", 0, "$spec", "class", value="layers.Lambda"),
        "it holds a Lambda, whose function is code.",
    ),
    "layer's field": (
        fitted_with("network", "layers", 0, "$spec", "code", value="x"),
        "Conv2D has a field 'code', which is not known.",
    ),
    "history": (
        fitted_with("progress", "history", "loss", value={"$array": "progress.history.lr"}),
        "is missing, or stands in two places.",
    ),
    "moments": (
        with_tensor("network.optimizer.moments", np.zeros((2, 3), np.float32)),
        "optimizer: moments is an array of shape (2, 3) and dtype float32; expected float32 of sha",
    ),
    "dtype": (
        with_parameters(dtype={"$dtype": "V9"}),
        "it holds the dtype 'V9', which fastdl does",
    ),
    "random state": (
        with_parameters(
            random_state={"$random": dict.fromkeys(("key", "pos", "has_gauss", "gauss"), 1)}
        ),
        "it holds a RandomState that cannot be one.",
    ),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_descriptions(name, tmp_path):
    change, text = DAMAGED[name]
    path = tmp_path / "model.safetensors"
    tiny().fit(X, Y).save(path)
    damaged(path, change)
    with pytest.raises(ModelFileError) as error:
        fastdl.load(path)
    assert str(error.value).startswith(f"{path} ")
    assert text in str(error.value)


def test_arrays_of_somebody_else(tmp_path):
    _safetensors.write(tmp_path / "file", {"a": np.ones(3)}, {})
    with pytest.raises(ModelFileError, match="holds arrays, but no fastdl estimator"):
        fastdl.load(tmp_path / "file")


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        fastdl.load(tmp_path / "nothing")
