"""What autoencoders share: they learn to give back X, and code it on the way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import NDArray
from scipy import sparse
from sklearn.utils import check_array, gen_batches
from sklearn.utils.validation import check_is_fitted

from fastdl import _core
from fastdl import program as programs
from fastdl._sklearn import _fit_context
from fastdl.estimators.autoencoders import coding
from fastdl.estimators.base.layered import BaseLayered
from fastdl.fitting import job
from fastdl.fitting.targets import Targets
from fastdl.layers import Layer
from fastdl.losses import Loss
from fastdl.samples import core_input
from fastdl.validation import check_rows

_CHUNK = 1024  # samples whose reconstructions are held at a time


class BaseAutoencoder(BaseLayered):
    """Base of the autoencoders; a subclass gives `_layers`, among them one called "code"."""

    _least_batch = 256
    _loss_word: ClassVar[str] = "loss"
    hidden_layer_sizes: int | Sequence[int]
    activation: str
    out_activation: str | None
    tied_weights: bool

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **{k: v for k, v in BaseLayered._parameter_constraints.items() if k != "input_shape"},
        **coding.CONSTRAINTS,
    }

    def __sklearn_tags__(self) -> Any:
        """X has two dimensions and may be sparse."""
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = False
        tags.input_tags.sparse = True
        return tags

    # --- X, which is its own target

    def _check_X(self, X: Any) -> Any:
        return check_rows(self, X)

    def _check_X_y(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        X = check_rows(self, X, reset=reset)
        coding.check_range(self, X)
        return X, None

    def _targets_of(self, y: Any, *, incremental: bool) -> Targets:
        return Targets("input", int(self.n_features_in_))

    def _with_output(self, input_shape: tuple[int, ...], n_outputs: int) -> list[Layer]:
        return self._layers(input_shape)

    def _rows_are_strips(self) -> bool:
        return False

    def _loss(self) -> Loss:
        return coding.loss_of(self)

    def _batch_size(self, n_samples: int) -> int:
        return min(200 if self.batch_size == "auto" else int(self.batch_size), n_samples)

    def _new_weights(self, program: Any, X: Any) -> None:
        coding.warn_of_width(self, coding.sizes_of(self), X.shape[1])

    @job.unchanged_on_error
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
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
        job.fit(self, X, None, sample_weight, (X_val, X_val, sample_weight_val))
        return self

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
        check_is_fitted(self)
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
        X = self._check_X(X)
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
