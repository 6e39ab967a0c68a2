"""Convolutions and poolings over the steps of sequences, which lie (n, features, steps)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from fastdl import layers as L
from fastdl.layers._steps import steps_before
from fastdl.onnx.reading.graph import Graph, Node
from fastdl.onnx.reading.value import Axis, Unsupported, Value, described

TIME_LAST: tuple[Axis, ...] = (("n",), ("f",), ("t",))
_WINDOWS = ("Conv", "MaxPool", "AveragePool")


def _number(node: Node, name: str, default: int = 1) -> int:
    """An attribute that has one number for the one axis."""
    values = [int(v) for v in node.get(name) or [default]]
    if len(values) != 1 or values[0] < 1:
        raise Unsupported(f"{name}={values}: of sequences, there is one axis of steps")
    return values[0]


def _steps_last(x: Value) -> Value:
    if x.axes != TIME_LAST or x.is_split:
        raise Unsupported(
            f"it takes sequences (samples, features, steps), but its input has axes {described(x)}"
        )
    return x


def _pads(node: Node, x: Value) -> tuple[Value, list[int] | None]:
    """Steps of zeros before and after, those of a Pad before it included; None as "same" does."""
    notes = {k: v for k, v in x.notes.items() if k not in ("step_pads", "centred")}
    auto, given = str(node.get("auto_pad", "NOTSET")), x.notes.get("step_pads")
    centred = "centred" in x.notes
    x = replace(x, notes=notes)
    if auto == "SAME_UPPER" and given is None and not centred:
        return x, None
    if auto.startswith("SAME"):
        raise Unsupported(f"auto_pad={auto!r}; of sequences, 'SAME_UPPER' is taken, without a Pad")
    pads = [int(p) for p in node.get("pads") or [0, 0]] if auto == "NOTSET" else [0, 0]
    if len(pads) != 2 or min(pads) < 0 or (centred and any(pads)):
        raise Unsupported(f"pads={pads}")
    if centred:
        return x, None
    return x, [a + b for a, b in zip(pads, given or [0, 0], strict=True)]


def _word(pads: Sequence[int] | None, reach: int, stride: int) -> str | None:
    """The padding of a layer that is this one for sequences of any length; None if none is."""
    if pads is None:
        return "same"
    before, after = pads
    if before == after == 0:
        return "valid"
    if before + after != reach - 1:
        return None
    if after == 0:
        return "causal"
    return "same" if before == steps_before(reach, stride) else None


def _refused(pads: Sequence[int] | None, stride: int) -> Unsupported:
    return Unsupported(
        f"pads={list(pads or [])} with strides={[stride]}: no padding of a layer is the same for "
        "sequences of any length"
    )


def conv(reader: Any, node: Node, x: Value, weight: Any, bias: Any) -> Value:
    """Conv1D; kernels (out, in, k) as (k, in, out), with zeros at an end if pads ask for them."""
    x, pads = _pads(node, _steps_last(x))
    if weight.ndim != 3:
        raise Unsupported(f"its kernels have shape {weight.shape}; of sequences, there are 3 axes")
    stride, dilation = _number(node, "strides"), _number(node, "dilations")
    kernel, size = weight.transpose(2, 1, 0), weight.shape[2]
    for more in range(size + stride + 1):  # taps that see nothing
        for before in range(more + 1):
            reach = dilation * (size + more - 1) + 1
            around = None if pads is None else _moved(pads, dilation * before, more * dilation)
            word = _word(around, reach, stride)
            if word is None:
                continue
            taps = np.pad(kernel, ((before, more - before), (0, 0), (0, 0)))
            groups = int(node.get("group", 1))
            spec = L.Conv1D(
                weight.shape[0], len(taps), stride, word, dilation, groups, bias=bias is not None
            )
            weights = {"weight": np.ascontiguousarray(taps, reader.dtype)}
            if bias is not None:
                weights["bias"] = bias.astype(reader.dtype)
            return x.then(node.outputs[0], spec, weights, called=reader.name_of(node, 1))
    raise _refused(pads, stride)


def _moved(pads: Sequence[int], before: int, whole: int) -> list[int]:
    """The padding of a kernel with so many steps more, of which some stand before."""
    return [pads[0] + before, pads[1] + whole - before]


def max_pool(reader: Any, node: Node, x: Value) -> Value:
    """MaxPool1D."""
    return _pool(node, x, L.MaxPool1D)


def average_pool(reader: Any, node: Node, x: Value) -> Value:
    """AvgPool1D; over the share of steps that are real, where padding counts."""
    y = _pool(node, x, L.AvgPool1D)
    pads = [int(p) for p in node.get("pads") or [0, 0]]
    counts = bool(node.get("count_include_pad", 0))
    if counts and (any(pads) or "centred" in x.notes):
        return replace(y, notes={**y.notes, "share_of_steps": True})
    if "centred" in x.notes:
        raise Unsupported("it counts steps that are not real")
    return y


def _pool(node: Node, x: Value, kind: Any) -> Value:
    if "step_pads" in x.notes:
        raise Unsupported("a Pad stands before it")
    x, pads = _pads(node, _steps_last(x))
    size, stride = _number(node, "kernel_shape"), _number(node, "strides")
    if _number(node, "dilations") != 1 and size > 1:
        raise Unsupported(f"dilations={node.get('dilations')}: windows without gaps are taken")
    if node.get("ceil_mode", 0) and stride > 1:
        raise Unsupported("ceil_mode=1: of sequences, windows are whole, or padded")
    word = _word(pads, size, stride)
    if word is None:
        raise _refused(pads, stride)
    return x.then(node.outputs[0], kind(size, stride, word))


def pad(x: Value, amounts: dict[int, tuple[int, int]], name: str) -> Value:
    """Zeros around the steps, which the convolution after it takes in."""
    (before, after) = amounts[x.axes.index(("t",))]
    given = x.notes.get("step_pads", [0, 0])
    notes = {**x.notes, "step_pads": [given[0] + before, given[1] + after]}
    return x.to(name, notes=notes)


def gather_nd(reader: Any, node: Node, x: Value) -> Value:
    """Sequences moved on by a padding that depends on their lengths, as the writer does it."""
    aside = node.inputs[:1] == [x.name] and reader.is_aside(node, x)
    if not (reader.is_ours and aside and node.get("batch_dims", 0) == 1) or len(x.shape) != 2:
        raise Unsupported("it takes elements by indices of several axes")
    return x.to(node.outputs[0], notes={**x.notes, "centred": True})


_MOST_STEPS = 1 << 12


def least_steps(graph: Graph) -> int:
    """A number of steps of which all windows of a graph leave at least one."""
    found = 1
    for node in reversed(graph.nodes):
        if node.op not in _WINDOWS or node.domain:
            continue
        try:
            seen, stride = _seen(graph, node)
        except (IndexError, TypeError, ValueError):  # judged where it is read
            continue
        found = min(max((found - 1) * stride + seen, 1), _MOST_STEPS)
    return found


def _seen(graph: Graph, node: Node) -> tuple[int, int]:
    """How many steps a window sees beside padding, and its stride."""
    weight = graph.constant(node.inputs[1]) if node.op == "Conv" else None
    (size,) = node.get("kernel_shape") if weight is None else weight.shape[2:]
    (stride,), (dilation,) = (node.get(what) or [1] for what in ("strides", "dilations"))
    seen = max(int(dilation), 1) * (int(size) - 1) + 1 - sum(node.get("pads") or [])
    return seen, max(int(stride), 1)
