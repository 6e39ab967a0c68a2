"""Multi-layer perceptrons: scikit-learn's, to rounding, and more."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import xlogy

from fastdl import layers as L
from fastdl.estimators.base.net import Net
from fastdl.estimators.heads.labels import Labels
from fastdl.estimators.heads.numbers import Numbers
from fastdl.estimators.inputs import RowInput
from fastdl.estimators.parameters.words import fitted
from fastdl.estimators.perceptrons.words import PerceptronWords
from fastdl.fitting.targets import Targets
from fastdl.fitting.trainable import TrainableNetwork
from fastdl.fitting.training.lbfgs import PackedLoss
from fastdl.initializers import Uniform
from fastdl.samples import Samples, core_input

if TYPE_CHECKING:
    from fastdl._core import Program


class Perceptron(PerceptronWords, Net):
    """What `MLPClassifier` and `MLPRegressor` share.

    The same `random_state` gives scikit-learn's network: weights, splits and shuffles are drawn in
    its order, and each batch is computed by its formulas. `coefs_` and `intercepts_` may be
    written; predictions and further fits use what they hold.
    """

    coefs_: list[NDArray[Any]] = fitted(
        "list of ndarray",
        "The weights between the layers. What is written there is used by predictions and further "
        "fits.",
    )
    intercepts_: list[NDArray[Any]] = fitted("list of ndarray", "The biases; likewise.")
    n_layers_: int = fitted("int", "Layers, that of the inputs counted.")
    n_outputs_: int = fitted("int")
    out_activation_: str = fitted("str", "What the outputs go through.")
    best_loss_: float | None = fitted("float or None", "The lowest, without early stopping.")
    best_validation_score_: float | None = fitted("float or None", "With early stopping.")
    _no_improvement_count: int = fitted()

    @property
    def _inputs(self) -> RowInput:
        return RowInput(sparse=True)

    def _has_weights(self) -> bool:
        return hasattr(self, "coefs_")

    def _dtype(self, of_X: np.dtype[Any]) -> np.dtype[Any]:
        """scikit-learn's rule: float32 stays float32, everything else is float64."""
        return np.dtype(np.float32 if of_X == np.float32 else np.float64)

    def _largest_loss(self, dtype: np.dtype[Any]) -> float:
        """scikit-learn clips probabilities to [eps, 1 - eps]."""
        has_probabilities = self._targets.kind != "continuous"
        return -math.log(np.finfo(dtype).eps) if has_probabilities else math.inf

    # --- the network

    def _hidden_sizes(self) -> list[int]:
        sizes = self.hidden_layer_sizes
        sizes = list(sizes) if hasattr(sizes, "__iter__") else [sizes]
        if any(size <= 0 for size in sizes):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
        return sizes

    def _hidden_activations(self, n_hidden: int) -> list[str]:
        if isinstance(self.activation, str):
            return [self.activation] * n_hidden
        if len(self.activation) != n_hidden:
            raise ValueError(
                f"activation={self.activation!r} names {len(self.activation)} functions, but "
                f"hidden_layer_sizes={self.hidden_layer_sizes!r} has {n_hidden} layers. Give one "
                "name for all, or one for each hidden layer."
            )
        return list(self.activation)

    def _layers(self, input_shape: tuple[int, ...], n_outputs: int) -> list[L.Layer]:
        """Dense, batch norm, activation and dropout for each hidden layer; a dense output layer."""
        sizes = self._hidden_sizes()
        activations = self._hidden_activations(len(sizes))
        layers: list[L.Layer] = []
        fan_in = input_shape[0]
        for size, function in zip(sizes, activations, strict=True):
            layers.append(_dense(fan_in, size, function))
            if self.batch_norm:
                layers.append(L.BatchNorm())
            layers.append(L.Activation("sigmoid" if function == "logistic" else function))
            if self.dropout:
                layers.append(L.Dropout(self.dropout))
            fan_in = size
        last = activations[-1] if activations else self.activation
        return [*layers, _dense(fan_in, n_outputs, last)]

    def _show_weights(self, program: Program | TrainableNetwork) -> None:
        names = self._dense_names()
        self.coefs_ = [program.get_parameter(f"{name}.weight") for name in names]
        self.intercepts_ = [program.get_parameter(f"{name}.bias") for name in names]
        self.n_layers_ = len(names) + 1
        self.n_outputs_ = self._targets.n_outputs
        link = self._network.loss.link
        self.out_activation_ = {"": "identity", "sigmoid": "logistic"}.get(link, link)
        self._no_improvement_count = self._progress.no_improvement
        self.best_loss_ = None if self.early_stopping else self._progress.best_loss
        self.best_validation_score_ = self._progress.best_score if self.early_stopping else None

    def _shown_weights(self) -> dict[str, NDArray[Any]]:
        names = self._dense_names()
        weights = {f"{name}.weight": w for name, w in zip(names, self.coefs_, strict=True)}
        biases = {f"{name}.bias": b for name, b in zip(names, self.intercepts_, strict=True)}
        return weights | biases

    def _dense_names(self) -> list[str | None]:
        return [layer.name for layer in self._network.layers if isinstance(layer, L.Dense)]

    def _layer_index(self, layer: int | str | None) -> int:
        """Hidden layers are counted without batch norm and dropout: 0 is the first."""
        layers = self._network.layers
        hidden = [i for i, spec in enumerate(layers) if isinstance(spec, L.Activation)]
        if isinstance(layer, str):
            return super()._layer_index(layer)
        number = len(hidden) - 1 if layer is None else layer
        if not 0 <= number < len(hidden):
            raise ValueError(f"layer={layer!r}; this network has {len(hidden)} hidden layers.")
        return hidden[number]

    # --- losses as scikit-learn reports them

    def _reported_loss(
        self,
        loss: float,
        samples: Samples,
        order: NDArray[np.int64] | None = None,
        batch_size: int | None = None,
    ) -> float:
        """The mean, not the sum, of squared errors over outputs; the whole Poisson deviance."""
        kind = self._network.loss.kind
        if kind == "squared_error":
            return loss / self._targets.n_outputs
        if kind == "poisson":
            y = samples.y.astype(np.float64)
            return loss + _mean((xlogy(y, y) - y).sum(axis=1), samples.weight, order, batch_size)
        return loss

    def _loss_grad_lbfgs(
        self,
        packed_coef_inter: NDArray[np.float64],
        X: Any,
        y: NDArray[Any],
        sample_weight: NDArray[Any] | None,
        *_buffers: Any,
    ) -> tuple[float, NDArray[np.float64]]:
        """Loss and gradient for packed weights; scikit-learn's name, for its tests."""
        program = self.program_
        codes = self._network.loss.codes
        y = y.argmax(axis=1).astype(np.int32) if codes else y.astype(program.dtype)
        samples = Samples(core_input(X), y, sample_weight)
        return PackedLoss(program, self._reported_loss)(packed_coef_inter, samples)


@dataclass(frozen=True)
class PerceptronLabels(Labels):
    """Labels as scikit-learn's perceptrons take them: one class alone, too."""

    scores = False  # as there

    def _check_labels(self, estimator: Any, y: Any) -> None:
        pass

    def _new_targets(self, estimator: Any, y: Any) -> Targets:
        return Targets.of_labels(y)

    def stratify(self, targets: Targets, y: NDArray[Any]) -> NDArray[Any] | None:
        """scikit-learn keeps the shares of two classes only."""
        return y.astype(bool) if targets.kind == "binary" else None


@dataclass(frozen=True)
class PerceptronNumbers(Numbers):
    """Numbers, with scikit-learn's message for counts below zero."""

    def check(self, estimator: Any, X: Any, y: Any, *, reset: bool) -> tuple[Any, Any]:
        """See `Head.check`."""
        X, y = super().check(estimator, X, y, reset=reset)
        if estimator.loss == "poisson" and np.any(y < 0):
            raise ValueError("loss='poisson' is for counts, but y has negative values.")
        return X, y


def _dense(fan_in: int, fan_out: int, function: Any) -> L.Dense:
    """A layer that starts as scikit-learn's: weights and biases uniform, after Glorot."""
    bound = float(np.sqrt((2.0 if function == "logistic" else 6.0) / (fan_in + fan_out)))
    return L.Dense(fan_out, weight_init=Uniform(bound), bias_init=Uniform(bound))


def _mean(
    values: NDArray[np.float64],
    weight: NDArray[Any] | None,
    order: NDArray[np.int64] | None,
    batch_size: int | None,
) -> float:
    """The mean over samples of the weighted means of their batches; without batches, of all."""
    if order is None or batch_size is None:
        return float(np.average(values, weights=weight))
    starts = np.arange(0, len(order), batch_size)
    sizes = np.diff(starts, append=len(order))
    of_sample = np.ones(len(order)) if weight is None else weight[order].astype(np.float64)
    sums = np.add.reduceat(of_sample * values[order], starts)
    totals = np.add.reduceat(of_sample, starts)
    return float(np.average(sums / totals, weights=sizes))
