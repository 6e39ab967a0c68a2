"""What the scalers share: statistics of channels or features, and the way there and back."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, OneToOneFeatureMixin

from fastdl._rules import choice, is_number
from fastdl._saved import NAMES, NATURAL, VECTOR, Saved
from fastdl._sklearn import TransformerMixin
from fastdl.estimators.base.saving import export_onnx, save
from fastdl.estimators.parameters.names import check_names
from fastdl.estimators.parameters.words import fitted

_METHOD = choice("standard", "minmax", "robust")
_BLOCK = 1 << 18  # values that are read at a time, so that no float copy of X is made


def goes_part_by_part(scaler: Any) -> bool:
    """Say why not for `available_if`."""
    if scaler.method != "robust":
        return True
    raise AttributeError("partial_fit: the quartiles of method='robust' need all data at once.")


@dataclass(init=False, eq=False, repr=False)
class Scaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """``(X - offset_) / scale_`` by channel; a subclass says what X and its channels are."""

    mean_: NDArray[np.float64] = fitted(saved=VECTOR)
    var_: NDArray[np.float64] = fitted(saved=VECTOR)
    data_min_: NDArray[np.float64] = fitted(saved=VECTOR)
    data_max_: NDArray[np.float64] = fitted(saved=VECTOR)
    scale_: NDArray[np.float64] = fitted(saved=VECTOR)
    offset_: NDArray[np.float64] = fitted(saved=VECTOR)
    n_samples_seen_: int = fitted(saved=NATURAL)
    n_features_in_: int = fitted(saved=NATURAL)
    feature_names_in_: NDArray[Any] = fitted(saved=NAMES)
    _count: int = fitted(saved=Saved(NATURAL, "n_values_seen"))

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Raise TypeError for names that are no parameters."""
        check_names(cls, kwargs)
        return super().__new__(cls)

    def __init__(
        self, method: str = "standard", *, feature_range: tuple[float, float] = (0, 1)
    ) -> None:
        self.method = method
        self.feature_range = feature_range

    def _guarded(self, learn: Callable[[Self], None]) -> Self:
        """Learn on a copy, so that whatever fails changes nothing."""
        learnt = copy.copy(self)
        learn(learnt)
        self.__dict__ = learnt.__dict__
        return self

    def _add(self, values: NDArray[Any], n_samples: int, reset: bool) -> None:
        """Take note of more values (n, channels)."""
        low, high = self._check_params()
        if reset:
            self.n_samples_seen_ = self._count = 0
        self.n_samples_seen_ += n_samples
        if self.method == "standard":
            for block in _blocks(values):
                self._add_moments(block)
            std = np.sqrt(self.var_)
            varies = std > 10 * np.finfo(np.float64).eps * np.abs(self.mean_)
            self.scale_ = np.where(varies, std, 1.0)
            self.offset_ = self.mean_
        elif self.method == "robust":
            lower, self.offset_, upper = _quartiles(values)
            self.scale_ = np.where(upper > lower, upper - lower, 1.0)
            self._count += len(values)
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

    def _scaled(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values (..., channels), scaled; float32 or float64."""
        dtype = np.float64 if values.dtype == np.float64 else np.float32
        scaled: NDArray[Any] = np.subtract(values, self.offset_.astype(dtype), dtype=dtype)
        scaled /= self.scale_.astype(dtype)
        return scaled

    def _unscaled(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values as they were."""
        dtype = np.float64 if values.dtype == np.float64 else np.float32
        unscaled: NDArray[Any] = np.multiply(values, self.scale_.astype(dtype), dtype=dtype)
        unscaled += self.offset_.astype(dtype)
        return unscaled

    def _check_params(self) -> tuple[float, float]:
        name = type(self).__name__
        if not _METHOD.accepts(self.method):
            raise ValueError(f"{name}: {_METHOD.complaint('method', self.method)}")
        if not _is_range(self.feature_range):
            raise ValueError(
                f"{name}: feature_range={self.feature_range!r}; expected two numbers, the "
                "smaller one first."
            )
        low, high = self.feature_range
        return float(low), float(high)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.input_tags.three_d_array = True
        return tags

    def _restored(self) -> None:
        """Nothing follows from what a file holds."""

    save = save
    export_onnx = export_onnx


def _is_range(value: Any) -> bool:
    pair = isinstance(value, Sequence) and len(value) == 2 and all(map(is_number, value))
    return bool(pair and value[0] < value[1])


def _quartiles(values: NDArray[Any]) -> NDArray[np.float64]:
    """25, 50 and 75 % of each channel, one after the other: only one is copied at a time."""
    columns = (values[:, c].astype(np.float64) for c in range(values.shape[1]))
    return np.stack([np.percentile(column, (25, 50, 75)) for column in columns], axis=1)


def _blocks(values: NDArray[Any]) -> Iterator[NDArray[np.float64]]:
    rows = max(1, _BLOCK // values.shape[1])
    for start in range(0, len(values), rows):
        yield values[start : start + rows].astype(np.float64, order="C")  # sums in one order
