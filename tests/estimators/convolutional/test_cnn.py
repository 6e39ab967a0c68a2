"""CNNClassifier and CNNRegressor: what they take, what they learn, what they tell."""

import pickle
import re
import warnings
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import scale

from checks import parametrize_with_checks
from fastdl import CNNClassifier, CNNRegressor, NDScaler, losses, optim
from images import some_digits, tiny, tiny_regressor, weights


# A float32 network meets the checks but for rounding: one of them asks for 1e-7.
@parametrize_with_checks(
    [
        CNNClassifier(max_epochs=50, dtype="float64", n_jobs=1),
        CNNRegressor(max_epochs=50, dtype="float64", n_jobs=1),
        CNNClassifier(
            (), hidden_layer_sizes=(100,), solver="adamw", max_epochs=50, dtype="float64", n_jobs=1
        ),
    ]
)
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.fixture(scope="module", name="data")
def digits():
    return some_digits()


# --- learning


def test_digits_by_default():
    X, y = some_digits(1797)
    X_train, X_test, y_train, y_test = train_test_split(
        X, y, test_size=400, stratify=y, random_state=0
    )
    clf = CNNClassifier(random_state=0, n_jobs=1).fit(X_train, y_train)
    assert clf.score(X_test, y_test) >= 0.98


@pytest.mark.parametrize("params", [{}, {"dropout": 0.3, "batch_norm": True}])
def test_the_same_seed_gives_the_same_bytes(data, params):
    fits = [tiny(n_jobs=n_jobs, **params).fit(*data) for n_jobs in (None, 1, 2)]
    assert len({weights(clf) for clf in fits}) == 1
    assert weights(tiny(random_state=1, **params).fit(*data)) != weights(fits[0])


def test_predictions_do_not_depend_on_the_batch(data):
    X, y = data
    clf = tiny().fit(X, y)
    alone = np.concatenate([clf.predict_proba(x[np.newaxis]) for x in X[:5]])
    np.testing.assert_array_equal(alone, clf.predict_proba(X)[:5])


def test_regression(data):
    X, _ = data
    ink = scale(X.mean(axis=(1, 2), dtype=float))
    reg = tiny_regressor(max_epochs=40).fit(X, ink)
    assert reg.score(X, ink) > 0.9
    assert reg.predict(X).shape == (len(X),)
    both = np.stack([ink, -ink], axis=1)
    assert reg.fit(X, both).predict(X).shape == both.shape


@pytest.mark.parametrize(
    "loss", ["squared_error", "absolute_error", "huber", "poisson", losses.Huber(delta=0.1)]
)
def test_regression_losses(data, loss):
    X, y = data
    reg = tiny_regressor(loss=loss, max_epochs=8).fit(X, y)
    assert reg.loss_curve_[-1] < reg.loss_curve_[0]
    assert loss != "poisson" or reg.predict(X).min() > 0


@pytest.mark.parametrize("classes", [2, 10])
@pytest.mark.parametrize("loss", ["hinge", losses.Hinge(margin=2.0)])
def test_hinge(data, classes, loss):
    X, y = data
    clf = tiny(loss=loss, max_epochs=10).fit(X, y % classes)
    assert clf.score(X, y % classes) > 1.2 / classes
    assert not hasattr(clf, "predict_proba")


def test_multilabel(data):
    X, y = data
    both = np.stack([y % 2, y > 4], axis=1).astype(int)
    clf = tiny(max_epochs=20).fit(X, both)
    assert clf.predict(X).shape == both.shape
    assert ((clf.predict_proba(X) > 0.5) == clf.predict(X)).all()
    assert (clf.predict(X) == both).mean() > 0.8


def test_labels_that_are_words(data):
    X, y = data
    words = np.array(["even", "odd"])[y % 2]
    clf = tiny(max_epochs=15).fit(X, words)
    assert list(clf.classes_) == ["even", "odd"]
    assert clf.score(X, words) > 0.8
    assert clf.predict_proba(X).shape == (len(X), 2)


def test_weight_zero_is_absence(data):
    X, y = data
    weight = (np.arange(len(X)) < 200).astype(float)
    weighted = tiny(batch_size=len(X)).fit(X, y, sample_weight=weight)
    absent = tiny(batch_size=200).fit(X[:200], y[:200])
    np.testing.assert_allclose(weighted.predict_proba(X), absent.predict_proba(X), atol=1e-4)


def test_class_weight_draws_to_a_class(data):
    X, y = data
    clf = tiny(class_weight={0: 1e4}, max_epochs=10).fit(X, y % 2)
    assert (clf.predict(X) == 0).mean() > 0.9


# --- forms of X


def test_all_forms_of_the_same_images_are_the_same(data):
    X, y = data
    expected = weights(tiny().fit(X, y))
    for form in (X[..., np.newaxis], X.astype(np.float64), np.asfortranarray(X), X.tolist()):
        assert weights(tiny().fit(form, y)) == expected
    rows = tiny(input_shape=(8, 8)).fit(X.reshape(len(X), -1), y)
    assert weights(rows) == expected
    np.testing.assert_array_equal(rows.predict(X), rows.predict(X.reshape(len(X), -1)))
    assert rows.input_shape_ == (8, 8, 1)
    assert rows.n_features_in_ == 64


def test_bytes_are_read_as_they_are(data):
    X, y = data
    pixels = (16 * X).astype(np.uint8)
    clf = tiny().fit(pixels, y)
    assert weights(clf) == weights(tiny().fit(pixels.astype(np.float32), y))
    assert np.shares_memory(clf._inputs.check(clf, pixels, reset=False), pixels)


def test_rows_are_strips():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(100, 12))
    clf = tiny(kernel_size=5, max_epochs=30).fit(X, X[:, 3] > 0)
    assert clf.input_shape_ == (1, 12, 1)
    assert clf.program_.get_parameter("conv2d_1.weight").shape == (1, 5, 1, 4)
    assert clf.score(X, X[:, 3] > 0) > 0.8


def test_data_frames(data):
    X, y = data
    frame = pd.DataFrame(X.reshape(len(X), -1)).add_prefix("pixel")
    clf = tiny(input_shape=(8, 8, 1)).fit(frame, pd.Series(y))
    assert clf.feature_names_in_[3] == "pixel3"
    assert weights(clf) == weights(tiny().fit(X, y))


def test_float64_networks(data):
    X, y = data
    clf = tiny(dtype="float64").fit(X, y)
    assert clf.program_.dtype == "float64"
    np.testing.assert_allclose(clf.predict_proba(X), tiny().fit(X, y).predict_proba(X), atol=1e-4)


@pytest.mark.parametrize(
    ("params", "warns"),
    [
        ({}, True),
        ({"batch_norm": True}, False),
        ({"architecture": "resnet20", "max_epochs": 1}, False),
    ],
)
def test_unscaled_pixels(data, params, warns):
    X, y = data
    pixels = (255 * X[:40]).astype(np.uint8)
    clf = CNNClassifier(max_epochs=1).set_params(**params)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        clf.fit(pixels, y[:40])
    text = (
        "X has values from 0 to 255, which look like unscaled pixels. Networks learn best from "
        "inputs around 0 with a spread of 1: put NDScaler() before CNNClassifier, or divide X "
        "by 255."
    )
    found = [str(w.message) for w in caught if w.category is UserWarning]
    assert found == [text] * warns


# --- stopping, history, going on


def test_own_validation_set_stops_early_and_keeps_the_best(data):
    X, y = data
    clf = tiny(max_epochs=100, n_iter_no_change=3)
    clf.fit(X[:200], y[:200], X_val=X[200:], y_val=y[200:])
    scores = clf.validation_scores_
    assert len(scores) < 100
    assert clf.best_iter_ == 1 + int(np.argmax(scores))
    assert clf.score(X[200:], y[200:]) == pytest.approx(max(scores))


def test_own_validation_set_only_watched(data):
    X, y = data
    clf = tiny(early_stopping=False).fit(X, y, X_val=X[:50], y_val=y[:50])
    assert clf.n_iter_ == clf.best_iter_ == 3
    assert weights(clf) == weights(tiny().fit(X, y))


def test_held_out_validation_set(data):
    clf = tiny(early_stopping=True, max_epochs=5).fit(*data)
    assert len(clf.validation_scores_) == clf.n_iter_


def test_history_and_attributes(data):
    X, y = data
    clf = tiny(scoring="neg_log_loss").fit(X, y, X_val=X[:50], y_val=y[:50])
    columns = {"epoch", "lr", "loss", "val_loss", "score", "val_score", "seconds"}
    assert set(clf.history_) == columns
    assert all(np.isfinite(values).all() for values in clf.history_.values())
    assert clf.history_["epoch"] == [1, 2, 3]
    assert clf.loss_curve_ == clf.history_["loss"]
    assert clf.history_["val_score"][-1] == pytest.approx(-clf.history_["val_loss"][-1], rel=1e-4)
    assert clf.n_parameters_ == clf.program_.get_weights().size
    assert clf.device_ == "cpu"


def test_verbose_prints_a_line_for_each_epoch(data, capsys):
    X, y = data
    tiny(verbose=True).fit(X, y, X_val=X[:50], y_val=y[:50])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    pattern = r"epoch \d: loss \d\.\d{4}, val_loss \d\.\d{4}, val_score \d\.\d{4} \(\d+\.\d\d s\)"
    assert all(re.fullmatch(pattern, line) for line in lines)


def test_warm_start_goes_on(data):
    clf = tiny(warm_start=True).fit(*data)
    first = list(clf.loss_curve_)
    clf.fit(*data)
    assert clf.loss_curve_[:3] == first
    assert clf.loss_curve_[3] < first[-1]


def test_partial_fit(data):
    X, y = data
    clf = tiny()
    for _ in range(10):
        clf.partial_fit(X[:100], y[:100], classes=np.arange(10))
        clf.partial_fit(X[100:], y[100:])
    assert clf.score(X, y) > 0.5


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
@pytest.mark.parametrize("solver", ["sgd", "adamw", optim.RMSprop(rho=0.8), "lbfgs"])
def test_solvers_and_schedules(data, solver):
    clf = tiny(solver=solver, learning_rate="cosine", max_epochs=6)
    clf.fit(*data)
    assert clf.loss_curve_[-1] < clf.loss_curve_[0]


def test_a_failed_fit_changes_nothing(data):
    X, y = data
    clf = tiny().fit(X, y)
    before = weights(clf), sorted(vars(clf))
    for bad in (np.where(X > 0.9, np.nan, X), X[0], X[:3]):
        with pytest.raises(ValueError, match=r"Input X contains NaN|inconsistent numbers"):
            clf.fit(bad, y)
    with pytest.raises(ValueError, match="but CNNClassifier was fitted with images of shape"):
        clf.partial_fit(X[:, :4], y)
    assert (weights(clf), sorted(vars(clf))) == before


# --- looking inside


def test_summary(data):
    text = CNNClassifier().summary(input_shape=(28, 28, 1), n_outputs=10)
    assert "conv2d_2 (Conv2D)          14x14x64          18,496      3,612,672\n" in text
    assert text.splitlines()[-2] == "Input 28x28x1, 421,642 parameters."
    assert text.splitlines()[-1].startswith("4,241,152 multiply-adds for a sample; 1.69 MB of")
    clf = tiny().fit(*data)
    assert clf.summary() == tiny().summary((8, 8, 1), 10)


def test_transform(data):
    X, y = data
    clf = tiny().fit(X, y)
    assert clf.transform(X).shape == (len(X), 8)
    assert clf.transform(X, layer="conv2d_1").shape == (len(X), 8, 8, 4)
    np.testing.assert_array_equal(clf.transform(X, layer=0), clf.transform(X, layer="conv2d_1"))
    assert clf.transform(X).min() == 0.0
    assert clf.get_feature_names_out()[-1] == "cnnclassifier7"


def test_layers_follow_the_image():
    shapes = {
        (8, 8, 1): "2x2x64",
        (3, 5, 2): "1x1x64",
        (1, 9, 1): "1x2x64",
    }
    for input_shape, last in shapes.items():
        assert f" {last} " in CNNClassifier().summary(input_shape, 2)


# --- a scikit-learn estimator


def test_clone_pickle_repr(data):
    X, y = data
    clf = tiny(solver=optim.Adam(beta1=0.8)).fit(X, y)
    assert weights(clone(clf).fit(X, y)) == weights(clf)
    again = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))
    assert repr(CNNClassifier((8,), dropout=0.5)) == (
        "CNNClassifier(conv_layer_sizes=(8,), dropout=0.5)"
    )


def test_parameters_of_specs(data):
    clf = tiny(solver=optim.Adam()).set_params(solver__beta1=0.5)
    assert clf.solver == optim.Adam(beta1=0.5)
    assert clf.set_params(solver=optim.AdaGrad(), solver__eps=1e-3).solver.eps == 1e-3


def test_pipeline_and_grid(data):
    X, y = data
    pipe = make_pipeline(NDScaler(), tiny())
    grid = {"cnnclassifier__conv_layer_sizes": [(2,), (8,)], "cnnclassifier__dropout": [0.0, 0.1]}
    search = GridSearchCV(pipe, grid, cv=2).fit(X, y)
    assert search.best_score_ > 0.2
    assert len(cross_val_score(pipe, X, y, cv=2)) == 2


def test_names_from_elsewhere():
    with pytest.raises(TypeError, match="no parameter 'epochs'. Did you mean 'max_epochs'?"):
        CNNClassifier(epochs=3)


def test_the_docstring_lists_every_parameter():
    for estimator in (CNNClassifier, CNNRegressor):
        text: Any = estimator.__doc__
        assert [name for name in estimator().get_params() if name not in text] == []
