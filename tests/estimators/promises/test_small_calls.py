"""Calls with few samples take a shorter way through the checks, which lets nothing else through."""

import pickle
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.utils import check_random_state

import fastdl.estimators as E
from fastdl import MLPClassifier, MLPRegressor, NetClassifier, RNNClassifier
from fastdl.estimators.inputs import rows
from fastdl.fitting.progress import Progress
from fastdl.fitting.random import generator

X = np.random.default_rng(0).standard_normal((12, 4))
Y = np.arange(12) % 3


def with_value(value: float, dtype: str = "float64") -> Any:
    bad = X.astype(dtype)
    bad[5, 2] = value
    return bad


def classifier(X: Any = X, y: Any = Y, **params: Any) -> MLPClassifier:
    return MLPClassifier((5,), random_state=0, **params).partial_fit(X, y, classes=np.unique(y))


def images() -> NetClassifier:
    return NetClassifier(random_state=0).partial_fit(X.reshape(12, 2, 2), Y, classes=[0, 1, 2])


def asked(X: Any) -> Callable[[], Any]:
    return lambda: classifier().predict(X)


def taught(X: Any = X, y: Any = Y, of: Any = X) -> Callable[[], Any]:
    return lambda: classifier(of).partial_fit(X, y).coefs_[0]


def regressed(y: Any) -> Callable[[], Any]:
    def call() -> Any:
        reg = MLPRegressor(hidden_layer_sizes=(5,), random_state=0)
        return reg.partial_fit(X, Y / 2).partial_fit(X, y).coefs_[0]

    return call


def changed(**params: Any) -> Callable[[], Any]:
    return lambda: classifier().set_params(**params).partial_fit(X, Y).coefs_[0]


class Floats(np.ndarray):
    pass


CALLS = {
    "one row": asked(X[:1]),
    "float32": asked(X.astype("f")),
    "uint8": asked(np.ones((2, 4), np.uint8)),
    "integers": asked(np.ones((2, 4), int)),
    "columns first": asked(np.asfortranarray(X)),
    "every other row": asked(X[::2]),
    "of a subclass": asked(X.view(Floats)),
    "masked": asked(np.ma.masked_invalid(X)),
    "other byte order": asked(X.astype(">f8")),
    "list": asked(X.tolist()),
    "NaN": asked(with_value(np.nan)),
    "infinity": asked(with_value(np.inf, "float32")),
    "sum overflows": asked(np.full((2, 4), 1e308)),
    "no row": asked(X[:0]),
    "one dimension": asked(X[0]),
    "three dimensions": asked(X[np.newaxis]),
    "too few features": asked(X[:, :3]),
    "complex": asked(X + 1j),
    "text": asked(X.astype(str)),
    "frame": asked(pd.DataFrame(X, columns=list("abcd"))),
    "not a frame": lambda: classifier(pd.DataFrame(X, columns=list("abcd"))).predict(X),
    "partial fit": taught(),
    "NaN in a partial fit": taught(with_value(np.nan)),
    "y of another length": taught(y=Y[:5]),
    "y with an unknown label": taught(y=Y + 1),
    "y between labels": taught(y=Y + 0.5),
    "y as whole floats": taught(y=Y * 1.0),
    "y as bool": taught(y=Y > 1),
    "y as a column": taught(y=Y[:, np.newaxis]),
    "y with NaN": taught(y=np.where(Y == 1, np.nan, Y)),
    "y of two columns": taught(y=np.stack([Y, Y], axis=1)),
    "y as text": taught(y=Y.astype(str)),
    "y missing": taught(y=None),
    "no frame in a partial fit": taught(of=pd.DataFrame(X, columns=list("abcd"))),
    "numbers": regressed(Y * 1.0),
    "numbers with infinity": regressed(np.where(Y == 1, np.inf, Y)),
    "numbers of two columns": regressed(np.stack([Y, Y], axis=1) * 1.0),
    "numbers as text": regressed(Y.astype(str)),
    "an image": lambda: images().predict(X[:1].reshape(1, 2, 2)),
    "NaN in an image": lambda: images().predict(with_value(np.nan).reshape(12, 2, 2)),
    "an image of another size": lambda: images().predict(X.reshape(12, 4, 1)),
    "a row for an image": lambda: images().predict(X[:1]),
    "NaN in rows of steps": lambda: (
        RNNClassifier((3,), max_epochs=1, random_state=0).fit(X, Y).predict(with_value(np.nan))
    ),
    "a bad parameter": changed(momentum=2),
    "a bad solver": changed(solver="adamm"),
    "other parameters": changed(learning_rate_init=0.1, hidden_layer_sizes=[5]),
}


def outcome(call: Callable[[], Any]) -> Any:
    """What a call gives, raises and warns of."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result: Any = np.asarray(call()).tolist()
        except (ValueError, TypeError) as error:
            result = type(error), str(error)
    return result, [str(w.message) for w in caught]


@pytest.mark.parametrize("name", CALLS)
def test_the_short_way_is_the_long_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    short = outcome(CALLS[name])
    monkeypatch.setattr(rows, "_SMALL", 0)
    monkeypatch.setattr("fastdl.fitting.targets.Targets.knows", lambda targets, y: False)
    assert outcome(CALLS[name]) == short


def test_plain_arrays_take_the_short_way(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or what is measured is not what is tested."""
    clf, net = classifier(), images()
    monkeypatch.setattr(rows, "validate_data", None)
    monkeypatch.setattr("fastdl.estimators.heads.refused.unique_labels", None)
    clf.partial_fit(X, Y).predict(X[:1])
    net.partial_fit(X.reshape(12, 2, 2), Y).predict(X[:1].reshape(1, 2, 2))


@pytest.mark.parametrize("name", E.__all__)
def test_defaults_need_no_check(name: str) -> None:
    """`Estimator._validate_params` looks at the others only."""
    from fastdl._sklearn import validate_parameter_constraints

    cls = getattr(E, name)
    if hasattr(cls, "_defaults"):
        validate_parameter_constraints(cls._parameter_constraints, cls._defaults, name)


@pytest.mark.parametrize("seed", [0, 42, 2**32 - 1, np.int64(7), True])
def test_generators_draw_as_numpys(seed: Any) -> None:
    mine, theirs = generator(seed), check_random_state(seed)
    for _ in range(2):
        assert (mine.randint(2**31 - 1, size=700) == theirs.randint(2**31 - 1, size=700)).all()
        assert (mine.standard_normal(5) == theirs.standard_normal(5)).all()
    copy = pickle.loads(pickle.dumps(mine))
    assert copy.randint(1000) == mine.randint(1000)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.5, "a"])
def test_generators_refuse_what_numpys_do(seed: Any) -> None:
    def refusal(make: Callable[[Any], Any]) -> str:
        with pytest.raises(ValueError, match=r"Seed|seed") as caught:
            make(seed)
        return str(caught.value)

    assert refusal(generator) == refusal(check_random_state)


def test_a_partial_fit_that_fails_leaves_the_history(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes on in the lists of the fits before, so that long histories are not copied."""
    clf = classifier()
    clf.partial_fit(X, Y)
    copy = pickle.loads(pickle.dumps(clf))
    before = {column: list(values) for column, values in clf.history_.items()}

    def fails(*args: Any, **words: Any) -> None:
        raise RuntimeError("in the middle")

    with monkeypatch.context() as patch:
        patch.setattr("fastdl.fitting.progress.Progress.keep", fails)
        with pytest.raises(RuntimeError, match="in the middle"):
            clf.partial_fit(X, Y)
    for column, values in clf.history_.items():
        np.testing.assert_equal(values, before[column])
    assert clf.n_iter_ == 1
    assert clf.t_ == 24
    clf.partial_fit(X, Y)
    np.testing.assert_equal(clf.loss_curve_, copy.partial_fit(X, Y).loss_curve_)
    assert len(clf.history_["loss"]) == 3


def test_the_history_knows_which_epochs_were_validated() -> None:
    clf = MLPClassifier((5,), max_iter=2, n_iter_no_change=9, random_state=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        clf.fit(X, Y, X_val=X, y_val=Y)
    assert len(clf.validation_scores_) == 2
    for same in (clf, pickle.loads(pickle.dumps(clf))):
        assert len(same.partial_fit(X, Y).validation_scores_) == 3
    assert classifier().validation_scores_ is None


def test_others_see_the_history_before_a_partial_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Until its epoch has ended, though it is written into the same lists."""
    clf, seen = classifier(), []
    record = Progress.record

    def look(progress: Progress, **row: float) -> None:
        record(progress, **row)
        seen.append(pickle.loads(pickle.dumps(clf)))

    monkeypatch.setattr(Progress, "record", look)
    clf.partial_fit(X, Y)
    assert len(clf.history_["loss"]) == 2
    (before,) = seen
    assert len(before.history_["loss"]) == len(before.loss_curve_) == 1
    monkeypatch.undo()
    np.testing.assert_equal(before.partial_fit(X, Y).loss_curve_, clf.loss_curve_)
