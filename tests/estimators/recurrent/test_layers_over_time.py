"""Convolution and pooling over time in networks of own layers: ragged sequences, messages."""

import re
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV

from fastdl import NetClassifier, NetRegressor
from fastdl import layers as L

WORDS: dict[str, Any] = {"max_epochs": 3, "batch_size": 8, "random_state": 0}
NET = [
    L.Conv1D(8, 3, padding="same", name="conv"),
    L.Activation("relu"),
    L.MaxPool1D(2, padding="same"),
    L.GlobalAvgPool(),
]


def _draw() -> list[Any]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(3 + i % 6, 2)).astype(np.float32) for i in range(60)]


SEQUENCES = _draw()
LENGTHS = np.array([len(x) for x in SEQUENCES])
LABELS = np.array([int(np.diff(x[:, 0]).max() > 1.5) for x in SEQUENCES])
RISES = [(np.diff(x[:, 0], prepend=0) > 0).astype(int) for x in SEQUENCES]


def padded(value: float) -> Any:
    X = np.full((60, 8, 2), value, np.float32)
    for row, x in zip(X, SEQUENCES, strict=True):
        row[: len(x)] = x
    return X


def test_lists_and_padded_sequences_give_the_same_network() -> None:
    listed = NetClassifier(NET, **WORDS).fit(SEQUENCES, LABELS)
    for value in (0.0, 9.0, 1e30):
        clf = NetClassifier(NET, **WORDS).fit(padded(value), LABELS, lengths=LENGTHS)
        for a, b in zip(clf.get_weights(), listed.get_weights(), strict=True):
            np.testing.assert_array_equal(a, b)
        p = clf.predict_proba(padded(-value), lengths=LENGTHS)
        np.testing.assert_array_equal(p, listed.predict_proba(SEQUENCES))
    alone = np.concatenate([listed.predict_proba([x]) for x in SEQUENCES])
    np.testing.assert_array_equal(alone, listed.predict_proba(SEQUENCES))


def test_longer_sequences_than_in_the_fit() -> None:
    clf = NetClassifier(NET, **WORDS).fit(SEQUENCES, LABELS)
    long = np.random.default_rng(1).normal(size=(40, 2)).astype(np.float32)
    expected = clf.predict_proba(SEQUENCES[:3])
    found = clf.predict_proba([*SEQUENCES[:3], long])
    np.testing.assert_array_equal(found[:3], expected)


@pytest.mark.parametrize("padding", ["same", "causal"])
def test_a_label_for_every_step(padding: str) -> None:
    """A kernel of two steps sees whether a value rises."""
    net = [L.Conv1D(16, 3, padding=padding), L.Activation("relu")]
    tagger = NetClassifier(net, max_epochs=40, learning_rate_init=0.02, random_state=0)
    tagger.fit(SEQUENCES, RISES)
    assert [len(a) for a in tagger.predict(SEQUENCES)] == LENGTHS.tolist()
    assert tagger.score(SEQUENCES, RISES) > 0.9
    if padding == "causal":  # no answer sees a later step
        first = tagger.predict_proba([SEQUENCES[5][:4]])[0]
        whole = tagger.predict_proba([SEQUENCES[5]])[0]
        np.testing.assert_array_equal(whole[:4], first)


def test_before_recurrent_layers_and_in_a_search() -> None:
    net = [L.Conv1D(4, 3, 2, "causal", name="conv"), L.Activation("relu"), L.GRU(5)]
    search = GridSearchCV(NetClassifier(net, **WORDS), {"conv__filters": [2, 4]}, cv=2)
    search.fit(SEQUENCES, LABELS)
    assert search.best_params_["conv__filters"] in (2, 4)
    reg = NetRegressor(net, **WORDS).fit(SEQUENCES, [x[-1, 0] for x in SEQUENCES])
    assert reg.predict(SEQUENCES).shape == (60,)


def error(net: list[L.Layer], X: Any, y: Any) -> str:
    try:
        NetClassifier(net, **WORDS).fit(X, y)
    except ValueError as caught:
        return str(caught)
    raise AssertionError("no error")


def test_messages() -> None:
    text = (
        "X[0] has 3 steps, but layer 'conv1d_1' (Conv1D, kernel 5, padding 'valid') needs at least "
        '5. Use padding="same" or "causal", or leave short sequences out.'
    )
    assert error([L.Conv1D(4, 5), L.GlobalAvgPool()], SEQUENCES, LABELS) == text
    clf = NetClassifier([L.Conv1D(4, 3), L.MaxPool1D(1), L.GlobalMaxPool()], **WORDS)
    clf.fit(SEQUENCES, LABELS)
    with pytest.raises(ValueError, match=re.escape("X[2] has 2 steps, but layer 'conv1d_1'")):
        clf.predict([SEQUENCES[5], SEQUENCES[6], SEQUENCES[7][:2]])
    text = error([L.Conv1D(4, 3), L.Activation("relu")], SEQUENCES, RISES)
    assert text == (
        "NetClassifier: y has a value for every step, but the layers make 6 of 8 steps. Use stride "
        '1 and padding="same" or "causal" in layers over time.'
    )
    text = error([L.Conv1D(4, 9, padding="valid")], SEQUENCES, LABELS)
    assert text == (
        "layer 'conv1d_1' (Conv1D, kernel 9, padding 'valid') gets sequences of 8 steps. Use "
        'padding="same" or "causal", or fewer poolings; see summary().'
    )
