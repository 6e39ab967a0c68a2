"""What becomes of the columns of a table: from every kind of frame, by the published formulas."""

import numpy as np
import pandas as pd
import pytest

from fastdl.estimators.inputs.tables import TableInput
from fastdl.fitting.preparation import Preparation

pl = pytest.importorskip("polars")
pa = pytest.importorskip("pyarrow")


class Holder:
    """What an estimator is to its input."""

    def __sklearn_tags__(self):
        from sklearn.base import BaseEstimator

        return BaseEstimator().__sklearn_tags__()


def read(X, **words):
    holder = Holder()
    return TableInput(**words).check(holder, X, reset=True), holder.categories_


VALUES = {
    "number": [1.5, None, 3.0, 4.0],
    "whole": [1, 2, 3, 4],
    "text": ["b", "a", None, "b"],
    "flag": [True, False, True, None],
}
CODED = [[1.5, 1, 2, 2], [np.nan, 2, 1, 1], [3, 3, 0, 2], [4, 4, 2, 0]]
FRAMES = {
    "pandas": lambda: pd.DataFrame(VALUES),
    "pandas-nullable": lambda: pd.DataFrame(VALUES).convert_dtypes(),
    "pandas-category": lambda: pd.DataFrame(VALUES).astype(
        {"text": "category", "flag": "category"}
    ),
    "pandas-arrow": lambda: pa.table(VALUES).to_pandas(types_mapper=pd.ArrowDtype),
    "polars": lambda: pl.DataFrame(VALUES),
    "polars-categorical": lambda: pl.DataFrame(VALUES).cast({"text": pl.Categorical}),
    "pyarrow": lambda: pa.table(VALUES),
    "pyarrow-dictionary": lambda: pa.table(
        {**VALUES, "text": pa.array(VALUES["text"]).dictionary_encode()}
    ),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_frames(kind):
    X, categories = read(FRAMES[kind]())
    np.testing.assert_array_equal(X, CODED)
    assert categories == [None, None, ["a", "b"], [False, True]]


def test_numbers_as_objects_are_numbers():
    frame = pd.DataFrame({"a": [1, None, 2.5], "b": ["x", 1, "y"]}, dtype=object)
    X, categories = read(frame)
    np.testing.assert_array_equal(X, [[1, 2], [np.nan, 1], [2.5, 3]])
    assert categories == [None, [1, "x", "y"]]


@pytest.mark.parametrize("named", [[1], [-1], ["b"], [False, True]])
def test_categories_by_name(named):
    frame = pd.DataFrame({"a": [0.5, 1.0, 2.0], "b": [7, 3, 7]})
    X, categories = read(frame, categorical=named)
    np.testing.assert_array_equal(X, [[0.5, 2], [1, 1], [2, 2]])
    assert categories == [None, [3, 7]]


def test_unknown_categories_are_missing_ones():
    holder = Holder()
    table = TableInput()
    table.check(holder, pd.DataFrame({"a": ["x", "y"], "b": [1.0, 2.0]}), reset=True)
    X = table.check(holder, pd.DataFrame({"a": ["z", None, "y"], "b": [1, 2, 3]}), reset=False)
    np.testing.assert_array_equal(X, [[0, 1], [0, 2], [2, 3]])
    with pytest.warns(UserWarning, match="feature names"):
        X = table.check(holder, np.array([["y", 4.0]], object), reset=False)
    np.testing.assert_array_equal(X, [[2, 4]])


def soft_clip(x):
    return x / np.sqrt(1 + (x / 3) ** 2)


def test_numbers_are_centred_scaled_and_clipped(rng):
    X = rng.normal(3, 5, (101, 3))
    X[0, 0] = 1e300
    X[:, 1] = X[:, 1] > 8  # quartiles that are equal
    X[:, 2] = 7.0
    found = Preparation.of(X, [None] * 3, 8).transform(X, np.float64)
    low, median, high = np.quantile(X[:, 0], [0.25, 0.5, 0.75])
    np.testing.assert_allclose(found[1:, 0], soft_clip((X[1:, 0] - median) / (high - low)))
    assert found[0, 0] == pytest.approx(3.0)
    np.testing.assert_allclose(found[:, 1], soft_clip(2 * X[:, 1]))
    np.testing.assert_array_equal(found[:, 2], 0.0)


def test_missing_numbers_are_the_median_and_have_an_indicator(rng):
    X = rng.normal(size=(50, 2))
    X[:10, 0] = np.nan
    preparation = Preparation.of(X, [None, None], 8)
    found = preparation.transform(X, np.float64)
    assert found.shape == (50, 3)
    np.testing.assert_array_equal(found[:10, 0], 0.0)
    np.testing.assert_allclose(found[:10, 2], soft_clip(2.0))
    np.testing.assert_array_equal(found[10:, 2], 0.0)
    later = preparation.transform(np.array([[np.nan, np.nan]]), np.float64)
    np.testing.assert_allclose(later, [[0, 0, soft_clip(2.0)]])


def test_categories_are_spread_or_coded():
    # Three columns: of two categories, of three, of nine; the second category of the second column
    # and the fourth of the third do not occur.
    X = np.array([[1, 1, 1], [2, 3, 2], [0, 0, 3], [1, 1, 5]], float)
    preparation = Preparation.of(X, [2, 3, 9], 2)
    assert preparation.shape == (0, [5])
    spread = preparation._spread(X)
    np.testing.assert_array_equal(spread, [[1, 1], [-1, -1], [0, 0], [1, 1]])
    found = preparation.transform(np.vstack([X, [[0, 2, 4]]]), np.float64)
    np.testing.assert_array_equal(found[:, 2], [1, 2, 3, 4, 0])
    spread = Preparation.of(X, [2, 3, 9], 8)._spread(X)
    np.testing.assert_array_equal(spread[:, 2:], [*np.eye(4)])


def test_the_same_from_plain_data(rng):
    X = np.column_stack([rng.normal(size=30), rng.integers(0, 3, 30), rng.integers(0, 12, 30)])
    X[0, 0] = np.nan
    preparation = Preparation.of(X, [None, 2, 11], 8)
    again = Preparation.from_dict(preparation.to_dict())
    np.testing.assert_array_equal(
        again.transform(X, np.float32), preparation.transform(X, np.float32)
    )
