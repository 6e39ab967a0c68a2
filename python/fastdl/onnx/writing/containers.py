"""Layers that hold layers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from fastdl import layers as L
from fastdl.layers import Layer
from fastdl.onnx.writing import table
from fastdl.onnx.writing.graph import Graph, Value
from fastdl.onnx.writing.layouts import alike, rows


def chain(graph: Graph, layers: Sequence[Layer], x: Value) -> Value:
    """Layers one after the other."""
    for layer in layers:
        x = table.write(graph, layer, x)
    return x


def inside(graph: Graph, layer: L.Sequential | L.Contractive, x: Value) -> Value:
    """The layers inside."""
    return chain(graph, layer.branches()[0], x)


def residual(graph: Graph, layer: L.Residual, x: Value) -> Value:
    """Add."""
    branch, shortcut = (rows(graph, chain(graph, b, x)) for b in layer.branches())
    shortcut = alike(graph, shortcut, branch)
    return replace(branch, name=graph.add("Add", branch.name, shortcut.name))


def concat(graph: Graph, layer: L.Concat, x: Value) -> Value:
    """Concat along the features."""
    x = rows(graph, x)
    branch = rows(graph, chain(graph, layer.branches()[0], x))
    name = graph.add("Concat", branch.name, x.name, axis=branch.channel_axis)
    return replace(branch, name=name, shape=(branch.shape[0] + x.shape[0],))
