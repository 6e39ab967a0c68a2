"""From one layout of a value to another: a Transpose only where an operator needs it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl.onnx.writing.graph import Graph, Value

_TO_FIRST, _TO_LAST, _SWAP = [0, 3, 1, 2], [0, 2, 3, 1], [1, 0, 2]


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
    if x.layout == "time_first":
        return x
    return replace(x, name=graph.add("Transpose", x.name, perm=_SWAP), layout="time_first")


def samples_first(graph: Graph, x: Value) -> Value:
    """Sequences as (n, steps, features)."""
    if x.layout == "steps":
        return x
    return replace(x, name=graph.add("Transpose", x.name, perm=_SWAP), layout="steps")


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
    change = {"flat": rows, "time_first": samples_first, "channels_first": channels_last}
    return change[x.layout](graph, x) if x.layout in change else x


def alike(graph: Graph, x: Value, other: Value) -> Value:
    """In the layout of another value of the same form."""
    if (x.layout, x.image) == (other.layout, other.image):
        return x
    change = {
        "channels_first": channels_first,
        "image": channels_last,
        "time_first": time_first,
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
    return array[order(x)] if x.layout == "flat" else array
