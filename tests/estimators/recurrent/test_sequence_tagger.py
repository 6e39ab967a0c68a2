"""SequenceTagger: a label for every step, in every form of X."""

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import accuracy_score
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import fastdl
from fastdl import SequenceTagger
from images import weights

_TINY: dict[str, Any] = {
    "hidden_layer_sizes": (8,),
    "max_epochs": 3,
    "learning_rate": "constant",
    "learning_rate_init": 0.03,
    "weight_decay": None,
    "random_state": 0,
    "n_jobs": 1,
}


def tagger(**params: Any) -> SequenceTagger:
    return SequenceTagger(**{**_TINY, **params})


@pytest.fixture(scope="module", name="data")
def signs_so_far():
    """Sequences of 2 to 9 steps; whether the sum of the first feature so far is low, mid, high."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(t, 2)).astype(np.float32) for t in rng.integers(2, 10, size=120)]
    names = np.array(["low", "mid", "high"])
    return X, [names[np.digitize(x[:, 0].cumsum(), [-0.5, 0.5])].tolist() for x in X]


def padded(X, y, steps):
    lengths = np.array([len(x) for x in X])
    values, labels = np.full((len(X), steps, 2), np.nan), np.full((len(X), steps), "-", "<U4")
    for i, length in enumerate(lengths):
        values[i, :length], labels[i, :length] = X[i], y[i]
    return values, labels, lengths


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn"])
def test_learns(data, cell):
    X, y = data
    clf = tagger(cell=cell, hidden_layer_sizes=(16,), max_epochs=60).fit(X, y)
    assert list(clf.classes_) == ["high", "low", "mid"]
    predicted = clf.predict(X)
    right = accuracy_score(np.concatenate(y), np.concatenate(predicted))
    assert clf.score(X, y) == right > 0.85
    p = clf.predict_proba(X)
    assert [a.shape for a in p] == [(len(x), 3) for x in X]
    np.testing.assert_allclose(np.concatenate(p).sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(clf.predict_log_proba(X)[3], np.log(p[3]))
    assert [s.shape for s in clf.transform(X)[:3]] == [(len(x), 16) for x in X[:3]]


def test_bidirectional_sees_what_comes(data):
    X, _ = data
    last = [[int(x[-1, 0] > 0)] * len(x) for x in X]
    params = {"max_epochs": 30, "hidden_layer_sizes": (8, 8)}
    assert tagger(bidirectional=True, **params).fit(X, last).score(X, last) > 0.95
    assert tagger(**params).fit(X, last).score(X, last) < 0.9


@pytest.mark.parametrize("params", [{}, {"bidirectional": True}, {"truncate_bptt": 4}])
def test_padded_listed_and_threads(data, params):
    X, y = data
    expected = tagger(dropout=0.2, **params).fit(X, y)
    for steps, n_jobs in ((9, 1), (14, 2), (14, 4)):
        values, labels, lengths = padded(X, y, steps)
        clf = tagger(dropout=0.2, **{**params, "n_jobs": n_jobs}).fit(
            values, labels, lengths=lengths
        )
        assert weights(clf) == weights(expected)
        assert clf.score(values, labels, lengths=lengths) == expected.score(X, y)
        answers = clf.predict(values, lengths=lengths)
        assert answers.shape == labels.shape
        for answer, of_one in zip(answers, expected.predict(X), strict=True):
            assert list(answer[: len(of_one)]) == list(of_one)
            assert set(answer[len(of_one) :]) <= {""}
        p = clf.predict_proba(values, lengths=lengths)
        assert p.shape == (*labels.shape, 3)
        np.testing.assert_array_equal(p[0, : lengths[0]], expected.predict_proba(X)[0])
    for i in range(5):
        np.testing.assert_array_equal(
            expected.predict_proba([X[i]])[0], expected.predict_proba(X)[i]
        )


def test_two_classes_and_arrays():
    X = np.random.default_rng(0).normal(size=(60, 5, 1))
    y = X[:, :, 0] > 0
    clf = tagger(max_epochs=20).fit(X, y)
    assert clf.predict(X).shape == y.shape
    assert clf.predict_proba(X).shape == (60, 5, 2)
    assert clf.score(X, y) > 0.97
    assert clf.program_.output_shape == (5, 1)
    assert weights(tagger(max_epochs=20).fit(list(X), y.tolist())) == weights(clf)


def test_rows_are_single_steps(data):
    X, y = data
    X, y = np.concatenate(X), np.concatenate(y)
    clf = tagger().fit(X, y)
    assert clf.input_shape_ == (1, 2)
    assert clf.predict(X).shape == y.shape
    assert clf.transform(X).shape == (len(X), 8)
    steps = tagger().fit(X[:, np.newaxis], y[:, np.newaxis])
    assert weights(steps) == weights(clf)


def test_tokens_and_characters():
    vowels = [["v" if c in "aeiou" else "c" for c in word] for word in WORDS]
    clf = tagger(max_epochs=30).fit(WORDS, vowels)
    assert clf.score(WORDS, vowels) == 1.0
    assert [list(a) for a in clf.predict(["tip", "on"])] == [["c", "v", "c"], ["v", "c"]]
    sentences = [["the", "dog", "barks"], ["a", "cat", "sleeps"], ["the", "cat", "barks"]] * 5
    parts = [["D", "N", "V"]] * 15
    clf = tagger(max_epochs=30, unknown="cat").fit(sentences, parts)
    assert list(clf.predict([["a", "bird", "sleeps"]])[0]) == ["D", "N", "V"]


WORDS = ["banana", "tulip", "onset", "lid", "spine"] * 6


def test_validation_and_partial_fit(data):
    X, y = data
    clf = tagger(max_epochs=10).fit(X[30:], y[30:], X_val=X[:30], y_val=y[:30])
    assert clf.score(X[:30], y[:30]) == pytest.approx(max(clf.validation_scores_))
    held = tagger(early_stopping=True, truncate_bptt=4).fit(X, y)
    assert len(held.validation_scores_) == held.n_iter_
    part = tagger()
    values, labels, lengths = padded(X, y, 9)
    for _ in range(40):
        part.partial_fit(values, labels, classes=["low", "mid", "high"], lengths=lengths)
    assert part.score(X, y) > 0.7


def test_several_labels_at_once(data):
    X, _ = data
    y = [np.stack([x[:, 0] > 0, x[:, 1] > 0], axis=1).astype(int) for x in X]
    clf = tagger(max_epochs=30).fit(X, y)
    assert clf.score(X, y) > 0.9
    assert clf.predict(X)[0].shape == y[0].shape


def test_cross_validation_search_and_pipeline(data):
    X, y = data
    pipe = make_pipeline(FunctionTransformer(lambda X: [2 * x for x in X]), tagger(max_epochs=20))
    assert cross_val_score(pipe, X, y, cv=3).mean() > 0.7
    search = GridSearchCV(pipe, {"sequencetagger__cell": ["gru", "rnn"]}, cv=2).fit(X, y)
    assert search.best_estimator_.score(X, y) > 0.7


def test_pickle_and_save(data, tmp_path):
    X, y = data
    for clf, inputs in (
        (tagger(truncate_bptt=4).fit(X, y), X),
        (tagger(bidirectional=True).fit(WORDS, [list(word) for word in WORDS]), WORDS),
    ):
        clf.save(tmp_path / "net.safetensors")
        for again in (pickle.loads(pickle.dumps(clf)), fastdl.load(tmp_path / "net.safetensors")):
            for a, b in zip(again.predict_proba(inputs), clf.predict_proba(inputs), strict=True):
                np.testing.assert_array_equal(a, b)


def test_the_docstring_lists_every_parameter():
    text: Any = SequenceTagger.__doc__
    assert [name for name in SequenceTagger().get_params() if name not in text] == []
