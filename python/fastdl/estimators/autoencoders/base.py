"""What autoencoders share: they learn to give back X, and code it on the way."""

from __future__ import annotations

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import check_array, gen_batches

from fastdl import _core
from fastdl import program as programs
from fastdl.estimators.autoencoders import coding
from fastdl.estimators.base.heads import Itself
from fastdl.estimators.base.net import Net
from fastdl.estimators.inputs import Input, RowInput
from fastdl.fitting.job import Given
from fastdl.samples import core_input

_CHUNK = 1024  # samples whose reconstructions are held at a time


class Coder(Net):
    """Base of the autoencoders; a subclass gives `_layers`, among them one called "code"."""

    @property
    def _inputs(self) -> Input:
        return RowInput(sparse=True)

    @property
    def _head(self) -> Itself:
        return Itself()

    def _check(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        X, y = super()._check(X, y, reset=reset)
        coding.check_range(self, X if X.ndim == 2 else X.reshape(len(X), -1))
        return X, y

    def fit(  # type: ignore[override]
        self,
        X: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Learn to give back X.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            Or images, where the class takes them. Not copied if it is a C-contiguous array of
            uint8, float32 or float64, which may be memory-mapped.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            The loss of a batch is its weighted mean.
        X_val : as X, default=None
            A validation set of your own: its loss and score are recorded after every epoch, and
            early stopping uses it instead of a held-out part of X.
        sample_weight_val : array-like of shape (n_samples,), default=None

        Returns
        -------
        self
        """
        return self._fit(Given(X, None, sample_weight, X_val, X_val, sample_weight_val))

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
        program, loss = self.program_, self._network.loss
        X = self._inputs.check(self, X, reset=False)
        values = np.empty(X.shape[0])
        for part in gen_batches(X.shape[0], _CHUNK):
            output = program.predict(core_input(X[part]))
            target = X[part].toarray() if sparse.issparse(X) else X[part]
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
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None

        Returns
        -------
        float
        """
        return -float(np.average(self.reconstruction_error(X), weights=sample_weight))
