"""The same random_state gives scikit-learn's network."""

from typing import Any

import numpy as np
import pytest
import sklearn.neural_network as theirs
from numpy.typing import NDArray
from scipy import sparse
from sklearn.datasets import load_digits, make_multilabel_classification, make_regression

import fastdl
from versions import promised_for_1_9

pytestmark = [
    promised_for_1_9,
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
]

TOLERANCE = {"float64": 1e-9, "float32": 1e-3}


def data(name: str) -> tuple[NDArray[Any], Any]:
    if name in ("regression", "outputs", "counts"):
        X, y = make_regression(200, 10, random_state=0)
        y = y / 100
        outputs = np.column_stack([y, y**2, -y])
        counts = np.random.RandomState(0).poisson(np.exp(np.clip(X[:, 0], -1, 1)))
        return X, {"regression": y, "outputs": outputs, "counts": counts}[name]
    if name == "multilabel":
        return make_multilabel_classification(n_samples=200, random_state=0)
    X, y = load_digits(return_X_y=True)
    X, y = X[:300] / 16, y[:300]
    return X, {"digits": y, "binary": y > 4, "strings": np.array(list("abcdefghij"))[y]}[name]


SGD: dict[str, Any] = {"solver": "sgd", "learning_rate_init": 0.2}
# data, parameters
CASES: list[tuple[str, dict[str, Any]]] = [
    *[
        ("digits", {"solver": solver, "activation": activation, "hidden_layer_sizes": (20, 10)})
        for solver in ("sgd", "adam", "lbfgs")
        for activation in ("identity", "logistic", "tanh", "relu")
    ],
    *[
        (name, {"solver": solver, **loss})
        for solver in ("sgd", "adam", "lbfgs")
        for name, loss in (
            ("binary", {}),
            ("multilabel", {}),
            ("strings", {}),
            ("regression", {}),
            ("outputs", {}),
            ("counts", {"loss": "poisson"}),
        )
    ],
    *[
        (name, {**SGD, "learning_rate": rate, "early_stopping": early, "n_iter_no_change": 2})
        for name in ("digits", "binary")
        for rate in ("constant", "invscaling", "adaptive")
        for early in (False, True)
    ],
    ("digits", {**SGD, "nesterovs_momentum": False}),
    ("digits", {**SGD, "momentum": 0}),
    ("digits", {"solver": "sgd", "momentum": 1.0}),
    ("digits", {"learning_rate": "invscaling"}),
    ("digits", {"shuffle": False, "alpha": 1.0}),
    ("digits", {"batch_size": 7, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-4}),
    ("outputs", {"early_stopping": True, "validation_fraction": 0.3}),
]


def both(name: str, params: dict[str, Any]) -> tuple[Any, Any]:
    y_is_label = name in ("digits", "binary", "multilabel", "strings")
    kind = "MLPClassifier" if y_is_label else "MLPRegressor"
    given = {"hidden_layer_sizes": (20,), "max_iter": 12, "random_state": 3, "tol": 1e-2}
    if params.get("solver") != "lbfgs":
        given["batch_size"] = 60
    given |= params
    return getattr(theirs, kind)(**given), getattr(fastdl, kind)(**given)


def weights(estimator: Any) -> NDArray[Any]:
    return np.concatenate([w.ravel() for w in [*estimator.coefs_, *estimator.intercepts_]])


def check_same(a: Any, b: Any, X: Any, tolerance: float) -> None:
    np.testing.assert_allclose(weights(b), weights(a), rtol=tolerance, atol=tolerance)
    assert b.n_iter_ == a.n_iter_
    np.testing.assert_allclose(b.loss_, a.loss_, rtol=tolerance, atol=tolerance)
    names = ["n_layers_", "n_outputs_", "out_activation_", "t_", "n_features_in_"]
    if a.solver != "lbfgs":
        names += ["best_loss_", "best_validation_score_", "_no_improvement_count"]
        np.testing.assert_allclose(b.loss_curve_, a.loss_curve_, rtol=tolerance, atol=tolerance)
        assert (a.validation_scores_ is None) == (b.validation_scores_ is None)
    for name in names:
        mine, wanted = getattr(b, name), getattr(a, name)
        close = isinstance(wanted, float) and abs(mine - wanted) <= tolerance * abs(wanted)
        assert close or mine == wanted, name
    if hasattr(a, "classes_"):
        np.testing.assert_array_equal(b.classes_, a.classes_)
        np.testing.assert_allclose(b.predict_proba(X), a.predict_proba(X), atol=tolerance)
        np.testing.assert_array_equal(b.predict(X), a.predict(X))
        assert b.predict(X).dtype == a.predict(X).dtype
    else:
        scale = np.abs(a.predict(X)).max()
        np.testing.assert_allclose(b.predict(X), a.predict(X), atol=tolerance * scale)


@pytest.mark.share(3)
@pytest.mark.parametrize(("name", "params"), CASES, ids=str)
def test_same_network(name: str, params: dict[str, Any], dtype: str) -> None:
    a, b = both(name, params)
    X, y = data(name)
    X = X.astype(dtype)
    check_same(a.fit(X, y), b.fit(X, y), X, TOLERANCE[dtype])
    assert all(w.dtype == dtype for w in [*b.coefs_, *b.intercepts_])


@pytest.mark.parametrize("name", ["digits", "binary", "multilabel", "outputs", "counts"])
@pytest.mark.share(4)
@pytest.mark.parametrize("solver", ["sgd", "adam", "lbfgs"])
def test_sample_weight(name: str, solver: str) -> None:
    loss = {"loss": "poisson"} if name == "counts" else {}
    a, b = both(name, {"solver": solver, **loss})
    X, y = data(name)
    weight = np.random.RandomState(1).uniform(0.1, 3.0, len(X))
    weight[:10] = 0
    check_same(a.fit(X, y, weight), b.fit(X, y, weight), X, 1e-9)


def test_sample_weight_and_early_stopping() -> None:
    a, b = both("outputs", {"early_stopping": True})
    X, y = data("outputs")
    weight = np.random.RandomState(1).uniform(0.1, 3.0, len(X))
    check_same(a.fit(X, y, weight), b.fit(X, y, weight), X, 1e-9)
    np.testing.assert_allclose(b.validation_scores_, a.validation_scores_)


@pytest.mark.share(2)
@pytest.mark.parametrize("name", ["digits", "outputs"])
@pytest.mark.parametrize("solver", ["sgd", "adam"])
@pytest.mark.parametrize("random_state", [5, None], ids=["int", "instance"])
def test_partial_fit(name: str, solver: str, random_state: int | None) -> None:
    a, b = both(name, {"solver": solver})
    X, y = data(name)
    classes = {"classes": np.unique(y)} if name == "digits" else {}
    for estimator in (a, b):
        estimator.random_state = random_state or np.random.RandomState(5)
        estimator.partial_fit(X[:100], y[:100], **classes)
        estimator.set_params(alpha=0.5)
        for _ in range(3):
            estimator.partial_fit(X, y)
    check_same(a, b, X, 1e-9)


@pytest.mark.parametrize("learning_rate", ["constant", "invscaling", "adaptive"])
def test_warm_start(learning_rate: str) -> None:
    params = {"learning_rate": learning_rate, "n_iter_no_change": 1, "warm_start": True}
    a, b = both("digits", {**SGD, **params})
    X, y = data("digits")
    for _ in range(3):
        check_same(a.fit(X, y), b.fit(X, y), X, 1e-9)
        assert b._optimizer.learning_rate == pytest.approx(a._optimizer.learning_rate)


def test_fit_then_partial_fit() -> None:
    a, b = both("digits", {"solver": "adam"})
    X, y = data("digits")
    check_same(a.fit(X, y).partial_fit(X, y), b.fit(X, y).partial_fit(X, y), X, 1e-9)


@pytest.mark.share(2)
@pytest.mark.parametrize("form", [sparse.csr_matrix, sparse.csc_matrix, sparse.csr_array])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_sparse(form: Any, solver: str) -> None:
    a, b = both("digits", {"solver": solver})
    X, y = data("digits")
    check_same(a.fit(form(X), y), b.fit(form(X), y), form(X), 1e-9)


def test_sparse_indicators() -> None:
    a, b = both("multilabel", {})
    X, y = data("multilabel")
    y = sparse.csr_matrix(y)
    a.fit(X, y), b.fit(X, y)
    mine, wanted = b.predict(X), a.predict(X)
    assert sparse.issparse(mine)
    np.testing.assert_array_equal(mine.toarray(), wanted.toarray())


@pytest.mark.parametrize("verbose", [True, 10])
@pytest.mark.parametrize("early_stopping", [False, True])
def test_words(capsys: pytest.CaptureFixture[str], verbose: Any, early_stopping: bool) -> None:
    rate = {"learning_rate": "adaptive", "learning_rate_init": 1e-5, "n_iter_no_change": 2}
    a, b = both("digits", {**SGD, **rate, "verbose": verbose, "early_stopping": early_stopping})
    X, y = data("digits")
    a.fit(X, y)
    wanted = capsys.readouterr().out
    b.fit(X, y)
    assert capsys.readouterr().out == wanted
    assert "Learning rate too small. Stopping." in wanted
