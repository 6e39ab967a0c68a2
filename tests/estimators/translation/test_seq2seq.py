"""Seq2Seq: learning pairs, searching for answers, what it says of them."""

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone, is_classifier
from sklearn.metrics import make_scorer
from sklearn.model_selection import GridSearchCV, cross_val_predict, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import fastdl
from fastdl import Seq2Seq
from fastdl.metrics import exact_match_score
from fastdl.plotting import AttentionDisplay


def _texts() -> list[str]:
    random = np.random.RandomState(0)
    return ["".join(random.choice(list("abcd"), random.randint(1, 6))) for _ in range(200)]


X = _texts()
Y = [x[::-1] for x in X]
TOKENS, ANSWERS = [list(x) for x in X], [list(y) for y in Y]
NUMBERS = [np.eye(4)[["abcd".index(s) for s in x]] for x in X]
QUICK: dict[str, Any] = {"max_epochs": 2, "embedding_size": 4, "random_state": 0, "n_jobs": 1}


def quick(**params: Any) -> Seq2Seq:
    return Seq2Seq(**{"hidden_layer_sizes": (6,), **QUICK, **params})


@pytest.fixture(scope="module")
def learnt() -> Seq2Seq:
    return Seq2Seq((32,), max_epochs=50, learning_rate_init=0.01, random_state=0).fit(X, Y)


def test_learns_to_reverse(learnt: Seq2Seq) -> None:
    assert learnt.score(X, Y) > 0.95
    assert learnt.predict(["abcd"]).tolist() == ["dcba"]
    assert learnt.max_length_ == 12
    assert set(learnt.source_symbols_) == set(learnt.target_symbols_) == set("abcd")
    assert learnt.history_["loss"][-1] < 0.3 < learnt.history_["loss"][0]


@pytest.mark.slow
@pytest.mark.parametrize("cell", ["gru", "lstm"])
@pytest.mark.parametrize("attention", ["dot", "general", None])
def test_every_kind_learns(attention: str | None, cell: str) -> None:
    net = Seq2Seq(
        (32,), cell=cell, attention=attention, max_epochs=60, learning_rate_init=0.01,
        random_state=0,
    )  # fmt: skip
    assert net.fit(X, Y).score(X, Y) > 0.8


@pytest.mark.slow
def test_all_options_together_learn() -> None:
    net = Seq2Seq(
        (32, 32), dropout=0.05, recurrent_dropout=0.05, teacher_forcing=0.8, reverse_source=True,
        bidirectional=False, max_epochs=30, learning_rate_init=0.01, random_state=0,
    )  # fmt: skip
    assert net.fit(X, Y).score(X, Y) > 0.8


def test_forms_of_pairs() -> None:
    """Tokens, words, arrays and padded arrays are read as strings are; answers have y's form."""
    words, of_words = [" ".join(x) for x in X], [" ".join(y) for y in Y]
    by_text = quick().fit(X, Y)
    expected = by_text.predict(X[:9])
    by_tokens = quick().fit(TOKENS, ANSWERS)
    got = by_tokens.predict(TOKENS[:9])
    assert got.dtype == object
    assert ["".join(tokens) for tokens in got] == expected.tolist()
    by_words = quick(level="word").fit(words, of_words)
    assert by_words.predict(words[:9]).tolist() == [" ".join(answer) for answer in expected]
    of_lists = quick().fit(NUMBERS, Y).predict(NUMBERS)
    lengths = np.array([len(x) for x in X])
    padded = np.zeros((len(X), 7, 4))
    for i, x in enumerate(NUMBERS):
        padded[i, : len(x)] = x
    padded[np.arange(7) >= lengths[:, np.newaxis]] = 5.0
    net = quick().fit(padded, Y, lengths=lengths)
    np.testing.assert_array_equal(net.predict(padded, lengths=lengths), of_lists)
    assert net.score(padded, Y, lengths=lengths) == net.score(NUMBERS, Y)
    assert quick().fit(np.array(X), np.array(Y)).predict(np.array(X[:9])).tolist() == list(expected)


def test_empty_answers_are_legal() -> None:
    some = ["" if "a" in x else "no a" for x in X]
    net = Seq2Seq((16,), max_epochs=15, learning_rate_init=0.02, random_state=0).fit(X, some)
    assert net.score(X, some) > 0.9
    assert net.translate("abc")[0].y == ""
    assert net.translate("abc")[0].attention.shape == (0, 3)


def test_search(learnt: Seq2Seq) -> None:
    """Wider searches find answers as likely or more; likelihoods are those of answers."""
    greedy = learnt.predict(X)
    one = clone(learnt).set_params(beam_size=1)
    assert one.get_params()["beam_size"] == 1
    likely = learnt.log_likelihood(X, list(greedy))
    beams = pickle.loads(pickle.dumps(learnt)).set_params(beam_size=5)
    wider = beams.log_likelihood(X, list(beams.predict(X)))
    assert (wider >= likely - 1e-5).mean() >= 0.97
    best = learnt.translate("abcd", n_best=4)
    assert best[0].y == "dcba"
    totals = [answer.log_likelihood for answer in best]
    assert totals == sorted(totals, reverse=True)
    found = learnt.log_likelihood(["abcd"] * 4, [answer.y for answer in best])
    np.testing.assert_allclose(found, totals, atol=1e-4)
    assert len({answer.y for answer in best}) == 4
    short = pickle.loads(pickle.dumps(learnt)).set_params(max_length=2)
    assert max(map(len, short.predict(X))) == 2


def test_answers_do_not_know_of_others(learnt: Seq2Seq) -> None:
    """Alone, in a batch, in another order, by several threads: the same answers."""
    beams = pickle.loads(pickle.dumps(learnt)).set_params(beam_size=3)
    for net in (learnt, beams):
        whole = net.predict(X)
        order = np.random.RandomState(1).permutation(len(X))
        np.testing.assert_array_equal(net.predict([X[i] for i in order]), whole[order])
        assert [net.predict([x])[0] for x in X[:20]] == whole[:20].tolist()
        totals = net.log_likelihood(X, Y)
        alone = [net.log_likelihood([x], [y])[0] for x, y in zip(X[:9], Y[:9], strict=True)]
        np.testing.assert_array_equal(totals[:9], alone)
        net.set_params(n_jobs=3)
        np.testing.assert_array_equal(net.predict(X), whole)
        net.set_params(n_jobs=None)


def test_attention(learnt: Seq2Seq) -> None:
    """Rows add up to one; of a reversal they run along the other diagonal."""
    weights = learnt.attention_weights(X)
    for w, x, y in zip(weights, X, learnt.predict(X), strict=True):
        assert w.shape == (len(y), len(x))
        np.testing.assert_allclose(w.sum(axis=1), 1, rtol=1e-5)
    of_y = learnt.attention_weights(["abcd"], ["dcba"])[0]
    assert of_y.shape == (4, 4)
    np.testing.assert_array_equal(learnt.translate("abcd")[0].attention, of_y)
    backwards = quick(reverse_source=True).fit(X, Y)
    forwards = quick().fit([x[::-1] for x in X], Y)
    w, expected = (
        backwards.attention_weights(["abcd"], ["ab"])[0],
        forwards.attention_weights(["dcba"], ["ab"])[0],
    )
    np.testing.assert_array_equal(w, expected[:, ::-1])
    display = AttentionDisplay.from_estimator(learnt, "abcd")
    assert [label.get_text() for label in display.ax_.get_xticklabels()] == list("abcd")
    assert [label.get_text() for label in display.ax_.get_yticklabels()] == list("dcba")
    assert quick(attention=None).fit(X, Y).translate("ab")[0].attention is None


def test_unknown_symbols() -> None:
    net = quick(unknown_token="?", max_epochs=1).fit(TOKENS, ANSWERS)
    assert net.source_symbols_[-1] == "?"
    assert net.predict([["a", "z"]]).shape == (1,)
    with pytest.warns(UserWarning, match="saw none of the symbols of X in fit"):
        net.predict([["y"], ["z", "?"]])
    net = quick(unknown_token="", max_epochs=1).fit(TOKENS, ANSWERS)
    assert net.source_symbols_[-1] == ""
    assert net.predict([["a", "z"]]).shape == (1,)
    names = [[x[0], "N"] for x in TOKENS]
    copied = [["N", x[0]] for x in TOKENS]
    net = Seq2Seq(
        (24,), unknown_token="N", replace_unknown=True, max_epochs=30, learning_rate_init=0.02,
        random_state=0,
    ).fit(names, copied)  # fmt: skip
    assert net.predict([["a", "Smith"], ["b", "Jones"]]).tolist() == [
        ["Smith", "a"],
        ["Jones", "b"],
    ]


@pytest.mark.parametrize("form", ["tokens", "words"])
def test_validation_scores_unknown_symbols_as_score_does(form: str) -> None:
    """An unknown token is not the symbol that it was written for."""

    def formed(texts: list[list[str]]) -> Any:
        return texts if form == "tokens" else [" ".join(text) for text in texts]

    pairs = [["a", "N"], ["b", "N"], ["a", "a"], ["b", "b"]] * 10
    val = [["a", "N"], ["b", "b"], ["a", "z"]]
    net = Seq2Seq(
        (16,), unknown_token="N", max_epochs=25, learning_rate_init=0.02, random_state=0,
        level="word", n_jobs=1,
    ).fit(formed(pairs), formed(pairs), X_val=formed(val), y_val=formed(val))  # fmt: skip
    assert net.predict(formed(val)).tolist() == formed([*val[:2], ["a", "N"]])
    weights = {"X_val": formed(val), "y_val": formed(val), "sample_weight_val": [1.0, 0.0, 1.0]}
    assert net.validation_scores_ is not None
    assert net.validation_scores_[-1] == net.score(formed(val), formed(val)) == 2 / 3
    net.set_params(warm_start=True, max_epochs=1).fit(formed(pairs), formed(pairs), **weights)
    assert net.validation_scores_[-1] == 0.5


def test_longer_pairs_than_in_fit(learnt: Seq2Seq) -> None:
    """Sources and answers may be longer; those of before have the same bits."""
    net = pickle.loads(pickle.dumps(learnt))
    before = net.log_likelihood(X, Y)
    long = "abcd" * 6
    assert net.log_likelihood([long], [long[::-1]]).shape == (1,)
    assert net.attention_weights([long], [long])[0].shape == (24, 24)
    np.testing.assert_array_equal(net.log_likelihood(X, Y), before)
    net.set_params(warm_start=True, max_epochs=1).fit([long, *X], [long, *Y])
    assert net.predict([long]).shape == (1,)


def test_validation_and_early_stopping() -> None:
    net = quick(max_epochs=3).fit(X[:150], Y[:150], X_val=X[150:], y_val=Y[150:])
    assert not np.isnan(net.history_["val_loss"]).any()
    assert net.validation_scores_ is not None
    mean = -net.log_likelihood(X[150:], Y[150:]).sum() / sum(len(y) + 1 for y in Y[150:])
    if net.best_iter_ == 3:
        np.testing.assert_allclose(net.history_["val_loss"][-1], mean, rtol=1e-5)
    net = quick(max_epochs=4, early_stopping=True).fit(X, Y)
    assert len(net.validation_scores_ or []) == net.n_iter_
    scored = quick(scoring=make_scorer(exact_match_score)).fit(X, Y)
    assert not np.isnan(scored.history_["score"]).any()


def test_weights_of_pairs() -> None:
    """Pairs of no weight teach nothing; equal weights are none."""
    weight = np.ones(len(X))
    a, b = quick(shuffle=False).fit(X, Y), quick(shuffle=False).fit(X, Y, sample_weight=weight)
    np.testing.assert_array_equal(a.log_likelihood(X, Y), b.log_likelihood(X, Y))
    weight[:150] = 0
    wrong = [*Y[1:150], Y[0], *Y[150:]]  # as many of each symbol
    kwargs = {"weight_decay": 0.0, "shuffle": False, "batch_size": 10}
    with_zeros = quick(**kwargs).fit(X, wrong, sample_weight=weight)
    without = quick(**kwargs).fit(X, Y, sample_weight=weight)
    np.testing.assert_array_equal(with_zeros.predict(X), without.predict(X))


def test_sklearn() -> None:
    """Scores, predictions and searches over lists; a Pipeline of lists."""
    net = quick(max_epochs=1)
    assert not is_classifier(net)
    assert repr(Seq2Seq((8,), cell="lstm")) == "Seq2Seq(cell='lstm', hidden_layer_sizes=(8,))"
    assert cross_val_score(net, X, Y, cv=3).shape == (3,)
    assert cross_val_predict(net, X, Y, cv=3).shape == (len(X),)
    answers = cross_val_predict(net, TOKENS, ANSWERS, cv=3)
    assert answers.shape == (len(X),)
    assert all(isinstance(answer, list) for answer in answers)
    grid = {"cell": ["gru", "lstm"], "attention": ["dot", None]}
    search = GridSearchCV(net, grid, cv=2, scoring=make_scorer(exact_match_score)).fit(X, Y)
    assert set(search.best_params_) == {"cell", "attention"}
    lower = FunctionTransformer(lambda texts: [text.lower() for text in texts])
    pipe = make_pipeline(lower, net).fit([x.upper() for x in X], Y)
    assert pipe.predict(["ABC"]).shape == (1,)
    assert pipe.score([x.upper() for x in X], Y) >= 0


def test_partial_fit_and_warm_start() -> None:
    net = quick().partial_fit(X, Y).partial_fit(X[:50], Y[:50])
    assert net.t_ == 250
    with pytest.raises(ValueError, match=r"y\[0\] has 'z' at step 0"):
        net.partial_fit(["a"], ["z"])
    warm = quick(warm_start=True).fit(X, Y)
    before = warm.history_["loss"][-1]
    assert warm.fit(X, Y).history_["loss"][-1] < before


def test_files_and_transform(tmp_path: Any) -> None:
    net = quick(cell="lstm").fit(TOKENS, ANSWERS)
    net.save(tmp_path / "net.safetensors")
    loaded = fastdl.load(tmp_path / "net.safetensors")
    assert loaded.predict(TOKENS).tolist() == net.predict(TOKENS).tolist()
    assert loaded.max_length_ == net.max_length_
    states = net.transform(TOKENS)
    assert states.shape == (len(X), 6)
    assert "attention" in net.summary()
    names = {p.name for p in net.program_.parameters}
    assert {"encoder_1.weight_ih", "attention.weight_query", "output.bias"} <= names


def test_probabilities_add_up_to_one() -> None:
    """Over all answers of one symbol up to 40 of them, nearly all there is."""
    net = quick().fit(["a", "b"] * 20, ["x", "xx"] * 20)
    answers = ["x" * n for n in range(60)]
    p = np.exp(net.log_likelihood(["a"] * 60, answers))
    assert 0.999 < p.sum() <= 1 + 1e-5
