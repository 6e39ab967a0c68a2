"""What autoencoders share: they learn to give back X, and code it on the way."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import check_array, gen_batches

from fastdl import _core
from fastdl import program as programs
from fastdl.estimators.autoencoders import coding
from fastdl.estimators.base.net import Net
from fastdl.estimators.heads.itself import Itself
from fastdl.estimators.inputs import Input, RowInput
from fastdl.fitting.job import Given
from fastdl.samples import core_input, depth

_CHUNK = 1024  # samples whose reconstructions are held at a time


def is_target(y: Any) -> bool:
    """Whether y may stand for X: labels (n,), which pipelines hand to all steps, do not."""
    return y is not None and depth(y) > 1


def _shape(values: Any) -> tuple[int, ...]:
    return tuple(values.shape) if hasattr(values, "shape") else np.shape(values)


@dataclass(frozen=True)
class _ItselfOrY(Itself):
    """X is its own target, or y of its shape is in its place."""

    def check(self, estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """See `Head.check`."""
        itself = y is X or not is_target(y)
        X, _ = super().check(estimator, X, None, reset=reset)
        if itself:
            return X, None
        y = y.tocsr() if sparse.issparse(y) else np.asarray(y)
        n, size = X.shape[0], math.prod(X.shape[1:])
        if y.shape[0] != n or math.prod(y.shape[1:]) != size:
            raise ValueError(
                f"y has shape {y.shape}, but X has {X.shape}; {type(estimator).__name__} learns y "
                "in place of X where it has the shape of X, and X itself without y. For other "
                "targets, use NetRegressor."
            )
        y = y if sparse.issparse(y) else y.reshape(n, size)
        return X, check_array(y, accept_sparse="csr", input_name="y")


class Coder(Net):
    """Base of the autoencoders; a subclass gives `_layers`, among them one called "code"."""

    @property
    def _inputs(self) -> Input:
        return RowInput(sparse=True)

    @property
    def _head(self) -> Itself:
        return _ItselfOrY()

    def _check(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        X, y = super()._check(X, y, reset=reset)
        if y is not None:
            coding.check_range(self, y, "y")
        else:
            coding.check_range(self, X if X.ndim == 2 else X.reshape(len(X), -1))
        return X, y

    def fit(
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Learn to give back X, or what y holds in its place.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Or images, where the class takes them. Not copied if it is a C-contiguous array of
            uint8, float32 or float64, which may be memory-mapped.
        y : as X, default=None
            What the network is to give for each sample: clean ones, where X holds noisy ones. None:
            X itself. Labels or numbers of shape (n_samples,), which pipelines hand to all of their
            steps, say nothing here.
        sample_weight : array-like of shape (n_samples,), default=None
            The loss of a batch is its weighted mean.
        X_val, y_val : as X and y, default=None
            A validation set of your own: its loss and score are recorded after every epoch, and
            early stopping uses it instead of a held-out part of X. `y_val` is for fits with such y.
        sample_weight_val : array-like of shape (n_samples,), default=None

        Returns
        -------
        self

        Raises
        ------
        ValueError
            For y of two dimensions or more that has not the shape of X.
        """
        y_val = X_val if y_val is None and not is_target(y) else y_val
        return self._fit(Given(X, y, sample_weight, X_val, y_val, sample_weight_val))

    def fit_transform(self, X: Any, y: Any = None, **params: Any) -> Any:
        """`fit`, then `transform`.

        In a pipeline y is what its last step learns: y that has not the shape of X says nothing.
        """
        is_for_here = is_target(y) and _shape(y) == _shape(X)
        y = y if is_for_here else None
        return self.fit(X, y, **params).transform(X)

    # --- there and back

    def _layer_index(self, layer: int | str | None) -> int:
        return super()._layer_index("code" if layer is None else layer)

    def transform(self, X: Any, layer: int | str | None = None) -> NDArray[Any]:
        """The code of X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        layer : int or str, default=None
            Another layer, by number or name as in `summary`.

        Returns
        -------
        ndarray of shape (n_samples, n_units)
        """
        return super().transform(X, layer)

    def inverse_transform(self, X: Any) -> NDArray[Any]:
        """What the decoder makes of a code.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_units)
            A code, as from `transform`.

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        self._check_is_fitted()
        X = check_array(X, dtype=(np.float64, np.float32), input_name="X")
        if X.shape[1] != self._n_features_out:
            raise ValueError(
                f"X has {X.shape[1]} features, but the code of this {type(self).__name__} has "
                f"{self._n_features_out} units. inverse_transform takes what transform gives."
            )
        network, first = self._network, self._layer_index(None) + 1
        decoder = programs.part(self.program_, network.layers, first, threads=self.n_jobs)
        samples = decoder.predict(np.ascontiguousarray(X), link=network.loss.link)
        return samples.astype(X.dtype, copy=False)

    def reconstruct(self, X: Any) -> NDArray[Any]:
        """What the network gives back for X: ``inverse_transform(transform(X))``.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples, n_features)
        """
        return self._outputs(X)

    # --- how well

    def reconstruction_error(self, X: Any) -> NDArray[np.float64]:
        """How far each sample is from what the network gives back.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
            The mean over features of the squared error, or of the cross-entropy where that is the
            loss.
        """
        return self._errors(self._inputs.check(self, X, reset=False))

    def _errors(self, X: Any, y: Any = None) -> NDArray[np.float64]:
        """How far the answers to checked X are from y, or from X."""
        program, loss = self.program_, self._network.loss
        values, goals = np.empty(X.shape[0]), X if y is None else y
        for part in gen_batches(X.shape[0], _CHUNK):
            output = program.predict(core_input(X[part]))
            target = goals[part].toarray() if sparse.issparse(goals) else goals[part]
            target = np.ascontiguousarray(target, output.dtype).reshape(output.shape)
            _core.loss(loss.kind, output, target, None, 1.0, loss.param, values[part], None)
        return values * self._error_of_loss()

    def _error_of_loss(self) -> float:
        """Reconstruction error over loss: the loss sums over features, and halves squares."""
        return (2.0 if self._network.loss.kind == "squared_error" else 1.0) / self.n_features_in_

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Minus the mean reconstruction error: the larger the better, at most 0 for squares.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
        y : as in `fit`, default=None
            What to compare with in place of X.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        float
        """
        self._check_is_fitted()
        X, y = self._head.check(self, X, y, reset=False)
        return -float(np.average(self._errors(X, y), weights=sample_weight))
