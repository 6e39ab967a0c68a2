"""Branches that meet in a node."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fastdl import layers as L
from fastdl.layers import Layer
from fastdl.onnx.reading.apart import (
    IMAGE,
    apart,
    bare,
    function,
    joined,
    repeated,
    specs,
    swapped,
    with_axes,
)
from fastdl.onnx.reading.dense import affine
from fastdl.onnx.reading.graph import Node
from fastdl.onnx.reading.value import Draft, Unsupported, Value, as_rows, described

Ends = list[Value]


def are_alike(ends: Ends) -> bool:
    """Whether values lie alike, and are of one size."""
    first = ends[0]
    return all(
        e.axes == first.axes and e.shape == first.shape and not e.is_split and not first.is_split
        for e in ends
    )


def same_rows(ends: Ends) -> Ends | None:
    """As rows of as many features in one order, if they are such."""
    try:
        found = [as_rows(end) for end in ends]
    except Unsupported:
        return None
    (first, order), *_ = found
    alike = all(x.shape == first.shape and np.array_equal(o, order) for x, o in found)
    if not alike or not np.array_equal(order, np.arange(len(order))):
        return None
    if any(len(end.axes) != len(ends[0].axes) for end in ends):
        return None
    return [x for x, _ in found]


def aligned(ends: Ends) -> Ends:
    """As images whose axes lie alike, and may be of size 1 where others are larger.

    Raises
    ------
    Unsupported
        If they cannot lie so.
    """
    rank = max(len(end.axes) for end in ends)
    ends = [apart(end) for end in ends]
    if any(len(end.axes) != rank for end in ends):
        raise Unsupported(
            "its branches have different numbers of axes: " + "; ".join(map(described, ends))
        )
    place: dict[int, str] = {}
    for end in sorted(ends, key=lambda e: -int(np.prod(e.shape))):
        for i, axis in enumerate(end.axes[1:], 1):
            if axis and end.sizes[axis[0]] > 1 and i not in place:
                name = axis[0] if axis[0] not in place.values() else ""
                place[i] = name or next((a for a in IMAGE if a not in place.values()), "")
    if "" in place.values() or len(place) > 3:
        raise Unsupported("its branches lie in different axes: " + "; ".join(map(described, ends)))
    return [_placed(end, place) for end in ends]


def _placed(end: Value, place: dict[int, str]) -> Value:
    """Turned so that each axis of ONNX's holds the one of the image that is meant for it."""
    source = {
        place[i]: axis[0]
        for i, axis in enumerate(end.axes)
        if i in place and axis and end.sizes[axis[0]] > 1
    }
    rest = [a for a in IMAGE if a not in source.values()]
    order = [source.get(a, "") for a in IMAGE]
    for i, a in enumerate(order):
        if not a:
            kept = IMAGE[i] if IMAGE[i] in rest else rest[0]
            rest.remove(kept)
            order[i] = kept
    end = with_axes(end, order)
    axes = tuple(
        ("n",) if i == 0 else (place[i],) if i in place else () for i in range(len(end.axes))
    )
    return replace(end, axes=axes)


def alike(ends: Ends) -> Ends:
    """In one shape: what is of size 1 where others are larger is repeated."""
    rows = None if are_alike(ends) else same_rows(ends)
    if rows is not None:
        return rows
    if are_alike(ends):
        return ends
    ends = aligned(ends)
    whole = [max(sizes) for sizes in zip(*(e.onnx_shape for e in ends), strict=True)]
    found = []
    for end in ends:
        wrong = [
            i for i, (s, w) in enumerate(zip(end.onnx_shape, whole, strict=True)) if s not in (1, w)
        ]
        if wrong:
            raise Unsupported(
                "its branches have different shapes: " + ", ".join(str(e.onnx_shape) for e in ends)
            )
        times = {i: w for i, (s, w) in enumerate(zip(end.onnx_shape, whole, strict=True)) if s != w}
        found.append(repeated(end, times))
    if not are_alike(found):
        found = aligned(found)
    return found


def residual_spec(first: Sequence[Draft], second: Sequence[Draft]) -> Layer:
    """The layer of two branches."""
    return L.Residual([d.spec for d in first], [d.spec for d in second] or None)


def plus(reader: Any, x: Value, name: str, first: Value, second: Value) -> Value:
    """The sum of two branches that begin at x."""
    first, second = alike([first, second])
    if not first.drafts and not second.drafts:
        return replace(affine(reader, x, name, 2.0, 0.0), axes=first.axes, notes=first.notes)
    if not first.drafts:
        first, second = second, first
    return joined(x, name, residual_spec(first.drafts, second.drafts), [first, second])


def times(reader: Any, x: Value, name: str, first: Value, second: Value) -> Value:
    """The product of two branches that begin at x."""
    if not first.drafts and not second.drafts:
        return function(x, "power", 2.0).to(name)
    gates = _gates_of_channels(first, second) or _gates_of_channels(second, first)
    if gates is not None:
        first, second = gates
    else:
        rows = None if are_alike([first, second]) else same_rows([first, second])
        if rows is not None:
            first, second = rows
        elif not are_alike([first, second]):
            first, second = _gated(*aligned([first, second]))
    if not first.drafts or (second.drafts and _size(first) > _size(second)):
        first, second = second, first
    spec = L.Gate(specs(first), specs(second) or None)
    larger = max((first, second), key=_size)
    y = joined(x, name, spec, [first, second])
    return replace(y, axes=larger.axes, notes=larger.notes)


def _size(x: Value) -> int:
    return int(np.prod(x.shape))


def _gates_of_channels(gate: Value, image: Value) -> tuple[Value, Value] | None:
    """Rows of features beside an image of as many channels, if they lie so."""
    if len(gate.shape) != 1 or len(image.shape) != 3 or gate.is_split or image.is_split:
        return None
    if len(gate.axes) != len(image.axes) or gate.shape[0] != image.shape[2]:
        return None
    lies = all(
        g == i or (g == ("f",) and i == ("c",)) or (g == () and len(i) == 1)
        for g, i in zip(gate.axes, image.axes, strict=True)
    )
    return (gate, image) if lies and ("f",) in gate.axes and image.axes[0] == ("n",) else None


def _gated(first: Value, second: Value) -> tuple[Value, Value]:
    """Two images of which one is as large as the other, or of size 1."""
    for small, large in ((first, second), (second, first)):
        sizes = zip(small.shape, large.shape, strict=True)
        if all(s in (1, size) for s, size in sizes):
            return first, second
    first, second = alike([first, second])
    return first, second


# --- readers of nodes


def added(reader: Any, node: Node, x: Value, ends: Ends) -> Value:
    """A sum of two, or of more."""
    return _folded(reader, node, x, ends, plus)


def subtracted(reader: Any, node: Node, x: Value, ends: Ends) -> Value:
    """A sum with the second turned round."""
    first, second = ends
    return plus(reader, x, node.outputs[0], first, negative(reader, second))


def negative(reader: Any, x: Value) -> Value:
    """-x."""
    return affine(reader, x, x.name, -1.0, 0.0)


def multiplied(reader: Any, node: Node, x: Value, ends: Ends) -> Value:
    """A Gate."""
    return _folded(reader, node, x, ends, times)


def divided(reader: Any, node: Node, x: Value, ends: Ends) -> Value:
    """A Gate with one over the second."""
    first, second = ends
    return times(reader, x, node.outputs[0], first, function(second, "power", -1.0))


def averaged(reader: Any, node: Node, x: Value, ends: Ends) -> Value:
    """Their sum by their number."""
    y = _folded(reader, node, x, ends, plus)
    return affine(reader, y, node.outputs[0], 1 / len(ends), 0.0)


def largest(reader: Any, x: Value, name: str, first: Value, second: Value) -> Value:
    """The larger of two branches: a + relu(b - a)."""
    first, second = alike([first, second])
    inner = bare(x)
    difference = plus(reader, inner, x.name, second, negative(reader, first))
    return plus(reader, x, name, first, function(difference, "relu"))


def smallest(reader: Any, x: Value, name: str, first: Value, second: Value) -> Value:
    """The smaller of two branches: a - relu(a - b)."""
    first, second = alike([first, second])
    inner = bare(x)
    difference = plus(reader, inner, x.name, first, negative(reader, second))
    return plus(reader, x, name, first, negative(reader, function(difference, "relu")))


def maximum(reader: Any, node: Node, x: Value, ends: Ends) -> Value:
    """A + relu(b - a)."""
    return _folded(reader, node, x, ends, largest)


def minimum(reader: Any, node: Node, x: Value, ends: Ends) -> Value:
    """A - relu(a - b)."""
    return _folded(reader, node, x, ends, smallest)


def _folded(reader: Any, node: Node, x: Value, ends: Ends, join: Callable[..., Value]) -> Value:
    """Two at a time, from the last on."""
    while len(ends) > 2:
        ends = [*ends[:-2], join(reader, bare(x), ends[-2].name, ends[-2], ends[-1])]
    return join(reader, x, node.outputs[0], *ends)


def concatenated(reader: Any, node: Node, x: Value, ends: Ends) -> Value:
    """Side by side in their channels or features; along other axes these are turned before."""
    axis = int(node.get("axis", 1))
    axis += len(ends[0].axes) if axis < 0 else 0
    first = ends[0]
    plain = all(e.axes == first.axes and not e.is_split for e in ends)
    if not plain or first.axes[axis] != (first.channel,):
        ends = _beside(ends, axis)
    spec = L.Concat([specs(end) for end in ends])
    return joined(x, node.outputs[0], spec, ends)


def _beside(ends: Ends, axis: int) -> Ends:
    """With the axis that they stand beside each other in as channels, or features of rows."""
    rows = []
    for end in ends:
        try:
            found, order = as_rows(end)
        except Unsupported:
            break
        if end.axes[axis : axis + 1] != ((),) and np.array_equal(order, np.arange(len(order))):
            rows.append(found)
    if len(rows) == len(ends) and len(ends[0].axes) == 2:
        return rows
    turned: Ends = []
    for end in aligned([apart(end) for end in ends]):
        if not end.axes[axis]:
            used = {a for other in end.axes for a in other}
            free = [a for a in IMAGE if a not in used]
            if not free:
                raise Unsupported(f"it goes along an axis more than three: {described(end)}")
            axes = list(end.axes)
            axes[axis] = (free[-1],)
            end = replace(end, axes=tuple(axes))
        here = end.axes[axis][0]
        turned.append(end if here == "c" else swapped(end, here, "c"))
    if any(end.axes != turned[0].axes for end in turned):
        raise Unsupported(
            "its branches lie in different axes: " + "; ".join(map(described, turned))
        )
    return turned


JOINS: dict[str, Callable[[Any, Node, Value, Ends], Value]] = {
    "Add": added,
    "Sum": added,
    "Mean": averaged,
    "Sub": subtracted,
    "Mul": multiplied,
    "Div": divided,
    "Max": maximum,
    "Min": minimum,
    "Concat": concatenated,
}
