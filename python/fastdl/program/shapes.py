"""Shapes that layers give, without a program: neither weights nor memory for them are needed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fastdl import layers as L
from fastdl.layers import Layer

if TYPE_CHECKING:
    from fastdl._core import LayerInfo


def survey(layers: Sequence[Layer], input_shape: tuple[int, ...]) -> list[LayerInfo]:
    """A row for each layer, those inside others too; ValueError for layers that do not fit."""
    from fastdl import _core

    rows, _, _ = _core.survey(L.to_dict(layers), input_shape, dtype="float32", batch_size=1)
    return rows


def output_shape(layers: Sequence[Layer], input_shape: tuple[int, ...]) -> tuple[int, ...]:
    """What layers make of a sample of this shape; ValueError for layers that do not fit."""
    if not layers:
        return input_shape
    return [row for row in survey(layers, input_shape) if row.depth == 0][-1].output_shape


def takes_steps(layers: Sequence[Layer], input_shape: tuple[int, ...], steps: int) -> bool:
    """Whether layers for such sequences take those of so many steps with the same weights."""
    from fastdl import _core

    specs = L.to_dict(layers)
    now = _core.outline(specs, input_shape)[0]
    try:
        then = _core.outline(specs, (steps, *input_shape[1:]))[0]
    except ValueError:  # as of Reshape after Flatten
        return False
    return [p.shape for p in now] == [p.shape for p in then]
