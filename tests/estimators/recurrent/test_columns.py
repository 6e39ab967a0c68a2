"""Sequences in a column: an object array, or a Series of pandas, polars or pyarrow, is a list."""

from typing import Any

import numpy as np
import pytest

from fastdl import (
    ConvAutoencoder,
    NDScaler,
    NetClassifier,
    RNNClassifier,
    RNNRegressor,
    SequenceTagger,
)

ONCE = {"max_epochs": 1, "random_state": 0, "n_jobs": 1}
SEQUENCES = [x[: 3 - i % 3] for i, x in enumerate(np.random.default_rng(0).random((12, 3, 2)))]
LABELS = np.arange(12) % 2
VALUES = [x[:, 0] for x in SEQUENCES]


def objects(X: Any) -> Any:
    column = np.empty(len(X), object)
    for i, x in enumerate(X):
        column[i] = x
    return column


def as_parquet(X: Any) -> Any:
    """As pandas reads lists of lists: object arrays in object arrays."""
    return pytest.importorskip("pandas").Series([objects(list(x)) for x in X])


FORMS: dict[str, Any] = {
    "numpy": objects,
    "pandas": lambda X: pytest.importorskip("pandas").Series(list(X)),
    "parquet": as_parquet,
    "polars": lambda X: pytest.importorskip("polars").Series([x.tolist() for x in X]),
    "pyarrow": lambda X: pytest.importorskip("pyarrow").array([x.tolist() for x in X]),
}
every_form = pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)


@every_form
def test_one_answer_a_sequence(form: Any) -> None:
    X, column = SEQUENCES, form(SEQUENCES)
    clf = RNNClassifier((4,), **ONCE).fit(X, LABELS)
    expected = clf.predict_proba(X)
    np.testing.assert_array_equal(clf.predict_proba(column), expected)
    np.testing.assert_array_equal(clf.fit(column, LABELS).predict_proba(X), expected)
    assert clf.score(column, LABELS) == clf.score(X, LABELS)
    np.testing.assert_array_equal(clf.transform(column), clf.transform(X))


@every_form
@pytest.mark.parametrize("kind", [RNNRegressor, SequenceTagger])
def test_an_answer_for_every_step(form: Any, kind: Any) -> None:
    """In the form of a list."""
    y = VALUES if kind is RNNRegressor else [v > 0.5 for v in VALUES]
    params = {"return_sequences": True} if kind is RNNRegressor else {}
    expected = kind((4,), **params, **ONCE).fit(SEQUENCES, y).predict(SEQUENCES)
    column = form(SEQUENCES)
    found = kind((4,), **params, **ONCE).fit(column, form(y)).predict(column)
    assert isinstance(found, list)
    for ours, theirs in zip(found, expected, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@every_form
def test_of_one_length(form: Any) -> None:
    X = [x[:1] for x in SEQUENCES]
    clf = RNNClassifier((4,), **ONCE).fit(X, LABELS)
    np.testing.assert_array_equal(clf.predict_proba(form(X)), clf.predict_proba(X))


def test_samples_of_one_shape() -> None:
    """Where an estimator takes arrays, a column of them is one."""
    X = np.random.default_rng(0).random((12, 4, 4))
    net = NetClassifier(**ONCE).fit(X, LABELS)
    np.testing.assert_array_equal(net.predict_proba(objects(X)), net.predict_proba(X))
    ae = ConvAutoencoder(corruption=0.1, **ONCE).fit(objects(X))
    assert ae.reconstruct(objects(X)).shape == X.shape
    np.testing.assert_array_equal(NDScaler().fit_transform(list(X)), NDScaler().fit_transform(X))
