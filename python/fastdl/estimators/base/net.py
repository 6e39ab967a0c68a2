"""The base of the estimators that are one network: how it is asked."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin
from sklearn.utils.metaestimators import available_if

from fastdl import program as programs
from fastdl._sklearn import TransformerMixin
from fastdl.estimators.base import spread
from fastdl.estimators.base.available import has_answers, has_probabilities, has_scores
from fastdl.estimators.base.summaries import Summary, kind_of_optimizer
from fastdl.estimators.base.trained import Trained
from fastdl.estimators.base.weights import get_weights, replace_weights, set_weights
from fastdl.estimators.inputs.scales import about_overflow
from fastdl.fitting.trainable import windows
from fastdl.fitting.training import checkpoint
from fastdl.layers import Layer
from fastdl.samples import Sequences, core_input, lengths_of

if TYPE_CHECKING:
    from fastdl._core import Program


class Net(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Trained):
    """A network that learns from samples, and answers for others."""

    @property
    def program_(self) -> Program:
        """The compiled network: its layers, weights by name, predictions without checks."""
        seen = checkpoint.seen_by_others(self)
        if seen is not None:
            return cast("Program", seen.program_)
        self._check_is_fitted()
        self._place()
        program = self._network.ready(self.n_jobs)
        self._take_weights(program)
        return program

    def _outputs(self, X: Any, layer: int | None = None) -> NDArray[Any]:
        """What the network answers to the user's X, after the link, or the outputs of a layer."""
        self._check_is_fitted()
        return self._predict(self._inputs.check(self, X, reset=False), layer)

    def _dtype_of_outputs(self, X: Any, own: np.dtype[Any]) -> np.dtype[Any]:
        """Of the answers to checked X, by that of the network."""
        if isinstance(X, Sequences) and X.dtype.kind == "i":  # codes ask for no float64
            return np.dtype(self._network.dtype)
        return np.result_type(X.dtype, own)

    def _predict(self, X: Any, layer: int | None) -> NDArray[Any]:
        """`_outputs` for checked X."""
        if isinstance(X, Sequences):
            X = self._with_room(X)
        program, lengths = self.program_, lengths_of(X)
        if layer is None:
            link = self._network.loss.link
            outputs = windows.predict(program, core_input(X), lengths, link=link)
        else:
            outputs = windows.predict(program, core_input(X), lengths, layer=layer)
        if not np.isfinite(outputs).all():
            raise ValueError(about_overflow(type(self).__name__, X, outputs, self._network.dtype))
        return outputs.astype(self._dtype_of_outputs(X, outputs.dtype), copy=False)

    @available_if(has_answers)
    def predict(
        self, X: Any, *, dropout_samples: int | None = None, return_std: bool = False
    ) -> Any:
        """What the network answers: labels or indicators, or numbers.

        Parameters
        ----------
        X : as in `fit`
        dropout_samples : int, default=None
            Answer with the mean of so many thinned networks, each with its own draw of the dropouts
            that the network was trained with. None: with the network itself.
        return_std : bool, default=False
            Of regressors: whether to return the standard deviation over the thinned networks, too.

        Returns
        -------
        ndarray of shape (n_samples,) or (n_samples, n_outputs)
            A sparse matrix of indicators where y was one. With `return_std`, two ndarrays.
        """
        self._check_is_fitted()
        if return_std:
            return spread.mean_and_std(self, X, dropout_samples)
        if dropout_samples is None:
            return self._targets.decode(self._outputs(X))
        if self._targets.kind == "continuous":
            return spread.mean_and_std(self, X, dropout_samples)[0]
        return self._targets.decode(spread.mean_outputs(self, X, dropout_samples))

    @available_if(has_probabilities)
    def predict_proba(self, X: Any, *, dropout_samples: int | None = None) -> NDArray[Any]:
        """Probabilities of the classes, in the order of `classes_`.

        Parameters
        ----------
        X : as in `fit`
        dropout_samples : int, default=None
            The mean of so many thinned networks, each with its own draw of the dropouts that the
            network was trained with: the same ones for all samples and in every call. None: the
            network itself, whose weights stand for the mean.

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        if dropout_samples is None:
            p = self._outputs(X)
        else:
            p = spread.mean_outputs(self, X, dropout_samples)
        return np.hstack([1 - p, p]) if p.shape[1] == 1 else p

    @available_if(has_probabilities)
    def predict_log_proba(self, X: Any) -> NDArray[Any]:
        """Logarithms of `predict_proba`.

        Parameters
        ----------
        X : as in `fit`

        Returns
        -------
        ndarray of shape (n_samples, n_classes)
        """
        p = self.predict_proba(X)
        return np.log(p, out=p)

    @available_if(has_scores)
    def decision_function(self, X: Any) -> NDArray[Any]:
        """Scores of the classes: what the last layer gives, before the link.

        Parameters
        ----------
        X : as in `fit`

        Returns
        -------
        ndarray of shape (n_samples, n_classes), or (n_samples,)
            Of two classes one score, above 0 where the second is predicted: the second's less the
            first's, where each has an output.
        """
        z = self._outputs(X, layer=-1)
        if self._targets.kind == "multilabel" or len(self._targets.classes) > 2:
            return z
        return z[..., 0] if z.shape[-1] == 1 else z[..., 1] - z[..., 0]

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
        self._check_is_fitted()
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
        return math.prod(self._network.shape_after(self._layer_index(None)))

    def summary(
        self, input_shape: Sequence[int] | None = None, n_outputs: int | None = None
    ) -> str:
        """A table of the layers: output shapes, numbers of parameters, multiply-adds of a sample.

        And the memory that weights and a fit take. Nothing is made for it.

        Parameters
        ----------
        input_shape : (int,), (int, int) or (int, int, int), optional
            Of one sample. With it, the table is of the network that a fit would make.
        n_outputs : int, optional
            Classes or targets, together with `input_shape`; 1 if not given.

        Returns
        -------
        str
        """
        layers, shape, dtype = self._planned(input_shape, n_outputs)
        batch = 0 if self.batch_size == "auto" else self.batch_size
        return Summary(
            programs.summary_of(
                layers,
                shape,
                dtype=dtype,
                batch_size=max(self._least_batch, batch),
                optimizer=kind_of_optimizer(getattr(self, "solver", "")),
            )
        )

    def _planned(
        self, input_shape: Sequence[int] | None, n_outputs: int | None
    ) -> tuple[Sequence[Layer], tuple[int, ...], np.dtype[Any]]:
        """Layers, shape of a sample and type of the network, or of that which a fit would make."""
        if input_shape is None:
            self._check_is_fitted()
            network = self._network
            return network.layers, tuple(network.input_shape), np.dtype(network.dtype)
        shape = self._inputs.sample_shape(tuple(input_shape))
        return self._layers(shape, n_outputs or 1), shape, self._dtype(np.dtype(np.float64))

    # --- weights

    get_weights = get_weights
    set_weights = set_weights
    _replace_weights = replace_weights
