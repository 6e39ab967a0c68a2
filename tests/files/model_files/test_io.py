"""Model files: the same estimator comes back."""

import re

import numpy as np
import pytest
from fitted_models import NAMES, ROWS, MySchedule, X, Y, fitted

import fastdl
import models
from fastdl import (
    NDScaler,
)
from images import tiny, weights
from models import MODELS, answer


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


def test_after_a_schedule_of_ones_own(tmp_path):
    """Its place in it is the optimizer's state."""
    clf = tiny(learning_rate=MySchedule()).fit(X, Y).set_params(learning_rate="constant")
    fastdl.io.save(clf, tmp_path / "model", optimizer=False)
    assert weights(fastdl.load(tmp_path / "model")) == weights(clf)
