"""Layers for tables."""

from __future__ import annotations

import numpy as np

from fastdl import layers as L
from fastdl.onnx.writing.graph import Graph, Value
from fastdl.onnx.writing.layouts import rows


def slice_columns(graph: Graph, x: str, first: int, last: int) -> str:
    """Columns first .. last - 1 of rows."""
    bounds = [graph.constant(np.array([i], np.int64)) for i in (first, last, 1)]
    return graph.add("Slice", x, *bounds)


def numeric_embedding(graph: Graph, layer: L.NumericEmbedding, x: Value) -> Value:
    """Waves by Cos, mixed by a product for each column."""
    x = rows(graph, x)
    frequency, phase, weight, bias = (
        graph.weight(layer, what) for what in ("frequency", "phase", "weight", "bias")
    )
    columns, units = len(frequency), weight.shape[2] + 1
    numbers = slice_columns(graph, x.name, 0, columns)
    column = graph.add("Unsqueeze", numbers, graph.constant(np.array([2], np.int64)))
    turns = (2 * np.pi * frequency.astype(np.float64)).astype(graph.dtype)
    angle = graph.add("Mul", column, graph.constant(turns, f"{layer.name}.frequency"))
    angle = graph.add("Add", angle, graph.constant(phase, f"{layer.name}.phase"))
    second = graph.constant(np.array([2], np.int64))
    waves = graph.add("Unsqueeze", graph.add("Cos", angle), second)  # (n, columns, 1, k)
    mixed = graph.add("MatMul", waves, graph.constant(weight, f"{layer.name}.weight"))
    mixed = graph.add("Squeeze", mixed, second)
    mixed = graph.add("Add", mixed, graph.constant(bias, f"{layer.name}.bias"))
    vectors = graph.reshape(graph.add("Concat", mixed, column, axis=2), [0, columns * units])
    if columns == x.shape[0]:
        return Value(vectors, (columns * units,), "rows")
    rest = slice_columns(graph, x.name, columns, x.shape[0])
    name = graph.add("Concat", vectors, rest, axis=1)
    return Value(name, (columns * units + x.shape[0] - columns,), "rows")


def embed_categories(graph: Graph, layer: L.EmbedCategories, x: Value) -> Value:
    """Gather from the table of each column; codes out of range count as 0."""
    x, sizes = rows(graph, x), np.array(layer.sizes, np.int64)
    n_numbers = x.shape[0] - len(sizes)
    codes = graph.add("Round", slice_columns(graph, x.name, n_numbers, x.shape[0]))
    codes = graph.cast(codes, np.int64)
    zero = graph.constant(np.array(0, np.int64))
    small = graph.add("Less", codes, graph.constant(sizes))
    positive = graph.add("Not", graph.add("Less", codes, zero))
    known = graph.add("Where", graph.add("And", small, positive), codes, zero)
    first = graph.constant(np.cumsum(sizes) - sizes)
    table = graph.constant(graph.weight(layer, "weight"), f"{layer.name}.weight")
    vectors = graph.add("Gather", table, graph.add("Add", known, first), axis=0)
    name = graph.reshape(vectors, [0, len(sizes) * layer.units])
    if n_numbers:
        numbers = slice_columns(graph, x.name, 0, n_numbers)
        name = graph.add("Concat", numbers, name, axis=1)
    return Value(name, (n_numbers + len(sizes) * layer.units,), "rows")
