"""Axes put in another order, together, apart and away."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fastdl import layers as L
from fastdl.onnx.reading.apart import apart, in_order
from fastdl.onnx.reading.graph import Node
from fastdl.onnx.reading.value import (
    FORMS,
    Axis,
    Unsupported,
    Value,
    as_rows,
    described,
    reordered,
)


def transpose(reader: Any, node: Node, x: Value) -> Value:
    """Axes in another order."""
    order = node.get("perm") or list(range(len(x.axes)))[::-1]
    return x.to(node.outputs[0], axes=tuple(x.axes[int(i)] for i in order))


def _axes_of(reader: Any, node: Node, rank: int) -> list[int] | None:
    axes = reader.param(node, 1, "axes")
    return None if axes is None else [int(a) % rank for a in np.reshape(axes, -1)]


def squeeze(reader: Any, node: Node, x: Value) -> Value:
    """Axes of size 1 away."""
    shape = x.onnx_shape
    gone = _axes_of(reader, node, len(shape))
    gone = [i for i, size in enumerate(shape) if size == 1] if gone is None else gone
    if any(shape[i] != 1 or "n" in x.axes[i] for i in gone):
        raise Unsupported(f"it takes away axes that are not of size 1: {described(x)}")
    return x.to(node.outputs[0], axes=tuple(a for i, a in enumerate(x.axes) if i not in gone))


def unsqueeze(reader: Any, node: Node, x: Value) -> Value:
    """Axes of size 1 more."""
    raw = reader.param(node, 1, "axes")
    if raw is None:
        raise Unsupported("its axes are not constant")
    rank = len(x.axes) + np.size(raw)
    new = [int(a) % rank for a in np.reshape(raw, -1)]
    rest = iter(x.axes)
    return x.to(node.outputs[0], axes=tuple(() if i in new else next(rest) for i in range(rank)))


def flatten(reader: Any, node: Node, x: Value) -> Value:
    """All axes from one on in one."""
    axis = int(node.get("axis", 1))
    axis += len(x.axes) if axis < 0 else 0
    before = tuple(a for lies in x.axes[:axis] for a in lies)
    after = tuple(a for lies in x.axes[axis:] for a in lies)
    return x.to(node.outputs[0], axes=(before, after))


def reshape(reader: Any, node: Node, x: Value) -> Value:
    """Axes together or apart; samples stay apart."""
    wanted = reader.param(node, 1, "shape")
    if wanted is None:
        raise Unsupported("the shape is not constant")
    shape, size = x.onnx_shape, math.prod(x.onnx_shape)
    target = [int(s) for s in np.reshape(wanted, -1)]
    if not node.get("allowzero", 0):
        target = [shape[i] if s == 0 and i < len(shape) else s for i, s in enumerate(target)]
    known = math.prod(s for s in target if s != -1)
    if -1 in target:
        target[target.index(-1)] = size // known if known else 0
    if math.prod(target) != size:
        raise Unsupported(f"it makes {target} of {described(x)}")
    return reshaped(x, node.outputs[0], target)


def reshaped(x: Value, name: str, target: Sequence[int]) -> Value:
    """In a shape, whose axes hold whole axes of the sample, or parts of a row."""
    sizes, axes = x.sizes, list[Axis]()
    waiting = [a for axis in x.axes for a in axis if a == "n" or sizes[a] > 1]
    for wanted in target:
        taken: list[str] = []
        if waiting[:1] == ["n"] and wanted == 1 == sizes["n"]:
            taken.append(waiting.pop(0))
        while waiting and math.prod(sizes[a] for a in taken) < wanted:
            taken.append(waiting.pop(0))
        if math.prod(sizes[a] for a in taken) != wanted:
            return _split(x, name, target)
        axes.append(tuple(taken))
    if waiting:
        raise Unsupported(f"it makes {list(target)} of {described(x)}")
    ones = [a for axis in x.axes for a in axis if a != "n" and sizes[a] == 1]
    if axes.count(()) == len(ones):
        rest = iter(ones)
        axes = [axis or (next(rest),) for axis in axes]
    return x.to(name, axes=tuple(axes))


def _split(x: Value, name: str, target: Sequence[int]) -> Value:
    """The features of rows in several axes."""
    if x.axes[0] != ("n",) or target[0] != x.n or len(x.shape) == 2:
        raise Unsupported(f"it makes {list(target)} of {described(x)}")
    x = _flat(x)
    names = tuple(f"part {j}" for j in range(1, len(target)))
    sizes = dict(zip(names, target[1:], strict=True))
    notes = {**x.notes, "sizes": sizes, "parts": names}
    return x.to(name, axes=(("n",), *((part,) for part in names)), notes=notes)


def _flat(x: Value) -> Value:
    """Rows in the order of ONNX's array."""
    here = tuple(a for axis in x.axes[1:] for a in axis)
    parts = x.notes["parts"] if x.is_split else FORMS[len(x.shape)]
    notes = {k: v for k, v in x.notes.items() if k not in ("sizes", "parts")}
    large = [a for a in here if x.sizes[a] > 1]
    if large != [a for a in parts if x.sizes[a] > 1]:  # turned
        if len(large) > 3 or any(len(axis) > 1 for axis in x.axes):
            y, order = as_rows(replace(x, axes=(("n",), here)))
            return reordered(y, order)
        x = in_order(apart(x))
        notes = {k: v for k, v in x.notes.items() if k not in ("sizes", "parts")}
    elif len(x.shape) == 3:
        x = x.then(x.name, L.Flatten())
    return replace(x, axes=(("n",), ("f",)), notes=notes)


def concat(reader: Any, node: Node, x: Value) -> Value:
    """Of one value alone."""
    if len(node.inputs) == 1:
        return x.to(node.outputs[0])
    raise Unsupported("it puts constants beside its input")
