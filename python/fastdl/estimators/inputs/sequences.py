"""Sequences, as users have them, as one padded array and lengths."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import check_consistent_length, column_or_1d

from fastdl._rules import INPUT_SHAPE, Rule
from fastdl._sklearn import validate_data
from fastdl.data import pad_sequences
from fastdl.estimators.inputs.text import as_texts, check_texts, encode_texts, learn_symbols
from fastdl.samples import Sequences

_OPTIONS: dict[str, Any] = {"dtype": (np.float64, np.float32, np.uint8), "allow_nd": True}
_INPUT_SHAPE = Rule(
    "None or (steps, features), positive integers",
    lambda v: v is None or (INPUT_SHAPE.accepts(v) and len(v) == 2),
    lambda v: v,
)
_FORMS = (
    "sequences (n, steps, features), a list of n arrays (steps_i, features), or rows (n, steps)"
)


def cut(X: Any, lengths: Any) -> Any:
    """X, or with lengths the list of its sequences without their padding (no copies).

    Raises
    ------
    ValueError
        If X is not one array (n, steps, features), or a length is not from 1 to steps.
    """
    if lengths is None:
        return X
    if is_list(X) or np.ndim(X) != 3:
        raise ValueError(
            "lengths belongs to padded sequences, one array (n, steps, features). The sequences "
            "of a list have lengths of their own: leave it out."
        )
    X, lengths = np.asarray(X), np.asarray(lengths)
    if lengths.shape != X.shape[:1] or lengths.dtype.kind not in "iu":
        raise ValueError(
            f"lengths has shape {lengths.shape} and dtype {lengths.dtype}; expected {len(X)} "
            "integers, one for each sequence of X."
        )
    wrong = np.flatnonzero((lengths < 1) | (lengths > X.shape[1]))
    if len(wrong):
        i = wrong[0]
        raise ValueError(
            f"lengths[{i}] is {lengths[i]}, but X has {X.shape[1]} steps; expected 1 to "
            f"{X.shape[1]}."
        )
    return [x[:length] for x, length in zip(X, lengths, strict=True)]


def check_sequences(estimator: Any, X: Any, *, reset: bool) -> Sequences:
    """X padded, with lengths.

    Parameters
    ----------
    estimator : estimator
        With `input_shape` as the user set it; `input_shape_`, `n_features_in_` and, of texts,
        `symbols_` are set where `reset`, and compared otherwise.
    X : array-like of shape (n, T, F) or (n, n_features), list of n arrays (T_i, F), or texts
        Rows are read as sequences of `input_shape`, or of one feature; texts are strings, or lists
        of tokens.
    reset : bool
        Whether X is the first that the estimator sees.

    Raises
    ------
    ValueError
        For another form, an empty sequence, numbers of features that differ, NaN or infinity, and
        symbols that are not known.
    """
    texts = as_texts(X)
    _check_kind(estimator, texts, reset)
    if texts is not None:
        return _fitting(estimator, encode_texts(estimator, texts), math.nan, reset)
    if is_list(X):
        return _fitting(estimator, _from_list(estimator, X), math.nan, reset)
    X = X if hasattr(X, "ndim") else np.asarray(X)
    rows = X.ndim <= 2
    X = validate_data(estimator, X, reset=reset, ensure_2d=rows, ensure_all_finite=rows, **_OPTIONS)
    return _from_array(estimator, X, reset)


def check_sequences_and_targets(
    estimator: Any, X: Any, y: Any, *, reset: bool, y_numeric: bool
) -> tuple[Sequences, NDArray[Any]]:
    """`check_sequences` for X and y together; y of shape (n,) or (n, n_outputs)."""
    options: dict[str, Any] = {"multi_output": True, "y_numeric": y_numeric}
    if is_list(X):
        y = validate_data(estimator, "no_validation", y, **options)
        check_consistent_length(X, y)
        checked = check_sequences(estimator, X, reset=reset)
    else:
        X = X if hasattr(X, "ndim") else np.asarray(X)
        rows = X.ndim <= 2
        options |= _OPTIONS
        _check_kind(estimator, None, reset)
        X, y = validate_data(
            estimator, X, y, reset=reset, ensure_2d=rows, ensure_all_finite=rows, **options
        )
        checked = _from_array(estimator, X, reset)
    return checked, column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y


def are_rows(X: Any) -> bool:
    """Whether X is one array of two dimensions, or goes for one."""
    return not is_list(X) and getattr(X, "ndim", None) in (2, None) and np.asarray(X).ndim == 2


def is_list(X: Any) -> bool:
    """Whether X is a list of sequences; lists of as many numbers each are rows."""
    if as_texts(X) is not None:
        return True
    if not isinstance(X, (list, tuple)) or not X:
        return False
    if not all(hasattr(x, "__len__") for x in X):
        return False
    return np.ndim(X[0]) == 2 or len({len(x) for x in X}) > 1


def _check_kind(estimator: Any, texts: list[Any] | None, reset: bool) -> None:
    """Learn symbols, or compare what X holds with what was fitted."""
    name = type(estimator).__name__
    if texts is not None:
        check_texts(name, texts)
    if reset:
        vars(estimator).pop("symbols_", None)
        if texts is not None:
            estimator.symbols_ = learn_symbols(texts, estimator.unknown_token)
    elif texts is None and hasattr(estimator, "symbols_"):
        raise ValueError(
            f"X holds numbers, but {name} was fitted with text. Pass a list of strings, or of "
            "lists of tokens."
        )
    elif texts is not None and not hasattr(estimator, "symbols_"):
        raise ValueError(
            f"X holds text, but {name} was fitted with sequences of {estimator.input_shape_[1]} "
            "features. Pass numbers."
        )


def _from_list(estimator: Any, X: Any) -> Sequences:
    name = type(estimator).__name__
    sequences = [np.asarray(x) for x in X]
    for i, x in enumerate(sequences):
        if x.ndim != 2 or 0 in x.shape[1:]:
            raise ValueError(
                f"X[{i}] has shape {x.shape}; {name} takes sequences of shape (steps, features)."
            )
        if x.shape[1] != sequences[0].shape[1]:
            raise ValueError(
                f"X[{i}] has {x.shape[1]} features, but X[0] has {sequences[0].shape[1]}; all "
                f"sequences of {name} have the same features."
            )
        if not len(x):
            raise ValueError(
                f"X[{i}] is an empty sequence; {name} needs at least one step. Leave it out, in y "
                "too."
            )
    dtype = np.result_type(np.uint8, *{x.dtype for x in sequences})
    small = dtype in (np.uint8, np.float32)
    values, lengths = pad_sequences(sequences, dtype=np.float32 if small else np.float64)
    return _finite(Sequences(values, lengths.astype(np.int32)))


def _from_array(estimator: Any, X: NDArray[Any], reset: bool) -> Sequences:
    name, n_columns = type(estimator).__name__, math.nan
    if X.ndim not in (2, 3) or 0 in X.shape:
        raise ValueError(f"X has shape {X.shape}; {name} takes {_FORMS}.")
    if X.ndim == 2:
        n_columns = X.shape[1]
        X = X.reshape(len(X), *_row_shape(estimator, n_columns))
    lengths = np.full(len(X), X.shape[1], np.int32)
    return _fitting(estimator, _finite(Sequences(X, lengths)), n_columns, reset)


def _row_shape(estimator: Any, n_columns: int) -> tuple[int, int]:
    if estimator._rows_are_steps:
        return 1, n_columns
    asked = estimator.input_shape
    if not _INPUT_SHAPE.accepts(asked):
        complaint = _INPUT_SHAPE.complaint("input_shape", asked)
        raise ValueError(f"{type(estimator).__name__}: {complaint}")
    if asked is None:
        return n_columns, 1
    if math.prod(asked) != n_columns:
        raise ValueError(
            f"X has rows of {n_columns} features, but input_shape={asked!r} asks for "
            f"{math.prod(asked)}. Leave input_shape out for sequences of one feature."
        )
    return asked[0], asked[1]


def _finite(X: Sequences) -> Sequences:
    """X, if its numbers are; the padding of a list is zero."""
    if X.dtype.kind == "f" and not np.isfinite(X.values.sum(dtype=np.float64)):
        bad = ~np.isfinite(X.values).all(axis=2)
        if bad.any():
            i, t = (int(index) for index in np.argwhere(bad)[0])
            what = "NaN" if np.isnan(X.values[i, t]).any() else "infinity"
            raise ValueError(
                f"Input X contains {what}: step {t} of X[{i}]. Fill it in, or leave the step out."
            )
    return X


def _fitting(estimator: Any, X: Sequences, n_columns: float, reset: bool) -> Sequences:
    """X, if it goes with what was fitted; `n_columns` of rows."""
    n_features = X.shape[2]
    if reset:
        estimator.input_shape_ = X.shape[1:]
        estimator.n_features_in_ = n_features if math.isnan(n_columns) else int(n_columns)
        if math.isnan(n_columns) and hasattr(estimator, "feature_names_in_"):
            del estimator.feature_names_in_
    expected = estimator.input_shape_[1]
    if n_features != expected:
        raise ValueError(
            f"X has sequences of {n_features} features, but {type(estimator).__name__} was fitted "
            f"with {expected}."
        )
    return X
