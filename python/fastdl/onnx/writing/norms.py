"""Normalisation."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from fastdl import layers as L
from fastdl.onnx.writing.graph import Graph, Value
from fastdl.onnx.writing.layouts import (
    along_channels,
    channels_first,
    channels_last,
    features_last,
    order,
    rows,
)


def batch_norm(graph: Graph, layer: L.BatchNorm, x: Value) -> Value:
    """BatchNormalization with the running statistics."""
    if len(x.shape) == 3:
        x = channels_first(graph, x)
    places = order(x)
    names = ("gain", "shift", "running_mean", "running_var")
    arrays = [
        graph.constant(graph.weight(layer, what)[places], f"{layer.name}.{what}") for what in names
    ]
    name = graph.add("BatchNormalization", x.name, *arrays, epsilon=float(layer.eps))
    return replace(x, name=name)


def layer_norm(graph: Graph, layer: L.LayerNorm, x: Value) -> Value:
    """LayerNormalization over the last axis; up to opset 16 the operators it stands for."""
    x = channels_last(graph, x) if len(x.shape) == 3 else features_last(graph, x)
    gain, shift = (
        graph.constant(graph.weight(layer, what), f"{layer.name}.{what}")
        for what in ("gain", "shift")
    )
    if graph.opset >= 17:
        name = graph.add("LayerNormalization", x.name, gain, shift, epsilon=float(layer.eps))
        return replace(x, name=name)
    mean = graph.reduce("ReduceMean", x.name, [-1], keepdims=1)
    centred = graph.add("Sub", x.name, mean)
    var = graph.reduce("ReduceMean", graph.add("Mul", centred, centred), [-1], keepdims=1)
    eps = graph.constant(np.array(layer.eps, graph.dtype))
    std = graph.add("Sqrt", graph.add("Add", var, eps))
    scaled = graph.add("Mul", graph.add("Div", centred, std), gain)
    return replace(x, name=graph.add("Add", scaled, shift))


def group_norm(graph: Graph, layer: L.GroupNorm, x: Value) -> Value:
    """GroupNormalization; up to opset 20 the InstanceNormalization of the groups."""
    x = channels_first(graph, x) if len(x.shape) == 3 else rows(graph, x)
    arrays = (graph.weight(layer, what) for what in ("gain", "shift"))
    channels, eps = x.shape[-1], float(layer.eps)
    names = [f"{layer.name}.{what}" for what in ("gain", "shift")]
    if len(x.shape) == 3 and (layer.groups == channels or graph.opset >= 21):
        constants = [graph.constant(a, name) for a, name in zip(arrays, names, strict=True)]
        if layer.groups == channels:
            name = graph.add("InstanceNormalization", x.name, *constants, epsilon=eps)
        else:
            name = graph.add(
                "GroupNormalization", x.name, *constants, epsilon=eps, num_groups=layer.groups
            )
        return replace(x, name=name)
    groups = graph.reshape(x.name, [0, layer.groups, -1])
    ones, zeros = (graph.constant(f(layer.groups, graph.dtype)) for f in (np.ones, np.zeros))
    normal = graph.add("InstanceNormalization", groups, ones, zeros, epsilon=eps)
    back = [0, channels, *x.shape[:-1]]
    normal = graph.reshape(normal, back)
    gain, shift = (
        graph.constant(along_channels(x, a), name) for a, name in zip(arrays, names, strict=True)
    )
    return replace(x, name=graph.add("Add", graph.add("Mul", normal, gain), shift))


def local_response_norm(graph: Graph, layer: L.LocalResponseNorm, x: Value) -> Value:
    """LRN, whose input has at least one axis beside samples and channels."""
    options: Any = {"size": layer.size, "alpha": layer.alpha, "beta": layer.beta, "bias": layer.k}
    if len(x.shape) == 3:
        x = channels_first(graph, x)
        return replace(x, name=graph.add("LRN", x.name, **options))
    x = features_last(graph, x)
    pixels = graph.reshape(x.name, [-1, x.shape[-1], 1, 1])
    name = graph.add("Reshape", graph.add("LRN", pixels, **options), graph.add("Shape", x.name))
    return replace(x, name=name)


def unit_norm(graph: Graph, layer: L.UnitNorm, x: Value) -> Value:
    """LpNormalization over the channels or features, whose `eps` is 0."""
    axis = 1 if len(x.shape) == 3 else -1
    x = channels_first(graph, x) if len(x.shape) == 3 else features_last(graph, x)
    return replace(x, name=graph.add("LpNormalization", x.name, axis=axis, p=2))
