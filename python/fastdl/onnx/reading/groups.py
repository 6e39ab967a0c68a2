"""Groups of nodes that are one layer of fastdl: poolings that are no operators, and embeddings."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastdl import layers as L
from fastdl.onnx.reading.graph import Node
from fastdl.onnx.reading.images import plain_window, without_pads
from fastdl.onnx.reading.patterns import Around, Found
from fastdl.onnx.reading.value import Unsupported, Value, as_image, as_rows, reordered

Bin = tuple[list[int], list[int]]  # where a part of an image begins and ends, (height, width)

# --- which nodes they are


def stochastic_pool(around: Around, node: Node) -> Found | None:
    """The mean of squares by the mean, of what is above 0; 0 where that is nothing."""
    if node.op != "Div":
        return None
    squares = around.maker(node.inputs[0], "AveragePool")
    chosen = around.maker(node.inputs[1], "Where")
    if squares is None or chosen is None:
        return None
    square, equal = around.maker(squares.inputs[0], "Mul"), around.maker(chosen.inputs[0], "Equal")
    mean = around.maker(chosen.inputs[2], "AveragePool")
    if square is None or equal is None or mean is None:
        return None
    positive = around.maker(mean.inputs[0], "Relu")
    alike = square.inputs == [mean.inputs[0]] * 2 and squares.attributes == mean.attributes
    by_zero = equal.inputs[0] == mean.outputs[0] and around.number(equal.inputs[1]) == 0
    if positive is None or not alike or not by_zero or around.number(chosen.inputs[1]) != 1:
        return None
    return Found("StochasticPool", [positive.inputs[0]], dict(mean.attributes))


def pyramid(around: Around, node: Node) -> Found | None:
    """The largest or the mean of every bin of grids over an image, side by side."""
    if node.op != "Concat" or int(node.get("axis", -1)) != 1:
        return None
    bins: list[Bin] = []
    kinds = set()
    for name in node.inputs:
        reduced = around.maker(name, "ReduceMax", "ReduceMean")
        cut = None if reduced is None else around.maker(reduced.inputs[0], "Slice")
        if reduced is None or cut is None or reduced.get("keepdims", 1):
            return None
        axes = _numbers(around, reduced, 1) or [int(a) for a in reduced.get("axes") or []]
        if axes != [2, 3] or _numbers(around, cut, 3) != [2, 3] or len(cut.inputs) > 4:
            return None
        kinds.add((reduced.op, cut.inputs[0]))
        bins.append((_numbers(around, cut, 1) or [], _numbers(around, cut, 2) or []))
    if len(kinds) != 1:
        return None
    (op, x), size = kinds.pop(), [max(end[i] for _, end in bins) for i in (0, 1)]
    levels, mode = _levels(bins, *size), "max" if op == "ReduceMax" else "avg"
    if levels is None:
        return None
    return Found("Pyramid", [x], {"levels": levels, "mode": mode, "size": size})


def _levels(bins: list[Bin], high: int, wide: int) -> list[int] | None:
    """Into how many rows and columns the image is cut, level by level."""
    found: list[int] = []
    while bins:
        for level in range(1, int(len(bins) ** 0.5) + 1):
            grid = [
                (
                    [i * high // level, j * wide // level],
                    [-(-(i + 1) * high // level), -(-(j + 1) * wide // level)],
                )
                for i, j in np.ndindex(level, level)
            ]
            if bins[: level**2] == grid:
                break
        else:
            return None
        found.append(level)
        bins = bins[level**2 :]
    return found


def _numbers(around: Around, node: Node, i: int) -> list[int] | None:
    """Input i of a node, if it is a constant of integers."""
    value = around.graph.constant(node.inputs[i]) if len(node.inputs) > i else None
    whole = value is not None and value.dtype.kind in "iu"
    return [int(v) for v in value.reshape(-1)] if value is not None and whole else None


def _columns(around: Around, name: str) -> tuple[str, int, int] | None:
    """A value as columns first .. end - 1 of another."""
    cut = around.maker(name, "Slice")
    if cut is None or len(cut.inputs) != 4:
        return None
    start, end, axes = (_numbers(around, cut, i) for i in (1, 2, 3))
    if axes != [1] or start is None or end is None or not 0 <= start[0] < end[0]:
        return None
    return cut.inputs[0], start[0], end[0]


def _chain(around: Around, name: str, *ops: str) -> list[Node] | None:
    """The nodes before a value, each the maker of the first input of the one after it."""
    found: list[Node] = []
    for op in ops:
        node = around.maker(name, op)
        if node is None:
            return None
        found.append(node)
        name = node.inputs[0]
    return found


def waves(around: Around, node: Node) -> Found | None:
    """The vectors of a NumericEmbedding: mixed waves of each column, and the column."""
    joined = around.maker(node.inputs[0], "Concat") if node.op == "Reshape" else None
    if joined is None or len(joined.inputs) != 2 or int(joined.get("axis", 0)) != 2:
        return None
    ops = ("Add", "Squeeze", "MatMul", "Unsqueeze", "Cos", "Add", "Mul")
    found = _chain(around, joined.inputs[0], *ops)
    column = around.maker(joined.inputs[1], "Unsqueeze")
    if found is None or column is None or found[-1].inputs[0] != column.outputs[0]:
        return None
    bias, _, weight, _, _, phase, turns = found
    constants = [n.inputs[1] for n in (turns, phase, weight, bias)]
    values = [around.graph.constant(name) for name in constants]
    ranks = [None if value is None else value.ndim for value in values]
    part = _columns(around, column.inputs[0])
    if ranks != [2, 2, 3, 2] or part is None or part[1] != 0:
        return None
    x, _, end = part
    return Found("Waves", [x, *constants], {"columns": end, "width": end})


def looked_up(around: Around, node: Node) -> Found | None:
    """The vectors of an EmbedCategories: rows of tables by codes, 0 for those out of range."""
    gather = around.maker(node.inputs[0], "Gather") if node.op == "Reshape" else None
    if gather is None or int(gather.get("axis", 0)) != 0:
        return None
    table, place = around.graph.constant(gather.inputs[0]), around.maker(gather.inputs[1], "Add")
    known = None if place is None else around.maker(place.inputs[0], "Where")
    if table is None or table.ndim != 2 or place is None or known is None:
        return None
    rounded = _chain(around, known.inputs[1], "Cast", "Round")
    within = around.maker(known.inputs[0], "And")
    if rounded is None or within is None or around.number(known.inputs[2]) != 0:
        return None
    small, positive = around.maker(within.inputs[0], "Less"), around.maker(within.inputs[1], "Not")
    negative = None if positive is None else around.maker(positive.inputs[0], "Less")
    part = _columns(around, rounded[1].inputs[0])
    if small is None or negative is None or part is None or around.number(negative.inputs[1]) != 0:
        return None
    sizes, first = _numbers(around, small, 1), _numbers(around, place, 1)
    codes = [small.inputs[0], negative.inputs[0]]
    if not sizes or codes != [known.inputs[1]] * 2 or sum(sizes) != len(table):
        return None
    if first != [sum(sizes[:i]) for i in range(len(sizes))] or part[2] - part[1] != len(sizes):
        return None
    x, start, end = part
    attributes = {"sizes": sizes, "first": start, "width": end}
    return Found("LookedUp", [x, gather.inputs[0]], attributes)


def beside_others(around: Around, node: Node) -> Found | None:
    """Those vectors beside the columns that have none."""
    if node.op != "Concat" or len(node.inputs) != 2 or int(node.get("axis", 0)) != 1:
        return None
    vectors, others = around.maker(node.inputs[0], "Waves"), _columns(around, node.inputs[1])
    if vectors is not None and others is not None:
        x, start, end = others
        if x != vectors.inputs[0] or start != vectors.get("columns"):
            return None
        return Found("Waves", vectors.inputs, {**vectors.attributes, "width": end})
    others, codes = _columns(around, node.inputs[0]), around.maker(node.inputs[1], "LookedUp")
    if codes is None or others is None or others != (codes.inputs[0], 0, codes.get("first")):
        return None
    return Found("LookedUp", codes.inputs, {**codes.attributes, "first": 0})


PATTERNS = [stochastic_pool, pyramid, waves, looked_up, beside_others]


# --- how they are read


def read_stochastic_pool(reader: Any, node: Node, x: Value) -> Value:
    """StochasticPool2D."""
    x, size, stride = plain_window(node, x)
    return x.then(node.outputs[0], L.StochasticPool2D(size, stride))


def read_pyramid(reader: Any, node: Node, x: Value) -> Value:
    """SpatialPyramidPool."""
    x = as_image(without_pads(x))
    if list(x.shape[:2]) != node.get("size") or len(x.axes) != 4:
        raise Unsupported(f"its bins are of {node.get('size')} pixels, not of {x.shape[:2]}")
    spec = L.SpatialPyramidPool(node.get("levels"), node.get("mode"))
    return x.then(node.outputs[0], spec, axes=(("n",), ("f",)))


def _rows(node: Node, x: Value) -> Value:
    """Rows in their own order, as many columns as the group takes."""
    x, order = as_rows(x)
    x = reordered(x, order)
    if x.shape[0] != node.get("width"):
        raise Unsupported(f"it takes {node.get('width')} columns of {x.shape[0]}")
    return x


def read_waves(reader: Any, node: Node, x: Value) -> Value:
    """NumericEmbedding."""
    x, arrays = _rows(node, x), [reader.const(node, i) for i in (1, 2, 3, 4)]
    turns, phase, weight, bias = (a.astype(reader.dtype) for a in arrays)
    frequency = (turns.astype(np.float64) / (2 * np.pi)).astype(reader.dtype)
    spec = L.NumericEmbedding(
        len(frequency), units=weight.shape[2] + 1, frequencies=frequency.shape[1]
    )
    weights = {"frequency": frequency, "phase": phase, "weight": weight, "bias": bias}
    return x.then(node.outputs[0], spec, weights)


def read_looked_up(reader: Any, node: Node, x: Value) -> Value:
    """EmbedCategories."""
    x, table = _rows(node, x), reader.const(node, 1).astype(reader.dtype)
    if node.get("first"):
        raise Unsupported("the other columns are not taken along")
    spec = L.EmbedCategories(node.get("sizes"), units=table.shape[1])
    return x.then(node.outputs[0], spec, {"weight": table})


READERS = {
    "StochasticPool": read_stochastic_pool,
    "Pyramid": read_pyramid,
    "Waves": read_waves,
    "LookedUp": read_looked_up,
}
