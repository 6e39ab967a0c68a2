"""Fits with changed images: they learn, and nothing but the fit sees the changes."""

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.metrics import log_loss
from sklearn.model_selection import GridSearchCV

import fastdl
import fastdl.functional as F
from fastdl import CNNClassifier, ConvAutoencoder, NetClassifier, NetRegressor
from fastdl import layers as L
from images import some_digits, tiny, tiny_regressor, weights

SHIFT = L.Augment(shift=1, rotate=10)
WILD = L.Augment(
    flip="both", shift=2, rotate=90, scale=0.5, contrast=0.5, noise=1.0, cutout=3, mixup=0.5
)
CONV = [L.Conv2D(4, 3, name="conv1"), L.Activation("relu"), L.MaxPool2D(2)]


def net(layers: list[L.Layer] | None = None, **params: Any) -> NetClassifier:
    known = {"max_epochs": 3, "learning_rate_init": 0.01, "random_state": 0, "n_jobs": 1}
    return NetClassifier(CONV if layers is None else layers, **{**known, **params})


@pytest.fixture(scope="module", name="data")
def digits() -> tuple[NDArray[Any], NDArray[Any]]:
    return some_digits()


def test_it_learns_and_generalises(data: Any) -> None:
    """Moved digits are learnt from moved digits."""
    X, y = data
    moved = F.augment(X[150:], shift=1, rotate=15, seed=9)
    words = {"max_epochs": 40, "conv_layer_sizes": (16,), "hidden_layer_sizes": (32,)}
    plain = tiny(**words).fit(X[:150], y[:150])
    augmented = tiny(**words, augment=L.Augment(shift=1, rotate=15)).fit(X[:150], y[:150])
    assert augmented.score(X[:150], y[:150]) > 0.9
    assert augmented.score(moved, y[150:]) > plain.score(moved, y[150:]) + 0.05


@pytest.mark.parametrize("make", [tiny, net])
def test_use_and_validation_see_images_as_they_are(make: Any, data: Any) -> None:
    X, y = data
    est = make(augment=WILD, dtype="float64").fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    same = est.get_params()
    bare = type(est)(**{name: same[name] for name in type(est)._defaults})
    bare.set_params(augment=None, max_epochs=1).fit(X[:200], y[:200])
    bare.set_weights(est.get_weights())
    np.testing.assert_array_equal(est.predict_proba(X), bare.predict_proba(X))
    seen = log_loss(y[200:], est.predict_proba(X[200:]), labels=est.classes_)
    assert est.history_["val_loss"][est.best_iter_ - 1] == pytest.approx(seen)


def test_the_word_is_a_first_layer(data: Any) -> None:
    X, y = data
    words = net(augment=WILD).fit(X, y)
    assert weights(net([WILD, *CONV]).fit(X, y)) == weights(words)
    assert "augment" in words.summary()
    assert weights(net(augment=L.Augment()).fit(X, y)) == weights(net().fit(X, y))


@pytest.mark.parametrize("form", ["uint8", "mapped", "rows"])
def test_the_form_of_X_does_not_matter(form: str, data: Any, tmp_path: Path) -> None:
    y = data[1]
    X = np.rint(data[0] * 255).astype(np.uint8)
    augment = L.Augment(flip="horizontal", rotate=20, shift=1, mixup=0.3)
    fits = {"augment": augment, "batch_norm": True}
    first = weights(tiny(**fits).fit(X.astype(np.float32), y))
    if form == "mapped":
        X.tofile(tmp_path / "X")
        X = np.memmap(tmp_path / "X", np.uint8, "r", shape=X.shape)
    if form == "rows":
        X, fits = X.reshape(len(X), -1), {**fits, "input_shape": (8, 8)}
    assert weights(tiny(**fits).fit(X, y)) == first
    assert weights(tiny(**fits, n_jobs=2).fit(X, y)) == first


def test_a_search_goes_into_it(data: Any) -> None:
    X, y = data
    grid = {"augment__rotate": [0, 20], "augment__shift": [0, 1]}
    for est in (tiny(augment=SHIFT, max_epochs=1), net(augment=SHIFT, max_epochs=1)):
        search = GridSearchCV(est, grid, cv=2).fit(X, y)
        assert search.best_params_.keys() == grid.keys()
        assert est.get_params()["augment__rotate"] == 10
    also = {"augment": [None, SHIFT, WILD]}
    GridSearchCV(tiny(max_epochs=1), also, cv=2).fit(X, y)
    inside = GridSearchCV(net([SHIFT, *CONV], max_epochs=1), {"augment_1__rotate": [0, 20]}, cv=2)
    inside.fit(X, y)


@pytest.mark.parametrize("make", [tiny, net])
def test_copies_and_files(make: Any, data: Any, tmp_path: Path) -> None:
    X, y = data
    est = make(augment=WILD.replace(crop=6)).fit(X, y)
    assert repr(clone(est)) == repr(est)
    est.save(tmp_path / "model.safetensors")
    for other in (pickle.loads(pickle.dumps(est)), fastdl.load(tmp_path / "model.safetensors")):
        assert other.augment == est.augment
        np.testing.assert_array_equal(other.predict_proba(X), est.predict_proba(X))
        assert weights(other.partial_fit(X, y)) == weights(clone_of(est).partial_fit(X, y))
    assert fastdl.load_network(tmp_path / "model.safetensors").predict(X[:20]).shape[0] == 20


def clone_of(est: Any) -> Any:
    return pickle.loads(pickle.dumps(est))


def test_epochs_differ_and_fits_do_not(data: Any) -> None:
    X, y = data
    est = tiny(augment=WILD, max_epochs=2).fit(X, y)
    assert weights(tiny(augment=WILD, max_epochs=2).fit(X, y)) == weights(est)
    assert weights(tiny(augment=WILD, max_epochs=2, random_state=1).fit(X, y)) != weights(est)


def test_crop_lets_the_network_see_the_middle(data: Any) -> None:
    X, y = data
    est = tiny(augment=L.Augment(crop=(6, 4))).fit(X, y)
    assert est.input_shape_ == (8, 8, 1)
    assert est.transform(X[:3], layer="augment").shape == (3, 6, 4, 1)
    np.testing.assert_array_equal(est.transform(X, layer=0)[..., 0], X[:, 1:7, 2:6])
    assert est.predict(X[:1]) == est.predict(X)[:1]


def test_an_architecture_sees_what_crop_leaves() -> None:
    est = CNNClassifier(architecture="resnet20", augment=L.Augment(crop=24))
    text = est.summary(input_shape=(32, 32, 3), n_outputs=10)
    assert "24x24x3" in text


def test_numbers_and_pairs_of_images(data: Any) -> None:
    X, y = data
    assert np.isfinite(tiny_regressor(augment=WILD).fit(X, y.astype(float)).predict(X)).all()
    stays = L.Augment(brightness=0.5, noise=0.1, cutout=2)
    pairs = NetRegressor([L.Conv2D(1, 3, padding="same")], max_epochs=2, augment=stays)
    assert pairs.fit(X, X).predict(X).shape == X.shape
    mixed = net([L.Conv2D(3, 3, padding="same")], augment=L.Augment(mixup=0.5))
    assert mixed.fit(X, (X > 0.5).astype(int)).predict(X).shape == X.shape


def test_an_autoencoder_gives_the_image_that_it_saw(data: Any) -> None:
    X, _ = data
    layers = [
        L.Augment(flip="horizontal", shift=1),
        L.Conv2D(4, 3, 2, "same"),
        L.Activation("relu"),
    ]
    coder = ConvAutoencoder(layers, max_epochs=15, random_state=0, learning_rate_init=0.01).fit(X)
    assert coder.loss_curve_[-1] < 0.5 * coder.loss_curve_[0]
    assert coder.inverse_transform(coder.transform(X)).shape == X.shape
    coder.set_params(corruption=0.2, max_epochs=1).fit(X)
    assert [layer.kind for layer in coder._network.layers[:2]] == ["augment", "corrupt"]


def test_thinned_networks_see_images_as_they_are(data: Any) -> None:
    X, y = data
    est = tiny(augment=WILD.replace(crop=6), dropout=0.5).fit(X, y)
    assert est.predict_proba(X[:4], dropout_samples=9).shape == (4, 10)
    noisy = tiny(dropout=0.5, max_epochs=1, augment=L.Augment(noise=100.0)).fit(X, y)
    apart = np.abs(noisy.predict_proba(X[:4], dropout_samples=50) - noisy.predict_proba(X[:4]))
    assert apart.max() < 0.5


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
def test_lbfgs_learns_from_one_draw(data: Any) -> None:
    X, y = data
    est = net([L.Flatten(), L.Dense(8)], solver="lbfgs", augment=WILD, max_epochs=5)
    assert weights(est.fit(X, y)) == weights(clone(est).fit(X, y))


def test_another_augment_for_an_inherited_network(data: Any) -> None:
    X, y = data
    base = net(augment=SHIFT).fit(X, y)
    kept = NetClassifier(init_from=base, max_epochs=1, random_state=0).fit(X, y)
    assert kept._network.layers[0] == SHIFT.replace(name="augment")
    other = NetClassifier(init_from=base, augment=WILD, max_epochs=1, random_state=0).fit(X, y)
    assert other._network.layers[0] == WILD.replace(name="augment")
    other.set_params(warm_start=True, augment=SHIFT).fit(X, y)
    assert other._network.layers[0] == SHIFT.replace(name="augment")
