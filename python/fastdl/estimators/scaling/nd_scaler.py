"""Scaling of n-dimensional arrays, channel by channel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from fastdl._rules import choice
from fastdl._saved import NATURAL
from fastdl._warn import warn
from fastdl.estimators.inputs.rows import validated
from fastdl.estimators.parameters.words import fitted
from fastdl.estimators.scaling.scaler import Scaler, goes_part_by_part

_KIND = choice("auto", "images", "sequences")
_KINDS = choice("rows", "images", "sequences")
_FAR_APART = 10  # how many times the spread of one column is that of another, of features


@dataclass(init=False, eq=False, repr=False)
class NDScaler(Scaler):
    """Bring each channel of images, or each feature of rows or sequences, to a common scale.

    The last axis holds the channels or features, and all other axes share their statistics.
    Two-dimensional X is scaled by feature, as by scikit-learn's scalers.

    An array of three dimensions may be images of one channel, (n, H, W), which share one statistic,
    or sequences (n, T, F), where each feature has its own. `kind` says which; by itself, uint8 is
    read as images, and so is what is at most twice as high as wide or as wide as high, both at
    least 6. `kind_` tells the reading. Padded sequences and lists: `SequenceScaler`.

    float32 stays float32, uint8 becomes float32, everything else float64. Nothing but the result is
    as large as X.

    Parameters
    ----------
    method : {"standard", "minmax", "robust"}, default="standard"
        To mean 0 and variance 1; linearly onto `feature_range`; or to median 0 and a distance of 1
        between the quartiles.
    feature_range : (float, float), default=(0, 1)
        Where "minmax" brings the smallest and the largest value of the data it was fitted on.
    kind : {"auto", "images", "sequences"}, default="auto"
        How X of three dimensions is read.

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
    kind_ : {"rows", "images", "sequences"}
        What X was read as.
    n_features_in_ : int
        Channels, or features of rows and sequences.
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
    >>> NDScaler().fit(np.random.default_rng(0).normal(size=(9, 50, 3))).kind_
    'sequences'
    """

    n_dims_: int = fitted(saved=NATURAL)
    kind_: str = fitted(saved=_KINDS)

    def __init__(
        self,
        method: str = "standard",
        *,
        feature_range: tuple[float, float] = (0, 1),
        kind: str = "auto",
    ) -> None:
        super().__init__(method, feature_range=feature_range)
        self.kind = kind

    def fit(self, X: ArrayLike, y: object = None) -> Self:
        """Learn the statistics of X.

        Parameters
        ----------
        X : array-like of shape (n, ..., C), (n, H, W), (n, T, F) or (n, n_features)
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
        return self._guarded(lambda learnt: learnt._learn(X, reset=True))

    @available_if(goes_part_by_part)
    def partial_fit(self, X: ArrayLike, y: object = None) -> Self:
        """Add X to the data that the statistics are of; see `fit`."""
        reset = not hasattr(self, "n_samples_seen_")
        return self._guarded(lambda learnt: learnt._learn(X, reset))

    def _learn(self, X: Any, reset: bool) -> None:
        self._check_params()
        X = self._check_array(X, reset)
        self._add(self._by_channel(X), len(X), reset)
        if reset and X.ndim == 3 and self.kind == "auto" and self.kind_ == "images":
            _warn_of_features(X)

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Scale X.

        Parameters
        ----------
        X : array-like
            Of as many dimensions and channels as in `fit`; heights, widths and steps are free.

        Returns
        -------
        ndarray of the shape of X, float32 or float64
        """
        check_is_fitted(self)
        X = self._check_array(X, reset=False)
        return self._scaled(self._by_channel(X)).reshape(X.shape)

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
        return self._unscaled(self._by_channel(X)).reshape(X.shape)

    def _check_params(self) -> tuple[float, float]:
        if not _KIND.accepts(self.kind):
            raise ValueError(f"NDScaler: {_KIND.complaint('kind', self.kind)}")
        return super()._check_params()

    def _check_array(self, X: Any, reset: bool) -> NDArray[Any]:
        taken = (np.float64, np.float32, np.uint8)
        X = validated(self, X, reset=reset, dtype=taken, allow_nd=True)
        kind = _kind_of(X, self.kind) if reset else self.kind_
        grey = X.ndim == 3 and kind == "images"
        n_channels = 1 if grey else X.shape[-1]
        if reset:
            self.n_dims_, self.n_features_in_, self.kind_ = X.ndim, n_channels, kind
        elif (X.ndim, n_channels) != (self.n_dims_, self.n_features_in_):
            raise ValueError(
                f"X has shape {X.shape}, but NDScaler was fitted with {_form(self)}. Fit it on "
                "arrays of this kind, or bring X into that form."
            )
        return X

    def _by_channel(self, X: NDArray[Any]) -> NDArray[Any]:
        """X as (values, channels); a view where X is contiguous."""
        return X.reshape(-1, self.n_features_in_)

    def _restored(self) -> None:
        if hasattr(self, "n_dims_") and not hasattr(self, "kind_"):  # of an older file
            self.kind_ = "rows" if self.n_dims_ == 2 else "images"


def _kind_of(X: NDArray[Any], asked: str) -> str:
    """What X is read as."""
    if X.ndim == 2:
        return "rows"
    if X.ndim > 3:
        if asked == "sequences":
            raise ValueError(
                f"X has shape {X.shape}, but kind='sequences' is for (n, steps, features). Use "
                "kind='images'."
            )
        return "images"
    if asked != "auto":
        return asked
    short, long = sorted(X.shape[1:])
    return "images" if X.dtype == np.uint8 or (short >= 6 and long <= 2 * short) else "sequences"


def _warn_of_features(X: NDArray[Any]) -> None:
    """Warn where the columns of what was read as images look like features of sequences."""
    spread = X.std(axis=(0, 1), dtype=np.float64)
    spread = spread[spread > 0]
    if len(spread) and spread.max() > _FAR_APART * np.median(spread):
        warn(
            f"X has shape {X.shape}, which NDScaler reads as images of one channel, all pixels on "
            f"one scale; but values of the last axis spread from {spread.min():.3g} to "
            f"{spread.max():.3g}, as features of sequences do. Set kind='sequences' or "
            "kind='images'.",
        )


def _form(scaler: NDScaler) -> str:
    n = scaler.n_features_in_
    if scaler.kind_ == "rows":
        return f"rows of {n} features, (n, {n})"
    if scaler.kind_ == "sequences":
        return f"sequences of {n} features, (n, steps, {n})"
    if scaler.n_dims_ == 3:
        return "images of one channel, (n, H, W)"
    return f"arrays of {scaler.n_dims_} dimensions and {n} channels"
