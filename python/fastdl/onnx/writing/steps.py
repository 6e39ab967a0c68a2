"""Convolution and pooling over the steps of sequences, on (n, features, steps)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fastdl import layers as L
from fastdl.layers._steps import steps_before
from fastdl.onnx.writing.graph import Graph, Value
from fastdl.onnx.writing.images import with_bias
from fastdl.onnx.writing.layouts import samples_first, time_last


@dataclass(frozen=True)
class Windows:
    """Windows that slide over each sequence, from its own beginning to its own end."""

    size: int
    stride: int
    padding: str
    dilation: int = 1

    @property
    def reach(self) -> int:
        """Steps from the first to the last that a window sees."""
        return self.dilation * (self.size - 1) + 1

    @property
    def more(self) -> int:
        """Of T steps (T + more) / stride are left, rounded down."""
        return self.stride - (self.reach if self.padding == "valid" else 1)

    @property
    def options(self) -> dict[str, Any]:
        """Of an operator."""
        return {"kernel_shape": [self.size], "strides": [self.stride]}

    def after(self, graph: Graph, x: Value, name: str, features: int) -> Value:
        """What they make of sequences."""
        lengths = x.lengths
        if self.more or self.stride > 1:
            lengths = graph.shortened(x, name, self.more, self.stride)
        steps = max((x.shape[0] + self.more) // self.stride, 1)
        return Value(name, (steps, features), "time_last", lengths=lengths)


@dataclass(frozen=True)
class Placed:
    """Sequences under windows, with the padding that the operator is to add.

    `real` says which steps are real, as floats (n, 1, steps), if that is asked for; `is_filled`
    whether something stands in the place of the others.
    """

    x: Value
    pads: list[int]
    is_filled: bool = False
    real: str = ""


def _placed(graph: Graph, at: Windows, x: Value, fill: float = 0.0, floats: bool = False) -> Placed:
    """Sequences under windows, `fill` in place of what is not real if windows see it."""
    if at.padding == "valid":
        return Placed(time_last(graph, x), [0, 0])
    if at.padding == "causal" or at.reach == 1:
        return Placed(time_last(graph, x), [at.reach - 1, 0])
    before = steps_before(at.reach, at.stride)
    if before is None:
        return _aligned(graph, at, x, fill, floats)
    x = time_last(graph, x)
    real = graph.cast(graph.inside(x), graph.dtype) if floats else ""
    return Placed(graph.masked(x, fill), [before, at.reach - 1 - before], True, real)


def _aligned(graph: Graph, at: Windows, x: Value, fill: float, floats: bool) -> Placed:
    """Each sequence moved on by the padding before it, which depends on its length."""

    def integer(value: Any) -> str:
        return graph.constant(np.array(value, np.int64))

    x, zero = samples_first(graph, x), integer(0)
    steps, by = graph.n_steps(x.lengths), integer(at.stride)
    last = graph.add("Div", graph.add("Add", x.lengths, integer(at.stride - 1)), by)
    out = graph.add("Sub", graph.add("Mul", last, by), x.lengths)
    out = graph.add("Max", graph.add("Add", out, integer(at.reach - at.stride)), zero)
    before = graph.add("Unsqueeze", graph.add("Div", out, integer(2)), integer([1]))
    width = graph.add("Add", steps, integer(at.reach - 1))
    step = graph.add("Sub", graph.add("Range", zero, width, integer(1)), before)  # (n, width)
    too_early = graph.add("Less", step, zero)
    not_late = graph.add("Less", step, graph.add("Unsqueeze", x.lengths, integer([1])))
    real = graph.add("And", graph.add("Not", too_early), not_late)
    there = graph.add("Max", graph.add("Min", step, graph.add("Sub", steps, integer(1))), zero)
    moved = graph.add("GatherND", x.name, graph.add("Unsqueeze", there, integer([2])), batch_dims=1)
    inside = graph.add("Unsqueeze", real, integer([2]))
    filled = graph.add("Where", inside, moved, graph.constant(np.array(fill, graph.dtype)))
    found = time_last(graph, replace(x, name=filled))
    name = graph.cast(graph.add("Unsqueeze", real, integer([1])), graph.dtype) if floats else ""
    return Placed(found, [0, 0], True, name)


def conv1d(graph: Graph, layer: L.Conv1D, x: Value) -> Value:
    """Conv of (n, features, steps); kernels (k, in, out) as (out, in, k)."""
    at = Windows(layer.kernel_size, layer.stride, layer.padding, layer.dilation)
    weight = graph.weight(layer, "weight").transpose(2, 1, 0)
    placed = _placed(graph, at, x)
    inputs = [placed.x.name, graph.constant(weight, f"{layer.name}.weight")]
    name = graph.add(
        "Conv",
        *with_bias(graph, layer, inputs),
        **at.options,
        pads=placed.pads,
        dilations=[at.dilation],
        group=layer.groups,
    )
    return at.after(graph, x, name, layer.filters)


def max_pool1d(graph: Graph, layer: L.MaxPool1D, x: Value) -> Value:
    """MaxPool of (n, features, steps)."""
    at = Windows(layer.size, layer.stride or layer.size, layer.padding)
    placed = _placed(graph, at, x, -np.inf)
    name = graph.add("MaxPool", placed.x.name, **at.options, pads=placed.pads)
    y = at.after(graph, x, name, x.shape[1])
    return graph.masked(y) if placed.is_filled else y  # windows past an end have seen -inf alone


def avg_pool1d(graph: Graph, layer: L.AvgPool1D, x: Value) -> Value:
    """AveragePool of (n, features, steps), over that of 1 where steps are real."""
    at = Windows(layer.size, layer.stride or layer.size, layer.padding)
    placed = _placed(graph, at, x, floats=True)
    options = {**at.options, "pads": placed.pads, "count_include_pad": int(bool(placed.real))}
    name = graph.add("AveragePool", placed.x.name, **options)
    if placed.real:
        share = graph.add("AveragePool", placed.real, **options)
        least = graph.constant(np.array(1 / (2 * at.size), graph.dtype))  # past all ends
        name = graph.add("Div", name, graph.add("Max", share, least))
    return at.after(graph, x, name, x.shape[1])
