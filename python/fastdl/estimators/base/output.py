"""The output layer, which comes from y."""

from __future__ import annotations

from collections.abc import Sequence

from fastdl import layers as L
from fastdl.layers import Layer


def with_output(
    hidden: Sequence[Layer], input_shape: tuple[int, ...], n_outputs: int
) -> list[Layer]:
    """The hidden layers, flattened if need be, and a dense layer for y."""
    flat = [] if L.gives(hidden, L.form_of(input_shape)) == "rows" else [L.Flatten()]
    return [*hidden, *flat, L.Dense(n_outputs, name="output")]
