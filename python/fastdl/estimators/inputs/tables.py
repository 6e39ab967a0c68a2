"""Tables: columns of numbers and of categories, from data frames and arrays."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import assert_all_finite, check_consistent_length

from fastdl._sklearn import _check_y, validate_data
from fastdl.estimators.inputs.frames import (
    NO_NUMBERS,
    columns_of,
    is_frame,
    names_of,
    numbers_of,
    type_of,
)
from fastdl.estimators.inputs.refused import check_y, refuse
from fastdl.estimators.inputs.rows import as_column, validated
from fastdl.layers import Layer

# Names of column types in pandas, polars and pyarrow, in small letters.
_CATEGORICAL = re.compile(
    r"(category|categorical|enum|bool|boolean|object|str|string|string_view|utf8|large_string"
    r"|large_utf8|dictionary)\b"
)
_PLAIN = (bool, int, float, str)

_TYPES = [np.float64]


@dataclass(frozen=True)
class TableInput:
    """X of shape (n_samples, n_columns): a data frame, or an array.

    Checked, it is an array of float64: numbers, NaN where one is missing, and for categories their
    codes, from 1 in sorted order, 0 for one that is missing or was not seen in fit. The estimator
    gets `categories_`, a list for each column that holds categories and None for numbers.

    Attributes
    ----------
    categorical : "from_dtype" or sequence
        Which columns hold categories: those of a data frame that are text, boolean, categorical or
        of objects; or their numbers, names, or a mask.
    """

    categorical: Any = "from_dtype"

    def check(self, estimator: Any, X: Any, *, reset: bool) -> Any:
        """The table in numbers; see `Input.check`."""
        refuse(type(estimator).__name__, "X", X, dates=True)
        columns = self._categorical(estimator, X, reset)
        if not columns:
            X = validated(estimator, X, reset=reset, all_finite="allow-nan", dtype=_TYPES)
            return _only_numbers(estimator, X, reset)
        validate_data(estimator, X, reset=reset, skip_check_array=True)
        return self._coded(estimator, X, columns, reset)

    def check_with(
        self, estimator: Any, X: Any, y: Any, *, reset: bool, numeric: bool
    ) -> tuple[Any, Any]:
        """`check` for X and y together; y of shape (n_samples,) or (n_samples, n_outputs)."""
        refuse(type(estimator).__name__, "X", X, dates=True)
        columns = self._categorical(estimator, X, reset)
        if not columns:
            X, y = validated(
                estimator,
                X,
                y,
                reset=reset,
                all_finite="allow-nan",
                dtype=_TYPES,
                y_numeric=numeric,
            )
            return _only_numbers(estimator, X, reset), y
        validate_data(estimator, X, y, reset=reset, skip_check_array=True)
        y = check_y(type(estimator).__name__, y, numeric=numeric)
        y = _check_y(y, multi_output=True, y_numeric=numeric, estimator=estimator)
        check_consistent_length(X, y)
        return self._coded(estimator, X, columns, reset), as_column(y)

    def sample_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape as it is."""
        return input_shape

    def warn(self, estimator: Any, X: Any, layers: Sequence[Layer]) -> None:
        """Nothing to warn of: columns are scaled inside."""

    def tag(self, tags: Any) -> None:
        """Missing values, and categories."""
        tags.allow_nan = True
        tags.categorical = True

    # --- which columns

    def _categorical(self, estimator: Any, X: Any, reset: bool) -> list[int]:
        """The numbers of the columns that hold categories."""
        if not reset:
            known = estimator.categories_
            return [j for j, categories in enumerate(known) if categories is not None]
        if not (isinstance(self.categorical, str) and self.categorical == "from_dtype"):
            return self._named(X)
        if not is_frame(X):
            return []
        return [j for j, column in enumerate(columns_of(X)) if is_categorical(column)]

    def _named(self, X: Any) -> list[int]:
        """The columns that the user named, by number, name or mask."""
        names, asked = names_of(X), np.asarray(self.categorical)
        width = np.shape(X)[1] if np.ndim(X) == 2 else 0
        if asked.dtype == bool and asked.shape == (width,):
            return np.flatnonzero(asked).tolist()
        found = [names.index(c) if c in names else c for c in asked.ravel().tolist()]
        for column in found:
            is_number = isinstance(column, int) and not isinstance(column, bool)
            if not is_number or not -width <= column < width:
                raise ValueError(
                    f"categorical_features has {column!r}, which is no column of X: it has {width}"
                    f"{f', {names[0]!r} ...' if names else ''}. Give numbers or names of columns, "
                    "or a mask of one bool for each."
                )
        return sorted({int(column) % width for column in found})

    # --- their values

    def _coded(self, estimator: Any, X: Any, columns: list[int], reset: bool) -> NDArray[Any]:
        table = columns_of(X)
        names = names_of(X) or [f"{j}" for j in range(len(table))]
        if reset:
            estimator.categories_ = [None] * len(table)
        coded = np.empty((len(table[0]) if table else 0, len(table)))
        for j, column in enumerate(table):
            if j not in columns:
                coded[:, j] = numbers_of(column, names[j])
                continue
            values = values_of(column, names[j])
            if reset:
                estimator.categories_[j] = _sorted(set(values) - {None})
            codes = {value: code for code, value in enumerate(estimator.categories_[j], 1)}
            coded[:, j] = [codes.get(value, 0) for value in values]
        if not len(coded):  # scikit-learn's words
            raise ValueError(
                f"Found array with 0 sample(s) (shape={coded.shape}) while a minimum of 1 is "
                f"required by {type(estimator).__name__}."
            )
        assert_all_finite(coded, allow_nan=True, input_name="X")
        return coded


def _only_numbers(estimator: Any, X: NDArray[Any], reset: bool) -> NDArray[Any]:
    if reset:
        estimator.categories_ = [None] * X.shape[1]
    return X


def is_categorical(column: Any) -> bool:
    """Whether a column of a frame holds categories, by its type; numbers as objects are numbers."""
    kind = type_of(column)
    if kind != "object":
        return _CATEGORICAL.match(kind) is not None
    values = [value for value in _listed(column) if value is not None]
    return not all(isinstance(v, Real) and not isinstance(v, (bool, np.bool_)) for v in values)


def values_of(column: Any, name: Any) -> list[Any]:
    """The values of a column as Python's own, None where they are missing."""
    kind = type_of(column)
    if NO_NUMBERS.match(kind) and not kind.startswith("interval"):
        raise ValueError(
            f"Column {name!r} of X is of type {kind}, which is no category. Turn it into text."
        )
    return [v if v is None or type(v) in _PLAIN else str(v) for v in _listed(column)]


def _listed(column: Any) -> list[Any]:
    if hasattr(column, "isna"):  # pandas
        values = column.astype(object).to_numpy(copy=True)
        values[column.isna().to_numpy()] = None
        values = values.tolist()
    elif hasattr(column, "to_pylist"):  # pyarrow
        values = column.to_pylist()
    else:  # polars, NumPy
        values = column.tolist() if hasattr(column, "tolist") else column.to_list()
    values = [v.item() if isinstance(v, np.generic) else v for v in values]
    return [None if isinstance(v, float) and v != v else v for v in values]


def _sorted(values: set[Any]) -> list[Any]:
    return sorted(values, key=lambda v: (isinstance(v, str), v))
