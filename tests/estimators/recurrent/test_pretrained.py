"""Embeddings that start from vectors which are known already."""

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator
from sklearn.model_selection import GridSearchCV, cross_val_score

import fastdl
from fastdl import (
    NetClassifier,
    NetRegressor,
    RNNClassifier,
    SequenceTagger,
    TextGenerator,
    WordVectors,
)
from fastdl import layers as L
from images import weights

SENTENCES = ["the cat runs", "a dog runs", "the tea cools", "a soup cools"] * 10
ABOUT = [0, 0, 1, 1] * 10
ANIMALS = {"cat": [3.0, 0, 0], "dog": [3, 0.5, 0], "horse": [3, 0.2, 0.3]}
FOOD = {"tea": [-3.0, 0, 0], "soup": [-3, 0.5, 0], "milk": [-3, 0.2, 0.3]}
TABLE = {**ANIMALS, **FOOD}


def make(kind: Any = RNNClassifier, **params: Any) -> Any:
    words = {"analyzer": "word", "max_epochs": 2, "random_state": 0, "n_jobs": 1}
    return kind((4,), **{**words, "embedding": TABLE, **params})


def vector(estimator: Any, symbol: str) -> Any:
    place = 2 + estimator.symbols_.index(symbol)
    return estimator.program_.get_parameter("embedding_1.weight")[place]


@pytest.mark.parametrize("kind", [RNNClassifier, SequenceTagger, TextGenerator])
def test_known_words_start_where_they_are(kind: Any) -> None:
    X: Any = " ".join(SENTENCES) if kind is TextGenerator else SENTENCES
    y = [[label] * 3 for label in ABOUT] if kind is SequenceTagger else ABOUT
    frozen = make(kind, freeze_embedding=True).fit(X, y)
    for word in ("cat", "dog", "tea", "soup"):
        np.testing.assert_array_equal(vector(frozen, word), np.float32(TABLE[word]))
    trained = make(kind).fit(X, y)
    assert 0 < np.abs(vector(trained, "cat") - TABLE["cat"]).max() < 0.1
    assert frozen.n_parameters_ == trained.n_parameters_


def test_other_words_start_at_random_with_the_same_spread() -> None:
    clf = make(freeze_embedding=True).fit(SENTENCES, ABOUT)
    others = np.stack([vector(clf, word) for word in ("the", "a", "runs", "cools", "<unknown>")])
    known = np.array([TABLE[word] for word in ("cat", "dog", "tea", "soup")])
    assert 0.5 < others.std() / known.std() < 2
    again = make(freeze_embedding=True).fit(SENTENCES, ABOUT)
    np.testing.assert_array_equal(vector(again, "the"), vector(clf, "the"))
    named = make(embedding={**TABLE, "<unknown>": [9, 9, 9]}, freeze_embedding=True)
    assert vector(named.fit(SENTENCES, ABOUT), "<unknown>").tolist() == [9, 9, 9]


def test_word_vectors(tmp_path: Any) -> None:
    words = WordVectors(5, min_count=1, sample=0, max_epochs=2, random_state=0).fit(SENTENCES)
    clf = make(embedding=words, freeze_embedding=True)
    assert clone(clf).embedding is words
    assert np.isfinite(cross_val_score(clf, SENTENCES, ABOUT, cv=2)).all()
    clf.fit(SENTENCES, ABOUT)
    np.testing.assert_array_equal(vector(clf, "cat"), words["cat"])
    np.testing.assert_array_equal(vector(clf, "<unknown>"), words.transform([["zebra"]])[0][0])
    table = {word: words[word] for word in words.vocabulary_}
    assert weights(make(embedding=table, freeze_embedding=True).fit(SENTENCES, ABOUT)) == weights(
        clf
    )
    clf.save(tmp_path / "net.safetensors")
    for again in (fastdl.load(tmp_path / "net.safetensors"), pickle.loads(pickle.dumps(clf))):
        np.testing.assert_array_equal(again.predict_proba(SENTENCES), clf.predict_proba(SENTENCES))
        assert weights(clone(again).fit(SENTENCES, ABOUT)) == weights(clf)


def test_layers_of_your_own() -> None:
    words = {"analyzer": "word", "max_epochs": 2, "random_state": 0, "n_jobs": 1}
    net = NetClassifier([L.LSTM(4)], embedding=TABLE, freeze="embedding*", **words)
    net.fit(SENTENCES, ABOUT)
    assert clone(net).embedding == TABLE
    for word in ("cat", "dog", "tea", "soup"):
        np.testing.assert_array_equal(vector(net, word), np.float32(TABLE[word]))
    own = NetRegressor([L.Embedding(20, 3), L.GRU(4)], embedding=TABLE, freeze="emb*", **words)
    assert vector(own.fit(SENTENCES, ABOUT), "tea").tolist() == TABLE["tea"]


def test_a_search_over_vectors() -> None:
    words = WordVectors(5, min_count=1, sample=0, max_epochs=2, random_state=0).fit(SENTENCES)
    grid = {"embedding": [FrozenEstimator(words), TABLE, None]}
    search = GridSearchCV(make(), grid, cv=2, error_score="raise").fit(SENTENCES, ABOUT)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


NUMBERS = [[0.1, 0.2], [0.3]]
# fmt: off
TEXTS = [
    (lambda: make(embedding=3).fit(SENTENCES, ABOUT),
     "RNNClassifier: embedding=3; expected a fitted WordVectors, a dictionary from symbols to "
     "vectors, or None."),
    (lambda: make().fit(NUMBERS, [0, 1]),
     "RNNClassifier: embedding holds vectors of symbols, but X holds numbers. Leave it out."),
    (lambda: make(analyzer="char").fit(SENTENCES, ABOUT),
     "RNNClassifier: embedding has none of the symbols of X, such as ' '. See analyzer (characters "
     "or words?) and lowercase."),
    (lambda: make(embedding={"cat": [1.0, 2], "dog": [1.0]}).fit(SENTENCES, ABOUT),
     "RNNClassifier: the vector of 'dog' in embedding has shape (1,) and dtype float64; expected "
     "numbers of shape (2,)."),
    (lambda: make(embedding={"cat": "cat"}).fit(SENTENCES, ABOUT),
     "RNNClassifier: the vector of 'cat' in embedding has shape () and dtype <U3; expected numbers "
     "of shape (size,)."),
    (lambda: make(embedding={"cat": [1.0, np.nan]}).fit(SENTENCES, ABOUT),
     "RNNClassifier: the vector of 'cat' in embedding holds NaN or infinity."),
    (lambda: NetClassifier([L.Embedding(20, 4), L.GRU(2)], analyzer="word", embedding=TABLE).fit(
        SENTENCES, ABOUT),
     "NetClassifier: the vectors of embedding have 3 numbers, but layer 'embedding_1' has 4 units. "
     "Leave the layer out, or give it as many."),
    (lambda: NetClassifier(embedding=TABLE).fit(np.ones((4, 3)), [0, 1, 0, 1]),
     "NetClassifier: embedding holds vectors of symbols, but X holds numbers. Leave it out."),
    (lambda: make(embedding=WordVectors()).fit(SENTENCES, ABOUT),
     "This WordVectors instance is not fitted yet. Call 'fit' with appropriate arguments before "
     "using this estimator."),
]
# fmt: on


@pytest.mark.parametrize(("call", "text"), TEXTS, ids=[text[:40] for _, text in TEXTS])
def test_text(call: Any, text: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011
        call()
    assert str(caught.value) == text
