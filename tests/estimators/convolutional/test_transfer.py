"""What `init_from` takes over beside layers and weights: what a row is."""

import numpy as np
import pytest
from sklearn.base import clone

from fastdl import CNNClassifier, NetClassifier, NetRegressor, RNNClassifier, load_network
from fastdl import layers as L

IMAGES = np.random.default_rng(0).normal(size=(40, 6, 4, 2)).astype(np.float32)
ROWS = IMAGES.reshape(40, -1)
Y = np.arange(40) % 3
WORDS = {"max_epochs": 1, "random_state": 0, "n_jobs": 1}


def cnn(X, **params):
    return CNNClassifier(conv_layer_sizes=(4,), **params, **WORDS).fit(X, Y)


@pytest.mark.parametrize(
    "base", [cnn(ROWS, input_shape=(6, 4, 2)), cnn(IMAGES)], ids=["rows", "images"]
)
def test_rows_are_images_as_they_were(base):
    new = NetClassifier(init_from=base, drop_head=True, freeze="*", **WORDS)
    assert new.fit(ROWS, Y > 0).input_shape_ == (6, 4, 2)
    np.testing.assert_array_equal(new.transform(ROWS), base.transform(IMAGES))
    again = NetClassifier(init_from=new, **WORDS).fit(ROWS, Y > 0)  # from one that took it over
    assert again.input_shape_ == (6, 4, 2)
    number = NetRegressor(init_from=base, drop_head=True, **WORDS).fit(ROWS, Y)
    assert number.predict(IMAGES).shape == (40,)
    assert clone(new).fit(ROWS, Y > 0).input_shape_ == (6, 4, 2)
    text = NetClassifier(init_from=base).summary((6, 4, 2), 3)
    assert "Input 6x4x2" in text


def test_input_shape_comes_first():
    base = cnn(ROWS, input_shape=(6, 4, 2))
    body = NetClassifier([L.Conv2D(3, 3), L.GlobalAvgPool()], input_shape=(6, 8), **WORDS)
    body.fit(ROWS, Y)
    other = NetClassifier(init_from=body, input_shape=(8, 6), **WORDS).fit(ROWS, Y)
    assert other.input_shape_ == (8, 6, 1)
    with pytest.raises(ValueError, match="asks for images of shape"):
        NetClassifier(init_from=base, input_shape=(3, 3), **WORDS).fit(ROWS, Y)


def test_images_of_another_size_are_taken_as_they_are():
    base = NetClassifier([L.Conv2D(3, 3), L.GlobalAvgPool()], **WORDS).fit(IMAGES, Y)
    larger = NetClassifier(init_from=base, **WORDS).fit(np.tile(IMAGES, (1, 2, 2, 1))[:, :9, :7], Y)
    assert larger.input_shape_ == (9, 7, 2)


def test_rows_are_strips_and_features_as_they_were():
    strips = NetClassifier([L.Conv2D(3, (1, 3)), L.GlobalAvgPool()], **WORDS).fit(ROWS, Y)
    shorter = NetClassifier(init_from=strips, **WORDS).fit(ROWS[:, :30], Y)
    assert shorter.input_shape_ == (1, 30, 1)
    rows = NetClassifier([L.Dense(4)], **WORDS).fit(ROWS, Y)
    assert NetClassifier(init_from=rows, **WORDS).fit(ROWS, Y).input_shape_ == (48,)


def test_rows_are_sequences_as_they_were():
    base = RNNClassifier(hidden_layer_sizes=(4,), input_shape=(8, 6), **WORDS).fit(ROWS, Y)
    new = NetClassifier(init_from=base, drop_head=True, freeze="*", **WORDS).fit(ROWS, Y > 0)
    assert new.input_shape_ == (8, 6)
    np.testing.assert_allclose(new.transform(ROWS), base.transform(ROWS), atol=1e-6)
    plain = RNNClassifier(hidden_layer_sizes=(4,), **WORDS).fit(ROWS, Y)
    assert NetClassifier(init_from=plain, **WORDS).fit(ROWS, Y).input_shape_ == (48, 1)


def test_rows_are_to_a_loaded_network_what_they_were(tmp_path):
    def loaded(estimator):
        estimator.save(tmp_path / "model")
        return load_network(tmp_path / "model")

    def shape(base, X):
        new = NetClassifier(init_from=base, drop_head=True, freeze="*", **WORDS).fit(X, Y > 0)
        return new, new.input_shape_

    base = cnn(IMAGES)
    new, found = shape(loaded(base), ROWS)
    assert found == (6, 4, 2)
    np.testing.assert_array_equal(new.transform(ROWS), base.transform(IMAGES))
    body = NetClassifier([L.Conv2D(3, 3), L.GlobalAvgPool()], **WORDS)
    assert shape(loaded(body.fit(IMAGES[..., :1], Y)), ROWS[:, :24])[1] == (6, 4, 1)
    steps = RNNClassifier(hidden_layer_sizes=(4,), **WORDS).fit(ROWS.reshape(40, 8, 6), Y)
    new, found = shape(loaded(steps), ROWS)
    assert found == (8, 6)
    expected = steps.transform(ROWS.reshape(40, 8, 6))
    np.testing.assert_allclose(new.transform(ROWS), expected, atol=1e-6)
    assert shape(steps, ROWS)[1] == (8, 6)  # as to the estimator
    message = r"takes sequences of shape \(8, 6\), or rows of 48 features. Set input_shape"
    with pytest.raises(ValueError, match=message):
        shape(steps, ROWS[:, :42])
    plain = RNNClassifier(hidden_layer_sizes=(4,), **WORDS).fit(ROWS[:, :40], Y)
    assert shape(loaded(plain), ROWS)[1] == (48, 1)  # of one feature: of any length
    assert shape(loaded(NetClassifier([L.Dense(4)], **WORDS).fit(ROWS, Y)), ROWS)[1] == (48,)
