"""The perceptrons in training: validation, history, early stopping, callbacks."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import balanced_accuracy_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fastdl import MLPClassifier, MLPRegressor
from fastdl.callbacks import Callback, EpochEnd
from perceptrons import new, some_digits, some_numbers, weights

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer:UserWarning")


@pytest.fixture(scope="module", name="digits")
def load() -> Any:
    return some_digits()


# --- validation, history, early stopping


def test_history(digits: Any) -> None:
    X, y = digits
    clf = new(max_iter=4, scoring="balanced_accuracy").fit(X, y, X_val=X[:50], y_val=y[:50])
    table = pd.DataFrame(clf.history_)
    assert list(table) == ["epoch", "lr", "loss", "val_loss", "score", "val_score", "seconds"]
    assert list(table["epoch"]) == [1, 2, 3, 4]
    assert (table["lr"] == 0.001).all()
    assert (table["seconds"] > 0).all()
    assert table["score"].iloc[-1] == balanced_accuracy_score(y, clf.predict(X))
    assert table["val_score"].iloc[-1] == balanced_accuracy_score(y[:50], clf.predict(X[:50]))
    p = clf.predict_proba(X[:50])[np.arange(50), y[:50]]
    assert table["val_loss"].iloc[-1] == pytest.approx(-np.log(p).mean())
    assert clf.loss_curve_ == clf.history_["loss"]
    assert clf.validation_loss_curve_ == clf.history_["val_loss"]
    assert clf.validation_scores_ == clf.history_["val_score"]
    assert clf.n_parameters_ == 64 * 20 + 20 + 20 * 10 + 10
    assert clf.device_ == "cpu"


def test_own_validation_set_only_records(digits: Any) -> None:
    X, y = digits
    plain = new().fit(X, y)
    watched = new().fit(X, y, X_val=X[:50], y_val=y[:50])
    np.testing.assert_array_equal(weights(plain), weights(watched))
    assert plain.validation_scores_ is None
    assert len(watched.validation_scores_) == watched.n_iter_


@pytest.mark.parametrize("estimator", [MLPClassifier, MLPRegressor])
def test_early_stopping_keeps_the_best(estimator: Any, digits: Any) -> None:
    X, y = digits
    X_val, y_val = X[400:], y[400:]
    est = estimator(
        hidden_layer_sizes=(30,),
        early_stopping=True,
        max_iter=300,
        random_state=0,
        learning_rate_init=0.02,
    )
    est.fit(X[:400], y[:400], X_val=X_val, y_val=y_val)
    assert est.n_iter_ < 300
    assert est.best_iter_ == np.argmax(est.validation_scores_) + 1 < est.n_iter_
    assert est.best_validation_score_ == max(est.validation_scores_)
    assert est.score(X_val, y_val) == pytest.approx(est.best_validation_score_)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        est.set_params(warm_start=True, max_iter=3, learning_rate_init=1.0)
        est.fit(X[:400], y[:400], X_val=X_val, y_val=y_val)  # makes nothing better
    assert est.score(X_val, y_val) == pytest.approx(est.best_validation_score_)


def test_validation_weights() -> None:
    X, y = some_numbers()
    weight = np.random.RandomState(0).uniform(0, 2, 50)
    reg = MLPRegressor(hidden_layer_sizes=(5,), max_iter=3, random_state=0)
    reg.fit(X, y, X_val=X[:50], y_val=y[:50], sample_weight_val=weight)
    assert reg.validation_scores_[-1] == pytest.approx(reg.score(X[:50], y[:50], weight))
    error = (reg.predict(X[:50]) - y[:50]) ** 2 / 2
    assert reg.validation_loss_curve_[-1] == pytest.approx(np.average(error, weights=weight))


def test_validation_set_through_a_pipeline(digits: Any) -> None:
    from sklearn import config_context

    X, y = digits
    with config_context(enable_metadata_routing=True):
        clf = new(max_iter=3).set_fit_request(X_val=True, y_val=True)
        pipe = make_pipeline(StandardScaler(), clf, transform_input=["X_val"])
        pipe.fit(X[:300], y[:300], X_val=X[300:], y_val=y[300:])
        assert clf.validation_scores_[-1] == pipe.score(X[300:], y[300:])


def test_lbfgs_has_a_history_too(digits: Any) -> None:
    X, y = digits
    clf = new(solver="lbfgs", max_iter=200).fit(X, y, X_val=X[:50], y_val=y[:50])
    assert len(clf.loss_curve_) == clf.n_iter_ == clf.best_iter_
    assert clf.loss_curve_[-1] == clf.loss_
    assert clf.validation_scores_[-1] == clf.score(X[:50], y[:50]) == 1.0


# --- callbacks


class Recorder(Callback):
    def __init__(self) -> None:
        self.seen: list[str] = []

    def setup(self, estimator: Any, context: Any) -> None:
        self.seen.append("setup")

    def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
        self.seen.append(f"{context.task_name} {context.task_id} begins")

    def on_fit_task_end(self, estimator: Any, context: Any) -> None:
        self.seen.append(f"{context.task_name} {context.task_id} ends")

    def teardown(self, estimator: Any, context: Any) -> None:
        self.seen.append("teardown")


def test_callbacks_hear_of_every_epoch(digits: Any) -> None:
    recorder = Recorder()
    clf = clone(new(max_iter=2).set_callbacks(recorder)).fit(*digits)
    assert clf.n_iter_ == 2
    assert recorder.seen == [
        "setup",
        "fit 0 begins",
        "epoch 0 begins",
        "epoch 0 ends",
        "epoch 1 begins",
        "epoch 1 ends",
        "fit 0 ends",
        "teardown",
    ]


class Keeper(Callback):
    """Asks for what a hook may name; the training goes on in the estimator, not in the copy."""

    def __init__(self) -> None:
        self.kept: list[Any] = []

    def on_fit_task_end(
        self, estimator: Any, context: Any, *, X: Any, y: Any, fitted_estimator: Any
    ) -> None:
        if context.task_name == "epoch":
            assert context.parent.task_name == "fit"
            self.kept.append((fitted_estimator, fitted_estimator.score(X, y)))


def test_callbacks_are_given_what_they_name(digits: Any) -> None:
    keeper = Keeper()
    clf = new(max_iter=3).set_callbacks(keeper).fit(*digits)
    fitted, scores = zip(*keeper.kept, strict=True)
    assert [one.score(*digits) for one in fitted] == list(scores)
    assert scores[-1] == clf.score(*digits) > scores[0]


def test_callbacks_are_torn_down_after_an_error(digits: Any) -> None:
    recorder = Recorder()
    clf = new(max_iter=2).set_callbacks(recorder, EpochEnd(lambda *_: 1 / 0))
    with pytest.raises(ZeroDivisionError):
        clf.fit(*digits)
    assert recorder.seen[-2:] == ["epoch 0 ends", "teardown"]
    assert list(vars(clf)) == list(vars(new().set_callbacks(recorder)))


@pytest.mark.parametrize("bad", [Recorder, object()])
def test_what_is_no_callback_is_refused(bad: Any) -> None:
    with pytest.raises(TypeError, match="FitCallback protocol"):
        new().set_callbacks(bad)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_a_callback_stops(digits: Any, solver: str) -> None:
    rows: list[dict[str, float]] = []

    def enough(estimator: Any, row: dict[str, float]) -> bool:
        rows.append({**row, "accuracy": estimator.score(*digits)})
        return row["epoch"] == 3

    clf = new(max_iter=50, solver=solver).set_callbacks(EpochEnd(enough)).fit(*digits)
    assert clf.n_iter_ == len(rows) == 3
    assert [row["loss"] for row in rows] == clf.loss_curve_
    assert rows[-1]["accuracy"] == clf.score(*digits)
    np.testing.assert_array_equal(weights(clf), weights(new_of(clf, solver).fit(*digits)))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_an_iteration_begins_with_the_weights_of_the_one_before(digits: Any) -> None:
    """L-BFGS tries weights between its iterations, which no callback is to see."""
    begun, ended = [], []

    class Watch(Callback):
        def on_fit_task_begin(self, estimator: Any, context: Any) -> None:
            if context.task_name == "epoch":
                begun.append(estimator._network.snapshot().weights)

        def on_fit_task_end(self, estimator: Any, context: Any) -> None:
            if context.task_name == "epoch":
                ended.append(estimator._network.snapshot().weights)

    new(max_iter=6, solver="lbfgs").set_callbacks(Watch()).fit(*digits)
    assert len(begun) == len(ended) == 6
    for before, after in zip(ended, begun[1:], strict=False):
        np.testing.assert_array_equal(before, after)


def new_of(clf: Any, solver: str) -> Any:
    stop = EpochEnd(lambda estimator, row: row["epoch"] == clf.n_iter_)
    return new(max_iter=50, solver=solver).set_callbacks(stop)


def test_scikit_learns_callback(digits: Any) -> None:
    callback = pytest.importorskip("sklearn.callback", reason="came with scikit-learn 1.9")
    X, y = digits
    monitor = callback.ScoringMonitor(scoring="accuracy")
    clf = new(max_iter=3).set_callbacks(monitor).fit(X, y)
    assert np.array_equal(weights(clf), weights(new(max_iter=3).fit(X, y)))
    scores = [row["accuracy"] for row in monitor.get_logs().data if row["task_name"] == "epoch"]
    assert len(scores) == 3
    assert scores[-1] == clf.score(X, y)
