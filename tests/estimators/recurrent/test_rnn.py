"""RNNClassifier and RNNRegressor: what they take, what they learn, what they tell."""

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

import fastdl
from checks import parametrize_with_checks
from fastdl import RNNClassifier, RNNRegressor, optim
from fastdl.data import pad_sequences
from images import weights

_TINY = {
    "hidden_layer_sizes": (8,),
    "max_epochs": 3,
    "learning_rate": "constant",
    "learning_rate_init": 0.02,
    "weight_decay": None,
    "random_state": 0,
    "n_jobs": 1,
}


def tiny(**params: Any) -> RNNClassifier:
    return RNNClassifier(**{**_TINY, **params})


def tiny_regressor(**params: Any) -> RNNRegressor:
    return RNNRegressor(**{**_TINY, **params})


@pytest.mark.filterwarnings("ignore:X is an array of integers", "ignore:X has values from")
# With their own defaults: test_default_checks.py.
@parametrize_with_checks(
    [
        RNNClassifier(
            (8, 8), cell="gru", bidirectional=True, max_epochs=10, learning_rate="constant",
            learning_rate_init=0.03, dtype="float64", n_jobs=1,
        ),
        RNNRegressor(
            (8,),
            max_epochs=60,
            learning_rate_init=0.02,
            weight_decay=0.0,
            dtype="float64",
            n_jobs=1,
        ),
    ]
)  # fmt: skip
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module", name="data")
def sequences():
    """Sequences of 2 to 9 steps, and whether the first step is above the last."""
    rng = np.random.default_rng(0)
    X = [rng.normal(size=(t, 2)).astype(np.float32) for t in rng.integers(2, 10, size=120)]
    return X, np.array([int(x[0, 0] > x[-1, 0]) for x in X])


def padded(X, steps=12, value=np.nan):
    """With anything at all after the ends."""
    values, lengths = pad_sequences(X)
    out = np.full((len(X), steps, 2), value, np.float32)
    inside = np.arange(values.shape[1]) < lengths[:, np.newaxis]
    out[:, : values.shape[1]][inside] = values[inside]
    return out, lengths


# --- learning


@pytest.mark.parametrize("cell", ["lstm", "gru", "rnn", "irnn"])
@pytest.mark.parametrize("bidirectional", [False, True])
def test_cells(data, cell, bidirectional):
    X, y = data
    clf = tiny(cell=cell, bidirectional=bidirectional, max_epochs=40).fit(X, y)
    assert clf.score(X, y) > 0.9
    assert clf.transform(X).shape == (len(X), 16 if bidirectional else 8)


def test_stacked_with_dropout(data):
    X, y = data
    clf = tiny(hidden_layer_sizes=(8, 6), dropout=0.1, max_epochs=40).fit(X, y)
    assert clf.score(X, y) > 0.85
    assert clf.transform(X).shape == (len(X), 6)
    assert clf.transform(X, layer="lstm_1").shape == (len(X), 9, 8)


def test_regression(data):
    X, _ = data
    first = np.array([x[0, 0] for x in X])
    reg = tiny_regressor(max_epochs=60).fit(X, first)
    assert reg.score(X, first) > 0.8
    assert reg.predict(X).shape == (len(X),)
    both = np.stack([first, -first], axis=1)
    assert reg.fit(X, both).predict(X).shape == both.shape


@pytest.mark.parametrize(
    "params", [{}, {"dropout": 0.3, "bidirectional": True}, {"recurrent_dropout": 0.3}]
)
def test_the_same_seed_gives_the_same_bytes(data, params):
    fits = [tiny(n_jobs=n_jobs, **params).fit(*data) for n_jobs in (None, 1, 2)]
    assert len({weights(clf) for clf in fits}) == 1
    assert weights(tiny(random_state=1, **params).fit(*data)) != weights(fits[0])


def test_words_probabilities_and_several_classes(data):
    X, _ = data
    lengths = np.array(["short", "middle", "long"])[np.digitize([len(x) for x in X], [4, 7])]
    clf = tiny(max_epochs=40).fit(X, lengths)
    assert list(clf.classes_) == ["long", "middle", "short"]
    assert clf.score(X, lengths) > 0.85
    np.testing.assert_allclose(clf.predict_proba(X).sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(clf.predict_log_proba(X), np.log(clf.predict_proba(X)))
    assert not hasattr(tiny(loss="hinge").fit(X, lengths), "predict_proba")


# --- padding


def test_padded_and_listed_are_the_same_network(data):
    X, y = data
    expected = tiny(bidirectional=True).fit(X, y)
    for value, steps in ((0, 9), (np.nan, 12), (7, 20)):
        values, lengths = padded(X, steps, value)
        clf = tiny(bidirectional=True).fit(values, y, lengths=lengths)
        assert weights(clf) == weights(expected)
        assert clf.input_shape_ == (9, 2)
        for method in ("predict", "predict_proba", "predict_log_proba", "transform"):
            seen = getattr(clf, method)(values, lengths=lengths)
            np.testing.assert_array_equal(seen, getattr(expected, method)(X))
        assert clf.score(values, y, lengths=lengths) == expected.score(X, y)
    values, lengths = padded(X)
    states = tiny(bidirectional=True).fit_transform(values, y, lengths=lengths)
    np.testing.assert_array_equal(states, expected.transform(X))


def test_an_answer_does_not_depend_on_the_others(data):
    X, y = data
    clf = tiny(cell="gru", hidden_layer_sizes=(4, 4), bidirectional=True).fit(X, y)
    before = clf.predict_proba(X)
    alone = np.concatenate([clf.predict_proba([x]) for x in X[:10]])
    np.testing.assert_array_equal(alone, before[:10])
    longer = clf.predict_proba([*X, np.ones((40, 2), np.float32)])
    np.testing.assert_array_equal(longer[:-1], before)
    np.testing.assert_array_equal(clf.predict_proba(X), before)


def test_forms_of_x(data):
    X, y = data
    X = np.stack([np.resize(x, (5, 2)) for x in X])
    expected = weights(tiny().fit(X, y))
    for form in (X.astype(np.float64), np.asfortranarray(X), list(X), tuple(X), X.tolist()):
        assert weights(tiny().fit(form, y)) == expected
    rows = tiny(input_shape=(5, 2)).fit(X.reshape(len(X), -1), y)
    assert weights(rows) == expected
    assert rows.n_features_in_ == 10
    np.testing.assert_array_equal(rows.predict(X), rows.predict(list(X)))
    steps = tiny().fit(X[:, :, 0], y)
    assert steps.input_shape_ == (5, 1)
    assert weights(steps) == weights(tiny().fit(X[:, :, :1], y))


def test_one_step_is_enough():
    X = [np.full((1, 1), i % 2) for i in range(40)]
    y = np.arange(40) % 2
    assert tiny(max_epochs=40).fit(X, y).score(X, y) == 1.0


# --- weights, stopping, going on


def test_weight_zero_is_absence(data):
    X, y = data
    weight = (np.arange(len(X)) < 80).astype(float)
    weighted = tiny(batch_size=len(X)).fit(X, y, sample_weight=weight)
    absent = tiny(batch_size=80).fit(X[:80], y[:80])
    np.testing.assert_allclose(weighted.predict_proba(X), absent.predict_proba(X), atol=1e-4)


def test_class_weight_draws_to_a_class(data):
    X, y = data
    assert (tiny(class_weight={0: 1e4}, max_epochs=10).fit(X, y).predict(X) == 0).mean() > 0.9


def test_own_validation_set(data):
    X, y = data
    longest = [*X[80:], np.ones((15, 2), np.float32)]
    answers = [*y[80:], 0]
    clf = tiny(max_epochs=60, n_iter_no_change=3).fit(X[:80], y[:80], X_val=longest, y_val=answers)
    assert clf.best_iter_ == 1 + int(np.argmax(clf.validation_scores_))
    assert clf.score(longest, answers) == pytest.approx(max(clf.validation_scores_))
    values, lengths = padded(longest, 20)
    again = tiny(max_epochs=60, n_iter_no_change=3)
    again.fit(X[:80], y[:80], X_val=values, y_val=answers, lengths_val=lengths)
    assert weights(again) == weights(clf)


def test_held_out_validation_set(data):
    clf = tiny(early_stopping=True, scoring="neg_log_loss", max_epochs=5).fit(*data)
    assert len(clf.validation_scores_) == clf.n_iter_
    assert np.isfinite(clf.history_["score"]).all()


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
@pytest.mark.parametrize("solver", ["sgd", "adamw", optim.RMSprop(rho=0.8), "lbfgs"])
def test_solvers(data, solver):
    clf = tiny(solver=solver, max_epochs=6).fit(*data)
    assert clf.loss_curve_[-1] < clf.loss_curve_[0]


def test_warm_start_and_partial_fit_take_other_lengths(data):
    X, y = data
    clf = tiny(warm_start=True).fit(X, y)
    clf.fit([np.repeat(x, 3, axis=0) for x in X], y)
    assert len(clf.loss_curve_) == 6
    part = tiny()
    for _ in range(20):
        part.partial_fit([x[:3] for x in X], y, classes=[0, 1]).partial_fit(X, y)
    assert part.score(X, y) > 0.8


def test_a_failed_fit_changes_nothing(data):
    X, y = data
    clf = tiny().fit(X, y)
    before = weights(clf), sorted(vars(clf))
    for bad in ([*X[:-1], X[-1] * np.nan], X[:3], [x[:, :1] for x in X[:-1]] + [X[0]]):
        with pytest.raises(ValueError, match=r"contains NaN|inconsistent numbers|features"):
            clf.fit(bad, y)
    assert (weights(clf), sorted(vars(clf))) == before


# --- a scikit-learn estimator


def test_lists_through_cross_validation_search_and_pipeline(data):
    X, _ = data
    y = np.array([int(x[-1, 0] > 0) for x in X])
    pipe = make_pipeline(FunctionTransformer(lambda X: [2 * x for x in X]), tiny(max_epochs=30))
    assert cross_val_score(pipe, X, y, cv=3).mean() > 0.8
    search = GridSearchCV(pipe, {"rnnclassifier__cell": ["gru", "rnn"]}, cv=2).fit(X, y)
    assert search.best_estimator_.score(X, y) > 0.8
    assert len(cross_val_score(tiny_regressor(), X, y.astype(float), cv=2)) == 2


def test_clone_pickle_save_repr(data, tmp_path):
    X, y = data
    clf = tiny(cell="gru", bidirectional=True).fit(X, y)
    assert weights(clone(clf).fit(X, y)) == weights(clf)
    clf.save(tmp_path / "net.safetensors")
    longest = [*X, np.ones((30, 2), np.float32)]
    for again in (pickle.loads(pickle.dumps(clf)), fastdl.load(tmp_path / "net.safetensors")):
        np.testing.assert_array_equal(again.predict_proba(longest), clf.predict_proba(longest))
    assert repr(RNNRegressor((8,), cell="gru")) == (
        "RNNRegressor(cell='gru', hidden_layer_sizes=(8,))"
    )


def test_summary(data):
    clf = tiny().fit(*data)
    assert clf.summary() == tiny().summary((9, 2), 1)
    assert clf.summary().splitlines()[-2] == "Input 9x2 (any number of steps), 361 parameters."


def test_the_docstring_lists_every_parameter():
    for estimator in (RNNClassifier, RNNRegressor):
        text: Any = estimator.__doc__
        assert [name for name in estimator().get_params() if name not in text] == []
