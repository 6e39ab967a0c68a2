"""Fully connected layers."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl.onnx.writing.graph import Graph, Value
from fastdl.onnx.writing.layouts import features_last, order, rows


def dense(graph: Graph, layer: L.Dense, x: Value) -> Value:
    """Gemm of rows; MatMul and Add of every step."""
    return _product(graph, layer, x, layer.units, bool(layer.bias))


def _product(graph: Graph, layer: L.Layer, x: Value, units: int, bias: bool) -> Value:
    x = features_last(graph, x) if x.layout == "time_last" else x
    weight = graph.weight(layer, "weight")[order(x)]
    w = graph.constant(weight, f"{layer.name}.weight")
    b = graph.constant(graph.weight(layer, "bias"), f"{layer.name}.bias") if bias else ""
    if len(x.shape) == 1:
        name = graph.add("Gemm", x.name, w, b) if bias else graph.add("MatMul", x.name, w)
        return Value(name, (units,), "rows")
    name = graph.add("MatMul", x.name, w)
    name = graph.add("Add", name, b) if bias else name
    return Value(name, (*x.shape[:-1], units), x.layout, lengths=x.lengths)


def maxout(graph: Graph, layer: L.Maxout, x: Value) -> Value:
    """A product, its pieces along an axis, the largest of each."""
    y = _product(graph, layer, x, layer.units * layer.pieces, bool(layer.bias))
    pieces = graph.reshape(y.name, [0, layer.units, layer.pieces])
    return Value(graph.reduce("ReduceMax", pieces, [2]), (layer.units,), "rows")


def tied_dense(graph: Graph, layer: L.TiedDense, x: Value) -> Value:
    """Gemm with the weights of the other layer, turned over."""
    x = rows(graph, x)
    weight: NDArray[np.floating] = graph.weights[f"{layer.tied_to}.weight"].astype(graph.dtype)
    w = graph.constant(weight, f"{layer.tied_to}.weight")
    features = weight.shape[0]
    bias = graph.weight(layer, "bias") if layer.bias else np.zeros(features, graph.dtype)
    b = graph.constant(bias, f"{layer.name}.bias")
    return Value(graph.add("Gemm", x.name, w, b, transB=1), (features,), "rows")
