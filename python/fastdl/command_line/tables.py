"""CSV files with a header, as data frames where pandas is there."""

from __future__ import annotations

import csv
import io
import warnings
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl.command_line.errors import DataError


def read(
    name: str, content: bytes, target: str | None, needs_y: bool, model: Any, labels: bool
) -> tuple[Any, NDArray[Any] | None]:
    """X, a frame or an array, and y.

    Raises
    ------
    DataError
        For a column that is not there, and for text where `model` takes numbers: with its row,
        counted from 1 without the header, and its column.
    """
    columns = _columns(name, content)
    if not columns or not len(next(iter(columns.values()))):
        raise DataError(f"{name} has no rows.")
    y, beside = None, [column for column in columns if column != target]
    answers_are_texts = _reads_texts(model, "_head")
    if answers_are_texts or (_is_text(columns, beside) and _reads_texts(model, "_inputs")):
        texts = _texts(name, content, columns)
        if needs_y and target is not None:
            y = _target(name, texts if answers_are_texts else columns, target, labels)
        return texts[_only_one(name, beside, model)], y
    if target is not None and needs_y:
        y = _target(name, columns, target, labels)
    columns.pop(target or "", None)
    wanted = getattr(model, "feature_names_in_", None)
    if wanted is not None:
        missing = [column for column in wanted if column not in columns]
        if missing:
            raise DataError(
                f"{name}: {_not_there(missing[0], columns)} The model was fitted on it."
            )
        columns = {column: columns[column] for column in wanted}
    if not columns:
        raise DataError(f"{name} has no column beside {target!r}.")
    if not _takes_text(model):
        columns = {c: _numbers(name, c, values) for c, values in columns.items()}
    return _framed(columns, named=model is None or wanted is not None or not _is_fitted(model)), y


def _columns(name: str, content: bytes) -> dict[str, NDArray[Any]]:
    """By name; numbers where all are, else texts, missing ones None."""
    try:
        import pandas as pd
    except ImportError:
        return _plain_columns(name, content)
    try:
        with warnings.catch_warnings():  # rows that are longer than the header
            warnings.simplefilter("error", pd.errors.ParserWarning)
            frame = pd.read_csv(io.BytesIO(content), index_col=False)
    except (ValueError, UnicodeDecodeError, pd.errors.ParserWarning) as error:
        raise DataError(f"{name} cannot be read as CSV: {error}") from error
    found = {}
    for column in frame.columns:
        values = frame[column]
        if values.dtype.kind not in "iufb":
            values = values.astype(object).where(values.notna(), None)
        found[str(column)] = values.to_numpy()
    return found


def _plain_columns(name: str, content: bytes) -> dict[str, NDArray[Any]]:
    try:
        header, *rows = [row for row in csv.reader(io.StringIO(content.decode())) if row]
    except (ValueError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{name} cannot be read as CSV: {error or 'it is empty'}") from error
    for i, row in enumerate(rows, 1):
        if len(row) != len(header):
            raise DataError(f"{name}: row {i} has {len(row)} cells, the header {len(header)}.")
    return {column: _parsed([row[j] for row in rows]) for j, column in enumerate(header)}


def _parsed(cells: list[str]) -> NDArray[Any]:
    for kind in (int, float):
        try:
            if kind is int or any(cells):
                return np.array([kind(cell) if cell else np.nan for cell in cells])
        except ValueError:
            continue
    return np.array([cell or None for cell in cells], dtype=object)


def _reads_texts(model: Any, side: str) -> bool:
    """Whether the first step reads texts as X, "_inputs", or the last one as y, "_head"."""
    from sklearn.pipeline import Pipeline

    while isinstance(model, Pipeline):
        model = model.steps[0 if side == "_inputs" else -1][1]
    return getattr(getattr(model, side, None), "reads_texts", False)


def _is_text(columns: dict[str, NDArray[Any]], beside: list[str]) -> bool:
    """Whether there is one column beside the target, and something else than numbers in it."""
    return len(beside) == 1 and columns[beside[0]].dtype == object


def _texts(name: str, content: bytes, columns: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """The columns as they are written: digits are symbols too, and an empty cell an empty text."""
    try:
        rows = [row for row in csv.reader(io.StringIO(content.decode("utf-8-sig"))) if row][1:]
    except csv.Error as error:
        raise DataError(f"{name} cannot be read as CSV: {error}") from error
    found = {}
    for j, column in enumerate(columns):
        found[column] = np.array([row[j] if j < len(row) else "" for row in rows], dtype=object)
    return found


def _only_one(name: str, beside: list[str], model: Any) -> str:
    if len(beside) != 1:
        raise DataError(
            f"{name} has {len(beside)} columns beside the target, "
            f"{', '.join(map(repr, beside)) or 'none'}; {type(model).__name__} reads one column of "
            "texts. Leave the others out."
        )
    return beside[0]


def _target(name: str, columns: dict[str, NDArray[Any]], target: str, labels: bool) -> NDArray[Any]:
    if target not in columns:
        raise DataError(f"{name}: {_not_there(target, columns)}")
    values = columns[target]
    if not labels:
        return _numbers(name, target, values)
    bad = [v is None or v != v for v in values.tolist()]
    if any(bad):
        raise DataError(f"{name}: row {bad.index(True) + 1}, column {target!r} is empty.")
    return values if values.dtype != object else values.astype(str)


def _numbers(name: str, column: str, values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype.kind in "iub":
        return values
    for i, value in enumerate(values.tolist(), 1):
        where = f"{name}: row {i}, column {column!r}"
        if value is None or value != value:
            raise DataError(f"{where} is empty; expected a number.")
        if isinstance(value, str):
            raise DataError(f"{where} holds {value!r}; expected a number.")
    return values.astype(np.float64)


def _takes_text(model: Any) -> bool:
    """Whether what comes first in a model takes columns of text, and missing numbers."""
    from sklearn.pipeline import Pipeline

    while isinstance(model, Pipeline):
        model = model.steps[0][1]
    kinds = ("Tabular", "ColumnTransformer", "OneHotEncoder", "OrdinalEncoder", "SimpleImputer")
    return type(model).__name__.startswith(kinds)


def _is_fitted(model: Any) -> bool:
    return hasattr(model, "n_features_in_")


def _framed(columns: dict[str, NDArray[Any]], *, named: bool) -> Any:
    try:
        import pandas as pd
    except ImportError:
        pd = None
    if pd is not None and named:
        return pd.DataFrame(columns)
    dtype = np.result_type(*(v.dtype for v in columns.values()))
    return np.column_stack([values.astype(dtype) for values in columns.values()])


def _not_there(column: str, columns: dict[str, NDArray[Any]]) -> str:
    hint = " Cells have to be parted by commas." if len(columns) == 1 else ""
    return f"there is no column {column!r}; there are {', '.join(map(repr, columns))}.{hint}"
