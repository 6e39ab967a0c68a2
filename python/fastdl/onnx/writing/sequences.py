"""Recurrent layers and others that see the steps of sequences."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl.onnx.writing.graph import Graph, Value
from fastdl.onnx.writing.layouts import samples_first, time_first

# The gates of a cell in ONNX's order, by their places in fastdl's: i f g o, r z n.
GATES: dict[str, tuple[int, ...]] = {"rnn": (0,), "lstm": (0, 3, 1, 2), "gru": (1, 0, 2)}
_PEEPHOLES = (0, 2, 1)  # i o f, of i f o


def _gates(array: NDArray[Any], kind: str) -> NDArray[Any]:
    """Columns by gates, as rows in ONNX's order."""
    parts = np.split(array, len(GATES[kind]), axis=-1)
    return np.concatenate([parts[i] for i in GATES[kind]], axis=-1).T


def cell_constants(graph: Graph, name: str, cell: Any, suffix: str) -> dict[str, NDArray[Any]]:
    """W, R, B and P of one direction."""

    def weight(what: str) -> NDArray[Any]:
        return graph.weights[f"{name}.{what}{suffix}"].astype(graph.dtype)

    kind, bias = cell.kind, weight("bias")
    b_x, b_h = bias if bias.ndim == 2 else (bias, np.zeros_like(bias))
    found = {
        "W": _gates(weight("weight_ih"), kind),
        "R": _gates(weight("weight_hh"), kind),
        "B": np.concatenate([_gates(b, kind) for b in (b_x, b_h)]),
    }
    if getattr(cell, "peepholes", False):
        found["P"] = weight("peepholes")[list(_PEEPHOLES)].ravel()
    return found


def cell_node(
    graph: Graph,
    layer: Any,
    cell: Any,
    x: Value,
    directions: list[str],
    states: tuple[str, ...] = (),
) -> tuple[str, ...]:
    """The node of a cell on (steps, n, features); names of Y, Y_h and, of an LSTM, Y_c."""
    suffixes = ["_reverse" if d == "reverse" else "" for d in directions]
    found = [cell_constants(graph, layer.name, cell, suffix) for suffix in suffixes]
    arrays = {key: np.stack([of_one[key] for of_one in found]) for key in found[0]}
    names = {key: graph.constant(array, f"{layer.name}.{key}") for key, array in arrays.items()}
    h, c = (*states, "", "")[:2]
    lengths = graph.as_int32(x.lengths) if x.lengths else ""
    inputs = [x.name, names["W"], names["R"], names["B"], lengths, h]
    if cell.kind == "lstm":
        inputs += [c, names.get("P", "")]
    while not inputs[-1]:
        inputs.pop()
    attributes: dict[str, Any] = {"hidden_size": cell.units}
    attributes["direction"] = "bidirectional" if len(directions) == 2 else directions[0]
    if cell.kind == "rnn":
        attributes["activations"] = [cell.activation.capitalize()] * len(directions)
    if cell.kind == "gru":
        attributes["linear_before_reset"] = int(cell.reset_after)
    op = cell.kind.upper()
    n_outputs = 3 if cell.kind == "lstm" else 2
    outputs = [f"{graph.unique(op)}_Y{suffix}" for suffix in ("", "_h", "_c")[:n_outputs]]
    graph.add(op, *inputs, outputs=outputs, **attributes)
    return tuple(outputs)


def _run(graph: Graph, layer: Any, cell: Any, x: Value, directions: list[str]) -> Value:
    x, axes = time_first(graph, x), [np.array([axis], np.int64) for axis in (0, 1)]
    y, y_h, *_ = cell_node(graph, layer, cell, x, directions)
    units = cell.units * len(directions)
    if cell.return_sequences:
        if len(directions) == 2:  # (steps, 2, n, units)
            side_by_side = graph.add("Transpose", y, perm=[0, 2, 1, 3])
            name = graph.reshape(side_by_side, [0, 0, units])
        else:
            name = graph.add("Squeeze", y, graph.constant(axes[1]))
        return Value(name, (x.shape[0], units), "time_first", lengths=x.lengths)
    if len(directions) == 2:
        name = graph.reshape(graph.add("Transpose", y_h, perm=[1, 0, 2]), [0, units])
    else:
        name = graph.add("Squeeze", y_h, graph.constant(axes[0]))
    return Value(name, (units,), "rows")


def recurrent(graph: Graph, layer: L.RecurrentLayer, x: Value) -> Value:
    """RNN, LSTM or GRU."""
    return _run(graph, layer, layer, x, ["reverse" if layer.reverse else "forward"])


def bidirectional(graph: Graph, layer: L.Bidirectional, x: Value) -> Value:
    """The same of both directions, merged."""
    return _run(graph, layer, layer.layer, x, ["forward", "reverse"])


def embedding(graph: Graph, layer: L.Embedding, x: Value) -> Value:
    """Gather, from codes (n, steps, 1) or (n, steps)."""
    table = graph.constant(graph.weight(layer, "weight"), f"{layer.name}.weight")
    codes = x.name
    if x.layout != "codes":
        last = graph.constant(np.array([2], np.int64))
        codes = graph.cast(graph.add("Squeeze", samples_first(graph, x).name, last), np.int64)
    name = graph.add("Gather", table, codes, axis=0)
    return Value(name, (x.shape[0], layer.units), "steps", lengths=x.lengths)


def last_step(graph: Graph, layer: L.LastStep, x: Value) -> Value:
    """The step before the end of each sequence: all others are 0 in a sum."""
    x = samples_first(graph, x)
    one = graph.constant(np.array(1, np.int64))
    largest = graph.add("Max", x.lengths, one)
    row = graph.add(
        "Unsqueeze", graph.add("Sub", largest, one), graph.constant(np.array([1], np.int64))
    )
    index = graph.add("Unsqueeze", row, graph.constant(np.array([2], np.int64)))
    shape = graph.constant(np.array([1, 1, x.shape[1]], np.int64))
    picked = graph.add("GatherElements", x.name, graph.add("Expand", index, shape), axis=1)
    return Value(
        graph.add("Squeeze", picked, graph.constant(np.array([1], np.int64))), x.shape[1:], "rows"
    )


def _counts(graph: Graph, x: Value) -> tuple[str, str]:
    """How many steps each sequence has, at least 1, as floats (n, 1); which have none."""
    column = graph.add("Unsqueeze", x.lengths, graph.constant(np.array([1], np.int64)))
    one = graph.constant(np.array(1, np.int64))
    return graph.cast(graph.add("Max", column, one), graph.dtype), graph.add("Less", column, one)


def mean_of_steps(graph: Graph, x: Value) -> Value:
    """Over the real steps."""
    total = graph.reduce("ReduceSum", graph.masked(x).name, [x.steps_axis])
    counts, _ = _counts(graph, x)
    return Value(graph.add("Div", total, counts), x.shape[1:], "rows")


def max_of_steps(graph: Graph, x: Value) -> Value:
    """Over the real steps; 0 where there are none."""
    largest = graph.reduce("ReduceMax", graph.masked(x, -np.inf).name, [x.steps_axis])
    _, none = _counts(graph, x)
    zero = graph.constant(np.array(0.0, graph.dtype))
    return Value(graph.add("Where", none, zero, largest), x.shape[1:], "rows")
