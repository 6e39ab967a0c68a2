"""What all estimators are: parameters, a network, and what can be asked of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from fastdl import program as programs
from fastdl._sklearn import CallbackSupportMixin, _fit_context
from fastdl.estimators.base.names import check_names
from fastdl.fitting import checkpoint, job, windows
from fastdl.fitting.network import Network
from fastdl.fitting.progress import LearningRate, Progress
from fastdl.fitting.solver import epoch_line
from fastdl.fitting.targets import Targets
from fastdl.layers import Layer
from fastdl.losses import Loss
from fastdl.samples import Samples, core_input, lengths_of

if TYPE_CHECKING:
    from fastdl._core import Program


class Summary(str):
    """A text that shows itself as it is."""

    __slots__ = ()

    __repr__ = str.__str__


class BaseNet(
    CallbackSupportMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator
):
    """Base of the estimators.

    A subclass says how X is checked (`_check_X`, `_check_X_y`), what y means (`_targets_of`, from a
    mixin of `_heads`), which layers stand between them (`_layers`) and which loss is minimised
    (`_loss`). Its constructor has the words that `_solver` reads.

    A fitted estimator holds a `Network` (specs, weights, the compiled program), the `Targets`, and
    the `Progress` and `LearningRate` of its training. All of them pickle as numbers and arrays.
    """

    _network: Network
    _targets: Targets
    _progress: Progress
    _optimizer: LearningRate
    _least_batch = 256  # compiled for no less, so that predict has enough to do at a time
    _report = staticmethod(epoch_line)  # what `verbose` prints after an epoch
    _warns_at_end = False  # whether it is a warning that max_epochs end the training

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        """Raise TypeError, with a hint, for parameters called as in other libraries."""
        check_names(cls, kwargs)
        return super().__new__(cls)

    # --- what a subclass says

    def _check_X(self, X: Any) -> Any:
        """X for predict: an array (n, *input_shape) or a CSR or CSC matrix."""
        raise NotImplementedError

    def _check_X_y(self, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """X and y for fit."""
        raise NotImplementedError

    def _targets_of(self, y: Any, *, incremental: bool) -> Targets:
        """What y is; raises if it does not go with earlier fits."""
        raise NotImplementedError

    def _layers(self, input_shape: tuple[int, ...]) -> Sequence[Layer]:
        """All layers, with an output layer of ``self._targets.n_outputs`` units."""
        raise NotImplementedError

    def _loss(self) -> Loss:
        """The loss for ``self._targets``."""
        raise NotImplementedError

    def _input_shape(self, X: Any) -> tuple[int, ...]:
        """Of a sample in a new network for this X."""
        return tuple(X.shape[1:])

    def _dtype(self, X: Any) -> np.dtype[Any]:
        """Of a new network for this X."""
        return np.dtype(self.dtype)

    def _batch_size(self, n_samples: int) -> int:
        """Samples in a batch, of `n_samples` to train on."""
        raise NotImplementedError

    def _stops_early(self, own_validation: bool) -> bool:
        """Whether the validation score decides when to stop; "auto": with the user's own set."""
        return own_validation if self.early_stopping == "auto" else bool(self.early_stopping)

    def _stratify(self, y: NDArray[Any]) -> NDArray[Any] | None:
        """Labels whose shares a held-out validation set keeps, from the encoded y."""
        return None

    def _largest_loss(self, dtype: np.dtype[Any]) -> float:
        """The largest loss reported for one output."""
        return math.inf

    def _reported_loss(
        self,
        loss: float,
        samples: Samples,
        order: NDArray[np.int64] | None = None,
        batch_size: int | None = None,
    ) -> float:
        """The loss that users see for the core's mean, penalties apart: of an epoch, or of all."""
        return loss

    def _new_weights(self, program: Program, X: Any) -> None:
        """Change the initial weights that the layers' initialisers drew."""

    def _pretrain(self, X: Any, y: Any, sample_weight: Any) -> None:
        """Give a new network a better start, from checked X and y and the user's weights."""

    def _trains(self) -> bool:
        """Whether the whole network is trained after `_pretrain`."""
        return True

    def _go_on(self) -> None:
        """Make the network ready for a fit from where it stands."""
        self._take_weights(self._network.ready(self.n_jobs))

    def _show_weights(self, program: Program) -> None:
        """Copy the program's weights to the fitted attributes that show them."""

    def _take_weights(self, program: Program) -> None:
        """Copy what the user may have written to those attributes to the program."""

    @property
    def _max_epochs(self) -> int:
        return int(self.max_epochs)

    def _has_weights(self) -> bool:
        return hasattr(self, "_network")

    def __sklearn_is_fitted__(self) -> bool:
        return self._has_weights()

    # --- fit and its opposite

    @job.unchanged_on_error
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: Any = None,
    ) -> Self:
        """Fit the network.

        Parameters
        ----------
        X : {array-like, sparse matrix}
            Training samples, in the form the class describes.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            Class labels or indicators, or real numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            The loss of a batch is its weighted mean.
        X_val, y_val : as X and y, default=None
            A validation set of your own: its loss and score are recorded after every epoch, and
            early stopping uses it instead of a held-out part of X.
        sample_weight_val : array-like of shape (n_samples,), default=None

        Returns
        -------
        self
        """
        job.fit(self, X, y, sample_weight, (X_val, y_val, sample_weight_val))
        return self

    @property
    def program_(self) -> Program:
        """The compiled network: its layers, weights by name, predictions without checks."""
        seen = checkpoint.seen_by_others(self)
        if seen is not None:
            return cast("Program", seen.program_)
        check_is_fitted(self)
        program = self._network.ready(self.n_jobs)
        self._take_weights(program)
        return program

    def _outputs(self, X: Any, layer: int | None = None) -> NDArray[Any]:
        """What the network answers to the user's X, after the link, or the outputs of a layer."""
        check_is_fitted(self)
        return self._predict(self._check_X(X), layer)

    def _predict(self, X: Any, layer: int | None) -> NDArray[Any]:
        """`_outputs` for checked X."""
        program, lengths = self.program_, lengths_of(X)
        if layer is None:
            link = self._network.loss.link
            outputs = windows.predict(program, core_input(X), lengths, link=link)
        else:
            outputs = windows.predict(program, core_input(X), lengths, layer=layer)
        return outputs.astype(np.result_type(X.dtype, outputs.dtype), copy=False)

    def transform(self, X: Any, layer: int | str | None = None) -> NDArray[Any]:
        """Features that the network has learnt: the outputs of a layer.

        Parameters
        ----------
        X : as in `fit`
        layer : int or str, default=None
            Which layer, by number or name as in `summary`; None is the last hidden one.

        Returns
        -------
        ndarray of shape (n_samples, ...)
        """
        check_is_fitted(self)
        return self._outputs(X, layer=self._layer_index(layer))

    def _layer_index(self, layer: int | str | None) -> int:
        names = [spec.name for spec in self._network.layers]
        if layer is None:
            layer = len(names) - 2
        if layer in names:
            return names.index(layer)
        if isinstance(layer, str) or not -len(names) <= layer < len(names):
            raise ValueError(
                f"layer={layer!r}; expected a number below {len(names)} or one of "
                f"{', '.join(map(repr, names))}."
            )
        return layer

    @property
    def _n_features_out(self) -> int:
        top = [layer for layer in self._network.program.layers if layer.depth == 0]
        return math.prod(top[self._layer_index(None)].output_shape)

    def summary(self) -> str:
        """A table of the layers of the fitted network: output shapes and numbers of parameters."""
        check_is_fitted(self)
        return Summary(programs.summary(self._network.program))

    def __getstate__(self) -> dict[str, Any]:
        seen = checkpoint.seen_by_others(self)
        if seen is not None:
            return dict(seen.__getstate__())
        return checkpoint.whole_state(super().__getstate__())

    def save(self, path: str | Path) -> None:
        """Write the estimator to a safetensors file; `fastdl.load` reads it."""
        from fastdl.io import save

        save(self, path)
