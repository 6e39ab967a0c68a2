"""Model files: the same estimator comes back, nothing but data is in them, damage is noticed."""

import contextlib
import dataclasses
import io
import json
import re
import threading
import warnings

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

import fastdl
import models
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
from fastdl.callbacks import EpochEnd
from fastdl.io import ModelFileError, _safetensors
from images import some_digits, tiny, tiny_regressor, weights
from models import MODELS, answer

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


@pytest.mark.share(3)
@pytest.mark.parametrize("name", MODELS)
def test_every_estimator_there_and_back(name, tmp_path):
    """The same attributes, the same answers, the same file again."""
    estimator = MODELS[name]()
    fastdl.io.save(estimator, tmp_path / "model")
    loaded = fastdl.load(tmp_path / "model")
    ready_made = {"_compiled"}  # by a call, not by fit
    assert vars(loaded).keys() - ready_made == vars(estimator).keys() - ready_made
    for attribute, value in vars(estimator).items():
        if attribute.endswith("_") and "history" not in attribute and attribute != "rbms_":
            np.testing.assert_equal(getattr(loaded, attribute), value)
    if "pretrained" not in name:
        np.testing.assert_array_equal(answer(loaded), answer(estimator))
        assert type(answer(loaded)) is type(answer(estimator))
    fastdl.io.save(loaded, tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == (tmp_path / "model").read_bytes()


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


def test_pretraining_is_saved(tmp_path):
    for name in ("DBNClassifier", "StackedAutoencoder"):
        estimator = MODELS[f"{name} pretrained"]()
        estimator.save(tmp_path / "model")
        loaded = fastdl.load(tmp_path / "model")
        for e in (estimator, loaded):
            e.fit(models.ROWS, models.CLASSES)
        np.testing.assert_array_equal(answer(loaded), answer(estimator))


@pytest.mark.parametrize("name", ["BernoulliRBM", "GaussianRBM"])
def test_a_loaded_machine_learns_on(name, tmp_path):
    estimator = MODELS[name]()
    estimator.save(tmp_path / "model")
    loaded = fastdl.load(tmp_path / "model")
    for e in (estimator, loaded):
        e.set_params(random_state=3).partial_fit(models.ROWS)
    np.testing.assert_array_equal(loaded.components_, estimator.components_)


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


def test_weights_stand_in_it_once(tmp_path):
    """With Adam's moments three numbers for each weight; without its state one, and 16 KiB."""
    clf = MLPClassifier((256,), tol=1.0, random_state=0).fit(ROWS, Y)
    n_bytes = sum(a.nbytes for a in clf.coefs_ + clf.intercepts_)
    for optimizer, times in ((True, 3), (False, 1)):
        fastdl.io.save(clf, tmp_path / "model", optimizer=optimizer)
        assert (tmp_path / "model").stat().st_size < 1.05 * times * n_bytes + 16384


def test_without_the_optimizer_it_predicts_the_same(tmp_path):
    reg = fitted("cnn regressor")
    reg.save(tmp_path / "model", optimizer=False)
    loaded = fastdl.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.predict(X), reg.predict(X))
    with pytest.warns(UserWarning, match="^CNNRegressor was saved without the state of its optimi"):
        loaded.partial_fit(X, Y)
    loaded.partial_fit(X, Y)  # without a second warning
    assert not np.array_equal(loaded.predict(X), reg.predict(X))
    fastdl.load(tmp_path / "model").set_params(warm_start=True).fit(X, Y)  # begins anew as always


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


def test_set_output_stays(tmp_path):
    pytest.importorskip("pandas")
    for scaler in (NDScaler(), NDScaler().fit(ROWS)):
        scaler.set_output(transform="pandas").save(tmp_path / "model")
        frame = fastdl.load(tmp_path / "model").fit(ROWS).transform(ROWS)
        assert type(frame).__name__ == "DataFrame"


def test_on_another_device(tmp_path):
    tiny(device="auto").save(tmp_path / "model")
    assert fastdl.load(tmp_path / "model").device == "auto"
    assert fastdl.load(tmp_path / "model", device="cpu").device == "cpu"


def test_what_was_written_to_coefs_is_saved(tmp_path):
    clf = fitted("mlp")
    clf.coefs_[0] = np.asfortranarray(clf.coefs_[0] * 2.0)
    clf.save(tmp_path / "model")
    loaded = fastdl.load(tmp_path / "model")
    np.testing.assert_array_equal(loaded.coefs_[0], clf.coefs_[0])
    np.testing.assert_array_equal(loaded.predict(ROWS), clf.predict(ROWS))


def test_saving_in_a_callback(tmp_path):
    """Each file is the estimator at the end of that epoch; the fit goes on as without."""

    def keep(estimator, row):
        estimator.save(tmp_path / str(row["epoch"]))
        return False

    words = {"learning_rate": "constant", "weight_decay": None}  # whatever max_epochs is
    reg = tiny_regressor(**words).set_callbacks(EpochEnd(keep)).fit(X, Y)
    alone = tiny_regressor(**words).fit(X, Y)
    assert weights(reg) == weights(alone)
    for epoch in (1, 2, 3):
        loaded = fastdl.load(tmp_path / str(epoch))
        np.testing.assert_array_equal(
            loaded.predict(X), tiny_regressor(**words, max_epochs=epoch).fit(X, Y).predict(X)
        )
        assert len(loaded.history_["loss"]) == epoch
    loaded = fastdl.load(tmp_path / "2").partial_fit(X, Y)
    twice = tiny_regressor(**words, max_epochs=2).fit(X, Y).partial_fit(X, Y)
    np.testing.assert_array_equal(loaded.predict(X), twice.predict(X))


@pytest.mark.parametrize("name", ["cnn regressor", "mlp"])
def test_saving_from_another_thread_while_it_is_fitted(name, tmp_path):
    """Each file is the estimator at the end of an epoch: as a fit of so many epochs leaves it."""
    data = ROWS if name == "mlp" else X
    word = "max_iter" if name == "mlp" else "max_epochs"
    made = fitted(name).set_params(**{word: 6, "tol": 1e-4, "random_state": 0})
    if name != "mlp":  # so that the rate does not depend on the number of epochs
        made.set_params(learning_rate="constant", learning_rate_init=1e-3, weight_decay=0.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        made.fit(data, Y)
    ended, files = threading.Event(), []

    def save():
        while not ended.is_set():
            made.save(tmp_path / str(len(files)))
            files.append(tmp_path / str(len(files)))

    thread = threading.Thread(target=save)
    thread.start()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            for _ in range(10):
                made.fit(data, Y)
            alone = {n: clone(made).set_params(**{word: n}).fit(data, Y) for n in range(1, 7)}
    finally:
        ended.set()
        thread.join()
    assert weights(made) == weights(alone[6])
    seen = {path: fastdl.load(path) for path in files}
    for loaded in seen.values():
        epochs = len(loaded.loss_curve_)
        if epochs:
            assert loaded.loss_curve_ == alone[epochs].loss_curve_
            assert weights(loaded) == weights(alone[epochs])


def test_other_programs_can_read_it(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy")
    clf = fitted("net")
    clf.save(tmp_path / "model.safetensors")
    arrays = safetensors.load_file(tmp_path / "model.safetensors")
    for name in ("conv2d_1.weight", "prelu_1.alpha", "output.bias"):
        np.testing.assert_array_equal(arrays[name], clf.program_.get_parameter(name))
    running = clf.program_.get_state("batch_norm_1.running_mean")
    np.testing.assert_array_equal(arrays["batch_norm_1.running_mean"], running)


# --- what cannot be saved


class MySchedule(schedules.Schedule):
    def _rates(self, now):
        return now.base


@dataclasses.dataclass(frozen=True, repr=False)
class MyLayer(L.Activation):
    pass


@dataclasses.dataclass(frozen=True, repr=False)
class MyOptimizer(optim.Adam):
    pass


class MyNet(NetClassifier):
    pass


def nested(depth):
    layer = L.Dense(3)
    for _ in range(depth):
        layer = L.Sequential([layer])
    return layer


NOT_SAVED = {
    "code": (
        lambda: tiny(scoring=lambda *_: 0.0),
        r"scoring=<function .* cannot be saved: a model file holds data and no code. Set it",
    ),
    "schedule": (
        lambda: tiny(learning_rate=MySchedule()).fit(X, Y),
        r"^learning_rate=MySchedule\(\) cannot be saved: MySchedule is not one of "
        r"fastdl.schedules, and a model file holds no code. Take one of fastdl.schedules, or",
    ),
    "schedule in one": (
        lambda: tiny(learning_rate=schedules.WarmUp(MySchedule())),
        r"^learning_rate.schedule=MySchedule\(\) cannot be saved: MySchedule is not one of fastdl",
    ),
    "schedule of the fit": (
        lambda: tiny(learning_rate=MySchedule()).fit(X, Y).set_params(learning_rate="constant"),
        r"^learning_rate.schedule=MySchedule\(\) cannot be saved: MySchedule is not one of fastdl",
    ),
    "layer": (
        lambda: NetClassifier([MyLayer("relu")]),
        r"^layers.0=MyLayer\(\) cannot be saved: MyLayer is not one of fastdl.layers, and",
    ),
    "optimizer": (
        lambda: tiny(solver=MyOptimizer()),
        r"^solver=MyOptimizer\(\) cannot be saved: MyOptimizer is not one of fastdl.optim, and a",
    ),
    "dtype": (
        lambda: NetClassifier(dtype=np.array([1j])),
        r"^dtype is an array of dtype complex128, which cannot be saved; numbers, texts and",
    ),
    "random state": (
        lambda: tiny(random_state=np.random.RandomState(np.random.PCG64())),
        r"^random_state is a RandomState of PCG64, which cannot be saved; one of MT19937, which",
    ),
    "subclass": (
        lambda: NetClassifier(init_from=MyNet()),
        r"^init_from=MyNet\(\) cannot be saved: it is not an estimator of fastdl, and a model file",
    ),
    "depth": (
        lambda: NetClassifier([nested(100)]),
        "^NetClassifier cannot be saved: something in it is nested too deeply, such as layers",
    ),
    "much depth": (
        lambda: NetClassifier([nested(400)]),
        "^NetClassifier cannot be saved: something in it is nested too deeply, such as layers",
    ),
}


@pytest.mark.parametrize("name", NOT_SAVED)
def test_what_cannot_be_saved_leaves_the_old_file(name, tmp_path):
    make, text = NOT_SAVED[name]
    path = tmp_path / "model"
    path.write_bytes(b"old")
    with pytest.raises(TypeError, match=text):
        fastdl.io.save(make(), path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_after_a_schedule_of_ones_own(tmp_path):
    """Its place in it is the optimizer's state."""
    clf = tiny(learning_rate=MySchedule()).fit(X, Y).set_params(learning_rate="constant")
    fastdl.io.save(clf, tmp_path / "model", optimizer=False)
    assert weights(fastdl.load(tmp_path / "model")) == weights(clf)


# --- what cannot be read


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
RANDOM = ("key", "pos", "has_gauss", "gauss")
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
