"""NDScaler: statistics by channel, dtypes, batches, what it refuses."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.preprocessing import MinMaxScaler, RobustScaler, StandardScaler

from checks import parametrize_with_checks
from fastdl import NDScaler

SHAPES = [(50, 3), (20, 8, 6), (20, 9, 3), (20, 6, 5, 3), (6, 4, 3, 5, 2)]


@parametrize_with_checks([NDScaler(), NDScaler("minmax"), NDScaler("robust")])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


def axes(X):
    return None if X.shape[1:] == (8, 6) else tuple(range(X.ndim - 1))


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


@pytest.mark.parametrize("shape", SHAPES)
def test_robust(rng, shape, dtype):
    X = rng.normal(3, 2, size=shape).astype(dtype)
    Z = NDScaler("robust").fit_transform(X)
    lower, middle, upper = np.percentile(Z, (25, 50, 75), axis=axes(X))
    np.testing.assert_allclose(middle, 0, atol=1e-5)
    np.testing.assert_allclose(upper - lower, 1, atol=1e-5)
    assert not hasattr(NDScaler("robust"), "partial_fit")


@pytest.mark.parametrize("method", ["standard", "minmax", "robust"])
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
    for ours, theirs in [
        (NDScaler(), StandardScaler()),
        (NDScaler("minmax"), MinMaxScaler()),
        (NDScaler("robust"), RobustScaler()),
    ]:
        np.testing.assert_allclose(ours.fit_transform(X), theirs.fit_transform(X), atol=1e-12)


def test_bytes_become_float32(rng):
    X = rng.integers(0, 256, (10, 5, 5, 3), dtype=np.uint8)
    Z = NDScaler("minmax").fit_transform(X)
    assert Z.dtype == np.float32
    low, high = X.min(axis=(0, 1, 2)), X.max(axis=(0, 1, 2))
    np.testing.assert_allclose(Z, (X.astype(float) - low) / (high - low), atol=1e-6)


def test_many_values_are_read_in_blocks(rng, monkeypatch):
    monkeypatch.setattr("fastdl.estimators.scaling.scaler._BLOCK", 64)
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


READINGS = [
    (np.zeros((9, 28, 28)), "auto", "images", 1),
    (np.zeros((9, 8, 8)), "auto", "images", 1),
    (np.zeros((9, 12, 6)), "auto", "images", 1),
    (np.zeros((9, 50, 3)), "auto", "sequences", 3),
    (np.zeros((9, 5, 5)), "auto", "sequences", 5),
    (np.zeros((9, 50, 3), np.uint8), "auto", "images", 1),
    (np.zeros((9, 50, 3)), "images", "images", 1),
    (np.zeros((9, 28, 28)), "sequences", "sequences", 28),
    (np.zeros((9, 4, 4, 3)), "auto", "images", 3),
    (np.zeros((9, 4)), "sequences", "rows", 4),
]


@pytest.mark.parametrize(("X", "kind", "reading", "n_features"), READINGS)
def test_readings(X, kind, reading, n_features):
    scaler = NDScaler(kind=kind).fit(X)
    assert (scaler.kind_, scaler.n_features_in_) == (reading, n_features)
    assert len(scaler.mean_) == n_features


def test_features_of_sequences_are_not_merged(rng):
    X = rng.normal([0, 1000, -5], [1, 100, 0.01], size=(40, 50, 3))
    np.testing.assert_allclose(NDScaler().fit_transform(X).std(axis=(0, 1)), 1, rtol=1e-6)


def test_a_warning_where_images_look_like_sequences(rng):
    X = rng.normal(0, [1] * 6 + [100] * 2, size=(40, 12, 8))
    with pytest.warns(UserWarning, match=r"which NDScaler reads as images of one channel, all"):
        assert NDScaler().fit(X).kind_ == "images"
    NDScaler(kind="images").fit(X)


IMAGES = np.random.default_rng(0).normal(size=(5, 4, 4, 3))
ERRORS = [
    (
        lambda: NDScaler("minmx").fit(IMAGES),
        "NDScaler: method='minmx' is not known. Did you mean 'minmax'? "
        "Choose from 'standard', 'minmax', 'robust'.",
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
        lambda: NDScaler(kind="image").fit(IMAGES),
        "NDScaler: kind='image' is not known. Did you mean 'images'? Choose from 'auto', 'images', "
        "'sequences'.",
    ),
    (
        lambda: NDScaler(kind="sequences").fit(IMAGES),
        "X has shape (5, 4, 4, 3), but kind='sequences' is for (n, steps, features). Use "
        "kind='images'.",
    ),
    (
        lambda: NDScaler().fit(IMAGES[..., 0]).transform(IMAGES),
        "X has shape (5, 4, 4, 3), but NDScaler was fitted with sequences of 4 features, (n, "
        "steps, 4). Fit it on arrays of this kind, or bring X into that form.",
    ),
    (
        lambda: NDScaler(kind="images").fit(IMAGES[..., 0]).transform(IMAGES),
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
