"""What the outputs of a model are: numbers, or labels with their probabilities."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl.onnx.reading.errors import UnsupportedModelError
from fastdl.onnx.reading.graph import Graph, Node
from fastdl.onnx.reading.value import (
    FORMS,
    Unsupported,
    Value,
    as_rows,
    described,
    reordered,
)

_FLOATS = (onnx.TensorProto.FLOAT, onnx.TensorProto.DOUBLE, onnx.TensorProto.FLOAT16)
_LABELS = (onnx.TensorProto.INT64, onnx.TensorProto.INT32, onnx.TensorProto.STRING)


class Asked(NamedTuple):
    """The value that the layers are to give, and the labels that it stands for."""

    name: str
    output: str
    classes: NDArray[Any] | None = None


def asked_for(graph: Graph, outputs: Any) -> Asked:
    """Which output, and what it stands for.

    Raises
    ------
    UnsupportedModelError
        If there are several, and none is asked for.
    """
    outputs = [outputs] if isinstance(outputs, str) else outputs
    names = graph.outputs if outputs is None else list(outputs)
    if not names or any(name not in graph.outputs for name in names):
        raise UnsupportedModelError(
            f"outputs={names!r}: the model has the outputs {', '.join(map(repr, graph.outputs))}."
        )
    kinds = graph.output_types
    floats = [name for name in names if kinds.get(name) in _FLOATS]
    labels = [name for name in names if kinds.get(name) in _LABELS]
    if len(names) == 1:
        return Asked(names[0], names[0])
    if len(floats) == 1 and len(labels) == 1:
        return _with_labels(graph, floats[0], labels[0])
    raise UnsupportedModelError(
        f"the model has {len(names)} outputs, {', '.join(map(repr, names))}, and a network has "
        f"one: pass outputs=[{names[0]!r}] or another. The backend, fastdl.onnx.backend, gives all."
    )


def _with_labels(graph: Graph, scores: str, label: str) -> Asked:
    makers, classes = graph.makers(), None
    node = makers.get(label)
    while node is not None:
        if node.op == "Gather" and graph.constant(node.inputs[0]) is not None:
            classes = graph.constants[node.inputs[0]]
            break
        if node.op == "Greater":  # of one output for two classes, or of several that are yes or no
            binary = makers.get(node.inputs[0])
            node = node if binary is not None and binary.op == "Squeeze" else None
            break
        if node.op == "ArgMax" or not node.inputs:
            break
        place = 1 if node.op == "Where" else 0
        node = makers.get(node.inputs[place])
    if node is None and classes is None:
        return Asked(scores, scores)
    inner = makers.get(scores)
    if inner is not None and inner.op == "Concat" and len(inner.inputs) == 2:
        no, yes = inner.inputs
        minus = makers.get(no)
        if minus is not None and minus.op == "Sub" and minus.inputs[1] == yes:
            return Asked(yes, scores, np.arange(2) if classes is None else classes)
    if inner is not None and inner.op == "Where" and len(inner.inputs) == 3:
        below = makers.get(inner.inputs[1])  # zeros past the ends of sequences
        if below is not None and below.op == "Concat":
            minus = makers.get(below.inputs[0])
            if minus is not None and minus.op == "Sub":
                found = np.arange(2) if classes is None else classes
                return Asked(below.inputs[1], scores, found)
    return Asked(scores, scores, classes if classes is not None else np.empty(0))


def exponential(reader: Any, node: Node, x: Value) -> Value:
    """The link of counts, at the very end."""
    if node.outputs[0] not in reader.graph.outputs:
        raise Unsupported("no layer takes exponentials within a network")
    return x.to(node.outputs[0], notes={**x.notes, "link": "exp"})


def linked(x: Value) -> tuple[Value, str]:
    """Without the softmax or sigmoid at the end, which belongs to the loss."""
    if "link" in x.notes:
        return x, str(x.notes["link"])
    last = x.drafts[-1].spec if x.drafts else None
    function = last.function if isinstance(last, L.Activation) else ""
    if len(x.drafts) > 1 and function in ("softmax", "sigmoid"):
        return replace(x, drafts=x.drafts[:-1]), function
    return x, ""


def turned(x: Value) -> tuple[Value, tuple[int, ...] | None]:
    """The value with a sample's axes apart, and how those of the answers are to be put.

    Raises
    ------
    Unsupported
        If they lie in a way that a network's answers do not.
    """
    names = FORMS[len(x.shape)]
    lost = [a for a in names if not x.is_split and x.sizes[a] == 1 and (a,) not in x.axes]
    if lost and x.axes.count(()) == len(lost):
        ones = iter(lost)
        x = replace(x, axes=tuple(axis or (next(ones),) for axis in x.axes))
    if x.is_split and x.axes == (("n",), *((part,) for part in x.notes["parts"])):
        shape = tuple(x.notes["sizes"].values())
        if len(shape) == 3:  # rows as images
            axes: tuple[tuple[str, ...], ...] = (("n",), ("h",), ("w",), ("c",))
            x = replace(x, notes={}).then(x.name, L.Reshape(shape), axes=axes)
            names = FORMS[3]
    if x.is_split:
        raise Unsupported(f"the output is of parts: {described(x)}")
    plain = [axis for axis in x.axes if axis]
    apart = all(len(axis) == 1 for axis in plain)
    if apart and len(plain) == len(names) + 1 == len(x.axes):
        order = tuple(("n", *names).index(axis[0]) for axis in x.axes)
        is_one = x.shape[-1] == 1 and len(x.shape) < 3
        return x, None if order == tuple(range(len(order))) and not is_one else order
    if len(plain) == 1 and math_size(x) == 1 and x.axes == (("n",),):
        return x, None
    flat, places = as_rows(replace(x, axes=tuple(plain)))
    flat = reordered(flat, places)
    if len(x.axes) == 2:
        return flat, (0, 1) if flat.shape == (1,) else None
    if len(x.axes) == 4 and len(plain) <= 2:
        image = flat.then(flat.name, L.Reshape((1, 1, flat.shape[0])))
        rest = iter((1, 2))
        where = [0 if a == ("n",) else 3 if a else next(rest) for a in x.axes]
        if 3 not in where:
            raise Unsupported(f"the output lies in axes {described(x)}")
        return image, tuple(where)
    raise Unsupported(f"the output lies in axes {described(x)}")


def math_size(x: Value) -> int:
    """Numbers of a sample."""
    return int(np.prod(x.shape))
