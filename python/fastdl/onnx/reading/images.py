"""Convolutions and poolings."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl.onnx.reading import steps
from fastdl.onnx.reading.dense import affine
from fastdl.onnx.reading.graph import Node
from fastdl.onnx.reading.moves import padded
from fastdl.onnx.reading.value import Unsupported, Value, as_image


def _pair(values: Any, is_line: bool, default: int = 1) -> list[int]:
    """Numbers for height and width."""
    values = [int(v) for v in values] if values else [default] * (1 if is_line else 2)
    values = [default, *values] if is_line else values
    if len(values) != 2:
        raise Unsupported(f"it has {len(values)} axes beside samples and channels, not 1 or 2")
    return values


def _pads(node: Node, is_line: bool) -> list[list[int]]:
    """[[top, bottom], [left, right]]."""
    pads = [int(p) for p in node.get("pads", [])] or [0] * (2 if is_line else 4)
    if min(pads) < 0:
        raise Unsupported(f"pads={pads} has negative numbers")
    half = len(pads) // 2
    sides = [[pads[i], pads[i + half]] for i in range(half)]
    return [[0, 0], *sides] if is_line else sides


def _window(node: Node, x: Value, size: list[int]) -> tuple[list[int], list[int], list[list[int]]]:
    """Stride, dilation and padding, auto_pad worked out."""
    is_line = len(x.axes) == 3
    stride = _pair(node.get("strides"), is_line)
    dilation = _pair(node.get("dilations"), is_line)
    auto, pads = node.get("auto_pad", "NOTSET"), _pads(node, is_line)
    if auto.startswith("SAME"):
        for axis in (0, 1):
            reach = dilation[axis] * (size[axis] - 1) + 1
            last = math.ceil(x.shape[axis] / stride[axis]) - 1
            total = max(last * stride[axis] + reach - x.shape[axis], 0)
            before = total // 2 if auto == "SAME_UPPER" else total - total // 2
            pads[axis] = [before, total - before]
    elif auto == "VALID":
        pads = [[0, 0], [0, 0]]
    return stride, dilation, pads


def _padding(pads: list[list[int]]) -> Any:
    if not any(map(any, pads)):
        return "valid"
    (top, bottom), (left, right) = pads
    if top == bottom == left == right:
        return top
    return (top, left) if top == bottom and left == right else pads


def _kernels(weight: NDArray[Any], is_line: bool) -> NDArray[Any]:
    """(a, b, kw) as (a, b, 1, kw)."""
    weight = weight[:, :, np.newaxis] if is_line and weight.ndim == 3 else weight
    if weight.ndim != 4:
        raise Unsupported(f"its kernels have shape {weight.shape}; of images, there are 4 axes")
    return weight


def _taken_pads(x: Value, pads: list[list[int]]) -> tuple[Value, list[list[int]]]:
    """The padding with that of a Pad before it."""
    before = x.notes.get("pads", [[0, 0], [0, 0]])
    notes = {key: v for key, v in x.notes.items() if key != "pads"}
    both = [[a + b for a, b in zip(p, q, strict=True)] for p, q in zip(pads, before, strict=True)]
    return replace(x, notes=notes), both


def conv(reader: Any, node: Node, x: Value) -> Value:
    """Conv2D, kernels (out, in, kh, kw) as (kh, kw, in, out); of sequences Conv1D."""
    weight, bias = reader.const(node, 1), reader.const(node, 2)
    if weight is None or (len(node.inputs) > 2 and node.inputs[2] and bias is None):
        raise Unsupported("its kernels are not constant")
    if len(x.shape) == 2:
        return steps.conv(reader, node, x, weight, bias)
    x = as_image(x)
    weight = _kernels(weight, len(x.axes) == 3)
    size = list(weight.shape[2:])
    stride, dilation, pads = _window(node, x, size)
    if node.get("auto_pad", "NOTSET").startswith("SAME") and "pads" in x.notes:
        raise Unsupported("a Pad and auto_pad stand before it")
    x, pads = _taken_pads(x, pads)
    spec = L.Conv2D(
        weight.shape[0],
        _short(size),
        _short(stride),
        _padding(pads),
        _short(dilation),
        int(node.get("group", 1)),
        bias=bias is not None,
    )
    weights = {"weight": np.ascontiguousarray(weight.transpose(2, 3, 1, 0), reader.dtype)}
    if bias is not None:
        weights["bias"] = bias.astype(reader.dtype)
    return x.then(node.outputs[0], spec, weights, called=reader.name_of(node, 1))


def _short(pair: list[int]) -> int | tuple[int, int]:
    return int(pair[0]) if pair[0] == pair[1] else (int(pair[0]), int(pair[1]))


def conv_transpose(reader: Any, node: Node, x: Value) -> Value:
    """Conv2DTranspose; kernels (in, out, kh, kw) as (kh, kw, out, in)."""
    weight, bias = reader.const(node, 1), reader.const(node, 2)
    if weight is None:
        raise Unsupported("its kernels are not constant")
    x = as_image(without_pads(x))
    is_line = len(x.axes) == 3
    weight = _kernels(weight, is_line)
    stride = _pair(node.get("strides"), is_line)
    dilation = _pair(node.get("dilations"), is_line)
    more = _pair(node.get("output_padding"), is_line, 0)
    pads, auto = _pads(node, is_line), node.get("auto_pad", "NOTSET")
    wanted = node.get("output_shape")
    wanted = None if wanted is None else _pair(list(wanted)[-(1 if is_line else 2) :], is_line)
    for axis in (0, 1):
        reach = dilation[axis] * (weight.shape[2 + axis] - 1) + 1
        whole = (x.shape[axis] - 1) * stride[axis] + reach
        size = x.shape[axis] * stride[axis] if auto.startswith("SAME") else None
        size = wanted[axis] if wanted is not None else size
        if auto == "VALID" and wanted is None:
            pads[axis] = [0, 0]
        if size is None:
            continue
        total = whole + more[axis] - size
        if total < 0:
            more[axis], total = more[axis] - total, 0
        after = total - total // 2 if auto == "SAME_UPPER" else total // 2
        pads[axis] = [total - after, after]
    for axis in (0, 1):  # output_padding takes less padding at the end
        taken = min(more[axis], pads[axis][1]) if more[axis] >= stride[axis] else 0
        more[axis], pads[axis][1] = more[axis] - taken, pads[axis][1] - taken
    group = int(node.get("group", 1))
    spec = L.Conv2DTranspose(
        weight.shape[1] * group,
        _short(list(weight.shape[2:])),
        _short(stride),
        _padding(pads),
        _short(more),
        _short(dilation),
        group,
        bias=bias is not None,
    )
    try:
        spec.check()
    except ValueError as error:
        raise Unsupported(str(error)) from error
    weights = {"weight": np.ascontiguousarray(weight.transpose(2, 3, 1, 0), reader.dtype)}
    if bias is not None:
        weights["bias"] = bias.astype(reader.dtype)
    return x.then(node.outputs[0], spec, weights, called=reader.name_of(node, 1))


def _pool(node: Node, x: Value) -> tuple[Value, list[int], list[int], list[list[int]], bool]:
    """The image, window, stride and padding; whether ceil_mode has added to it."""
    x = as_image(without_pads(x))
    size = _pair(node.get("kernel_shape"), len(x.axes) == 3)
    stride, dilation, pads = _window(node, x, size)
    if any(d != 1 and s != 1 for d, s in zip(dilation, size, strict=True)):
        raise Unsupported(f"dilations={dilation}: windows without gaps are taken")
    added = False
    for axis in (0, 1):
        room = x.shape[axis] + sum(pads[axis]) - size[axis]
        if not node.get("ceil_mode", 0) or room % stride[axis] == 0:
            continue
        outputs = math.ceil(room / stride[axis]) + 1
        if (outputs - 1) * stride[axis] >= x.shape[axis] + pads[axis][0]:
            continue
        pads[axis][1] += (outputs - 1) * stride[axis] - room
        added = True
    return x, size, stride, pads, added


def plain_window(node: Node, x: Value) -> tuple[Value, Any, Any]:
    """The image, window and stride of a pooling; Unsupported if it is padded."""
    x, size, stride, pads, _ = _pool(node, x)
    if any(map(any, pads)):
        raise Unsupported(f"pads={pads}")
    return x, _short(size), _short(stride)


def max_pool(reader: Any, node: Node, x: Value) -> Value:
    """MaxPool2D; of sequences MaxPool1D."""
    if len([name for name in node.outputs if name]) > 1:
        raise Unsupported("its second output, the places of the largest values, is asked for")
    if len(x.shape) == 2:
        return steps.max_pool(reader, node, x)
    x, size, stride, pads, _ = _pool(node, x)
    padding = _padding(pads) if any(map(any, pads)) else 0
    spec = L.MaxPool2D(_short(size), _short(stride), padding)
    return x.then(node.outputs[0], spec)


def average_pool(reader: Any, node: Node, x: Value) -> Value:
    """AvgPool2D, of sequences AvgPool1D; with gaps in the window a frozen convolution."""
    if len(x.shape) == 2:
        return steps.average_pool(reader, node, x)
    if any(d != 1 for d in node.get("dilations") or []):
        return _pool_with_gaps(reader, node, as_image(x))
    x, size, stride, pads, added = _pool(node, x)
    counts = bool(node.get("count_include_pad", 0))
    if counts and added:
        raise Unsupported("ceil_mode with count_include_pad counts a part of the padding")
    padding = _padding(pads) if any(map(any, pads)) else 0
    spec = L.AvgPool2D(_short(size), _short(stride), padding, counts or padding == 0)
    return x.then(node.outputs[0], spec)


def _pool_with_gaps(reader: Any, node: Node, x: Value) -> Value:
    size = _pair(node.get("kernel_shape"), len(x.axes) == 3)
    stride, dilation, pads = _window(node, x, size)
    reach = [d * (s - 1) + 1 for d, s in zip(dilation, size, strict=True)]
    rest = [(x.shape[i] - reach[i]) % stride[i] for i in (0, 1)]
    if any(map(any, pads)) or (node.get("ceil_mode", 0) and any(rest)):
        raise Unsupported(f"dilations={dilation} with padding or ceil_mode")
    channels = x.shape[2]
    weight = np.full((*size, 1, channels), 1 / (size[0] * size[1]), reader.dtype)
    spec = L.Conv2D(
        channels,
        _short(size),
        _short(stride),
        dilation=_short(dilation),
        groups=channels,
        bias=False,
        trainable=False,
    )
    return x.then(node.outputs[0], spec, {"weight": weight})


def global_pool(spec: Any) -> Any:
    """What reads an operator that leaves one value for each channel."""

    def read(reader: Any, node: Node, x: Value) -> Value:
        if len(x.shape) == 2 and x.axes == steps.TIME_LAST:
            return x.then(node.outputs[0], spec(), axes=(("n",), ("f",), ()))
        x = as_image(without_pads(x))
        ones: tuple[tuple[str, ...], ...] = ((),) * (len(x.axes) - 2)
        return x.then(node.outputs[0], spec(), axes=(("n",), ("f",), *ones))

    read.__doc__ = f"{spec.__name__}."
    return read


def pad(reader: Any, node: Node, x: Value) -> Value:
    """Zeros that the convolution after it takes in; else Pad2D, and Crop2D of what is negative."""
    amounts = reader.param(node, 1, "pads")
    value = reader.param(node, 2, "value")
    if amounts is None:
        raise Unsupported("how much it adds is not constant")
    axes = reader.const(node, 3)
    rank = len(x.axes)
    amounts = [int(a) for a in np.asarray(amounts).reshape(-1)]
    where = range(rank) if axes is None else [int(a) % rank for a in axes]
    half = len(amounts) // 2
    wanted = {axis: (amounts[i], amounts[i + half]) for i, axis in enumerate(where)}
    wanted = {axis: both for axis, both in wanted.items() if any(both)}
    mode = str(node.get("mode", "constant"))
    fill = 0.0 if value is None else float(np.asarray(value).reshape(-1)[0])
    zeros = (
        mode == "constant" and fill == 0 and min((min(b) for b in wanted.values()), default=0) >= 0
    )
    if zeros and wanted and {x.axes[axis] for axis in wanted} == {("t",)}:
        return steps.pad(x, wanted, node.outputs[0])
    if not zeros or not all(x.axes[axis] in (("h",), ("w",)) for axis in wanted):
        return padded(without_pads(x), wanted, mode, fill).to(node.outputs[0])
    if not wanted:
        return x.to(node.outputs[0])
    found = [wanted.get(x.axes.index((a,)) if (a,) in x.axes else -1, (0, 0)) for a in "hw"]
    before = x.notes.get("pads", [[0, 0], [0, 0]])
    both = [[a + b for a, b in zip(p, q, strict=True)] for p, q in zip(found, before, strict=True)]
    return x.to(node.outputs[0], notes={**x.notes, "pads": both})


def without_pads(x: Value) -> Value:
    """With the padding that was noted as a Pad2D."""
    pads = x.notes.get("pads")
    if pads is None:
        return x
    notes = {key: v for key, v in x.notes.items() if key != "pads"}
    spec = L.Pad2D(tuple(map(tuple, pads)))
    return replace(replace(x, notes=notes).then(x.name, spec), axes=x.axes)


_MOST_SHUFFLED = 8192  # channels, whose order is a matrix


def channel_shuffle(reader: Any, node: Node, x: Value) -> Value:
    """A frozen 1x1 convolution that puts channels in another order."""
    x = as_image(without_pads(x))
    groups, channels = int(node.get("groups")), x.shape[2]
    if groups < 1 or channels % groups or channels > _MOST_SHUFFLED:
        raise Unsupported(f"it makes {groups} groups of {channels} channels")
    order = np.arange(channels).reshape(groups, -1).T.ravel()
    return _in_channel_order(reader, x, order).to(node.outputs[0])


def depth_to_space(reader: Any, node: Node, x: Value) -> Value:
    """PixelShuffle; with mode="DCR" the channels are put in its order before."""
    x, b = as_image(without_pads(x)), int(node.get("blocksize"))
    channels = x.shape[2]
    if node.get("mode", "DCR") != "CRD":
        if b < 1 or channels % (b * b) or channels > _MOST_SHUFFLED:
            raise Unsupported(f"it makes squares of {b} pixels of {channels} channels")
        order = np.arange(channels).reshape(b * b, -1).T.ravel()
        x = _in_channel_order(reader, x, order)
    return x.then(node.outputs[0], L.PixelShuffle(b))


def _in_channel_order(reader: Any, x: Value, order: Any) -> Value:
    weight = np.eye(len(order), dtype=reader.dtype)[:, order]
    spec = L.Conv2D(len(order), 1, bias=False, trainable=False)
    return x.then(x.name, spec, {"weight": weight[np.newaxis, np.newaxis]})


def lp_pool(reader: Any, node: Node, x: Value) -> Value:
    """AvgPool2D of absolute values to the power p, times the window's size, to the power 1/p."""
    p = float(node.get("p", 2))
    x = x.then(x.name, L.Activation("abs")) if p % 2 else x
    x = x if p == 1 else x.then(x.name, L.Activation("power", p))
    size = math.prod(int(s) for s in node.get("kernel_shape"))
    mean = Node("AveragePool", node.name, "", [x.name], [x.name], dict(node.attributes))
    mean.attributes["count_include_pad"] = 1
    x = affine(reader, average_pool(reader, mean, x), x.name, float(size), 0.0)
    return (
        x.to(node.outputs[0]) if p == 1 else x.then(node.outputs[0], L.Activation("power", 1 / p))
    )
