"""Tables: columns brought into the form that the network takes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl.fitting.columns import Categories, Columns
from fastdl.fitting.preparation import _CLIP, Preparation, Recoding
from fastdl.onnx.writing.columns import slice_columns
from fastdl.onnx.writing.graph import Graph, Value
from fastdl.onnx.writing.network import Options, Port


def prepared(
    graph: Graph, table: Columns, width: int, names: Sequence[str] | None, options: Options
) -> tuple[list[Port], Value]:
    """The inputs, and what `Preparation.transform` makes of them; computed in float64.

    Categories that are numbers stand in X, as the estimator takes them in arrays. Where some are
    texts, every column is an input (n, 1) of its own, called as in fit.

    Parameters
    ----------
    graph : Graph
    table : Columns
    width : int
        What the network takes.
    names : sequence of str, optional
        Of the columns.
    options : Options
    """
    with graph.within("columns"):
        ports, columns = _columns(graph, table.categories, names, options)
        preparation = table.preparation
        parts = [columns[j] for j in preparation.numbers]
        missing = [graph.add("IsNaN", columns[j]) for j in preparation.indicators]
        parts += [graph.cast(column, np.float64) for column in missing]
        parts += [_one_hot(graph, columns[r.column], r) for r in preparation.one_hot]
        codes = [
            graph.cast(_recoded(graph, columns[r.column], r), graph.dtype)
            for r in preparation.embedded
        ]
        parts = [part for part in parts if part]
        found = codes
        if parts:
            found = [_scaled(graph, parts, preparation), *codes]
        name = found[0] if len(found) == 1 else graph.add("Concat", *found, axis=1)
    return ports, Value(name, (width,), "rows")


def _double(value: Any) -> NDArray[np.float64]:
    return np.asarray(value, np.float64)


def _columns(
    graph: Graph, categories: Categories, names: Sequence[str] | None, options: Options
) -> tuple[list[Port], list[str]]:
    """The inputs; of each column its numbers as float64 (n, 1), or its codes as int64."""
    n = options.batch
    if any(isinstance(value, str) for column in categories for value in column or ()):
        if names is None:
            names = [f"{options.input_name}{j}" for j in range(len(categories))]
        ports, found = [], []
        for name, known in zip(names, categories, strict=True):
            texts = known is not None and any(isinstance(value, str) for value in known)
            ports.append(Port(str(name), str if texts else np.dtype(np.float32), (n, 1)))
            column = str(name) if texts else graph.cast(str(name), np.float64)
            found.append(column if known is None else _codes(graph, column, known, texts))
        return ports, found
    dtype = np.dtype(options.input_dtype or np.float32)
    ports = [Port(options.input_name, dtype, (n, len(categories)))]
    X = options.input_name if dtype == np.float64 else graph.cast(options.input_name, np.float64)
    columns = [slice_columns(graph, X, j, j + 1) for j in range(len(categories))]
    return ports, [
        column if known is None else _codes(graph, column, known, False)
        for column, known in zip(columns, categories, strict=True)
    ]


def _codes(graph: Graph, column: str, known: list[Any], texts: bool) -> str:
    """Codes from 1 of the categories of a column; 0 of all else."""
    numbers = list(range(1, len(known) + 1))
    if not known:
        zero = graph.constant(np.array([[0]], np.int64))
        return graph.add("Mul", graph.cast(graph.add("Shape", column), np.int64), zero)
    if texts:
        return graph.add(
            "LabelEncoder",
            column,
            keys_strings=[str(value) for value in known],
            values_int64s=numbers,
            default_int64=0,
            domain="ai.onnx.ml",
        )
    keys = graph.constant(_double([float(value) for value in known]), dtype=np.float64)
    hits = graph.cast(graph.add("Equal", column, keys), np.int64)  # (n, categories)
    product = graph.add("Mul", hits, graph.constant(np.array(numbers, np.int64)))
    return graph.reduce("ReduceSum", product, [1], keepdims=1)


def _recoded(graph: Graph, codes: str, recoding: Recoding) -> str:
    """The codes that are learnt of, int64 (n, 1)."""
    return graph.add("Gather", graph.constant(recoding.codes.astype(np.int64)), codes, axis=0)


def _one_hot(graph: Graph, codes: str, recoding: Recoding) -> str:
    """A column for each category, or 1 and -1 of two; "" of none."""
    n, learnt = recoding.n_categories, _recoded(graph, codes, recoding)
    if n == 0:
        return ""
    hits = [
        graph.cast(graph.add("Equal", learnt, graph.constant(np.array(of, np.int64))), np.float64)
        for of in ([1, 2] if n == 2 else [np.arange(1, n + 1)])
    ]
    return graph.add("Sub", *hits) if n == 2 else hits[0]


def _scaled(graph: Graph, parts: list[str], preparation: Preparation) -> str:
    """Centred, scaled and smoothly clipped."""

    def constant(value: Any) -> str:
        return graph.constant(_double(value), dtype=np.float64)

    spread = parts[0] if len(parts) == 1 else graph.add("Concat", *parts, axis=1)
    median = constant(preparation.median)
    spread = graph.add("Where", graph.add("IsNaN", spread), median, spread)
    scaled = graph.add("Mul", graph.add("Sub", spread, median), constant(preparation.factor))
    scaled = graph.add("Min", graph.add("Max", scaled, constant(-1e100)), constant(1e100))
    part = graph.add("Div", scaled, constant(_CLIP))
    hypot = graph.add("Sqrt", graph.add("Add", graph.add("Mul", part, part), constant(1.0)))
    return graph.cast(graph.add("Div", scaled, hypot), graph.dtype)
