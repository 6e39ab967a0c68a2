"""From one layout of a value to another: a Transpose only where an operator needs it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl.onnx.writing.graph import Graph, Value

_TO_FIRST, _TO_LAST = [0, 3, 1, 2], [0, 2, 3, 1]
_STEPS = {"steps": "ntf", "time_first": "tnf", "time_last": "nft"}  # samples, steps, features


def channels_first(graph: Graph, x: Value) -> Value:
    """An image as (n, c, h, w)."""
    if x.layout == "channels_first":
        return x
    high, wide, channels = x.shape
    if channels == 1 or high == wide == 1:  # the same bytes
        name = graph.reshape(x.name, [0, channels, high, wide])
    else:
        name = graph.add("Transpose", x.name, perm=_TO_FIRST)
    return replace(x, name=name, layout="channels_first")


def channels_last(graph: Graph, x: Value) -> Value:
    """An image as (n, h, w, c)."""
    if x.layout == "image":
        return x
    high, wide, channels = x.shape
    if channels == 1 or high == wide == 1:
        name = graph.reshape(x.name, [0, high, wide, channels])
    else:
        name = graph.add("Transpose", x.name, perm=_TO_LAST)
    return replace(x, name=name, layout="image")


def time_first(graph: Graph, x: Value) -> Value:
    """Sequences as (steps, n, features)."""
    return _steps_in(graph, x, "time_first")


def samples_first(graph: Graph, x: Value) -> Value:
    """Sequences as (n, steps, features)."""
    return _steps_in(graph, x, "steps")


def time_last(graph: Graph, x: Value) -> Value:
    """Sequences as (n, features, steps)."""
    return _steps_in(graph, x, "time_last")


def _steps_in(graph: Graph, x: Value, layout: str) -> Value:
    if x.layout == layout:
        return x
    perm = [_STEPS[x.layout].index(axis) for axis in _STEPS[layout]]
    return replace(x, name=graph.add("Transpose", x.name, perm=perm), layout=layout)


def features_last(graph: Graph, x: Value) -> Value:
    """Rows in fastdl's order, or sequences whose last axis are the features."""
    return samples_first(graph, x) if x.layout == "time_last" else rows(graph, x)


def rows(graph: Graph, x: Value) -> Value:
    """Rows in fastdl's order."""
    if x.layout != "flat":
        return x
    high, wide, channels = x.image
    image = graph.reshape(x.name, [0, channels, high, wide])
    last = graph.add("Transpose", image, perm=_TO_LAST)
    return Value(graph.reshape(last, [0, x.shape[0]]), x.shape, "rows")


def as_fastdl(graph: Graph, x: Value) -> Value:
    """In the layout that fastdl's users see."""
    change = {"flat": rows, "channels_first": channels_last}
    change |= dict.fromkeys(("time_first", "time_last"), samples_first)
    return change[x.layout](graph, x) if x.layout in change else x


def alike(graph: Graph, x: Value, other: Value) -> Value:
    """In the layout of another value of the same form."""
    if (x.layout, x.image) == (other.layout, other.image):
        return x
    change = {
        "channels_first": channels_first,
        "image": channels_last,
        "time_first": time_first,
        "time_last": time_last,
        "steps": samples_first,
        "rows": rows,
    }
    if other.layout == "flat":
        raise AssertionError("rows come into the order of fastdl first")
    return change[other.layout](graph, x)


def order(x: Value) -> NDArray[np.int64]:
    """Where, in fastdl's order, the features of rows stand that lie as `x` does."""
    features = np.arange(x.shape[-1])
    if x.layout != "flat":
        return features
    return features.reshape(x.image).transpose(2, 0, 1).ravel()


def along_channels(x: Value, array: NDArray[Any]) -> NDArray[Any]:
    """One number for each channel or feature, in a shape that broadcasts to `x` as it lies."""
    if x.layout == "channels_first":
        return array[:, np.newaxis, np.newaxis]
    if x.layout == "time_last":
        return array[:, np.newaxis]
    return array[order(x)] if x.layout == "flat" else array
