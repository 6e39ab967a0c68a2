"""NDScaler: statistics by channel, dtypes, batches, what it refuses."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.preprocessing import MinMaxScaler, StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from fastdl import NDScaler

SHAPES = [(50, 3), (20, 6, 5), (20, 6, 5, 3), (6, 4, 3, 5, 2)]


@parametrize_with_checks([NDScaler(), NDScaler(method="minmax")])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def axes(X):
    return None if X.ndim == 3 else tuple(range(X.ndim - 1))


@pytest.mark.parametrize("shape", SHAPES)
def test_standard(rng, shape, dtype):
    X = rng.normal(3, 2, size=shape).astype(dtype)
    Z = NDScaler().fit_transform(X)
    assert Z.shape == X.shape
    assert Z.dtype == dtype
    np.testing.assert_allclose(Z.mean(axis=axes(X)), 0, atol=1e-5)
    np.testing.assert_allclose(Z.std(axis=axes(X)), 1, atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_minmax(rng, shape, dtype):
    X = rng.normal(3, 2, size=shape).astype(dtype)
    Z = NDScaler("minmax", feature_range=(-1, 1)).fit_transform(X)
    assert Z.dtype == dtype
    np.testing.assert_allclose(Z.min(axis=axes(X)), -1, atol=1e-5)
    np.testing.assert_allclose(Z.max(axis=axes(X)), 1, atol=1e-5)


@pytest.mark.parametrize("method", ["standard", "minmax"])
@pytest.mark.parametrize("shape", SHAPES)
def test_inverse(rng, method, shape):
    X = rng.normal(3, 2, size=shape)
    scaler = NDScaler(method).fit(X)
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(X)), X, atol=1e-12)


@pytest.mark.parametrize("method", ["standard", "minmax"])
@pytest.mark.parametrize("shape", SHAPES)
def test_batches_give_what_all_at_once_gives(rng, method, shape):
    X = rng.normal(3, 2, size=shape)
    whole, parts = NDScaler(method).fit(X), NDScaler(method)
    for part in (X[:2], X[2:3], X[3:]):
        parts.partial_fit(part)
    np.testing.assert_allclose(parts.transform(X), whole.transform(X), atol=1e-12)
    assert parts.n_samples_seen_ == len(X)


def test_rows_as_scikit_learn(rng):
    X = rng.normal(3, 2, size=(50, 4))
    X[:, 2] = 7.0
    for ours, theirs in [(NDScaler(), StandardScaler()), (NDScaler("minmax"), MinMaxScaler())]:
        np.testing.assert_allclose(ours.fit_transform(X), theirs.fit_transform(X), atol=1e-12)


def test_bytes_become_float32(rng):
    X = rng.integers(0, 256, (10, 5, 5, 3), dtype=np.uint8)
    Z = NDScaler("minmax").fit_transform(X)
    assert Z.dtype == np.float32
    low, high = X.min(axis=(0, 1, 2)), X.max(axis=(0, 1, 2))
    np.testing.assert_allclose(Z, (X.astype(float) - low) / (high - low), atol=1e-6)


def test_many_values_are_read_in_blocks(rng, monkeypatch):
    monkeypatch.setattr("fastdl.estimators.convolutional.scaler._BLOCK", 64)
    X = rng.normal(3, 2, size=(20, 6, 5, 3))
    scaler = NDScaler().fit(X)
    np.testing.assert_allclose(scaler.mean_, X.mean(axis=(0, 1, 2)))
    np.testing.assert_allclose(scaler.var_, X.var(axis=(0, 1, 2)))


def test_a_second_fit_forgets_the_first(rng):
    X = rng.normal(size=(10, 4, 4, 3))
    scaler = NDScaler().fit(X + 100).fit(X[..., :2])
    np.testing.assert_allclose(scaler.mean_, X.mean(axis=(0, 1, 2))[:2])


def test_other_heights_and_widths(rng):
    scaler = NDScaler().fit(rng.normal(size=(10, 4, 4, 3)))
    assert scaler.transform(rng.normal(size=(2, 9, 7, 3))).shape == (2, 9, 7, 3)


def test_clone_and_names():
    scaler = clone(NDScaler("minmax", feature_range=(0, 2)))
    assert repr(scaler) == "NDScaler(feature_range=(0, 2), method='minmax')"
    assert list(scaler.fit(np.eye(2)).get_feature_names_out(["a", "b"])) == ["a", "b"]


IMAGES = np.random.default_rng(0).normal(size=(5, 4, 4, 3))
ERRORS = [
    (
        lambda: NDScaler("minmx").fit(IMAGES),
        "NDScaler: method='minmx' is not known. Did you mean 'minmax'? "
        "Choose from 'standard', 'minmax'.",
    ),
    (
        lambda: NDScaler("minmax", feature_range=(1, 0)).fit(IMAGES),
        "NDScaler: feature_range=(1, 0); expected two numbers, the smaller one first.",
    ),
    (
        lambda: NDScaler().fit(IMAGES).transform(IMAGES[..., :1]),
        "X has shape (5, 4, 4, 1), but NDScaler was fitted with arrays of 4 dimensions and 3 "
        "channels. Fit it on arrays of this kind, or bring X into that form.",
    ),
    (
        lambda: NDScaler().fit(IMAGES[..., 0]).transform(IMAGES),
        "X has shape (5, 4, 4, 3), but NDScaler was fitted with images of one channel, (n, H, W). "
        "Fit it on arrays of this kind, or bring X into that form.",
    ),
    (
        lambda: NDScaler().fit(IMAGES.reshape(5, -1)).partial_fit(IMAGES),
        "X has shape (5, 4, 4, 3), but NDScaler was fitted with rows of 48 features, (n, 48). "
        "Fit it on arrays of this kind, or bring X into that form.",
    ),
]


@pytest.mark.parametrize(("call", "text"), ERRORS)
def test_errors(call, text):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        call()
    assert str(error.value) == text


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_values_that_are_no_numbers(bad):
    X = IMAGES.copy()
    X[1, 2, 3, 0] = bad
    with pytest.raises(ValueError, match="Input X contains"):
        NDScaler().fit(X)


def test_a_failed_fit_changes_nothing() -> None:
    scaler = NDScaler().fit(np.arange(24.0).reshape(4, 6))
    before = dict(vars(scaler))
    with pytest.raises(ValueError, match="NaN"):
        scaler.fit(np.full((3, 4), np.nan))
    assert vars(scaler) == before


def test_the_order_of_memory_changes_nothing() -> None:
    X = np.random.default_rng(0).random((1000, 7))
    plain, other = (NDScaler().fit(x) for x in (X, np.asfortranarray(X)))
    assert plain.mean_.tobytes() == other.mean_.tobytes()
    assert plain.var_.tobytes() == other.var_.tobytes()
