"""Text and integers as symbols: what is read as one, and which are known."""

import pickle
import re
from typing import Any

import numpy as np
import pytest
from sklearn.model_selection import cross_val_score

import fastdl
from fastdl import RNNClassifier, RNNRegressor, SequenceTagger
from images import weights

NAMES = ["anna", "otto", "hanna", "lotte", "ivan", "boris", "olga", "igor", "éva", "zoë"] * 2
LANGUAGES = list("ddddrrrrhh") * 2
SENTENCES = ["The dog barks", "a cat sleeps", "the cat barks", "A dog sleeps"]
ABOUT = [0, 1, 1, 0]


def make(kind: Any = RNNClassifier, **params: Any) -> Any:
    return kind((4,), **{"max_epochs": 2, "random_state": 0, "n_jobs": 1, **params})


def test_cross_validation_meets_unknown_letters() -> None:
    scores = cross_val_score(make(), NAMES, LANGUAGES, cv=2)
    assert np.isfinite(scores).all()
    scores = cross_val_score(make(), NAMES[:10], list("dr" * 5), cv=5)
    assert np.isfinite(scores).all()


def test_all_unknown_symbols_are_one() -> None:
    clf = make().fit(NAMES, LANGUAGES)
    assert clf.symbols_[-1] == "<unknown>"
    p = clf.predict_proba(["aXa", "a?a", ["a", "<unknown>", "a"]])
    assert (p == p[0]).all()


@pytest.mark.parametrize("kind", [RNNClassifier, RNNRegressor])
def test_analyzers(kind: Any) -> None:
    words = make(kind, analyzer="word").fit(SENTENCES, ABOUT)
    lists = [sentence.split() for sentence in SENTENCES]
    assert weights(words) == weights(make(kind).fit(lists, ABOUT))
    assert words.symbols_[:4] == ("dog", "barks", "cat", "sleeps")
    np.testing.assert_array_equal(words.predict(SENTENCES), words.predict(lists))
    found = make(kind, analyzer=re.compile(r"\w+").findall).fit(
        [sentence + "!" for sentence in SENTENCES], ABOUT
    )
    assert weights(found) == weights(words)
    lower = make(kind, analyzer="word", lowercase=True).fit(SENTENCES, ABOUT)
    assert set(lower.symbols_) == {"the", "a", "dog", "cat", "barks", "sleeps", "<unknown>"}
    np.testing.assert_array_equal(lower.predict(["THE DOG"]), lower.predict([["The", "Dog"]]))


def test_one_symbol_is_one_in_lower_case() -> None:
    """İ becomes two characters: still one step, as the labels of a tagger have it."""
    tagger = make(SequenceTagger, lowercase=True).fit(["İa", "ab"], [[0, 1], [0, 1]])
    assert [len(labels) for labels in tagger.predict(["İİa", "b"])] == [3, 1]


def test_the_most_frequent_are_kept() -> None:
    clf = make(analyzer="word", max_tokens=3, unknown="?").fit(SENTENCES, ABOUT)
    assert clf.symbols_ == ("dog", "barks", "cat", "?")
    p = clf.predict_proba(["dog sleeps", "dog zebra", "dog ?"])
    assert (p == p[0]).all()
    assert make(unknown="error").fit(NAMES, LANGUAGES).symbols_[-1] != "<unknown>"


def test_a_tagger_of_words_answers_each() -> None:
    y = [[0, 1, 2]] * 4
    tagger = make(SequenceTagger, analyzer="word", max_epochs=30, learning_rate_init=0.03)
    tagger.fit(SENTENCES, y)
    assert tagger.score(SENTENCES, y) == 1.0
    assert [labels.tolist() for labels in tagger.predict(["A cat", "the dog barks"])] == [
        [0, 1],
        [0, 1, 2],
    ]
    assert [p.shape for p in tagger.predict_proba(["A cat"])] == [(2, 3)]


def test_files_hold_words_but_no_functions(tmp_path: Any) -> None:
    path = tmp_path / "net.safetensors"
    words = make(analyzer="word", lowercase=True).fit(SENTENCES, ABOUT)
    words.save(path)
    for again in (fastdl.load(path), pickle.loads(pickle.dumps(words))):
        np.testing.assert_array_equal(
            again.predict_proba(SENTENCES), words.predict_proba(SENTENCES)
        )
    words.set_params(analyzer=str.split)
    with pytest.raises(TypeError) as caught:
        words.save(tmp_path / "other.safetensors")
    assert str(caught.value) == (
        f"analyzer={str.split!r} cannot be saved: a model file holds data and no code. Set it to "
        "None, or to a name where there is one, or pickle the estimator."
    )
    assert pickle.loads(pickle.dumps(words)).analyzer == str.split


# --- integers

CODES = [[3, 1, 2], [4, 5], [1, 1], [2, 3, 3, 1]]


def test_integers_are_symbols(tmp_path: Any) -> None:
    clf = make(integers="symbols").fit(CODES, ABOUT)
    assert clf.symbols_ == (1, 3, 2, 4, 5, "<unknown>")
    as_texts = make().fit([list(map(str, codes)) for codes in CODES], ABOUT)
    assert weights(clf) == weights(as_texts)
    expected = clf.predict_proba(CODES)
    assert (clf.predict_proba([[1, 77], [1, -5]]) == clf.predict_proba([[1, 9]])).all()
    padded, lengths = np.zeros((4, 4), int), [len(codes) for codes in CODES]
    for row, codes in zip(padded, CODES, strict=True):
        row[: len(codes)] = codes
    for X, words in (
        ([np.array(codes) for codes in CODES], {}),
        (np.array([np.array(codes) for codes in CODES], object), {}),
        (padded, {"lengths": lengths}),
    ):
        again = make(integers="symbols").fit(X, ABOUT, **words)
        assert weights(again) == weights(clf)
        np.testing.assert_array_equal(clf.predict_proba(X, **words), expected)
    clf.save(tmp_path / "net.safetensors")
    again = fastdl.load(tmp_path / "net.safetensors")
    np.testing.assert_array_equal(again.predict_proba(CODES), expected)


def test_integers_are_symbols_of_one_length_too() -> None:
    rows = [[1, 2], [3, 4], [1, 4], [2, 3]]
    with pytest.warns(UserWarning, match="lists of integers"):
        clf = make().fit(rows, ABOUT)
    assert len(clf.symbols_) == 5
    assert clf.predict([[1, 2, 3]]).shape == clf.predict([[1, 2]]).shape == (1,)
    table = make(integers="symbols").fit(np.array(rows), ABOUT)
    assert weights(table) == weights(clf)


def test_integers_are_values() -> None:
    clf = make(integers="values").fit(CODES, ABOUT)
    assert clf.input_shape_ == (4, 1)
    assert not hasattr(clf, "symbols_")
    as_floats = make().fit([[float(code) for code in codes] for codes in CODES], ABOUT)
    assert weights(as_floats) == weights(clf)
    rows = np.array([[1, 2], [3, 4], [1, 4], [2, 3]])
    assert make(integers="values").fit(rows, ABOUT).input_shape_ == (2, 1)


def test_tags_of_integers() -> None:
    y = [[code % 2 for code in codes] for codes in CODES]
    tagger = make(SequenceTagger, integers="symbols", max_epochs=40, learning_rate_init=0.05)
    assert tagger.fit(CODES, y).score(CODES, y) == 1.0
    assert [labels.tolist() for labels in tagger.predict([[1, 2], [3, 4]])] == [[1, 0], [1, 0]]
    assert tagger.predict(np.array([[1, 2], [3, 4]])).tolist() == [[1, 0], [1, 0]]


# --- empty texts


@pytest.mark.parametrize(
    "params",
    [{}, {"bidirectional": True}, {"truncate_bptt": 2}, {"analyzer": "word"}, {"n_jobs": 2}],
)
def test_an_empty_text_is_one_without_steps(params: Any, tmp_path: Any) -> None:
    """The answer is that of the layers after the recurrent ones to a state of zeros."""
    X = ["", "ab c", "c ba", "", "b"]
    clf = make(**params).fit(X, [0, 1, 0, 1, 0])
    bias = clf.program_.get_parameter("output.bias")
    p = clf.predict_proba(["", "a", " " if params.get("analyzer") else ""])
    np.testing.assert_allclose(p[0, 1], 1 / (1 + np.exp(-bias[0])), rtol=1e-6)
    np.testing.assert_array_equal(p[0], p[2])
    np.testing.assert_array_equal(clf.predict_proba([""]), p[:1])
    np.testing.assert_array_equal(clf.predict_proba([[], ["a"]]), p[:2])


def test_empty_texts_and_integers_of_taggers() -> None:
    tagger = make(SequenceTagger).fit(["ab", "", "c"], [[0, 1], [], [1]])
    assert [len(labels) for labels in tagger.predict(["", "ab"])] == [0, 2]
    assert [len(labels) for labels in tagger.predict([""])] == [0]
    codes = make(integers="symbols").fit([[1, 2], [], [3]], [0, 1, 1])
    assert codes.predict([[], [1]]).shape == (2,)
