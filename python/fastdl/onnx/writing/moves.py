"""What pads, crops, resizes and turns images."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastdl import layers as L
from fastdl.onnx.writing.graph import Graph, Value
from fastdl.onnx.writing.layouts import channels_first, channels_last

_MODES = {"nearest": "nearest", "bilinear": "linear", "bicubic": "cubic"}


def pad2d(graph: Graph, layer: L.Pad2D, x: Value) -> Value:
    """Pad, perhaps several times; what is wrapped round is cut out and put beside."""
    x = channels_first(graph, x)
    (top, bottom), (left, right) = layer.sides
    shape = (x.shape[0] + top + bottom, x.shape[1] + left + right, x.shape[2])
    if layer.mode == "wrap":
        return Value(_wrapped(graph, layer, x), shape, "channels_first")
    more, name, size = [top, left, bottom, right], x.name, list(x.shape[:2])
    if layer.mode == "reflect":  # the mirror image of one pixel is that pixel
        alone = [m if size[i % 2] == 1 else 0 for i, m in enumerate(more)]
        if any(alone):
            name = _pad(graph, name, alone, "edge")
            more = [m - a for m, a in zip(more, alone, strict=True)]
            size = [s + alone[i] + alone[i + 2] for i, s in enumerate(size)]
    while any(more):
        most = [s - 1 if layer.mode == "reflect" else s + max(more) for s in size]
        now = [min(m, most[i % 2]) for i, m in enumerate(more)]
        name = _pad(graph, name, now, layer.mode, layer.value)
        size = [s + now[i] + now[i + 2] for i, s in enumerate(size)]
        more = [m - n for m, n in zip(more, now, strict=True)]
    return Value(name, shape, "channels_first")


def _pad(graph: Graph, x: str, sides: list[int], mode: str, value: float = 0.0) -> str:
    amounts = graph.constant(np.array([0, 0, *sides[:2], 0, 0, *sides[2:]], np.int64))
    if mode != "constant":
        return graph.add("Pad", x, amounts, mode=mode)
    return graph.add("Pad", x, amounts, graph.constant(np.array(value, graph.dtype)))


def _wrapped(graph: Graph, layer: L.Pad2D, x: Value) -> str:
    """Both ends beside each other, as opsets before 19 have no such padding."""
    name = x.name
    for axis, (before, after) in enumerate(layer.sides, 2):
        size = x.shape[axis - 2]
        if max(before, after) > size:
            raise _refused(layer, "it repeats the image more than once")
        parts = [name]
        if before:
            parts.insert(0, _cut(graph, name, axis, size - before, size))
        if after:
            parts.append(_cut(graph, name, axis, 0, after))
        name = graph.add("Concat", *parts, axis=axis) if len(parts) > 1 else name
    return name


def _cut(graph: Graph, x: str, axis: int, start: int, end: int) -> str:
    bounds = (graph.constant(np.array([v], np.int64)) for v in (start, end, axis))
    return graph.add("Slice", x, *bounds)


def _refused(layer: L.Layer, why: str) -> TypeError:
    return TypeError(f"{layer.who} has no form in ONNX: {why}.")


def crop2d(graph: Graph, layer: L.Crop2D, x: Value) -> Value:
    """Slice."""
    x = channels_first(graph, x)
    (top, bottom), (left, right) = layer.sides
    shape = (x.shape[0] - top - bottom, x.shape[1] - left - right, x.shape[2])
    bounds = ([top, left], [top + shape[0], left + shape[1]], [2, 3])
    inputs = [graph.constant(np.array(value, np.int64)) for value in bounds]
    return Value(graph.add("Slice", x.name, *inputs), shape, "channels_first")


def resize2d(graph: Graph, layer: L.Resize2D, x: Value) -> Value:
    """Resize."""
    x = channels_first(graph, x)
    high, wide = layer.to_dict()["size"]
    options: dict[str, Any] = {
        "mode": _MODES[layer.interpolation],
        "coordinate_transformation_mode": layer.coordinates,
        "nearest_mode": layer.rounding if layer.interpolation == "nearest" else None,
        "cubic_coeff_a": float(layer.cubic) if layer.interpolation == "bicubic" else None,
        "exclude_outside": 1 if layer.exclude_outside else None,
        "antialias": 1 if layer.antialias else None,
    }
    if layer.antialias and graph.opset < 18:
        raise _refused(layer, "antialias=True is known from opset 18 on; pass opset=18")
    if layer.coordinates == "half_pixel_symmetric" and graph.opset < 19:
        raise _refused(layer, "half_pixel_symmetric is known from opset 19 on; pass opset=19")
    given = [layer.height_scale, layer.width_scale]
    if given != [None, None]:
        scales = [s or t / f for s, t, f in zip(given, (high, wide), x.shape[:2], strict=True)]
        scale = graph.constant(np.array([1, 1, *scales], np.float32), dtype=np.float32)
        name = graph.add("Resize", x.name, "", scale, **options)
    else:
        size = graph.constant(np.array([high, wide], np.int64))
        shape = graph.add("Shape", x.name)
        ends = [graph.constant(np.array([i], np.int64)) for i in (0, 2)]
        first = graph.add("Slice", shape, *ends)
        whole = graph.add("Concat", first, size, axis=0)
        name = graph.add("Resize", x.name, "", "", whole, **options)
    return Value(name, (high, wide, x.shape[2]), "channels_first")


def transpose(graph: Graph, layer: L.Transpose, x: Value) -> Value:
    """Transpose, of an image as fastdl has it."""
    x = channels_last(graph, x)
    axes = layer.to_dict()["axes"]
    shape = tuple(x.shape[a] for a in axes)
    return Value(graph.add("Transpose", x.name, perm=[0, *(a + 1 for a in axes)]), shape, "image")
