"""SequenceScaler: statistics of the steps that there are, in every form of X."""

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline

import fastdl
from checks import parametrize_with_checks
from fastdl import RNNClassifier, SequenceScaler


def sequences():
    rng = np.random.default_rng(0)
    return [rng.normal([5, -100], [2, 30], size=(t, 2)) for t in rng.integers(1, 9, size=30)]


X = sequences()
FLAT = np.concatenate(X)
LENGTHS = np.array([len(x) for x in X])
METHODS = ["standard", "minmax", "robust"]
each_method = pytest.mark.parametrize("method", METHODS)


def padded(fill=0.0):
    values = np.full((len(X), 10, 2), fill)
    for row, x in zip(values, X, strict=True):
        row[: len(x)] = x
    return values


def expected(method):
    if method == "standard":
        return (FLAT - FLAT.mean(axis=0)) / FLAT.std(axis=0)
    if method == "minmax":
        return (FLAT - FLAT.min(axis=0)) / np.ptp(FLAT, axis=0)
    lower, middle, upper = np.percentile(FLAT, (25, 50, 75), axis=0)
    return (FLAT - middle) / (upper - lower)


@parametrize_with_checks([SequenceScaler(method) for method in METHODS])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@each_method
def test_lists_and_padded(method):
    Z = SequenceScaler(method).fit_transform(X)
    assert [z.shape for z in Z] == [x.shape for x in X]
    np.testing.assert_allclose(np.concatenate(Z), expected(method), atol=1e-12)
    scaler = SequenceScaler(method).fit(padded(9e9), lengths=LENGTHS)
    assert (scaler.n_samples_seen_, scaler.n_features_in_) == (30, 2)
    values = scaler.transform(padded(9e9), lengths=LENGTHS)
    real = np.arange(10) < LENGTHS[:, np.newaxis]
    np.testing.assert_array_equal(values[real], np.concatenate(Z))
    assert (values[~real] == 9e9).all()
    nan = SequenceScaler(method).fit_transform(padded(np.nan), lengths=LENGTHS)
    np.testing.assert_array_equal(nan[real], values[real])
    assert np.isnan(nan[~real]).all()


@each_method
def test_inverse(method):
    scaler = SequenceScaler(method).fit(X)
    for back, x in zip(scaler.inverse_transform(scaler.transform(X)), X, strict=True):
        np.testing.assert_allclose(back, x, atol=1e-10)
    values = scaler.inverse_transform(
        scaler.transform(padded(7.0), lengths=LENGTHS), lengths=LENGTHS
    )
    np.testing.assert_allclose(values, padded(7.0), atol=1e-10)


@each_method
def test_arrays_rows_and_dtypes(method, rng):
    values = rng.normal(3, 2, size=(20, 6, 4)).astype(np.float32)
    Z = SequenceScaler(method).fit_transform(values)
    assert Z.dtype == np.float32
    assert Z.shape == values.shape
    by_list = SequenceScaler(method).fit_transform(list(values))
    np.testing.assert_array_equal(np.stack(by_list), Z)
    assert by_list[0].dtype == np.float32
    rows = SequenceScaler(method).fit(values[..., 0])
    assert (rows.n_features_in_, len(rows.offset_)) == (6, 1)
    column = SequenceScaler(method).fit_transform(values[..., :1])
    np.testing.assert_array_equal(rows.transform(values[..., 0]), column[..., 0])
    assert SequenceScaler(method).fit_transform(values.astype(int)).dtype == np.float64
    objects = np.empty(20, object)
    objects[:] = list(values)
    np.testing.assert_array_equal(np.stack(SequenceScaler(method).fit_transform(objects)), Z)


@pytest.mark.parametrize("method", ["standard", "minmax"])
def test_part_by_part(method):
    parts = SequenceScaler(method)
    for i in range(0, 30, 10):
        parts.partial_fit(X[i : i + 10])
    whole = SequenceScaler(method).fit(X)
    np.testing.assert_allclose(parts.offset_, whole.offset_, rtol=1e-12)
    np.testing.assert_allclose(parts.scale_, whole.scale_, rtol=1e-12)
    assert parts.n_samples_seen_ == 30


def test_a_constant_feature_and_another_range():
    Z = SequenceScaler("minmax", feature_range=(-1, 1)).fit_transform([[[1, 3], [2, 3]], [[4, 3]]])
    assert np.concatenate(Z).tolist() == [[-1, -1], [pytest.approx(-1 / 3), -1], [1, -1]]


def test_in_a_pipeline():
    y = [int(x[:, 0].mean() > 5) for x in X]
    pipe = make_pipeline(SequenceScaler(), RNNClassifier((8,), max_epochs=50, random_state=0))
    assert pipe.fit(X, y).score(X, y) > 0.8
    assert list(SequenceScaler().fit(X).get_feature_names_out()) == ["x0", "x1"]


@each_method
def test_files(method, tmp_path):
    scaler = SequenceScaler(method).fit(X)
    scaler.save(tmp_path / "scaler")
    again = fastdl.load(tmp_path / "scaler")
    np.testing.assert_array_equal(
        np.concatenate(again.transform(X)), np.concatenate(scaler.transform(X))
    )


ERRORS = [
    (lambda: SequenceScaler("standrd").fit(X), ValueError,
     "SequenceScaler: method='standrd' is not known. Did you mean 'standard'? Choose from "
     "'standard', 'minmax', 'robust'."),
    (lambda: SequenceScaler().fit(["ab", "c"]), ValueError,
     "X holds text; SequenceScaler scales sequences of numbers."),
    (lambda: SequenceScaler().fit([[[1.0], [np.nan]], [[2.0]]]), ValueError,
     "Input X contains NaN: step 1 of X[0]. Fill it in, or leave the step out."),
    (lambda: SequenceScaler().fit(X).transform([x[:, :1] for x in X]), ValueError,
     "X has sequences of 1 features, but SequenceScaler was fitted with 2."),
    (lambda: SequenceScaler().fit(padded(), lengths=[11] * 30), ValueError,
     "lengths[0] is 11, but X has 10 steps; expected 0 to 10."),
    (lambda: SequenceScaler("robust").partial_fit(X), AttributeError,
     "This 'SequenceScaler' has no attribute 'partial_fit'"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "text"), ERRORS, ids=range(len(ERRORS)))
def test_errors(call, error, text):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text


def test_recurrent_networks_ask_for_it():
    y = np.arange(30) % 2
    with pytest.warns(UserWarning, match=r"in feature 1, unscaled.* SequenceScaler\(\) before RNN"):
        RNNClassifier((2,), max_epochs=1).fit(X, y)
    RNNClassifier((2,), max_epochs=1).fit(SequenceScaler().fit_transform(X), y)
