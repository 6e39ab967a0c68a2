"""The perceptrons: what their parameters and inputs can be, and what the fitted network gives."""

import copy
import pickle
import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from scipy import sparse
from sklearn.base import clone
from sklearn.datasets import make_multilabel_classification
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, cross_val_score

import fastdl
from fastdl import optim, schedules
from perceptrons import new, some_digits, weights

pytestmark = pytest.mark.filterwarnings("ignore:Stochastic Optimizer:UserWarning")


@pytest.fixture(scope="module", name="digits")
def load() -> Any:
    return some_digits()


# --- parameters that scikit-learn's do not have


@pytest.mark.share(3)
@pytest.mark.parametrize(
    "params",
    [
        {"solver": "momentum", "learning_rate_init": 0.1},
        {"solver": "nesterov", "learning_rate_init": 0.1},
        {"solver": "adagrad", "learning_rate_init": 0.05},
        {"solver": "adadelta", "learning_rate_init": 1.0, "epsilon": 1e-6},
        {"solver": "rmsprop", "learning_rate_init": 0.003},
        {"solver": "adamw", "weight_decay": 0.01},
        {"solver": "nadam"},
        {"solver": optim.Adam(beta1=0.8)},
        {"solver": optim.LBFGS(memory=5), "max_iter": 200},
        {"learning_rate": "cosine"},
        {"learning_rate": "one_cycle", "learning_rate_init": 0.01},
        {"learning_rate": schedules.WarmUp("exponential", epochs=3)},
        {"activation": "gelu"},
        {"activation": ["elu", "softplus"], "hidden_layer_sizes": (20, 10)},
        {"hidden_layer_sizes": ()},
        {"dropout": 0.2},
        {"batch_norm": True},
        {"batch_norm": True, "dropout": 0.1, "activation": "logistic"},
        {"l1": 1e-3, "clip_norm": 1.0},
        {"max_norm": 2.0, "clip_value": 0.1},
        {"class_weight": "balanced"},
        {"batch_size": 32, "hidden_layer_sizes": 30},
    ],
    ids=str,
)
def test_learns(digits: Any, params: dict[str, Any]) -> None:
    X, y = digits
    clf = new(max_iter=40, learning_rate_init=0.01, batch_size=50).set_params(**params).fit(X, y)
    assert clf.score(X, y) > 0.95
    again = clone(clf).fit(X, y)
    assert weights(again).tobytes() == weights(clf).tobytes()


def test_softmax_regression(digits: Any) -> None:
    X, y = digits
    clf = new(hidden_layer_sizes=(), max_iter=30).fit(X, y)
    assert [w.shape for w in clf.coefs_] == [(64, 10)]
    scores = X @ clf.coefs_[0] + clf.intercepts_[0]
    np.testing.assert_array_equal(clf.predict(X), scores.argmax(axis=1))
    with pytest.raises(ValueError, match="0 hidden layers"):
        clf.transform(X)


def test_class_weight_is_sample_weight(digits: Any) -> None:
    X, y = digits
    of_class = {3: 5.0, 4: 0.2}
    a = new(class_weight=of_class).fit(X, y)
    b = new().fit(X, y, np.array([of_class.get(label, 1.0) for label in y]))
    np.testing.assert_array_equal(weights(a), weights(b))


def test_dropout_and_batch_norm_predict_alike(digits: Any) -> None:
    X, y = digits
    clf = new(dropout=0.3, batch_norm=True).fit(X, y)
    together = clf.predict_proba(X)
    np.testing.assert_array_equal(together, np.vstack([clf.predict_proba(x[None]) for x in X]))
    copied = pickle.loads(pickle.dumps(clf))
    np.testing.assert_array_equal(together, copied.predict_proba(X))


WIDE = {"hidden_layer_sizes": (300, 50), "max_iter": 3}


@pytest.fixture(scope="module")
def of_one_thread(digits: Any) -> dict[str, tuple[bytes, bytes]]:
    """The weights and probabilities that one thread comes to, by solver."""
    X, y = digits
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        fits = {s: new(n_jobs=1, solver=s, **WIDE).fit(X, y) for s in ("adam", "lbfgs")}
    return {s: (weights(m).tobytes(), m.predict_proba(X).tobytes()) for s, m in fits.items()}


@pytest.mark.share(2)
@pytest.mark.parametrize("n_jobs", [2, 4, -1, None])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_same_bytes_for_any_threads(
    digits: Any, of_one_thread: Any, n_jobs: int | None, solver: str
) -> None:
    X, y = digits
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        many = new(n_jobs=n_jobs, solver=solver, **WIDE).fit(X, y)
    assert (weights(many).tobytes(), many.predict_proba(X).tobytes()) == of_one_thread[solver]


# --- X and y


def test_frames_keep_names(digits: Any) -> None:
    X, y = digits
    frame = pd.DataFrame(X, columns=[f"pixel {i}" for i in range(64)])
    clf = new(early_stopping=True, scoring="accuracy").fit(frame, y, X_val=frame, y_val=y)
    assert clf.feature_names_in_[3] == "pixel 3"
    assert list(clf.get_feature_names_out()[:2]) == ["mlpclassifier0", "mlpclassifier1"]
    assert (
        list(clf.set_output(transform="pandas").transform(frame).columns)[-1] == "mlpclassifier19"
    )
    with pytest.raises(ValueError, match="feature names should match"):
        clf.predict(frame.rename(columns={"pixel 3": "dot"}))


def test_bytes_are_numbers(digits: Any) -> None:
    X, y = digits
    X = (X * 16).astype(np.uint8)
    a, b = new().fit(X, y), new().fit(X.astype(float), y)
    np.testing.assert_array_equal(weights(a), weights(b))
    np.testing.assert_array_equal(a.predict_proba(X), b.predict_proba(X.astype(float)))


def test_sparse_stays_sparse(monkeypatch: pytest.MonkeyPatch, digits: Any) -> None:
    X, y = sparse.csr_matrix(digits[0]), digits[1]

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise AssertionError("made dense")

    monkeypatch.setattr(type(X), "toarray", refuse)
    monkeypatch.setattr(type(X), "todense", refuse)
    clf = new(learning_rate_init=0.02, early_stopping=True).fit(X, y)
    clf.fit(X, y, X_val=X, y_val=y)
    assert clf.score(X, y) > 0.9
    assert clf.transform(X).shape == (600, 20)


def test_repeated_entries_of_sparse_x_add_up() -> None:
    parts = sparse.csr_matrix(([1.0, 2.0, 4.0], [1, 1, 0], [0, 2, 3]), shape=(2, 3))
    clf = new().fit(parts.toarray(), [0, 1])
    np.testing.assert_array_equal(clf.predict_proba(parts), clf.predict_proba(parts.toarray()))
    assert parts.nnz == 3


def test_a_batch_larger_than_all_samples(digits: Any) -> None:
    X, y = digits
    with pytest.warns(UserWarning, match="It is going to be clipped") as warned:
        clf = new(batch_size=1000).fit(X, y)
    assert len([w for w in warned if "clipped" in str(w.message)]) == 1
    np.testing.assert_array_equal(weights(clf), weights(new(batch_size=600).fit(X, y)))


def test_all_samples_of_a_batch_without_weight(digits: Any) -> None:
    X, y = digits
    weight = np.r_[np.zeros(100), np.ones(500)]
    clf = new(shuffle=False, batch_size=50, learning_rate_init=0.01).fit(X, y, weight)
    assert np.isfinite(weights(clf)).all()
    assert clf.score(X[100:], y[100:]) > 0.9


# --- the fitted network


def test_coefs_may_be_written(digits: Any) -> None:
    X, y = digits
    clf = new().fit(X, y)
    clf.coefs_[1][:] = 0
    clf.intercepts_[1] = np.arange(10.0)
    np.testing.assert_array_equal(clf.predict(X), np.full(len(X), 9))
    clf.partial_fit(X, y)
    assert np.abs(clf.intercepts_[1] - np.arange(10)).max() < 0.1


def test_transform(digits: Any) -> None:
    X, y = digits
    clf = new(hidden_layer_sizes=(20, 10), dropout=0.5, batch_norm=False).fit(X, y)
    first = np.maximum(X @ clf.coefs_[0] + clf.intercepts_[0], 0)
    last = np.maximum(first @ clf.coefs_[1] + clf.intercepts_[1], 0)
    np.testing.assert_allclose(clf.transform(X), last, atol=1e-12)
    np.testing.assert_allclose(clf.transform(X, layer=0), first, atol=1e-12)
    np.testing.assert_allclose(clf.transform(X, layer="activation_1"), first, atol=1e-12)


def test_summary(digits: Any) -> None:
    text = new(max_iter=1).fit(*digits).summary()
    assert repr(text) == text
    assert "dense_1 (Dense)" in text
    assert "Input 64, 1,510 parameters." in text


@pytest.mark.parametrize("solver", ["adam", "sgd", "lbfgs"])
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda est: pickle.loads(pickle.dumps(est))])
def test_copies_go_on_alike(digits: Any, solver: str, copied: Callable[[Any], Any]) -> None:
    X, y = digits
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        clf = new(solver=solver, batch_norm=True, dropout=0.1, warm_start=True).fit(X, y)
        twin = copied(clf)
        assert twin.predict_proba(X).tobytes() == clf.predict_proba(X).tobytes()
        before = weights(clf)
        for est in (clf, twin):
            est.fit(X, y) if solver == "lbfgs" else est.partial_fit(X, y)
    assert weights(twin).tobytes() == weights(clf).tobytes()
    assert not np.array_equal(weights(twin), before)


def test_predict_from_several_threads(digits: Any) -> None:
    X, y = digits
    clf = pickle.loads(pickle.dumps(new().fit(X, y)))
    wanted = clf.predict_proba(X)
    answers: list[NDArray[Any]] = []
    threads = [
        threading.Thread(target=lambda: answers.append(clf.predict_proba(X))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(np.array_equal(answer, wanted) for answer in answers)
    assert len(answers) == 8


@pytest.mark.slow
def test_grid_search_and_repr(digits: Any) -> None:
    X, y = digits
    grid = {"dropout": [0.0, 0.2], "solver": ["adam", "adamw"], "hidden_layer_sizes": [(), (10,)]}
    search = GridSearchCV(new(learning_rate_init=0.02), grid, cv=2).fit(X, y)
    assert search.best_score_ > 0.6
    assert repr(fastdl.MLPClassifier(dropout=0.2)) == "MLPClassifier(dropout=0.2)"
    assert cross_val_score(new(learning_rate_init=0.02), X, y, cv=2, n_jobs=2).min() > 0.6


def test_multilabel() -> None:
    X, Y = make_multilabel_classification(n_samples=100, random_state=0)
    clf = new(solver="lbfgs", max_iter=200).fit(X, Y, X_val=X[:30], y_val=Y[:30])
    assert clf.score(X, Y) > 0.9
    assert clf.validation_scores_[-1] == clf.score(X[:30], Y[:30])
    np.testing.assert_array_equal(clf.predict_proba(X) > 0.5, clf.predict(X))


def test_same_names_as_scikit_learn() -> None:
    import sklearn.neural_network as theirs

    for name in ("MLPClassifier", "MLPRegressor"):
        mine, wanted = getattr(fastdl, name)(), getattr(theirs, name)()
        params = mine.get_params()
        assert {key: params[key] for key in wanted.get_params()} == wanted.get_params()
        order = [key for key in mine._get_param_names() if key in wanted._get_param_names()]
        assert order == wanted._get_param_names()


class Narrow(fastdl.MLPClassifier):
    def __init__(self, extra: int = 1, hidden_layer_sizes: tuple[int, ...] = (5,)) -> None:
        super().__init__(hidden_layer_sizes, max_iter=3)
        self.extra = extra


def test_a_subclass_with_a_constructor_of_its_own(digits: Any) -> None:
    estimator = Narrow(extra=3)
    assert estimator.get_params() == {"extra": 3, "hidden_layer_sizes": (5,)}
    assert clone(estimator).extra == 3
    assert pickle.loads(pickle.dumps(estimator.fit(*digits))).n_layers_ == 3
    with pytest.raises(ValueError, match="'hidden_layer_sizes' parameter of Narrow"):
        clone(estimator).set_params(hidden_layer_sizes="wide").fit(*digits)
