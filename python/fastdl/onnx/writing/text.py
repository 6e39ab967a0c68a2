"""Estimators of texts: token numbers in."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastdl import layers as L
from fastdl.estimators.inputs.one_text import FIRST
from fastdl.onnx.writing import sequences, table
from fastdl.onnx.writing.graph import Graph, Value
from fastdl.onnx.writing.network import Options, Port


def code_of_unknown(est: Any) -> int | None:
    """The token number that unknown symbols are read as, if there is one."""
    symbols = list(est.symbols_)
    return FIRST + symbols.index(est.unknown) if est.unknown in symbols else None


def word_vectors(graph: Graph, est: Any, options: Options) -> Any:
    """The vectors of words by their numbers in the vocabulary."""
    from fastdl.onnx.writing.estimators import Piece

    axes = (options.batch, "steps")
    inputs = [Port(options.input_name, np.dtype(np.int64), axes)]
    table = graph.constant(est.vectors_.astype(graph.dtype), "vectors")
    name = graph.add("Gather", table, options.input_name, axis=0)
    outputs = [Port("variable", graph.dtype, (*axes, est.vectors_.shape[1]))]
    return Piece(inputs, outputs, {"variable": name})


def generator(graph: Graph, est: Any, options: Options) -> Any:
    """One step of a text: the probabilities of the next symbol, and the states after it.

    Inputs are X (n,), the number of the symbol before (0 at the beginning), and the states of each
    recurrent layer, zeros at the beginning.
    """
    from fastdl.onnx.writing.estimators import Piece

    n = options.batch
    inputs = [Port(options.input_name, np.dtype(np.int64), (n,))]
    outputs: list[Port] = []
    names: dict[str, str] = {}
    first = graph.constant(np.array([0], np.int64))
    row = graph.add("Unsqueeze", options.input_name, first)  # (1, n): one step
    x = Value(row, (1, 1), "codes")
    for layer in est._network.layers:
        if not isinstance(layer, L.RecurrentLayer):
            x = table.write(graph, layer, x)
            x = Value(x.name, x.shape, "time_first")
            continue
        with graph.within(layer.name or layer.kind):
            states = ["h", "c"] if layer.kind == "lstm" else ["h"]
            ports = [f"{layer.name}_{state}" for state in states]
            given = tuple(graph.add("Unsqueeze", port, first) for port in ports)
            y, *after = sequences.cell_node(graph, layer, layer, x, ["forward"], given)
            second = graph.constant(np.array([1], np.int64))
            x = Value(graph.add("Squeeze", y, second), (1, layer.units), "time_first")
            for port, state in zip(ports, after, strict=True):
                inputs.append(Port(port, graph.dtype, (n, layer.units)))
                outputs.append(Port(f"{port}_next", graph.dtype, (n, layer.units)))
                names[f"{port}_next"] = graph.add("Squeeze", state, first)
    z = graph.add("Squeeze", x.name, first)
    probabilities = graph.add("Softmax", z, axis=1)
    outputs.insert(0, Port("probabilities", graph.dtype, (n, x.shape[1])))
    return Piece(inputs, outputs, {"probabilities": probabilities, **names})
