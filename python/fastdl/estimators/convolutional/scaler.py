"""Scaling of n-dimensional arrays, channel by channel."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin
from sklearn.utils.validation import check_is_fitted

from fastdl._rules import choice, is_number
from fastdl._saved import NAMES, NATURAL, VECTOR, Saved
from fastdl._sklearn import TransformerMixin
from fastdl.estimators.base.saving import save
from fastdl.estimators.base.words import fitted
from fastdl.estimators.inputs.rows import validated

_METHOD = choice("standard", "minmax")
_BLOCK = 1 << 18  # values that are read at a time, so that no float copy of X is made


@dataclass(init=False, eq=False, repr=False)
class NDScaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Bring each channel of images, or each feature of rows, to a common scale.

    The last axis holds the channels, and all other axes share their statistics; an array of three
    dimensions holds images of one channel, (n, H, W). Two-dimensional X is scaled by feature, as by
    scikit-learn's scalers.

    float32 stays float32, uint8 becomes float32, everything else float64. Nothing but the result is
    as large as X.

    Parameters
    ----------
    method : {"standard", "minmax"}, default="standard"
        To mean 0 and variance 1, or linearly onto `feature_range`.
    feature_range : (float, float), default=(0, 1)
        Where "minmax" brings the smallest and the largest value of the data it was fitted on.

    Attributes
    ----------
    mean_, var_ : ndarray of shape (n_channels,)
        Of the data seen; with ``method="standard"``.
    data_min_, data_max_ : ndarray of shape (n_channels,)
        Of the data seen; with ``method="minmax"``.
    offset_, scale_ : ndarray of shape (n_channels,)
        The transformation is ``(X - offset_) / scale_``. A channel that is constant has scale 1.
    n_samples_seen_ : int
    n_dims_ : int
        Dimensions of X.
    n_features_in_ : int
        Channels, or features of two-dimensional X.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Where X was a data frame.

    Notes
    -----
    Only rows become frames by `set_output`; images are given as arrays.

    Examples
    --------
    >>> import numpy as np
    >>> from fastdl import NDScaler
    >>> images = np.arange(96, dtype=np.uint8).reshape(2, 4, 4, 3)
    >>> Z = NDScaler(method="minmax").fit_transform(images)
    >>> Z.dtype.name, float(Z.min()), float(Z.max())
    ('float32', 0.0, 1.0)
    """

    mean_: NDArray[np.float64] = fitted(saved=VECTOR)
    var_: NDArray[np.float64] = fitted(saved=VECTOR)
    data_min_: NDArray[np.float64] = fitted(saved=VECTOR)
    data_max_: NDArray[np.float64] = fitted(saved=VECTOR)
    scale_: NDArray[np.float64] = fitted(saved=VECTOR)
    offset_: NDArray[np.float64] = fitted(saved=VECTOR)
    n_dims_: int = fitted(saved=NATURAL)
    n_samples_seen_: int = fitted(saved=NATURAL)
    n_features_in_: int = fitted(saved=NATURAL)
    feature_names_in_: NDArray[Any] = fitted(saved=NAMES)
    _count: int = fitted(saved=Saved(NATURAL, "n_values_seen"))

    def __init__(
        self, method: str = "standard", *, feature_range: tuple[float, float] = (0, 1)
    ) -> None:
        self.method = method
        self.feature_range = feature_range

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the statistics of X.

        Parameters
        ----------
        X : array-like of shape (n, ..., C), (n, H, W) or (n, n_features)
        y : ignored

        Returns
        -------
        NDScaler
            This object.

        Raises
        ------
        ValueError
            For NaN, infinity, no samples, or a parameter out of range.
        """
        return self._fit(X, reset=True)

    def partial_fit(self, X: ArrayLike, y: object = None) -> Self:
        """Add X to the data that the statistics are of; see `fit`."""
        return self._fit(X, reset=not hasattr(self, "n_samples_seen_"))

    def _fit(self, X: Any, reset: bool) -> Self:
        """Learn on a copy, so that whatever fails changes nothing."""
        learnt = copy.copy(self)
        learnt._learn(X, reset)
        self.__dict__ = learnt.__dict__
        return self

    def _learn(self, X: Any, reset: bool) -> None:
        low, high = self._check_params()
        X = self._check_array(X, reset)
        values = _by_channel(X)
        if reset:
            self.n_samples_seen_ = self._count = 0
        self.n_samples_seen_ += len(X)
        if self.method == "standard":
            for block in _blocks(values):
                self._add_moments(block)
            std = np.sqrt(self.var_)
            varies = std > 10 * np.finfo(np.float64).eps * np.abs(self.mean_)
            self.scale_ = np.where(varies, std, 1.0)
            self.offset_ = self.mean_
        else:
            self._add_extremes(values)
            spread = self.data_max_ - self.data_min_
            self.scale_ = np.where(spread > 0, spread / (high - low), 1.0)
            self.offset_ = self.data_min_ - low * self.scale_

    def _add_moments(self, block: NDArray[np.float64]) -> None:
        """Merge the mean and variance of more values (Chan, Golub and LeVeque 1979)."""
        n, mean, var = len(block), block.mean(axis=0), block.var(axis=0)
        if self._count == 0:
            self._count, self.mean_, self.var_ = n, mean, var
            return
        total = self._count + n
        old, new = self._count / total, n / total
        step = mean - self.mean_
        self.var_ = old * self.var_ + new * var + old * new * step**2
        self.mean_ = self.mean_ + new * step
        self._count = total

    def _add_extremes(self, values: NDArray[Any]) -> None:
        low, high = (f(axis=0).astype(np.float64) for f in (values.min, values.max))
        if self._count:
            low, high = np.minimum(low, self.data_min_), np.maximum(high, self.data_max_)
        self._count += len(values)
        self.data_min_, self.data_max_ = low, high

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Scale X.

        Parameters
        ----------
        X : array-like
            Of as many dimensions and channels as in `fit`; heights and widths are free.

        Returns
        -------
        ndarray of the shape of X, float32 or float64
        """
        check_is_fitted(self)
        X = self._check_array(X, reset=False)
        dtype = _float_dtype(X)
        values = _by_channel(X)
        scaled = np.subtract(values, self.offset_.astype(dtype), dtype=dtype)
        scaled /= self.scale_.astype(dtype)
        return scaled.reshape(X.shape)

    def inverse_transform(self, X: ArrayLike) -> NDArray[Any]:
        """Undo the scaling.

        Parameters
        ----------
        X : array-like
            As `transform` gives it.

        Returns
        -------
        ndarray of the shape of X, float32 or float64
        """
        check_is_fitted(self)
        X = self._check_array(X, reset=False)
        dtype = _float_dtype(X)
        values = np.multiply(_by_channel(X), self.scale_.astype(dtype), dtype=dtype)
        values += self.offset_.astype(dtype)
        return values.reshape(X.shape)

    def _check_params(self) -> tuple[float, float]:
        if not _METHOD.accepts(self.method):
            raise ValueError(f"NDScaler: {_METHOD.complaint('method', self.method)}")
        if not _is_range(self.feature_range):
            raise ValueError(
                f"NDScaler: feature_range={self.feature_range!r}; expected two numbers, the "
                "smaller one first."
            )
        low, high = self.feature_range
        return float(low), float(high)

    def _check_array(self, X: Any, reset: bool) -> NDArray[Any]:
        taken = (np.float64, np.float32, np.uint8)
        X = validated(self, X, reset=reset, dtype=taken, allow_nd=True)
        n_channels = X.shape[-1] if X.ndim != 3 else 1
        if reset:
            self.n_dims_, self.n_features_in_ = X.ndim, n_channels
        elif (X.ndim, n_channels) != (self.n_dims_, self.n_features_in_):
            raise ValueError(
                f"X has shape {X.shape}, but NDScaler was fitted with {_form(self)}. Fit it on "
                "arrays of this kind, or bring X into that form."
            )
        return X

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.input_tags.three_d_array = True
        return tags

    def _restored(self) -> None:
        """Nothing follows from what a file holds."""

    save = save


def _is_range(value: Any) -> bool:
    pair = isinstance(value, Sequence) and len(value) == 2 and all(map(is_number, value))
    return bool(pair and value[0] < value[1])


def _form(scaler: NDScaler) -> str:
    if scaler.n_dims_ == 2:
        return f"rows of {scaler.n_features_in_} features, (n, {scaler.n_features_in_})"
    if scaler.n_dims_ == 3:
        return "images of one channel, (n, H, W)"
    return f"arrays of {scaler.n_dims_} dimensions and {scaler.n_features_in_} channels"


def _by_channel(X: NDArray[Any]) -> NDArray[Any]:
    """X as (values, channels); a view where X is contiguous."""
    return X.reshape(-1, 1 if X.ndim == 3 else X.shape[-1])


def _blocks(values: NDArray[Any]) -> Iterator[NDArray[np.float64]]:
    rows = max(1, _BLOCK // values.shape[1])
    for start in range(0, len(values), rows):
        yield values[start : start + rows].astype(np.float64, order="C")  # sums in one order


def _float_dtype(X: NDArray[Any]) -> type[np.floating]:
    return np.float64 if X.dtype == np.float64 else np.float32
