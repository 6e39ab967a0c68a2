"""What the outputs of a model are: numbers, or labels with their probabilities."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import onnx
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl.onnx.reading.apart import apart
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
    kinds, makers = graph.output_types, graph.makers()
    maps = {n: makers[n].inputs[0] for n in names if n in makers and makers[n].op == "ZipMap"}
    kinds = kinds | dict.fromkeys(maps, onnx.TensorProto.FLOAT)
    floats = [name for name in names if kinds.get(name) in _FLOATS]
    labels = [name for name in names if kinds.get(name) in _LABELS]
    if len(names) == 1:
        return Asked(maps.get(names[0], names[0]), names[0])
    if len(floats) == 1 and len(labels) == 1:
        asked = _with_labels(graph, maps.get(floats[0], floats[0]), labels[0])
        return asked._replace(output=floats[0])
    raise UnsupportedModelError(
        f"the model has {len(names)} outputs, {', '.join(map(repr, names))}, and a network has "
        f"one: pass outputs=[{names[0]!r}] or another. The backend, fastdl.onnx.backend, gives all."
    )


def _with_labels(graph: Graph, scores: str, label: str) -> Asked:
    makers, classes, names = graph.makers(), None, None
    node = makers.get(label)
    while node is not None:
        if node.op == "LabelEncoder":
            names = _encoded(node)
        if node.op == "ArrayFeatureExtractor" and graph.constant(node.inputs[0]) is not None:
            classes = graph.constants[node.inputs[0]].reshape(-1)
            break
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
    if classes is None and names is not None:
        classes = names
    inner = makers.get(scores)
    while inner is not None and inner.op in ("Identity", "Cast"):
        scores = inner.inputs[0]
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


def _encoded(node: Node) -> NDArray[Any] | None:
    """What a LabelEncoder makes of 0, 1, 2 and so on; None of other keys."""
    keys = node.get("keys_int64s") or node.get("keys_tensor")
    values = next(
        (
            node.get(f"values_{kind}")
            for kind in ("strings", "int64s", "tensor")
            if node.get(f"values_{kind}") is not None
        ),
        None,
    )
    if keys is None or values is None or list(np.reshape(keys, -1)) != list(range(len(keys))):
        return None
    return np.array([v.decode() if isinstance(v, bytes) else v for v in np.reshape(values, -1)])


def exponential(reader: Any, node: Node, x: Value) -> Value:
    """Activation('exp'); the link of counts, at the very end."""
    if node.outputs[0] not in reader.graph.outputs:
        return x.then(node.outputs[0], L.Activation("exp"))
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
    if len(x.shape) == 2:
        return _turned_steps(x)
    plain = [axis for axis in x.axes[1:] if axis]
    if x.axes == (("n",),) and math_size(x) == 1:
        x = x if len(x.shape) == 1 else x.then(x.name, L.Flatten())
        return x, None
    if len(plain) < 2 and x.axes[0] == ("n",) and (len(x.shape) == 1 or x.is_split or plain):
        flat, places = as_rows(replace(x, axes=(("n",), *plain)))
        flat = reordered(flat, places)
        order = tuple(0 if a == ("n",) else 1 if a else -1 for a in x.axes)
        return flat, None if order == (0, 1) and flat.shape != (1,) else order
    x = apart(x)
    names = ("n", *FORMS[3])
    lost = [a for a in FORMS[3] if (a,) not in x.axes and x.sizes[a] == 1]
    if lost and x.axes.count(()) == len(lost):
        ones = iter(lost)
        x = replace(x, axes=tuple(axis or (next(ones),) for axis in x.axes))
    order = tuple(names.index(axis[0]) if axis else -1 for axis in x.axes)
    return x, None if order == (0, 1, 2, 3) else order


def _turned_steps(x: Value) -> tuple[Value, tuple[int, ...] | None]:
    """`turned` for sequences."""
    names = ("n", *FORMS[2])
    if not x.is_split and x.axes.count(()) == 1 and x.shape[1] == 1 and ("f",) not in x.axes:
        x = replace(x, axes=tuple(axis or ("f",) for axis in x.axes))
    if x.is_split or len(x.axes) != 3 or any(len(axis) != 1 for axis in x.axes):
        raise Unsupported(f"the output lies in axes {described(x)}")
    order = tuple(names.index(axis[0]) for axis in x.axes)
    return x, None if order == (0, 1, 2) and x.shape[1] > 1 else order


def math_size(x: Value) -> int:
    """Numbers of a sample."""
    return int(np.prod(x.shape))
