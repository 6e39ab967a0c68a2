"""Layers that hold layers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastdl import layers as L
from fastdl.layers import Layer
from fastdl.onnx.writing import table
from fastdl.onnx.writing.graph import Graph, Value
from fastdl.onnx.writing.layouts import alike, channels_first, rows


def chain(graph: Graph, layers: Sequence[Layer], x: Value) -> Value:
    """Layers one after the other."""
    for layer in layers:
        x = table.write(graph, layer, x)
    return x


def inside(graph: Graph, layer: L.Sequential | L.Contractive, x: Value) -> Value:
    """The layers inside."""
    return chain(graph, layer.paths()[0], x)


def residual(graph: Graph, layer: L.Residual, x: Value) -> Value:
    """Add."""
    branch, shortcut = (rows(graph, chain(graph, b, x)) for b in layer.paths())
    shortcut = alike(graph, shortcut, branch)
    return replace(branch, name=graph.add("Add", branch.name, shortcut.name))


def gate(graph: Graph, layer: L.Gate, x: Value) -> Value:
    """Mul; rows of features are images of one pixel beside images."""
    ends = [rows(graph, chain(graph, b, x)) for b in layer.paths()]
    forms = [len(end.shape) for end in ends]
    if sorted(forms) == [1, 3]:
        gates, image = ends if forms[0] == 1 else ends[::-1]
        image = channels_first(graph, image)
        one = graph.reshape(gates.name, [0, gates.shape[0], 1, 1])
        return replace(image, name=graph.add("Mul", one, image.name))
    small, large = sorted(ends, key=lambda end: math.prod(end.shape))
    small = alike(graph, small, large)
    return replace(large, name=graph.add("Mul", small.name, large.name))


def concat(graph: Graph, layer: L.Concat, x: Value) -> Value:
    """Concat along the channels or features."""
    branches = [rows(graph, chain(graph, branch, x)) for branch in layer.paths()]
    first = next((b for b in branches if b.layout == "channels_first"), branches[0])
    branches = [alike(graph, branch, first) for branch in branches]
    name = graph.add("Concat", *(branch.name for branch in branches), axis=first.channel_axis)
    channels = sum(branch.shape[-1] for branch in branches)
    return replace(first, name=name, shape=(*first.shape[:-1], channels))


def weight_norm(graph: Graph, layer: L.WeightNorm, x: Value) -> Value:
    """The layer inside, with the weights that the norms and directions make."""
    inner: Any = layer.layer
    v, g = (graph.weight(layer, f"weight_{what}") for what in "vg")
    if inner.weight_axis == -1:
        norms = layer.start_of("weight_g", {"weight_v": v})
        graph.weights[f"{layer.name}.weight"] = v * (g / norms)
    else:  # (h, w, filters / groups, groups * inputs)
        parts = v.reshape(*v.shape[:3], inner.groups, -1)
        norms = layer.start_of("weight_g", {"weight_v": v})
        factors = (g / norms).reshape(inner.groups, -1).T[:, :, None]
        graph.weights[f"{layer.name}.weight"] = (parts * factors).reshape(v.shape)
    return table.write(graph, inner.replace(name=layer.name), x)


def drop_connect(graph: Graph, layer: L.DropConnect, x: Value) -> Value:
    """The layer inside, with all its weights."""
    return table.write(graph, layer.layer.replace(name=layer.name), x)
