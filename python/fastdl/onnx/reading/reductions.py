"""Reductions, and norms over any axes."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from fastdl import layers as L
from fastdl.onnx.reading.apart import (
    among_pixels_of,
    apart,
    bare,
    function,
    pair,
    pooled,
    without,
)
from fastdl.onnx.reading.dense import affine, by_element
from fastdl.onnx.reading.graph import Node
from fastdl.onnx.reading.joins import negative, plus, times
from fastdl.onnx.reading.value import Axis, Draft, Unsupported, Value, described

_MOST_FACTORS = 8
_TINY = 1e-30  # so that zeros stay zeros


def _over(x: Value, axes: list[int]) -> list[int]:
    """The axes, which are not that of the samples."""
    if any("n" in x.axes[i] for i in axes):
        raise Unsupported("it goes over the samples")
    if len(x.shape) == 2:
        raise Unsupported(f"it goes over an axis of {described(x)}")
    return axes


def mean(x: Value, axes: list[int]) -> Value:
    """Over some axes of ONNX's, which stay, of size 1."""
    return pooled(x, _over(x, axes), L.AvgPool2D)


def largest(x: Value, axes: list[int]) -> Value:
    """The largest, of size 1."""
    return pooled(x, _over(x, axes), L.MaxPool2D)


def total(reader: Any, x: Value, axes: list[int]) -> Value:
    """The sum, of size 1."""
    return _sum_plus(reader, x, axes, 0.0)


def _sum_plus(reader: Any, x: Value, axes: list[int], shift: float) -> Value:
    count = math.prod(x.onnx_shape[i] for i in axes)
    return affine(reader, mean(x, axes), x.name, float(count), shift)


def log_sum_exp(reader: Any, x: Value, axes: list[int]) -> Value:
    """log(sum(exp(x))), without the largest, which is added again."""
    x = apart(x)
    top = largest(bare(x), axes)
    below = plus(reader, bare(x), x.name, bare(x), negative(reader, largest(bare(x), axes)))
    log = function(total(reader, function(below, "exp"), axes), "log")
    return plus(reader, x, x.name, log, top)


def product(reader: Any, x: Value, axes: list[int]) -> Value:
    """The product of a few."""
    for i in _over(x, axes):
        size = x.onnx_shape[i]
        if size > _MOST_FACTORS:
            raise Unsupported(f"it multiplies {size} values; up to {_MOST_FACTORS} are taken")
        x = among_pixels_of(apart(x), [i])
        start, y = bare(x), None
        for k in range(size):
            high, wide = pair(x, {i: k + 1})
            around = [(0, 0), (0, 0)]
            at = 0 if x.axes[i] == ("h",) else 1
            around[at] = ((high, wide)[at] - 1, size - k - 1)
            one = start.then(x.name, L.Crop2D(tuple(around))) if size > 1 else start
            y = one if y is None else times(reader, start, x.name, y, one)
        assert y is not None
        x = replace(y, drafts=[*x.drafts, *y.drafts])
    return x


Over = Callable[[Any, Value, list[int]], Value]


def _of(before: tuple[str, float | None] | None, over: Over, after: str = "") -> Over:
    def reduce(reader: Any, x: Value, axes: list[int]) -> Value:
        x = x if before is None else function(x, *before)
        x = over(reader, x, axes) if axes else x
        return function(x, after) if after else x

    return reduce


def _smallest(reader: Any, x: Value, axes: list[int]) -> Value:
    return negative(reader, largest(negative(reader, apart(x)), axes))


_KINDS: dict[str, tuple[Over, str]] = {
    "ReduceL1": (_of(("abs", None), total), "The sum of absolute values"),
    "ReduceL2": (_of(("power", 2.0), total, "sqrt"), "The root of the sum of x^2"),
    "ReduceLogSum": (_of(None, total, "log"), "The logarithm of the sum"),
    "ReduceLogSumExp": (log_sum_exp, "The logarithm of the sum of exp(x)"),
    "ReduceMax": (_of(None, lambda reader, x, axes: largest(x, axes)), "MaxPool2D"),
    "ReduceMean": (_of(None, lambda reader, x, axes: mean(x, axes)), "AvgPool2D"),
    "ReduceMin": (_smallest, "-max(-x)"),
    "ReduceProd": (product, "A Gate for each of the values, up to 8"),
    "ReduceSum": (_of(None, total), "AvgPool2D, times the number of values"),
    "ReduceSumSquare": (_of(("power", 2.0), total), "The sum of x^2"),
}


def reduction(op: str) -> Callable[[Any, Node, Value], Value]:
    """What reads one of the ten reductions, of rows and images."""
    over, text = _KINDS[op]

    def read(reader: Any, node: Node, x: Value) -> Value:
        axes, keep = reduced_axes(reader, node, x)
        y = over(reader, x, axes) if axes or op != "ReduceLogSumExp" else x
        return without(y, axes, keep).to(node.outputs[0])

    read.__doc__ = f"{text}."
    return read


def reduced_max(reader: Any, node: Node, x: Value) -> Value:
    """Of pixels, of steps, of other axes by MaxPool2D, or of the pieces of a maxout."""
    axes, keep = reduced_axes(reader, node, x)
    names = {a for i in axes for a in x.axes[i]}
    rest = _rest(x, axes, keep)
    last = x.drafts[-1] if x.drafts else None
    if (
        x.is_split
        and names == {x.notes["parts"][-1]}
        and last is not None
        and isinstance(last.spec, L.Dense)
    ):
        units, pieces = list(x.notes["sizes"].values())
        spec = L.Maxout(units, pieces, bias=last.spec.bias)
        whole = Draft(spec, last.weights, last.name)
        notes = {k: v for k, v in x.notes.items() if k not in ("sizes", "parts")}
        rest = tuple(("f",) if a == (x.notes["parts"][0],) else a for a in rest)
        return replace(
            x,
            name=node.outputs[0],
            shape=(units,),
            axes=rest,
            drafts=[*x.drafts[:-1], whole],
            notes=notes,
        )
    return _pooled(x, node, names, rest, L.GlobalMaxPool()) or reduction("ReduceMax")(
        reader, node, x
    )


def reduced_mean(reader: Any, node: Node, x: Value) -> Value:
    """Of pixels or steps, or of other axes by AvgPool2D."""
    axes, keep = reduced_axes(reader, node, x)
    names = {a for i in axes for a in x.axes[i]}
    rest = _rest(x, axes, keep)
    return _pooled(x, node, names, rest, L.GlobalAvgPool()) or reduction("ReduceMean")(
        reader, node, x
    )


def reduced_sum(reader: Any, node: Node, x: Value) -> Value:
    """AvgPool2D, times the number of values; of steps, if it is divided by their number."""
    axes, _ = reduced_axes(reader, node, x)
    if {a for i in axes for a in x.axes[i]} != {"t"}:
        return reduction("ReduceSum")(reader, node, x)
    return x.to(node.outputs[0], notes={**x.notes, "sum_of_steps": True})


def reduced_axes(reader: Any, node: Node, x: Value) -> tuple[list[int], bool]:
    """Which axes a reduction goes over, and whether they stay."""
    axes = reader.param(node, 1, "axes")
    rank = len(x.axes)
    axes = None if axes is None else np.reshape(axes, -1)
    if axes is not None and not len(axes) and not node.get("noop_with_empty_axes", 0):
        axes = None
    found = range(rank) if axes is None else [int(a) % rank for a in axes]
    return list(found), bool(node.get("keepdims", 1))


def _rest(x: Value, gone: list[int], keep: bool) -> tuple[Axis, ...]:
    if keep:
        return tuple(() if i in gone else a for i, a in enumerate(x.axes))
    return tuple(a for i, a in enumerate(x.axes) if i not in gone)


def _pooled(
    x: Value, node: Node, names: set[str], rest: tuple[Axis, ...], spec: L.Layer
) -> Value | None:
    """All pixels or steps in one; None of other axes."""
    large = {a for a in ("h", "w", "t") if a in x.sizes and x.sizes[a] > 1}
    if not names:
        return x.to(node.outputs[0], axes=rest)
    if not large <= names <= {"h", "w", "t"} or x.is_split or len(x.shape) == 1:
        return None
    rest = tuple(
        tuple("f" if a == "c" else a for a in axis if a not in ("h", "w")) for axis in rest
    )
    return x.then(node.outputs[0], spec, axes=rest)


# --- norms


def standardised(reader: Any, x: Value, axes: list[int], eps: float, centre: bool) -> Value:
    """x, or x less its mean, by the root of the mean square over some axes."""
    x = apart(x)
    if centre:
        x = plus(reader, x, x.name, bare(x), negative(reader, mean(bare(x), axes)))
    square = mean(function(bare(x), "power", 2.0), axes)
    inverse = function(affine(reader, square, x.name, 1.0, eps), "power", -0.5)
    return times(reader, x, x.name, inverse, bare(x))


def with_gain(reader: Any, node: Node, x: Value, of: tuple[int, ...]) -> Value:
    """Times a gain, plus a shift, constants with axes of their own."""
    for i in of:
        if len(node.inputs) > i and node.inputs[i] and reader.const(node, i) is None:
            raise Unsupported("its gains are not constant")
    gain, shift = ((reader.const(node, i) if len(node.inputs) > i else None) for i in (of + of)[:2])
    if len(of) == 1:
        shift = None
    one, zero = np.ones(1), np.zeros(1)
    y = by_element(reader, x, one if gain is None else gain, zero if shift is None else shift)
    return y.to(node.outputs[0])


def rms_normalization(reader: Any, node: Node, x: Value) -> Value:
    """A Gate with one over the root of the mean of x^2, and a gain."""
    axis = int(node.get("axis", -1)) % len(x.axes)
    axes = list(range(axis, len(x.axes)))
    y = standardised(reader, x, axes, float(node.get("epsilon", 1e-5)), centre=False)
    return with_gain(reader, node, y, (1,))


def lp_normalization(reader: Any, node: Node, x: Value) -> Value:
    """UnitNorm, over the channels or features; else a Gate with one over the norm."""
    axis, p = int(node.get("axis", -1)) % len(x.axes), int(node.get("p", 2))
    if p == 2 and x.axes[axis] == (x.channel,) and not x.is_split:
        return x.then(node.outputs[0], L.UnitNorm())
    axes = _over(x, [axis])
    x = apart(x)
    if p == 1:
        norm = function(_sum_plus(reader, function(bare(x), "abs"), axes, _TINY), "power", -1.0)
    else:
        square = _sum_plus(reader, function(bare(x), "power", 2.0), axes, _TINY)
        norm = function(square, "power", -0.5)
    return times(reader, x, node.outputs[0], norm, bare(x))


def normalizer(reader: Any, node: Node, x: Value) -> Value:
    """Rows by their sum of absolute values, or by the root of their sum of x^2."""
    norm = str(node.get("norm", "MAX"))
    if norm == "MAX":
        raise Unsupported("norm='MAX'; 'L1' and 'L2' are taken")
    again = Node("LpNormalization", node.name, "", node.inputs, node.outputs, {"p": int(norm[1])})
    return lp_normalization(reader, again, x)


def log_softmax(reader: Any, node: Node, x: Value) -> Value:
    """X less the logarithm of the sum of exp(x)."""
    axis = int(node.get("axis", -1 if reader.opset >= 13 else 1)) % len(x.axes)
    axes = [axis] if reader.opset >= 13 else list(range(axis, len(x.axes)))
    x = apart(x)
    log = log_sum_exp(reader, bare(x), _over(x, axes))
    return plus(reader, x, node.outputs[0], bare(x), negative(reader, log))
