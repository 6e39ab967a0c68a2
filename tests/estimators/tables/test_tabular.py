"""TabularClassifier and TabularRegressor: what they learn, keep, and refuse."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_wine, make_friedman1
from sklearn.model_selection import cross_val_score

import fastdl
from fastdl import NetClassifier, TabularClassifier, TabularRegressor
from fastdl import layers as L
from fastdl.estimators.tables.start import multipliers
from fastdl.program import compile

QUICK = {"hidden_layer_sizes": (32, 32), "max_epochs": 150, "random_state": 0}


def mixed(n=300, seed=0):
    """A table in which the answer needs the numbers, the many categories and what is missing."""
    rng = np.random.default_rng(seed)
    city = rng.integers(0, 12, n)
    frame = pd.DataFrame(
        {
            "size": rng.normal(50, 20, n),
            "city": pd.Categorical([f"city {c}" for c in city]),
            "new": rng.random(n) < 0.5,
            "kind": rng.choice(["flat", "house", "hut"], n),
        }
    )
    value = (
        frame["size"] / 20
        + np.sin(7.0 * city) * 2
        + 2 * frame["new"]
        + 3 * (frame["kind"] == "hut")
    )
    frame.loc[rng.random(n) < 0.1, "size"] = np.nan
    frame.loc[rng.random(n) < 0.1, "kind"] = None
    return frame, value.to_numpy()


def test_learns_classes():
    X, y = load_wine(return_X_y=True)
    scores = cross_val_score(TabularClassifier(**QUICK), X, y, cv=3)
    assert scores.mean() > 0.95


def test_learns_numbers():
    X, y = make_friedman1(300, noise=0.5, random_state=0)
    scores = cross_val_score(TabularRegressor(**QUICK), X, 1e4 + 1e3 * y, cv=3)
    assert scores.mean() > 0.85


def test_learns_from_a_frame_with_categories_and_gaps(tmp_path):
    X, value = mixed(600)
    reg = TabularRegressor(**QUICK).fit(X[:400], value[:400])
    assert reg.score(X[400:], value[400:]) > 0.75
    assert [layer.kind for layer in reg._network.layers[:3]] == [
        "numeric_embedding", "embed_categories", "scale",
    ]  # fmt: skip
    assert reg.categories_[3] == ["flat", "house", "hut"]
    assert reg.predict(X).min() >= value[:400].min()
    assert reg.predict(X).max() <= value[:400].max()
    reg.save(tmp_path / "model")
    for again in (fastdl.load(tmp_path / "model"), pickle.loads(pickle.dumps(reg))):
        np.testing.assert_array_equal(again.predict(X), reg.predict(X))
    clf = TabularClassifier(**QUICK).fit(X[:400], np.where(value > 3, "dear", "cheap")[:400])
    assert clf.score(X[400:], np.where(value > 3, "dear", "cheap")[400:]) > 0.85
    assert clf.predict_proba(X).shape == (600, 2)


def test_several_numbers():
    X, y = make_friedman1(200, random_state=0)
    reg = TabularRegressor(**QUICK).fit(X, np.column_stack([y, 100 - 50 * y]))
    assert reg.predict(X).shape == (200, 2)
    assert reg.score(X, np.column_stack([y, 100 - 50 * y])) > 0.8


def test_indicators():
    X, y = load_wine(return_X_y=True)
    Y = np.column_stack([y == 0, y > 0, y > 1]).astype(int)
    assert TabularClassifier(**QUICK).fit(X, Y).score(X, Y) > 0.9


@pytest.mark.parametrize("n_jobs", [2, 3])
def test_the_same_bytes_for_any_number_of_threads(n_jobs):
    X, y = mixed(500)
    one, several = (
        TabularRegressor(max_epochs=2, random_state=0, n_jobs=n).fit(X, y) for n in (1, n_jobs)
    )
    np.testing.assert_array_equal(one.predict(X), several.predict(X))


def test_the_best_epoch_is_kept_and_the_later_of_equals():
    X, y = load_wine(return_X_y=True)
    X_val, y_val = X[::3], y[::3]
    clf = TabularClassifier(**QUICK).fit(X[1::3], y[1::3], X_val=X_val, y_val=y_val)
    scores = np.array(clf.validation_scores_)
    assert clf.best_iter_ == 1 + np.flatnonzero(scores == scores.max())[-1]
    assert clf.score(X_val, y_val) == scores.max()
    assert len(scores) == 150


@pytest.mark.parametrize("n_outputs", [1, 2])
def test_the_history_scores_what_predict_says(n_outputs):
    """No answer is beyond y of fit, also where the network, rightly, goes beyond."""
    X = np.random.default_rng(0).uniform(-1, 1, (150, 3))
    X[50:] *= 2
    y = 1e6 + 1e3 * (X @ [[3.0, 1.0], [2.0, -2.0], [1.0, 0.5]])[:, :n_outputs].squeeze()
    weight = np.linspace(0.5, 2, 100)
    reg = TabularRegressor(**QUICK).fit(
        X[:50], y[:50], X_val=X[50:], y_val=y[50:], sample_weight_val=weight
    )
    assert reg.score(X[50:], y[50:], weight) == pytest.approx(max(reg.validation_scores_))
    unbound = reg._targets.decode(reg._outputs(X[50:]).astype(float))
    assert not np.array_equal(unbound, reg.predict(X[50:]))


def test_stops_without_improvement():
    X, y = load_wine(return_X_y=True)
    clf = TabularClassifier(**{**QUICK, "n_iter_no_change": 3}).fit(X, y)
    assert clf.n_iter_ < 150


def test_all_samples_without_validation():
    X, y = load_wine(return_X_y=True)
    clf = TabularClassifier(**QUICK, validation_fraction=None).fit(X, y)
    assert clf.validation_scores_ is None
    assert clf.t_ == 150 * 178
    assert TabularClassifier(**QUICK).fit(X, y).t_ == 150 * 142
    assert TabularClassifier(**{**QUICK, "batch_size": 32}).fit(X, y).t_ == 150 * 128


def test_scoring_chooses_the_epoch():
    X, y = load_wine(return_X_y=True)
    clf = TabularClassifier(**{**QUICK, "max_epochs": 8}, scoring="neg_log_loss").fit(X, y)
    assert max(clf.validation_scores_) < 0


def test_start():
    """Every unit of every dense layer has variance 1, and its kink is inside the data."""
    X, y = make_friedman1(400, random_state=0)
    reg = TabularRegressor(**{**QUICK, "max_epochs": 1, "learning_rate_init": 1e-12, "dropout": 0})
    reg.fit(X, y)
    for name in ("dense_1", "dense_2", "output"):
        z = reg.transform(X, layer=name)
        np.testing.assert_allclose(z.std(axis=0), 1, atol=0.15)  # the start saw four fifths
        assert ((z.min(axis=0) < 0) & (z.max(axis=0) > 0)).all()


def test_rates_and_decays():
    layers = L.with_names(
        [
            L.Scale(lr_multiplier=6.0),
            L.Dense(4, name="a"),
            L.ParametricActivation(lr_multiplier=0.1),
        ]
    )
    program = compile(layers, (25,))
    rates, decays = multipliers(layers, program.parameters)
    assert [p.name for p in program.parameters] == [
        "scale_1.gain", "a.weight", "a.bias", "parametric_activation_1.slope",
    ]  # fmt: skip
    assert rates == [1.0, 1 / 5, 0.1, 1.0]  # beside the layers' own
    assert decays == [36.0, 1.0, 0.0, pytest.approx(0.01)]


def test_there_is_no_partial_fit():
    assert not hasattr(TabularClassifier(), "partial_fit")


@pytest.mark.filterwarnings("ignore:Determining the column names")  # of polars
def test_polars_that_is_refused():
    """Text where numbers are taken, and a frame that is not read yet."""
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"a": [1.0, 2.0] * 10, "town": ["Ulm", None] * 10})
    with pytest.raises(ValueError, match="^Column 'town' of X holds 'Ulm'; NetClassifier takes"):
        NetClassifier().fit(frame, [0, 1] * 10)
    for estimator in (NetClassifier(), TabularClassifier()):
        name = type(estimator).__name__
        with pytest.raises(ValueError, match=f"^X is of type LazyFrame, .*; {name} .*X.collect"):
            estimator.fit(frame.lazy(), [0, 1] * 10)
