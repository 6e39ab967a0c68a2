"""Rows of features, dense or sparse; and what every kind of X can do."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from sklearn.utils import column_or_1d

from fastdl._sklearn import validate_data
from fastdl.estimators.inputs.frames import is_frame
from fastdl.estimators.inputs.refused import check_y, refuse, why
from fastdl.estimators.inputs.text import unpacked, way_out_of_paths
from fastdl.layers import Layer

_SEQUENCES = "; sequences of any length go to RNNClassifier and RNNRegressor"
NO_Y = "no_validation"  # what `validate_data` calls it
TAKEN = (np.float64, np.float32, np.uint8)  # as they are: X may be memory-mapped
_SMALL = 1 << 16  # values: looking through more takes longer than all that `validate_data` does


class Input(Protocol):
    """A kind of X: its checks, and what the rest of an estimator needs to know of it."""

    def check(self, estimator: Any, X: Any, *, reset: bool) -> Any:
        """X in the form that the core takes; sets or compares what is known of earlier X."""

    def check_with(
        self, estimator: Any, X: Any, y: Any, *, reset: bool, numeric: bool
    ) -> tuple[Any, Any]:
        """X and y with something for each sample."""

    def sample_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """A sample's shape, with the dimensions that the user may leave out."""

    def warn(self, estimator: Any, X: Any, layers: Sequence[Layer]) -> None:
        """Warn of what would make a new network of these layers learn badly."""

    def tag(self, tags: Any) -> None:
        """Write into scikit-learn's tags what is taken."""


@dataclass(frozen=True)
class RowInput:
    """X of shape (n_samples, n_features): an array, a data frame or, if `sparse`, a matrix."""

    sparse: bool = True
    dtype: Any = "numeric"  # as `validate_data` takes it
    formats: Sequence[str] = ("csr", "csc")  # of sparse X; others are converted

    def _options(self) -> dict[str, Any]:
        return {"accept_sparse": list(self.formats) if self.sparse else False, "dtype": self.dtype}

    def check(self, estimator: Any, X: Any, *, reset: bool) -> Any:
        """An array or CSR/CSC matrix of numbers; see `Input.check`."""
        return validated(estimator, X, reset=reset, **self._options())

    def check_with(
        self, estimator: Any, X: Any, y: Any, *, reset: bool, numeric: bool
    ) -> tuple[Any, Any]:
        """`check` for X and y together; y of shape (n_samples,) or (n_samples, n_outputs)."""
        options = self._options()
        X, y = validated(estimator, X, y, reset=reset, y_numeric=numeric, **options)
        return X, y

    def sample_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape as it is."""
        return input_shape

    def warn(self, estimator: Any, X: Any, layers: Sequence[Layer]) -> None:
        """Nothing to warn of."""

    def tag(self, tags: Any) -> None:
        """Two dimensions, perhaps sparse."""
        tags.sparse = self.sparse


def validated(
    estimator: Any,
    X: Any,
    y: Any = NO_Y,
    *,
    reset: bool,
    all_finite: bool | str = True,
    **options: Any,
) -> Any:
    """What scikit-learn's `validate_data` makes of arrays of any dimensions, frames and targets.

    Rows have their columns counted and their names compared. Arrays in another byte order are
    brought into the machine's, lists and columns of arrays put together; targets (n, 1) become
    (n,), with scikit-learn's warning.

    Parameters
    ----------
    estimator : estimator
    X, y : as the user passed them
    reset : bool
        Whether X is the first that the estimator sees.
    all_finite : bool or "allow-nan", default=True
        Whether X of more than two dimensions is looked through for NaN and infinity, as rows are;
        "allow-nan" lets NaN into rows.
    **options
        Of `validate_data`.

    Returns
    -------
    X, or X and y if there is one
    """
    if not reset and _is_as_before(estimator, X, options):
        if y is NO_Y:
            return X
        if _is_plain(y, options["y_numeric"]) and len(y) == len(X):
            return X, y
    name = type(estimator).__name__
    refuse(name, "X", X)
    X = unpacked(X)
    if isinstance(X, np.ndarray) and not X.dtype.isnative:
        X = X.astype(X.dtype.newbyteorder("="))
    X = X if hasattr(X, "ndim") or is_frame(X) else _together(name, X)
    rows = is_frame(X) or X.ndim <= 2
    finite = "allow-nan" if all_finite == "allow-nan" else rows or all_finite
    options |= {"reset": reset, "ensure_2d": rows, "ensure_all_finite": finite}
    if y is NO_Y:
        return _validated(estimator, X, **options)
    y = check_y(name, y, numeric=options["y_numeric"])
    X, y = _validated(estimator, X, y, multi_output=True, **options)
    return X, as_column(y)


def _validated(estimator: Any, X: Any, *y: Any, **options: Any) -> Any:
    """What `validate_data` gives; its errors of NumPy's, about X, in our words."""
    try:
        return validate_data(estimator, X, *y, **options)
    except (TypeError, ValueError) as error:
        reads = estimator.__sklearn_tags__().input_tags.categorical
        name = type(estimator).__name__
        said = why(name, X, categories=reads) if _is_of_numpy(error) else None
        if said is None:
            raise
        raise ValueError(said) from error


def _is_of_numpy(error: Exception) -> bool:
    """Whether an error says no more than that something cannot be converted."""
    said = str(error)
    return said.startswith(
        (
            *("could not convert", "float() argument", "dtype='numeric'", "Cannot"),
            *("conversion from", "setting an array element"),
        )
    )


def validated_y(estimator: Any, y: Any, *, numeric: bool) -> Any:
    """What `validate_data` makes of targets; (n, 1) become (n,), with scikit-learn's warning."""
    if _is_plain(y, numeric):
        return y
    y = check_y(type(estimator).__name__, y, numeric=numeric)
    return as_column(validate_data(estimator, NO_Y, y, multi_output=True, y_numeric=numeric))


def _is_as_before(estimator: Any, X: Any, options: dict[str, Any]) -> bool:
    """Whether X is small and like the first one: `validate_data` would give it back as it is.

    Then its checks are these, and a prediction need not wait for how it makes them. Whatever is
    wrong or new goes there, for its message.
    """
    if type(X) is not np.ndarray or X.dtype not in TAKEN or not 0 < X.size <= _SMALL:
        return False
    if hasattr(estimator, "feature_names_in_"):
        return False
    if X.ndim == 2:
        has_its_shape = X.shape[1] == getattr(estimator, "n_features_in_", None)
    else:
        has_its_shape = X.ndim > 2 and options.get("allow_nd", False)
    return (
        has_its_shape
        and X.dtype.isnative
        and (options["dtype"] == "numeric" or X.dtype in options["dtype"])
        and bool(np.isfinite(X).all())
    )


def _is_plain(y: Any, numeric: bool) -> bool:
    """Whether y is an array of targets that `validate_data` would give back as it is."""
    return (
        type(y) is np.ndarray
        and (y.ndim == 1 or (y.ndim == 2 and y.shape[1] > 1))
        and len(y) > 0
        and y.dtype.kind in ("biuf" if numeric else "biufU")
        and (y.dtype.kind != "f" or bool(np.isfinite(y).all()))
    )


def _together(name: str, X: Any) -> NDArray[Any]:
    """The samples of a list as an array; ValueError if their shapes differ, and for texts."""
    try:
        values = np.asarray(X)
    except ValueError as error:
        if type(error) is not ValueError:  # not NumPy's: X says itself why it is no array
            raise
        shapes = [np.shape(x) for x in X]
        i = next((i for i, shape in enumerate(shapes) if shape != shapes[0]), 0)
        if i == 0:
            raise
        are_sequences = len({shape[1:] for shape in shapes}) == 1 and len(shapes[0]) < 3
        raise ValueError(
            f"X[{i}] has shape {shapes[i]}, but X[0] has {shapes[0]}; samples have one shape. "
            f"Crop, scale or pad them{_SEQUENCES if are_sequences else ''}."
        ) from None
    some = values.flat[0] if values.ndim < 2 and values.size else None
    if isinstance(some, (str, os.PathLike)):
        raise ValueError(
            f"X holds text, such as {str(some)!r}; {name} takes numbers. RNNClassifier, "
            "RNNRegressor and networks that begin with a recurrent layer read texts."
            f"{way_out_of_paths(some)}"
        )
    return values


def as_column(y: Any) -> Any:
    """Targets (n, 1) as (n,), with scikit-learn's warning."""
    return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y
