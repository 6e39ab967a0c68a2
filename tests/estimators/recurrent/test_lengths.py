"""Lengths beside padded X: where they go by themselves, and what says that they are missing."""

import pickle
import re
from typing import Any

import numpy as np
import pytest
import sklearn
from sklearn.model_selection import GridSearchCV, KFold, cross_val_score
from sklearn.pipeline import make_pipeline

import fastdl
from fastdl import SequenceScaler
from fastdl._sklearn import VERSION


def _draw() -> tuple[Any, Any]:
    """Sequences of 1 to 7 steps, padded to 9 with what would be seen; and their lengths."""
    rng = np.random.default_rng(0)
    lengths, padded = rng.integers(1, 8, 60), np.full((60, 9, 2), 1e3)
    for row, length in zip(padded, lengths, strict=True):
        row[:length] = rng.normal(size=(length, 2))
    return padded, lengths


X, LENGTHS = _draw()
LISTED = [x[:length] for x, length in zip(X, LENGTHS, strict=True)]
Y = np.array([int(x[:, 0].sum() > 0) for x in LISTED])
STEPS = (X[:, :, 0] > 0).astype(int)
OF_STEPS = [y[:length] for y, length in zip(STEPS, LENGTHS, strict=True)]

CASES = {"RNNClassifier": (Y, Y), "RNNRegressor": (Y, Y), "SequenceTagger": (STEPS, OF_STEPS)}
every_kind = pytest.mark.parametrize("name", CASES)


def make(name: str = "RNNClassifier", **params: Any) -> Any:
    words = {"max_epochs": 3, "random_state": 0, "n_jobs": 1, "learning_rate_init": 0.02}
    return getattr(fastdl, name)((4,), **{**words, **params})


@every_kind
def test_routed_lengths_go_wherever_X_goes(name: str) -> None:
    padded, listed = CASES[name]
    cv = KFold(3)
    expected = cross_val_score(make(name), LISTED, listed, cv=cv)
    with sklearn.config_context(enable_metadata_routing=True):
        found = cross_val_score(make(name), X, padded, cv=cv, params={"lengths": LENGTHS})
        np.testing.assert_array_equal(found, expected)
        search = GridSearchCV(make(name), {"cell": ["gru", "rnn"]}, cv=cv)
        best = search.fit(X, padded, lengths=LENGTHS)
        if VERSION >= (1, 9):  # pipelines of older versions do not hand metadata to scores
            pipe = make_pipeline("passthrough", make(name))
            again = cross_val_score(pipe, X, padded, cv=cv, params={"lengths": LENGTHS})
            np.testing.assert_array_equal(again, expected)
    plain = GridSearchCV(make(name), {"cell": ["gru", "rnn"]}, cv=cv).fit(LISTED, listed)
    np.testing.assert_array_equal(
        best.cv_results_["mean_test_score"], plain.cv_results_["mean_test_score"]
    )


@pytest.mark.parametrize("is_scaled", [False, True])
def test_the_line_in_the_warning_gives_the_right_scores(is_scaled: bool) -> None:
    """Without routing scores are warned of; what the warning says to write routes the lengths."""
    if is_scaled and VERSION < (1, 9):
        pytest.skip("pipelines of older versions do not hand metadata to scores")
    model = make_pipeline(SequenceScaler(), make()) if is_scaled else make()
    lengths = "rnnclassifier__lengths" if is_scaled else "lengths"
    with pytest.warns(UserWarning, match="score got no lengths") as caught:
        cross_val_score(model, X, Y, cv=2, params={lengths: LENGTHS}, error_score="raise")
    text = next(str(w.message) for w in caught if "got no lengths" in str(w.message))
    (name,) = re.findall(r"sklearn\.set_config\((\w+)=True\)", text)
    expected = cross_val_score(model, LISTED, Y, cv=2)
    with sklearn.config_context(**{name: True}):
        found = cross_val_score(model, X, Y, cv=2, params={"lengths": LENGTHS})
    np.testing.assert_array_equal(found, expected)


METHODS = ["predict", "predict_proba", "predict_log_proba", "transform"]


@pytest.mark.parametrize("method", [*METHODS, "score"])
def test_forgotten_lengths(method: str, tmp_path: Any) -> None:
    clf = make().fit(X, Y, lengths=LENGTHS)
    text = (
        "RNNClassifier was fitted with lengths, and X is padded to as many steps, 9, but "
        f"{method} got no lengths: it reads the padding, too. Pass lengths=. For cross_val_score "
        "and searches, sklearn.set_config(enable_metadata_routing=True) takes them to where the "
        "scores are computed, if they are called lengths there."
    )
    clf.save(tmp_path / "net.safetensors")
    copies = (clf, fastdl.load(tmp_path / "net.safetensors"), pickle.loads(pickle.dumps(clf)))
    for estimator in copies:
        call = getattr(estimator, method)
        y = (Y,) if method == "score" else ()
        with pytest.warns(UserWarning, match=f"^{re.escape(text)}$") as caught:
            call(X, *y)
        assert len(caught) == 1
        assert caught[0].filename == __file__
        call(X, *y, lengths=LENGTHS)
        call(X[:, :7], *y)  # of other shape: not the padding of the fit
        call(LISTED, *y)


def test_lengths_that_leave_no_padding_are_not_missed() -> None:
    small = X.clip(-3, 3)
    clf = make().fit(small, Y, lengths=np.full(60, 9))
    assert clf.predict(small).shape == (60,)
    clf.fit(small, Y, lengths=LENGTHS)
    assert clf.fit(LISTED, Y).predict(small).shape == (60,)


def test_training_itself_does_not_warn() -> None:
    def scorer(estimator: Any, X: Any, y: Any) -> float:
        return float(np.mean(estimator.predict(X) == y))

    assert make(scoring=scorer, early_stopping=True).fit(X, Y, lengths=LENGTHS).n_iter_
    clf = make(scoring=scorer)
    clf.partial_fit(X, Y, classes=[0, 1], lengths=LENGTHS)
    clf.fit(X, Y, lengths=LENGTHS, X_val=X, y_val=Y, lengths_val=LENGTHS)
    assert np.isfinite(clf.history_["score"]).all()
