"""What the deep belief nets with an output share: pretraining, then back-propagation."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Real
from typing import Any, ClassVar, Self

from numpy.typing import NDArray
from sklearn.utils import check_random_state

from fastdl import layers as L
from fastdl._sklearn import Interval, _fit_context
from fastdl.estimators.base.layered import BaseLayered
from fastdl.estimators.boltzmann.dbn import GreedyStack
from fastdl.estimators.inputs.images import check_samples
from fastdl.fitting import job
from fastdl.layers import Layer


class BaseDBN(GreedyStack, BaseLayered):
    """What `DBNClassifier` and `DBNRegressor` share."""

    _least_batch = 256
    _pretrained = False  # by `pretrain`
    input_shape = None  # images of any shape become rows
    dropout: float

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **GreedyStack._parameter_constraints,
        **BaseLayered._parameter_constraints,
        "dropout": [Interval(Real, 0, 1, closed="left")],
    }

    @job.unchanged_on_error
    @_fit_context(prefer_skip_nested_validation=True)
    def pretrain(self, X: Any, y: object = None) -> Self:
        """Learn the layers from X alone; `fit` then starts from their weights.

        Without this call, `fit` pretrains on its own X. A clone has to be pretrained anew.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features) or (n_samples, height, width[, channels])
            Samples without labels.
        y : ignored

        Returns
        -------
        self
        """
        X = check_samples(self, X, reset=True)
        self._fit_machines(X.reshape(len(X), -1), check_random_state(self.random_state))
        self._pretrained = True
        return self

    def _rows_are_strips(self) -> bool:
        return False

    def _hidden(self, input_shape: tuple[int, ...]) -> Sequence[Layer]:
        layers: list[Layer] = [] if len(input_shape) == 1 else [L.Flatten()]
        for size in self._sizes():
            layers += [L.Dense(size), L.Activation("sigmoid")]
            if self.dropout:
                layers.append(L.Dropout(self.dropout))
        return layers

    def _pretrain(self, X: NDArray[Any], y: Any, sample_weight: Any) -> None:
        """Start from the machines' weights; the output layer keeps its own."""
        X = X.reshape(len(X), -1)
        if self._pretrained:
            self._check_pretrained(X.shape[1])
        else:
            self._fit_machines(X, check_random_state(self.random_state))
        program = self._network.program
        for i, rbm in enumerate(self.rbms_, start=1):
            program.set_parameter(f"dense_{i}.weight", rbm.components_.T)
            program.set_parameter(f"dense_{i}.bias", rbm.intercept_hidden_)

    def _check_pretrained(self, n_features: int) -> None:
        learnt = [rbm.components_.shape[0] for rbm in self.rbms_]
        width = self.rbms_[0].components_.shape[1]
        if (width, learnt) != (n_features, self._sizes()):
            raise ValueError(
                f"{type(self).__name__} was pretrained with {width} features and "
                f"hidden_layer_sizes={learnt}, but fit gets {n_features} features and "
                f"hidden_layer_sizes={self._sizes()}. Call pretrain again, or fit with the same."
            )
