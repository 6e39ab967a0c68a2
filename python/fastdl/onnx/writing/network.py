"""A network's layers, from its input to what its last layer gives."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from fastdl import layers as L
from fastdl.layers import Layer
from fastdl.onnx.writing import table
from fastdl.onnx.writing.graph import Graph, Value
from fastdl.onnx.writing.layouts import as_fastdl


class Port(NamedTuple):
    """An input or output of a graph: str for texts; an axis is a number or has a name."""

    name: str
    dtype: Any
    shape: tuple[int | str, ...]


class Options(NamedTuple):
    """How users want the graph; see `fastdl.to_onnx`."""

    input_name: str = "X"
    batch: str | int = "n"
    layout: str = "NHWC"
    input_dtype: Any = None  # None: that of the network
    input_axes: tuple[int, ...] | None = None  # as `fastdl.Network` has them
    output_axes: tuple[int, ...] | None = None


_FORMS = {1: "rows", 2: "steps", 3: "image"}


def entry(
    graph: Graph,
    layers: Sequence[Layer],
    shape: tuple[int, ...],
    options: Options,
    *,
    symbols: Any = None,
    unknown: int | None = None,
) -> tuple[list[Port], Value]:
    """The inputs of a network for samples of this shape, and the value that its layers begin with.

    Parameters
    ----------
    graph : Graph
    layers : list of layers
    shape : tuple of int
    options : Options
    symbols : sequence, optional
        Where X holds codes of them.
    unknown : int, optional
        The code that 1 is read as.
    """
    name, n = options.input_name, options.batch
    dtype = np.dtype(options.input_dtype or graph.dtype)
    if options.input_axes is not None and len(shape) == len(options.input_axes) - 1:
        return _turned(graph, layers, shape, options)
    if len(shape) == 1:
        port = Port(name, dtype, (n, *shape))
        return [port], Value(_as_floats(graph, name, dtype), shape, "rows")
    if len(shape) == 3:
        first = options.layout == "NCHW"
        axes = (shape[2], *shape[:2]) if first else shape
        layout = "channels_first" if first else "image"
        return [Port(name, dtype, (n, *axes))], Value(_as_floats(graph, name, dtype), shape, layout)
    steps: int | str = shape[0] if is_bound_to_steps(layers) else "steps"
    ports = [Port("lengths", np.dtype(np.int64), (n,))]
    graph.begin_sequences(name, "lengths")
    if symbols is None:
        value = Value(_as_floats(graph, name, dtype), shape, "steps", lengths="lengths")
        return [Port(name, dtype, (n, steps, shape[1])), *ports], value
    ports.insert(0, Port(name, np.dtype(np.int64), (n, steps)))
    with graph.within("symbols"):
        sequences = Value(name, shape, "steps", lengths="lengths")
        inside = graph.add(
            "Squeeze", graph.inside(sequences), graph.constant(np.array([2], np.int64))
        )
        codes = graph.add("Where", inside, name, graph.constant(np.array(0, np.int64)))
        if unknown is not None:
            one = graph.constant(np.array(1, np.int64))
            known = graph.constant(np.array(unknown, np.int64))
            codes = graph.add("Where", graph.add("Equal", codes, one), known, codes)
    return ports, Value(codes, shape, "codes", lengths="lengths")


def _turned(
    graph: Graph, layers: Sequence[Layer], shape: tuple[int, ...], options: Options
) -> tuple[list[Port], Value]:
    """`entry` for an input whose axes stand in another order."""
    axes = options.input_axes or ()
    options = options._replace(input_axes=None)
    if axes == (0, 2, 3, 1):
        return entry(graph, layers, shape, options._replace(layout="NCHW"))
    ports, x = entry(graph, layers, shape, options)
    back = [axes.index(i) for i in range(len(axes))]
    ports[0] = ports[0]._replace(shape=tuple(ports[0].shape[i] for i in back))
    if axes == (0, 2, 1) and x.layout == "steps":
        graph.begin_sequences(x.name, graph.lengths, 2)
        return ports, replace(x, layout="time_last")
    turned = graph.add("Transpose", x.name, perm=list(axes))
    if graph.lengths:
        graph.begin_sequences(turned, graph.lengths)
    return ports, replace(x, name=turned)


def _as_floats(graph: Graph, name: str, dtype: np.dtype[Any]) -> str:
    return name if dtype == graph.dtype else graph.cast(name, graph.dtype)


def is_bound_to_steps(layers: Sequence[Layer]) -> bool:
    """Whether the layers are made for one number of steps."""
    form: L._spec.Form | None = "sequences"
    for layer in layers:
        if form != "sequences":
            return False
        if any(isinstance(inner, (L.Flatten, L.Reshape)) for inner in L.walk([layer])):
            return True
        form = layer.gives(form)
    return False


def values(graph: Graph, layers: Sequence[Layer], x: Value) -> Iterator[Value]:
    """What each layer gives."""
    for layer in layers:
        x = table.write(graph, layer, x)
        yield x


def turned_back(
    graph: Graph, port: Port, name: str, axes: tuple[int, ...] | None
) -> tuple[Port, str]:
    """An output with its axes in another order."""
    if axes is None:
        return port, name
    kept = [a for a in axes if a >= 0]
    gone = [a for a in range(len(port.shape)) if a not in kept]
    if max(kept) >= len(port.shape) or any(port.shape[a] != 1 for a in gone):
        return port, name
    shape = tuple(port.shape[a] if a >= 0 else 1 for a in axes)
    if [*kept, *gone] != sorted([*kept, *gone]):
        name = graph.add("Transpose", name, perm=[*kept, *gone])
    if gone:
        at = np.arange(len(kept), len(kept) + len(gone))
        name = graph.add("Squeeze", name, graph.constant(at.astype(np.int64)))
    new = [i for i, a in enumerate(axes) if a < 0]
    if new:
        name = graph.add("Unsqueeze", name, graph.constant(np.array(new, np.int64)))
    return port._replace(shape=shape), name


def finished(graph: Graph, x: Value) -> Value:
    """In fastdl's layout, zeros past the ends of sequences."""
    x = as_fastdl(graph, x)
    return graph.masked(x) if x.layout == "steps" else x
