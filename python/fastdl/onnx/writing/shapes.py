"""Layers that only change the shape."""

from __future__ import annotations

import math
from dataclasses import replace

from fastdl import layers as L
from fastdl.layers import form_of
from fastdl.onnx.writing.graph import Graph, Value
from fastdl.onnx.writing.images import global_pool
from fastdl.onnx.writing.layouts import channels_last, rows, samples_first
from fastdl.onnx.writing.sequences import max_of_steps, mean_of_steps


def flatten(graph: Graph, layer: L.Flatten, x: Value) -> Value:
    """Rows; those of images keep the order of the graph, which the next weights take over."""
    if len(x.shape) == 1:
        return x
    size = math.prod(x.shape)
    if len(x.shape) == 2:
        steps = samples_first(graph, graph.masked(x))
        return Value(graph.reshape(steps.name, [0, size]), (size,), "rows")
    name = graph.add("Flatten", x.name, axis=1)
    same = x.layout == "image" or x.shape[2] == 1 or x.shape[:2] == (1, 1)
    if same:
        return Value(name, (size,), "rows")
    return Value(name, (size,), "flat", x.shape)


def reshape(graph: Graph, layer: L.Reshape, x: Value) -> Value:
    """Reshape, in the order of fastdl."""
    shape = tuple(layer.shape)
    x = channels_last(graph, x) if len(x.shape) == 3 else rows(graph, x)
    layout = {"rows": "rows", "images": "image"}[form_of(shape)]
    return replace(x, name=graph.reshape(x.name, [0, *shape]), shape=shape, layout=layout)


def global_avg_pool(graph: Graph, layer: L.GlobalAvgPool, x: Value) -> Value:
    """The mean of channels, or of steps."""
    if len(x.shape) == 2:
        return mean_of_steps(graph, x)
    return global_pool(graph, "GlobalAveragePool", x)


def global_max_pool(graph: Graph, layer: L.GlobalMaxPool, x: Value) -> Value:
    """The largest of channels, or of steps."""
    return max_of_steps(graph, x) if len(x.shape) == 2 else global_pool(graph, "GlobalMaxPool", x)
