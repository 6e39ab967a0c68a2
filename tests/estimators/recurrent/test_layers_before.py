"""Layers in front of the recurrent ones: the same network as of NetClassifier, searches, files."""

import re

import numpy as np
import pytest

import fastdl
from fastdl import NetClassifier, RNNClassifier, RNNRegressor, SequenceTagger
from fastdl import layers as L


def sequences():
    rng = np.random.default_rng(0)
    return [rng.normal(size=(length, 2)) for length in rng.integers(8, 20, size=60)]


X = sequences()
Y = [int(x[:, 0].sum() > 0) for x in X]
BEFORE = [L.Conv1D(4, 3, padding="same", name="conv1"), L.Activation("relu"), L.MaxPool1D(2)]
QUICK = {"max_epochs": 2, "random_state": 0, "n_jobs": 1}


def test_they_are_those_of_a_network_of_ones_own():
    rnn = RNNClassifier((5,), layers=BEFORE, **QUICK).fit(X, Y)
    own = NetClassifier([*BEFORE, L.LSTM(5)], clip_norm=1.0, **QUICK).fit(X, Y)
    np.testing.assert_array_equal(rnn.predict_proba(X), own.predict_proba(X))
    assert [layer.name for layer in rnn._network.layers][:2] == ["conv1", "activation_1"]


def test_their_fields_are_parameters(tmp_path):
    rnn = RNNClassifier((5,), layers=BEFORE, **QUICK).set_params(conv1__filters=3)
    assert rnn.get_params()["conv1__filters"] == 3
    assert rnn.fit(X, Y).get_weights()["conv1.weight"].shape[-1] == 3
    rnn.save(tmp_path / "rnn.safetensors")
    loaded = fastdl.load(tmp_path / "rnn.safetensors")
    np.testing.assert_array_equal(loaded.predict(X), rnn.predict(X))


def test_of_steps_texts_and_numbers():
    tagger = SequenceTagger((5,), layers=[L.Conv1D(4, 3, padding="causal")], **QUICK)
    labels = [(x[:, 0] > 0).tolist() for x in X]
    assert [len(found) for found in tagger.fit(X, labels).predict(X[:3])] == [*map(len, X[:3])]
    texts = ["anna", "bobo", "cacao"] * 5
    by_symbols = RNNClassifier((5,), layers=[L.Conv1D(4, 2)], **QUICK).fit(texts, [0, 1, 0] * 5)
    assert [layer.kind for layer in by_symbols._network.layers][:2] == ["embedding", "conv1d"]
    numbers = RNNRegressor((5,), layers=[L.Dense(3)], truncate_bptt=4, **QUICK)
    assert numbers.fit(X, Y).predict(X).shape == (60,)


@pytest.mark.parametrize(
    ("estimator", "text"),
    [
        (RNNClassifier(layers=[L.GlobalAvgPool()]),
         "RNNClassifier: layers=[GlobalAvgPool()] stand in front of the recurrent ones, and have "
         "to give sequences. Leave out what brings the steps together, or use a network of your "
         "own layers, NetClassifier or NetRegressor."),
        (RNNClassifier(layers=[L.Conv1D(6, 3), L.BatchNorm()]),
         "layer 'batch_norm_1' (BatchNorm) takes rows or images, but its input is sequences of "
         "17x6. Use LayerNorm() on sequences."),
        (RNNClassifier(layers=[L.Conv1D(6, 3), L.GroupNorm(2)]),
         "layer 'group_norm_1' (GroupNorm) takes rows or images, but its input is sequences of "
         "17x6. Use LayerNorm() on sequences."),
        (RNNClassifier(layers=[L.Maxout(6)]),
         "layer 'maxout_1' (Maxout) takes rows of features, but its input is sequences of 19x2. "
         "Put Flatten() or a pooling over time before it."),
        (RNNClassifier(layers=[L.Conv1D(6, 3)], truncate_bptt=4),
         "RNNClassifier: truncate_bptt=4 cuts sequences into windows, at whose borders "
         "layers=[Conv1D(6, 3)] would miss their neighbours. Set one of them only."),
        (RNNClassifier(layers=[L.Dense(6, name="cell")]),
         "RNNClassifier: a layer is called 'cell', as a parameter is. Choose another name."),
    ],
)  # fmt: skip
def test_texts(estimator, text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        estimator.fit(X, Y)


def test_fewer_steps_than_answers():
    tagger = SequenceTagger(layers=[L.MaxPool1D(2)])
    with pytest.raises(ValueError, match="y has a value for every step, but the layers make 9 of"):
        tagger.fit(X, [(x[:, 0] > 0).tolist() for x in X])
