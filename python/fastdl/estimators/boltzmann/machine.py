"""What a Boltzmann machine and a stack of them share: weights by name, and a table of layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.base import ClassNamePrefixFeaturesOutMixin

from fastdl import layers as L
from fastdl import program as programs
from fastdl._sklearn import TransformerMixin
from fastdl.estimators.base.estimator import Estimator
from fastdl.estimators.base.summaries import Summary
from fastdl.estimators.base.weights import set_weights
from fastdl.estimators.boltzmann.weights import replace_weights, weights_of
from fastdl.layers import Layer


class Machine(ClassNamePrefixFeaturesOutMixin, TransformerMixin, Estimator):
    """One machine, or machines on each other."""

    # --- what a subclass says

    def _machines(self) -> dict[str, Any]:
        """The fitted machines, by what the names of their weights end with."""
        raise NotImplementedError

    def _hidden(self) -> tuple[dict[str, int], DTypeLike]:
        """Names and sizes of the hidden layers on the way up, and the type of their weights."""
        raise NotImplementedError

    # --- weights

    def get_weights(self) -> dict[str, NDArray[Any]]:
        """Weights and biases by name, as copies.

        Returns
        -------
        dict of str to ndarray
            Of one machine "hidden.weight" of shape (n_features, n_components), "hidden.bias"
            (n_components,) and "visible.bias" (n_features,). Of a stack "hidden_1.weight" of shape
            (n_features, hidden_layer_sizes[0]), "hidden_1.bias" and "visible_1.bias"; of the
            machine on it "hidden_2.weight" ...
        """
        self._check_is_fitted()
        return weights_of(self._machines())

    set_weights = set_weights

    def _replace_weights(self, weights: Mapping[str, Any]) -> None:
        replace_weights(self._machines(), weights)

    # --- the table

    def summary(
        self, input_shape: Sequence[int] | None = None, n_outputs: int | None = None
    ) -> str:
        """A table of what `transform` goes through: shapes, parameters, multiply-adds, bytes.

        Parameters
        ----------
        input_shape : (int,), optional
            (n_features,); that of X in fit if not given.
        n_outputs : int, optional
            There are none: it is taken as other estimators take it, and says nothing.

        Returns
        -------
        str
        """
        layers, shape, dtype = self._planned(input_shape, n_outputs)
        table = programs.summary_of(layers, shape, dtype=dtype, optimizer="sgd")
        visible = sum([*shape, *self._hidden()[0].values()][:-1])
        return Summary(f"{table}\nAnd {visible:,} biases of visible units, for the way back.")

    def _planned(
        self, input_shape: Sequence[int] | None, n_outputs: int | None
    ) -> tuple[Sequence[Layer], tuple[int, ...], np.dtype[Any]]:
        """As that of networks, on the way up."""
        if input_shape is None:
            self._check_is_fitted()
            input_shape = (self.n_features_in_,)
        layers: list[Layer] = []
        hidden, dtype = self._hidden()
        for name, size in hidden.items():
            layers += [L.Dense(size, name=name), L.Activation("sigmoid")]
        return layers, tuple(input_shape), np.dtype(dtype)
