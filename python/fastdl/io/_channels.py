"""Where PyTorch's channels first changes the order of a dense layer's inputs or outputs.

What it flattens is (channels, height, width), in fastdl (height, width, channels): the weights of
the next dense layer stand in another order, and so do those of a dense layer whose outputs become
an image. So are sequences after a convolution over time (features, steps), in fastdl (steps,
features); after recurrent layers they are (steps, features) in both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl.layers import Layer

if TYPE_CHECKING:
    from fastdl._core import LayerInfo

Order = NDArray[np.intp]
_OF_INPUTS = ("dense", "maxout")
_FEATURES_LAST = ("rnn", "lstm", "gru", "bidirectional", "dense", "embedding")


class Orders:
    """For each layer's name, where its inputs and its outputs are in PyTorch's order."""

    def __init__(self, layers: Sequence[Layer], rows: Sequence[LayerInfo]) -> None:
        kinds = {layer.name: layer.kind for layer in L.walk(layers)}
        steps = [(kinds[row.name], row) for row in rows if kinds[row.name] in _IN_LINE]
        self.inputs: dict[str, Order] = {}
        self.outputs: dict[str, Order] = {}
        self._follow(steps, self.inputs, "flatten", lambda row: row.input_shape)
        self._follow(reversed(steps), self.outputs, "reshape", lambda row: row.output_shape)

    def _follow(
        self, steps: Iterable[tuple[str, Any]], found: dict[str, Order], begins: str, shape_of: Any
    ) -> None:
        """From where an image ends, or backwards from where it begins, to the next dense layer."""
        order: Order | None = None
        first = False  # whether sequences have their features first
        for kind, row in steps:
            first = kind == "conv1d" or (first and kind not in _FEATURES_LAST)
            if kind == begins:
                order = _order(shape_of(row), first)
            elif order is not None and kind in _OF_INPUTS:
                found[row.name] = order
                order = None
            elif order is not None and row.input_shape == row.output_shape:
                found[row.name] = order
            else:
                order = None

    def to_fastdl(self, layer: str, parameter: str, value: NDArray[Any]) -> NDArray[Any]:
        """A parameter that has PyTorch's order."""
        return self._put(layer, parameter, value, lambda order: order)

    def to_torch(self, layer: str, parameter: str, value: NDArray[Any]) -> NDArray[Any]:
        """A parameter in PyTorch's order."""
        return self._put(layer, parameter, value, np.argsort)

    def _put(self, layer: str, parameter: str, value: NDArray[Any], turn: Any) -> NDArray[Any]:
        rows, columns = self.inputs.get(layer), self.outputs.get(layer)
        if rows is not None and (value.ndim == 2 or parameter != "bias"):
            value = value[turn(rows)]
            columns = columns if value.ndim == 2 else None
        return value if columns is None else value[..., turn(columns)]


# What may stand between; containers stand for what is in them.
_IN_LINE = {layer.kind for layer in L.ALL} - {"sequential", "residual", "concat"}


def _order(shape: Sequence[int], first: bool) -> Order | None:
    """For each value of (height, width, channels), where it is in (channels, height, width).

    Of (steps, features) likewise, if PyTorch has the features first.
    """
    if len(shape) == 2 and first:
        shape = (1, *shape)
    if len(shape) != 3 or shape[2] == 1 or shape[0] * shape[1] == 1:
        return None
    height, width, channels = shape
    places = np.arange(height * width * channels).reshape(channels, height, width)
    return places.transpose(1, 2, 0).ravel()
