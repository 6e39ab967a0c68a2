"""Rows of features, dense or sparse; and what every kind of X can do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from sklearn.utils import column_or_1d

from fastdl._sklearn import validate_data
from fastdl.layers import Layer

TAKEN = (np.float64, np.float32, np.uint8)  # as they are: X may be memory-mapped


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
        return validate_data(estimator, X, reset=reset, **self._options())

    def check_with(
        self, estimator: Any, X: Any, y: Any, *, reset: bool, numeric: bool
    ) -> tuple[Any, Any]:
        """`check` for X and y together; y of shape (n_samples,) or (n_samples, n_outputs)."""
        X, y = validate_data(
            estimator, X, y, reset=reset, multi_output=True, y_numeric=numeric, **self._options()
        )
        return X, as_column(y)

    def sample_shape(self, input_shape: tuple[int, ...]) -> tuple[int, ...]:
        """The shape as it is."""
        return input_shape

    def warn(self, estimator: Any, X: Any, layers: Sequence[Layer]) -> None:
        """Nothing to warn of."""

    def tag(self, tags: Any) -> None:
        """Two dimensions, perhaps sparse."""
        tags.sparse = self.sparse


def as_column(y: Any) -> Any:
    """Targets (n, 1) as (n,), with scikit-learn's warning."""
    return column_or_1d(y, warn=True) if y.ndim == 2 and y.shape[1] == 1 else y


def n_dims(X: Any) -> int:
    """The dimensions of X as the user has it; a data frame has two."""
    if hasattr(X, "ndim"):
        return int(X.ndim)
    return 2 if is_frame(X) else np.ndim(X)


def is_frame(X: Any) -> bool:
    """Whether X is a data frame or table (pandas, polars, pyarrow)."""
    return hasattr(X, "columns") or hasattr(X, "column_names")


def array_or_frame(X: Any) -> Any:
    """X itself if it knows its dimensions or columns, otherwise as an array; in native bytes."""
    if isinstance(X, np.ndarray) and not X.dtype.isnative:
        return X.astype(X.dtype.newbyteorder("="))
    return X if hasattr(X, "ndim") or is_frame(X) else np.asarray(X)
