"""The word `convolution`: exact convolutions, from the next fit on, in copies and in files."""

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import fastdl
from fastdl import CNNClassifier, CNNRegressor, ConvAutoencoder, NetClassifier, NetRegressor
from fastdl import layers as L

ONCE = {"max_epochs": 1, "random_state": 0, "n_jobs": 1}
LAYERS = [L.Conv2D(8, 3, padding="same", name="conv2d_1"), L.Activation("relu")]


def images() -> NDArray[Any]:
    return np.random.default_rng(0).normal(size=(24, 12, 12, 8)).astype(np.float32)


def fit(make: Any, **params: Any) -> Any:
    y = np.arange(24) % 2
    return make(**ONCE, **params).fit(images(), y)


MAKE: dict[str, Any] = {
    "CNNClassifier": lambda **p: CNNClassifier((8,), hidden_layer_sizes=(), **p),
    "CNNRegressor": lambda **p: CNNRegressor((8,), hidden_layer_sizes=(), **p),
    "NetClassifier": lambda **p: NetClassifier(LAYERS, **p),
    "NetRegressor": lambda **p: NetRegressor(LAYERS, **p),
    "ConvAutoencoder": lambda **p: ConvAutoencoder([*LAYERS, L.MaxPool2D(2)], **p),
}
every_estimator = pytest.mark.parametrize("make", MAKE.values(), ids=MAKE)


def moved(estimator: Any, value: float) -> NDArray[np.bool_]:
    """The pixels of the first convolution that another value of pixel (6, 6) changes."""
    X = images()[:3]
    program = estimator.program_  # takes NaN, too
    before = program.predict(X, layer=0)
    X[1, 6, 6, 0] = value
    after = program.predict(X, layer=0)
    if np.isfinite(value):
        np.testing.assert_array_equal(after, estimator.transform(X, layer="conv2d_1"))
    changed = (before != after).any(axis=-1)
    assert not changed[[0, 2]].any()
    return changed[1]


@every_estimator
@pytest.mark.parametrize("value", [1e7, np.nan])
def test_direct_is_local(make: Any, value: float) -> None:
    window = np.zeros((12, 12), bool)
    window[5:8, 5:8] = True
    np.testing.assert_array_equal(moved(fit(make, convolution="direct"), value), window)
    assert moved(fit(make), value).sum() > 9


@every_estimator
def test_the_same_within_the_bound(make: Any) -> None:
    """That of docs/environment.md."""
    fast, direct = fit(make), fit(make, convolution="direct")
    direct.program_.set_weights(fast.program_.get_weights())
    X = images()
    norm = np.sqrt(np.square(fast.program_.get_parameter("conv2d_1.weight")).sum(axis=(0, 1, 2)))
    error = np.abs(fast.transform(X, layer=0) - direct.transform(X, layer=0)) / norm
    assert 0 < error.max() <= (3e-6 + 1.6e-6) * np.abs(X).max()


@every_estimator
def test_copies_and_files_keep_it(make: Any, tmp_path: Any) -> None:
    estimator = fit(make, convolution="direct")
    estimator.save(tmp_path / "net.safetensors")
    loaded = fastdl.load(tmp_path / "net.safetensors")
    for other in (copy.deepcopy(estimator), pickle.loads(pickle.dumps(estimator)), loaded):
        assert other.convolution == "direct"
        assert moved(other, np.nan).sum() == 9
    if hasattr(estimator, "inverse_transform"):
        codes = estimator.transform(images())
        decoded = estimator.inverse_transform(codes)
        assert decoded.tobytes() == estimator.reconstruct(images()).tobytes()


@every_estimator
def test_set_params_is_for_the_next_fit(make: Any) -> None:
    estimator = fit(make, warm_start=True).set_params(convolution="direct")
    assert moved(estimator, np.nan).sum() > 9
    y = np.arange(24) % 2
    seen = estimator.t_
    estimator.fit(images(), y)
    assert estimator.t_ == 2 * seen  # it went on
    assert moved(estimator, np.nan).sum() == 9
    estimator.set_params(convolution="auto").partial_fit(images(), y)
    assert moved(estimator, np.nan).sum() > 9
    estimator.set_params(convolution="direct", warm_start=False).fit(images(), y)
    assert moved(estimator, np.nan).sum() == 9


def test_a_change_of_layers_keeps_it() -> None:
    """A warm start with what is frozen now makes the network anew."""
    estimator = fit(MAKE["NetClassifier"], convolution="direct", warm_start=True)
    estimator.set_params(freeze="conv*").fit(images(), np.arange(24) % 2)
    assert moved(estimator, np.nan).sum() == 9


@every_estimator
def test_other_words_are_refused(make: Any) -> None:
    with pytest.raises(ValueError, match="The 'convolution' parameter of .* must be a str among"):
        fit(make, convolution="winograd")
