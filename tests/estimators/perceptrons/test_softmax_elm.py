"""The models without a hidden layer to learn: softmax regression, extreme learning machines."""

import os
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from scipy import sparse
from sklearn.datasets import load_diabetes, load_digits, make_friedman1
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.preprocessing import scale
from threadpoolctl import threadpool_info, threadpool_limits

import fastdl
from checks import parametrize_with_checks
from fastdl import ELMClassifier, ELMRegressor, SoftmaxRegression

EXACT: dict[str, Any] = {"dtype": "float64", "n_jobs": 1}


@parametrize_with_checks(
    [
        SoftmaxRegression(**EXACT),
        SoftmaxRegression(solver="adam", **EXACT),
        ELMClassifier((50, 50), activation="tanh", alpha=1.0, **EXACT),
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
    clf = SoftmaxRegression(alpha=0.1, n_jobs=1)
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


def ridge(H: Any, T: Any, weight: Any, alpha: float) -> Any:
    """Predictions of the textbook's solution, as a function."""
    total = weight.sum()
    mean_H, mean_T = weight @ H / total, weight @ T / total
    A = H - mean_H
    B = np.linalg.solve(
        (A.T * weight) @ A + alpha * np.eye(A.shape[1]), (A.T * weight) @ (T - mean_T)
    )
    return lambda H: mean_T + (H - mean_H) @ B


@pytest.mark.parametrize("units", [8, 60])  # fewer than samples, or more
@pytest.mark.parametrize("kind", [ELMClassifier, ELMRegressor])
def test_elm_leaves_one_out(units: int, kind: Any) -> None:
    """`alpha_` is what fitting once without each sample, for each strength, would choose."""
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=(30, 3)), rng.integers(1, 3, 30).astype(float)
    y = X[:, 0] * X[:, 1] + rng.normal(size=30)
    weight[:4] = 0, 0.5, 0.5, 0  # left out as a whole, or never in
    T = y[:, np.newaxis]
    if kind is ELMClassifier:
        y = np.digitize(y, [-0.5, 0.5])
        T = np.eye(3)[y]
    elm = kind(units, random_state=0, batch_size=7, **EXACT).fit(X, y, weight)
    H = elm.transform(X)
    A = (H - weight @ H / weight.sum()) * np.sqrt(weight)[:, np.newaxis]
    strengths = np.linalg.norm(A, 2) ** 2 * np.logspace(-10, 0, 31)
    losses = np.zeros(31)
    for i, alpha in enumerate(strengths):
        for left in np.flatnonzero(weight):
            without = weight.copy()
            without[left] -= min(1.0, weight[left])
            Y = ridge(H, T, without, alpha)(H[left])
            losses[i] += weight[left] * np.square(T[left] - Y).sum()
    chosen = strengths[::-1][np.argmin(losses[::-1])]
    np.testing.assert_allclose(elm.alpha_, chosen, rtol=1e-6)
    scores = elm.decision_function(X) if kind is ELMClassifier else elm.predict(X)
    expected = ridge(H, T, weight, chosen)(H)
    np.testing.assert_allclose(scores.reshape(expected.shape), expected, atol=1e-7)


@pytest.mark.parametrize("n", [20, 80])
def test_elm_repeated_or_weighted_is_the_same(n: int) -> None:
    rng = np.random.default_rng(0)
    X, weight = rng.normal(size=(n, 3)), rng.integers(0, 4, n)
    y = X[:, 0] + rng.normal(size=n)
    weighted = ELMRegressor(40, random_state=0, **EXACT).fit(X, y, weight)
    repeated = ELMRegressor(40, random_state=0, **EXACT).fit(X.repeat(weight, 0), y.repeat(weight))
    np.testing.assert_allclose(weighted.alpha_, repeated.alpha_)
    np.testing.assert_allclose(weighted.predict(X), repeated.predict(X), atol=1e-8)


def test_elm_alpha_of_its_own(data: Any) -> None:
    """What is given is taken; what is chosen does better than much less or more."""
    X, y = data
    assert ELMClassifier(20, alpha=3, random_state=0).fit(X[:200], y[:200]).alpha_ == 3.0
    rows, values = make_friedman1(600, noise=2.0, random_state=0)
    rows, train, test = scale(rows), slice(200), slice(200, None)
    chosen, less, more = (
        ELMRegressor(alpha=alpha, random_state=0)
        .fit(rows[train], values[train])
        .score(rows[test], values[test])
        for alpha in ("auto", 1.0, 1e5)
    )
    assert chosen > max(less, more) + 0.05
    constant = ELMRegressor(random_state=0).fit(0 * X[:30], y[:30])
    np.testing.assert_allclose(constant.predict(0 * X[:30]), y[:30].mean(), rtol=1e-6)


def test_elm_parts_do_not_matter(data: Any, tmp_path: Any) -> None:
    """One pass in parts of any size, over an array, a file in memory, or a sparse matrix."""
    X, y = data
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    first = ELMClassifier(100, random_state=0, n_jobs=1).fit(X, y).decision_function(X)
    for batch_size, form in ((7, X), (1797, mapped), (1000, sparse.csr_matrix(X))):
        elm = ELMClassifier(100, batch_size=batch_size, random_state=0, n_jobs=1).fit(form, y)
        np.testing.assert_allclose(elm.decision_function(X), first, atol=1e-3)


@pytest.mark.slow
def test_elm_does_not_depend_on_threads() -> None:
    """Nor on those of the BLAS, whose sums and factors do."""
    code = (
        "import hashlib, numpy as np\nfrom fastdl import ELMRegressor\n"
        "X = np.random.default_rng(0).normal(size=(2000, 20))\n"
        "for alpha in (1.0, 0.0, 'auto'):\n"
        "    elm = ELMRegressor(300, alpha=alpha, dtype='float64', random_state=0, n_jobs=%d)\n"
        "    weights = elm.fit(X, X[:, :3], np.arange(1, 2001)).program_.get_weights()\n"
        "    print(alpha, hashlib.sha256(weights.tobytes()).hexdigest())\n"
    )
    found = set()
    for n_jobs, threads in ((1, "1"), (1, "2"), (2, "2")):
        env = os.environ | dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), threads)
        run = [sys.executable, "-c", code % n_jobs]
        found.add(subprocess.run(run, env=env, check=True, capture_output=True).stdout)
    assert len(found) == 1


def test_elm_leaves_the_threads_of_the_blas(data: Any) -> None:
    def threads() -> dict[str, int]:
        return {lib["filepath"]: lib["num_threads"] for lib in threadpool_info()}

    with threadpool_limits(2):
        before = threads()
        assert 2 in before.values()
        ELMClassifier(20, **EXACT).fit(*data)
        assert threads() == before


def test_elm_with_less_ridge_than_rounding(data: Any) -> None:
    """Units that are 0 for all samples leave the system singular: the least norm is taken."""
    X, y = data
    elm = ELMRegressor(40, alpha=1e-300, activation="relu", random_state=0, **EXACT).fit(0 * X, y)
    np.testing.assert_allclose(elm.predict(0 * X), y.mean())


def test_elm_classifies(data: Any, tmp_path: Any) -> None:
    X, y = data
    elm = ELMClassifier(random_state=0, n_jobs=1).fit(X[:1200], y[:1200])
    assert elm.score(X[1200:], y[1200:]) > 0.92
    scores = elm.decision_function(X)
    for again in (pickle.loads(pickle.dumps(elm)), _saved(elm, tmp_path)):
        np.testing.assert_array_equal(again.decision_function(X), scores)
    elm.set_params(hidden_layer_sizes=(300,))
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
