"""Deep belief nets: the stack, its samples, pretraining apart from fit, errors."""

import copy
import re
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_diabetes, load_digits
from sklearn.metrics import log_loss
from sklearn.preprocessing import scale

import fastdl
from fastdl import DBN, DBNClassifier, DBNRegressor
from fastdl.callbacks import EpochEnd

X, y = load_digits(return_X_y=True)
X, y = X[:300] / 16, y[:300]
GREY = scale(X)


def new(kind: Any = DBN, **params: Any) -> Any:
    own = {} if kind is DBN else {"max_epochs": 3}
    return kind(
        **{"hidden_layer_sizes": (20, 10), "pretrain_epochs": 2, "random_state": 0, **own, **params}
    )


def sigmoid(x: Any) -> Any:
    return 1 / (1 + np.exp(-x))


@pytest.mark.parametrize("visible", ["bernoulli", "gaussian"])
def test_layers_stand_on_one_another(visible: str) -> None:
    dbn = new(visible=visible, dtype="float64").fit(X)
    first, second = dbn.rbms_
    assert [type(rbm).__name__ for rbm in dbn.rbms_] == [f"{visible.title()}RBM", "BernoulliRBM"]
    seen = (X - dbn.center_) / dbn.scale_
    if visible == "gaussian":
        np.testing.assert_allclose(seen, GREY, atol=1e-12)
    np.testing.assert_array_equal(dbn.transform(X), second.transform(first.transform(seen)))
    back = first.inverse_transform(second.inverse_transform(dbn.transform(X)))
    back = (back * dbn.scale_ + dbn.center_).astype(back.dtype)
    np.testing.assert_array_equal(dbn.inverse_transform(dbn.transform(X)), back)
    assert [len(table["epoch"]) for table in dbn.pretrain_history_] == [2, 2]
    assert dbn.get_feature_names_out()[-1] == "dbn9"


def test_auto_looks_at_x() -> None:
    assert new().fit(X).visible_ == "bernoulli"
    assert new().fit((16 * X).astype(np.uint8)).visible_ == "gaussian"
    assert new().fit((X > 0.5).astype(np.uint8)).visible_ == "bernoulli"


def test_samples() -> None:
    dbn = new(hidden_layer_sizes=(40, 40), pretrain_epochs=60).fit(X)
    means = dbn.sample(300, n_steps=200)
    assert means.shape == (300, 64)
    assert 0 <= means.min() < means.max() <= 1
    assert np.corrcoef(means.mean(axis=0), X.mean(axis=0))[0, 1] > 0.9
    assert set(np.unique(dbn.sample(5, n_steps=2, mean=False))) <= {0, 1}
    again = new(hidden_layer_sizes=(40, 40), pretrain_epochs=60).fit(X)
    np.testing.assert_array_equal(again.sample(300, n_steps=200), means)


@pytest.mark.share(2)
@pytest.mark.parametrize("kind", [DBN, DBNClassifier, DBNRegressor])
@pytest.mark.parametrize("persistent", [True, False])
def test_same_bytes_for_any_threads(kind: Any, persistent: bool) -> None:
    params = {"hidden_layer_sizes": (150, 150), "persistent": persistent, "batch_size": 100}
    wide = np.hstack([X, X, X])
    one, many = (new(kind, n_jobs=n, **params).fit(wide, y) for n in (1, 3))
    assert one.transform(wide).tobytes() == many.transform(wide).tobytes()


@pytest.mark.parametrize("kind", [DBN, DBNClassifier, DBNRegressor])
def test_files_and_copies(kind: Any, tmp_path: Any) -> None:
    dbn = new(kind).fit(X, y)
    dbn.save(tmp_path / "dbn.safetensors")
    twins = fastdl.load(tmp_path / "dbn.safetensors"), copy.deepcopy(dbn)
    wanted = dbn.sample(3, n_steps=5)
    for twin in twins:
        np.testing.assert_array_equal(twin.transform(X), dbn.transform(X))
        np.testing.assert_array_equal(twin.sample(3, n_steps=5), wanted)


@pytest.mark.parametrize("params", [{}, {"visible": "gaussian"}, {"pretrain_epochs": 0}], ids=str)
def test_fit_starts_from_the_machines(params: Any) -> None:
    """Folding back what the layers were trained in changes nothing."""
    stays = {"learning_rate_init": 1e-12, "weight_decay": 0.0, "dtype": "float64"}
    clf = new(DBNClassifier, **stays, **params).fit(X, y)
    dbn = new(dtype="float64", **params).fit(X)
    assert [type(layer).__name__ for layer in clf._network.layers].count("BatchNorm") == 0
    np.testing.assert_allclose(clf.transform(X), dbn.transform(X), atol=1e-9)


def test_pretrain_apart_from_fit() -> None:
    clf = new(DBNClassifier).pretrain(X)
    machines = clf.rbms_
    with pytest.raises(Exception, match="not fitted yet"):
        clf.predict(X)
    clf.fit(X[:50], y[:50])
    assert clf.rbms_ is machines
    assert not hasattr(clone(clf), "rbms_")
    again = new(DBNClassifier).pretrain(X).fit(X[:50], y[:50])
    np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
    assert new(DBNClassifier).fit(X[:50], y[:50]).fit(X, y).rbms_ is not machines


@pytest.mark.parametrize("params", [{}, {"dropout": 0.1}, {"k": 2, "persistent": True}], ids=str)
def test_classifies(params: Any) -> None:
    clf = new(DBNClassifier, hidden_layer_sizes=(50, 30), max_epochs=60, learning_rate_init=5e-3)
    assert clf.set_params(**params).fit(X, y).score(X, y) > 0.95


def test_regresses() -> None:
    X, y = load_diabetes(return_X_y=True)
    reg = new(DBNRegressor, hidden_layer_sizes=(30,), max_epochs=60, learning_rate_init=1e-2)
    assert reg.fit(scale(X), scale(y)).score(scale(X), scale(y)) > 0.4
    assert reg.visible_ == "gaussian"


@pytest.mark.parametrize("kind", [DBN, DBNClassifier, DBNRegressor])
def test_units_of_x_do_not_matter(kind: Any) -> None:
    """Gaussian units are given X standardised, and give it back in its own units."""
    grey = GREY[:, GREY.std(axis=0) > 0]
    units = np.arange(1, 1 + grey.shape[1])
    scaled = units * grey + units
    one, other = (new(kind, dtype="float64").fit(X, y) for X in (grey, scaled))
    assert one.visible_ == other.visible_ == "gaussian"
    np.testing.assert_allclose(one.transform(grey), other.transform(scaled), atol=1e-6)
    drawn = units * one.sample(2, n_steps=3) + units
    np.testing.assert_allclose(other.sample(2, n_steps=3), drawn, rtol=1e-6, atol=1e-6)
    if kind is not DBN:
        np.testing.assert_allclose(one.predict(grey), other.predict(scaled), atol=1e-5)


def test_partial_fit_after_fit() -> None:
    """It goes on from the function of the fit, by the rate of one."""
    clf = new(DBNClassifier, max_epochs=30, dtype="float64").fit(X, y)
    before, loss = clf.predict_proba(X), log_loss(y, clf.predict_proba(X))
    for _ in range(3):
        clf.partial_fit(X, y)
    assert not np.array_equal(clf.predict_proba(X), before)
    assert log_loss(y, clf.predict_proba(X)) < loss + 0.01


def test_images_are_rows() -> None:
    images = new(DBNClassifier).fit(X.reshape(-1, 8, 8), y)
    np.testing.assert_array_equal(
        images.predict_proba(X.reshape(-1, 8, 8)), new(DBNClassifier).fit(X, y).predict_proba(X)
    )


OUTSIDE = (
    "X has values from {} to {} in column {}, but visible='bernoulli' units stand for values from "
    "0 to 1. Scale X with MinMaxScaler (pixels: X / 255), or set visible='gaussian'."
)
ERRORS: list[tuple[Any, type[Exception], str]] = [
    (lambda: new(visible="bernoulli").fit(16 * X), ValueError, OUTSIDE.format(0, 7, 1)),
    (
        lambda: new(DBNClassifier, visible="bernoulli").fit(X - 0.5, y),
        ValueError,
        OUTSIDE.format(-0.5, -0.5, 0),
    ),
    (
        lambda: new(DBNClassifier).pretrain(X).fit(X[:, :60], y),
        ValueError,
        "DBNClassifier was pretrained with 64 features and hidden_layer_sizes=[20, 10], but fit "
        "gets 60 features and hidden_layer_sizes=[20, 10]. Call pretrain again, or fit with the "
        "same.",
    ),
    (
        lambda: new(DBNRegressor).pretrain(X).set_params(hidden_layer_sizes=(9,)).fit(X, y),
        ValueError,
        "DBNRegressor was pretrained with 64 features and hidden_layer_sizes=[20, 10], but fit "
        "gets 64 features and hidden_layer_sizes=[9]. Call pretrain again, or fit with the same.",
    ),
    (
        lambda: new(hidden_layer_sizes=()).fit(X),
        ValueError,
        "hidden_layer_sizes=(); expected the units of each hidden layer, one layer or more.",
    ),
    (
        lambda: new(device="cuda").fit(X),
        RuntimeError,
        'device="cuda" needs the CUDA build of fastdl and an NVIDIA driver; found neither. '
        'device="auto" falls back to the CPU.',
    ),
    (
        lambda: new(n_hidden=3),
        TypeError,
        "DBN has no parameter 'n_hidden'. Did you mean 'hidden_layer_sizes'?",
    ),
]


@pytest.mark.parametrize(("call", "error", "text"), ERRORS)
def test_text(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        call()


def test_a_failed_fit_changes_nothing() -> None:
    clf = new(DBNClassifier, visible="bernoulli").fit(X, y)
    wanted, machines = clf.predict_proba(X), clf.rbms_
    for spoil in (lambda: clf.fit(X - 3, y), lambda: clf.pretrain(X - 3)):
        with pytest.raises(ValueError, match="in column 0"):
            spoil()
    np.testing.assert_array_equal(clf.predict_proba(X), wanted)
    assert clf.rbms_ is machines


@pytest.mark.parametrize("kind", [DBN, DBNClassifier])
@pytest.mark.parametrize("error", [MemoryError, KeyboardInterrupt])
def test_a_pretraining_that_stops_changes_nothing(
    kind: Any, error: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the second layer, when the first is done."""
    from fastdl.estimators.boltzmann import training

    dbn = new(kind).fit(X, y)
    machines, wanted = list(dbn.rbms_), dbn.transform(X)
    before = {name: value for name, value in vars(dbn).items() if name != "_network"}
    run, calls = training.run, []

    def fails(*args: Any, **kwargs: Any) -> None:
        calls.append(1)
        run(*args, **kwargs)
        if len(calls) % 2 == 0:
            raise error

    monkeypatch.setattr(training, "run", fails)
    ways = [lambda: dbn.fit(X[:, :30], y)]
    ways += [] if kind is DBN else [lambda: dbn.pretrain(X[:, :30])]
    for spoil in ways:
        with pytest.raises(error):
            spoil()
        assert {name: vars(dbn)[name] for name in before} == before
    assert dbn.rbms_ == machines
    np.testing.assert_array_equal(dbn.transform(X), wanted)


def test_callbacks_see_each_epoch() -> None:
    rows = []

    def end(dbn: Any, row: dict[str, float]) -> None:
        rows.append((row["layer"], row["epoch"], dbn.transform(X).shape[1]))
        dbn.sample(2, n_steps=1)

    dbn = new().set_callbacks(EpochEnd(end)).fit(X)
    assert rows == [(1, 1, 20), (1, 2, 20), (2, 1, 10), (2, 2, 10)]
    assert list(dbn.history_) == ["layer", "epoch", "reconstruction_error", "seconds"]
    np.testing.assert_array_equal(dbn.transform(X), new().fit(X).transform(X))
    np.testing.assert_array_equal(dbn.sample(5, n_steps=2), new().fit(X).sample(5, n_steps=2))


def test_a_callback_ends_a_layer() -> None:
    stop = EpochEnd(lambda dbn, row: row["layer"] == 1)
    dbn = new(pretrain_epochs=3).set_callbacks(stop).fit(X)
    assert dbn.history_["layer"] == [1, 2, 2, 2]
