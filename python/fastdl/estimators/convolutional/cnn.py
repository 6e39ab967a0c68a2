"""Convolutional networks: convolutions and poolings, then dense layers."""

from __future__ import annotations

from collections.abc import Sequence
from inspect import signature
from numbers import Integral, Real
from typing import Any, ClassVar

from fastdl import layers as L
from fastdl._rules import PAIR
from fastdl._sklearn import Interval
from fastdl.estimators.base.layered import BaseLayered
from fastdl.estimators.convolutional import architectures
from fastdl.layers import Layer

# What an architecture decides itself.
_OWN = (
    "conv_layer_sizes",
    "kernel_size",
    "pool_size",
    "hidden_layer_sizes",
    "activation",
    "dropout",
    "batch_norm",
)


class BaseCNN(BaseLayered):
    """What `CNNClassifier` and `CNNRegressor` share."""

    conv_layer_sizes: Sequence[int]
    kernel_size: int | Sequence[int]
    pool_size: int | Sequence[int]
    hidden_layer_sizes: Sequence[int]
    activation: str
    dropout: float
    batch_norm: bool
    architecture: str | None

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **BaseLayered._parameter_constraints,
        "conv_layer_sizes": [list, tuple],
        "kernel_size": [Interval(Integral, 1, None, closed="left"), list, tuple],
        "pool_size": [Interval(Integral, 1, None, closed="left"), list, tuple],
        "hidden_layer_sizes": [list, tuple],
        "activation": [str],
        "dropout": [Interval(Real, 0, 1, closed="left")],
        "batch_norm": ["boolean"],
        "architecture": [str, None],
    }

    def _rows_are_strips(self) -> bool:
        return True

    def _hidden(self, input_shape: tuple[int, ...]) -> list[Layer]:
        if self.architecture is None:
            return self._convolutions(input_shape) + self._dense_layers()
        defaults = signature(type(self)).parameters
        for name in _OWN:
            if getattr(self, name) != defaults[name].default:
                raise ValueError(
                    f"{type(self).__name__}: architecture={self.architecture!r} has layers of its "
                    f"own, and {name}={getattr(self, name)!r} would change nothing. Give one of "
                    "the two."
                )
        return architectures.build(self.architecture, input_shape)

    def _convolutions(self, input_shape: tuple[int, ...]) -> list[Layer]:
        """Convolution, batch norm, activation, pooling for each size.

        A side of one pixel has kernels of one: the others would only see padding. What is smaller
        than a pooling window is pooled as a whole.
        """
        kernel_size, pool_size = self._pair("kernel_size"), self._pair("pool_size")
        sides = input_shape[:2]
        layers: list[Layer] = []
        for filters in self.conv_layer_sizes:
            kernel = [k if side > 1 else 1 for k, side in zip(kernel_size, sides, strict=True)]
            pool = [min(p, side) for p, side in zip(pool_size, sides, strict=True)]
            layers.append(L.Conv2D(filters, kernel, padding="same", bias=not self.batch_norm))
            layers += self._after_weights()
            if pool != [1, 1]:
                layers.append(L.MaxPool2D(pool))
            sides = tuple(side // p for side, p in zip(sides, pool, strict=True))
        return [*layers, L.Flatten()]

    def _pair(self, name: str) -> list[int]:
        value = getattr(self, name)
        if not PAIR.accepts(value):
            raise ValueError(f"{type(self).__name__}: {PAIR.complaint(name, value)}")
        return PAIR.plain(value)

    def _dense_layers(self) -> list[Layer]:
        layers: list[Layer] = []
        for units in self.hidden_layer_sizes:
            layers.append(L.Dense(units, bias=not self.batch_norm))
            layers += self._after_weights()
            if self.dropout:
                layers.append(L.Dropout(self.dropout))
        return layers

    def _after_weights(self) -> list[Layer]:
        activation = L.Activation(self.activation)
        return [L.BatchNorm(), activation] if self.batch_norm else [activation]
