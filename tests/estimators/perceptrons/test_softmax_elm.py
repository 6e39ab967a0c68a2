"""The models without a hidden layer to learn: softmax regression, extreme learning machines."""

import pickle
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_diabetes, load_digits
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import scale
from sklearn.utils.estimator_checks import parametrize_with_checks

import fastdl
from fastdl import ELMClassifier, ELMRegressor, SoftmaxRegression

EXACT: dict[str, Any] = {"dtype": "float64", "n_jobs": 1}


@parametrize_with_checks(
    [
        SoftmaxRegression(learning_rate_init=0.1, **EXACT),
        SoftmaxRegression(solver="lbfgs", alpha=1e-3, **EXACT),
        ELMClassifier(**EXACT),
        ELMClassifier((50, 50), activation="tanh", **EXACT),
        ELMRegressor(**EXACT),
        ELMRegressor(20, alpha=0.0, **EXACT),
    ]
)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_scikit_learn_checks(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.fixture(scope="module", name="data")
def digits() -> Any:
    X, y = load_digits(return_X_y=True)
    return np.ascontiguousarray(X / 16, np.float32), y


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_softmax_regression_is_logistic_regression(data: Any) -> None:
    X, y = (a[:400] for a in data)
    clf = SoftmaxRegression(solver="lbfgs", alpha=1.0, max_epochs=200, tol=1e-6, **EXACT)
    clf.fit(X, y)
    known = LogisticRegression(C=1.0, max_iter=1000, tol=1e-8).fit(X.astype(float), y)
    np.testing.assert_allclose(clf.predict_proba(X), known.predict_proba(X), atol=1e-2)
    assert clf.coef_.shape == known.coef_.shape
    assert clf.intercept_.shape == known.intercept_.shape


def test_softmax_regression(data: Any, tmp_path: Any) -> None:
    X, y = data
    clf = SoftmaxRegression(learning_rate_init=0.05, max_epochs=20, random_state=0, n_jobs=1)
    assert clf.fit(X, y).score(X, y) > 0.97
    scores = X @ clf.coef_.T + clf.intercept_
    np.testing.assert_array_equal(clf.classes_[scores.argmax(axis=1)], clf.predict(X))
    np.testing.assert_allclose(clf.fit(sparse.csr_matrix(X), y).coef_, clf.fit(X, y).coef_)
    clf.save(tmp_path / "clf.safetensors")
    again = fastdl.load(tmp_path / "clf.safetensors")
    np.testing.assert_array_equal(again.predict_proba(X), clf.predict_proba(X))


def test_elm_is_ridge_on_random_features(data: Any) -> None:
    X, y = data
    elm = ELMRegressor(40, alpha=0.5, random_state=0, **EXACT).fit(X, y)
    H = elm.transform(X)
    assert H.shape == (1797, 40)
    known = Ridge(alpha=0.5).fit(H, y)
    np.testing.assert_allclose(elm.predict(X), known.predict(H), rtol=1e-6, atol=1e-6)
    weight = np.random.default_rng(0).uniform(0, 2, len(y))
    elm.fit(X, y, sample_weight=weight)
    known.fit(H, y, sample_weight=weight)
    np.testing.assert_allclose(elm.predict(X), known.predict(H), rtol=1e-6, atol=1e-6)


def test_elm_parts_do_not_matter(data: Any, tmp_path: Any) -> None:
    """One pass in parts of any size, over an array, a file in memory, or a sparse matrix."""
    X, y = data
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    first = ELMClassifier(100, random_state=0, n_jobs=1).fit(X, y).decision_function(X)
    for batch_size, form in ((7, X), (1797, mapped), (1000, sparse.csr_matrix(X))):
        elm = ELMClassifier(100, batch_size=batch_size, random_state=0, n_jobs=1).fit(form, y)
        np.testing.assert_allclose(elm.decision_function(X), first, atol=1e-3)


def test_elm_classifies(data: Any, tmp_path: Any) -> None:
    X, y = data
    elm = ELMClassifier(random_state=0, n_jobs=1).fit(X[:1200], y[:1200])
    assert elm.score(X[1200:], y[1200:]) > 0.92
    scores = elm.decision_function(X)
    for again in (pickle.loads(pickle.dumps(elm)), _saved(elm, tmp_path)):
        np.testing.assert_array_equal(again.decision_function(X), scores)
    two = elm.fit(X, y > 4)
    assert two.decision_function(X).shape == (1797,)
    indicators = np.stack([y > 4, y % 2 == 0], axis=1).astype(int)
    labels = elm.fit(X, indicators).predict(X)
    assert labels.shape == (1797, 2)
    assert (labels == indicators).mean() > 0.95


def _saved(elm: Any, folder: Any) -> Any:
    elm.save(folder / "elm.safetensors")
    return fastdl.load(folder / "elm.safetensors")


def test_elm_regresses_several_targets() -> None:
    X, y = load_diabetes(return_X_y=True)
    X, Y = scale(X), np.stack([y, -y], axis=1)
    elm = ELMRegressor(30, alpha=1.0, random_state=0).fit(X, Y)
    assert elm.predict(X).shape == Y.shape
    assert elm.score(X, Y) > 0.4


@pytest.mark.parametrize("made", [SoftmaxRegression, ELMClassifier, ELMRegressor])
def test_the_docstring_lists_every_parameter(made: Any) -> None:
    assert [name for name in made().get_params() if name not in made.__doc__] == []
