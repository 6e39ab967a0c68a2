"""Model files: the same estimator comes back, nothing but data is in them, damage is noticed."""

import json
import re

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

import fastdl
from fastdl import (
    MLPClassifier,
    MLPRegressor,
    NDScaler,
    NetClassifier,
    NetRegressor,
    optim,
    schedules,
)
from fastdl import layers as L
from fastdl.io import ModelFileError, _safetensors
from images import some_digits, tiny, tiny_regressor, weights

X, Y = some_digits(100)
ROWS = X.reshape(len(X), -1)
WORDS = np.array(["even", "odd"], dtype=object)[Y % 2]


def fitted(name):
    """An estimator of each kind, with parameters of each kind."""
    common = {"max_epochs": 2, "random_state": 0, "n_jobs": 1}
    conv = [L.Conv2D(4, 3, weight_init="orthogonal"), L.BatchNorm(), L.PReLU()]
    made = {
        "cnn": lambda: tiny(dropout=0.1, batch_norm=True, early_stopping=True).fit(X, Y),
        "words": lambda: tiny(class_weight={"even": 2.0}).fit(X, WORDS),
        "multilabel": lambda: tiny(scoring="accuracy").fit(X, np.stack([Y > 3, Y > 5], axis=1)),
        "cnn regressor": lambda: tiny_regressor(solver=optim.Adam(beta1=0.8)).fit(X, Y),
        "net": lambda: NetClassifier(conv, **common).fit(X, Y),
        "net regressor": lambda: NetRegressor(
            [L.Dense(3, name="a")], learning_rate=schedules.WarmUp("cosine", epochs=1), **common
        ).fit(ROWS, Y),
        "init_from": lambda: NetClassifier(init_from=tiny().fit(X, Y), **common).fit(X, Y),
        "mlp": lambda: MLPClassifier((8,), learning_rate="adaptive", solver="sgd", tol=1.0).fit(
            ROWS, Y
        ),
        "mlp regressor": lambda: MLPRegressor(
            hidden_layer_sizes=(8,), tol=1.0, random_state=np.random.RandomState(3)
        ).fit(ROWS, Y),
        "plateau": lambda: tiny(learning_rate="reduce_on_plateau", dtype=np.dtype("float64")).fit(
            X, Y
        ),
    }
    return made[name]()


NAMES = [
    "cnn",
    "words",
    "multilabel",
    "cnn regressor",
    "net",
    "net regressor",
    "init_from",
    "mlp",
    "mlp regressor",
    "plateau",
]


def without_addresses(estimator):
    return re.sub(" at 0x.*?(?=[,)])", "", repr(estimator))


@pytest.mark.parametrize("name", NAMES)
def test_there_and_back(name, tmp_path):
    estimator = fitted(name)
    estimator.save(tmp_path / "model.safetensors")
    loaded = fastdl.load(tmp_path / "model.safetensors")
    data = X if len(getattr(estimator, "input_shape_", ())) == 3 else ROWS
    assert type(loaded) is type(estimator)
    assert without_addresses(loaded) == without_addresses(estimator)
    assert weights(loaded) == weights(estimator)
    np.testing.assert_array_equal(loaded.predict(data), estimator.predict(data))
    assert loaded.predict(data).dtype == estimator.predict(data).dtype
    assert loaded.loss_curve_ == estimator.loss_curve_
    loaded.save(tmp_path / "again.safetensors")
    first, second = ((tmp_path / f"{n}.safetensors").read_bytes() for n in ("model", "again"))
    assert first == second


@pytest.mark.parametrize("name", ["cnn regressor", "net", "mlp regressor"])
def test_a_loaded_estimator_learns_on_as_the_saved_one(name, tmp_path):
    estimator = fitted(name)
    estimator.save(tmp_path / "model.safetensors")
    loaded = fastdl.load(tmp_path / "model.safetensors")
    data = ROWS if name.startswith("mlp") else X
    for e in (estimator, loaded):
        e.partial_fit(data, Y)
    assert weights(loaded) == weights(estimator)


def test_unfitted_and_scaler(tmp_path):
    path = tmp_path / "model.safetensors"
    tiny(kernel_size=[3, 5]).save(path)
    assert fastdl.load(path).get_params() == tiny(kernel_size=[3, 5]).get_params()
    scaler = NDScaler().fit(X)
    fastdl.io.save(scaler, path)
    np.testing.assert_array_equal(fastdl.load(path).transform(X), scaler.transform(X))


def test_the_same_fit_gives_the_same_file(tmp_path):
    for name in "ab":
        tiny().fit(X, Y).save(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_other_programs_can_read_it(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    clf = fitted("net")
    clf.save(tmp_path / "model.safetensors")
    arrays = safetensors.load_file(tmp_path / "model.safetensors")
    for name in ("conv2d_1.weight", "prelu_1.alpha", "output.bias"):
        np.testing.assert_array_equal(arrays[name], clf.program_.get_parameter(name))
    running = clf.program_.get_state("batch_norm_1.running_mean")
    np.testing.assert_array_equal(arrays["batch_norm_1.running_mean"], running)


# --- what cannot be saved, what cannot be read


def test_code_is_not_saved(tmp_path):
    with pytest.raises(TypeError, match="scoring=<function .* cannot be saved: a model file holds"):
        tiny(scoring=lambda *_: 0.0).save(tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_only_fastdl_is_saved(tmp_path):
    with pytest.raises(TypeError, match="Pipeline is not an estimator of fastdl. Save the"):
        fastdl.io.save(make_pipeline(NDScaler(), tiny()), tmp_path / "model")


def damaged(path, change):
    """The bytes of a good file after a change of its description."""
    tensors, metadata = _safetensors.read(path)
    description = json.loads(metadata["fastdl"])
    change(description, tensors)
    _safetensors.write(path, tensors, {"fastdl": json.dumps(description)})


def another_shape(description, tensors):
    tensors["output.bias"] = np.zeros(3, np.float32)


def missing(description, tensors):
    del tensors["output.bias"]


def later_format(description, tensors):
    description |= {"format": 2, "version": "9.0"}


def unknown_class(description, tensors):
    description["content"]["$estimator"]["class"] = "os.system"


def unknown_tag(description, tensors):
    description["content"]["$estimator"]["alpha"] = {"$pickle": "gASV"}


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (
            another_shape,
            "{path} cannot be read: 'output.bias' has shape (3,) in the weights, but (10,) in the "
            "network. Weights fit only a network with the layers they were taken from.",
        ),
        (missing, "{path} cannot be read: 'output.bias' is missing."),
        (
            later_format,
            f"{{path}} was written by fastdl 9.0; this is {fastdl.__version__}. Update fastdl to "
            "read it.",
        ),
        (
            unknown_class,
            "{path} cannot be read: it holds a 'os.system', which this version of fastdl does not "
            "have.",
        ),
        (
            unknown_tag,
            "{path} cannot be read: it holds a '$pickle', which this version of fastdl does not "
            "know.",
        ),
    ],
)
def test_damaged_descriptions(change, text, tmp_path):
    path = tmp_path / "model.safetensors"
    tiny().fit(X, Y).save(path)
    damaged(path, change)
    with pytest.raises(ModelFileError) as error:
        fastdl.load(path)
    assert str(error.value) == text.format(path=path)


def test_arrays_of_somebody_else(tmp_path):
    _safetensors.write(tmp_path / "file", {"a": np.ones(3)}, {})
    with pytest.raises(ModelFileError, match="holds arrays, but no fastdl estimator"):
        fastdl.load(tmp_path / "file")


def test_no_file(tmp_path):
    with pytest.raises(FileNotFoundError):
        fastdl.load(tmp_path / "nothing")
