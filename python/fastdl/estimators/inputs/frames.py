"""Data frames of pandas, polars and pyarrow, column by column."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Names of column types that are neither numbers nor categories, in small letters.
NO_NUMBERS = re.compile(r"(datetime|date|time|timestamp|timedelta|duration|period|interval|list)")


def is_frame(X: Any) -> bool:
    """Whether X is a data frame: of pandas, polars or pyarrow."""
    return hasattr(X, "columns") or hasattr(X, "column_names")


def columns_of(X: Any) -> list[Any]:
    """The columns of a data frame or an array, each in its own form."""
    if hasattr(X, "iloc"):
        return [X.iloc[:, j] for j in range(X.shape[1])]
    if hasattr(X, "column_names"):
        return list(X.columns)
    if hasattr(X, "get_columns"):
        return list(X.get_columns())
    return list(np.asarray(X).T)


def names_of(X: Any) -> list[Any]:
    """The names of the columns; none of an array."""
    return list(getattr(X, "column_names", getattr(X, "columns", ())))


def type_of(column: Any) -> str:
    """The name of a column's type, in small letters."""
    return str(getattr(column, "dtype", None) or column.type).lower()


def numbers_of(column: Any, name: Any) -> NDArray[np.float64]:
    """The numbers of a column, NaN where they are missing.

    Raises
    ------
    ValueError
        If it holds something else.
    """
    kind = type_of(column)
    try:
        if NO_NUMBERS.match(kind):
            raise TypeError
        if hasattr(column, "isna"):  # pandas
            return np.asarray(column.to_numpy(dtype=np.float64, na_value=np.nan))
        if hasattr(column, "cast") and not hasattr(column, "to_pylist"):  # polars
            return np.asarray(column.cast(float).to_numpy(), np.float64)
        values = column.to_numpy() if hasattr(column, "to_pylist") else column
        return np.asarray(values, np.float64)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Column {name!r} of X is of type {kind}; expected numbers. Turn it into some, such as "
            "days since a date, or into text if its values are names."
        ) from error
