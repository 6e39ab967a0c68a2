"""Convolutions, poolings and their ways back, on (n, c, h, w)."""

from __future__ import annotations

from typing import Any

import numpy as np

from fastdl import layers as L
from fastdl.layers._window import Window, window
from fastdl.onnx.writing.graph import Graph, Value
from fastdl.onnx.writing.layouts import channels_first


def with_bias(graph: Graph, layer: Any, inputs: list[str]) -> list[str]:
    """Inputs with the bias of a layer, if it has one."""
    if layer.bias:
        inputs.append(graph.constant(graph.weight(layer, "bias"), f"{layer.name}.bias"))
    return inputs


def _pads(at: Window) -> list[int]:
    top, bottom, left, right = at.padding
    return [top, left, bottom, right]


def augment(graph: Graph, layer: L.Augment, x: Value) -> Value:
    """Nothing, or with `crop` the middle of the image."""
    if layer.crop is None:
        return x
    x = channels_first(graph, x)
    height, width, channels = layer.output_shape(x.shape)
    top, left = (x.shape[0] - height) // 2, (x.shape[1] - width) // 2
    bounds = {"starts": [top, left], "ends": [top + height, left + width], "axes": [2, 3]}
    inputs = [
        graph.constant(np.array(value, np.int64), f"{layer.name}.{name}")
        for name, value in bounds.items()
    ]
    return Value(graph.add("Slice", x.name, *inputs), (height, width, channels), "channels_first")


def conv2d(graph: Graph, layer: L.Conv2D, x: Value) -> Value:
    """Conv; kernels (kh, kw, in, out) as (out, in, kh, kw)."""
    x, plain = channels_first(graph, x), layer.to_dict()
    at = window(
        layer.who,
        x.shape,
        plain["kernel_size"],
        plain["stride"],
        plain["padding"],
        plain["dilation"],
    )
    weight = graph.weight(layer, "weight").transpose(3, 2, 0, 1)
    inputs = [x.name, graph.constant(weight, f"{layer.name}.weight")]
    name = graph.add(
        "Conv",
        *with_bias(graph, layer, inputs),
        kernel_shape=at.size,
        strides=at.stride,
        pads=_pads(at),
        dilations=at.dilation,
        group=layer.groups,
    )
    return Value(name, (*at.output, layer.filters), "channels_first")


def conv2d_transpose(graph: Graph, layer: L.Conv2DTranspose, x: Value) -> Value:
    """ConvTranspose; kernels (kh, kw, out, in) as (in, out, kh, kw)."""
    x, plain = channels_first(graph, x), layer.to_dict()
    stride, dilation, padding = plain["stride"], plain["dilation"], plain["padding"]
    pads, more, sizes = [0, 0, 0, 0], [0, 0], [0, 0]
    for axis in (0, 1):
        reach = dilation[axis] * (plain["kernel_size"][axis] - 1) + 1
        whole = (x.shape[axis] - 1) * stride[axis] + reach
        if padding == "same":
            sizes[axis] = x.shape[axis] * stride[axis]
            before = max(reach - stride[axis], 0) // 2
        else:
            before, after = (0, 0) if padding == "valid" else padding[2 * axis : 2 * axis + 2]
            sizes[axis] = whole - before - after + plain["output_padding"][axis]
        rest = whole - before - sizes[axis]  # what is cut at the end, or missing there
        pads[axis], pads[axis + 2], more[axis] = before, max(rest, 0), max(-rest, 0)
    weight = graph.weight(layer, "weight").transpose(3, 2, 0, 1)
    inputs = [x.name, graph.constant(weight, f"{layer.name}.weight")]
    name = graph.add(
        "ConvTranspose",
        *with_bias(graph, layer, inputs),
        kernel_shape=plain["kernel_size"],
        strides=stride,
        pads=pads,
        dilations=dilation,
        output_padding=more if any(more) else None,
        group=layer.groups,
    )
    return Value(name, (sizes[0], sizes[1], layer.filters), "channels_first")


def _pool(graph: Graph, op: str, layer: Any, x: Value, fill: float, **attributes: Any) -> Value:
    x, plain = channels_first(graph, x), layer.to_dict()
    at = window(
        layer.who,
        x.shape,
        plain["size"],
        plain["stride"] or plain["size"],
        plain["padding"],
        [1, 1],
    )
    name, pads = x.name, _pads(at)
    if any(pad >= size for pad, size in zip(pads, [*at.size, *at.size], strict=True)):
        # Operators take no padding as large as a window.
        amounts = graph.constant(np.array([0, 0, *pads[:2], 0, 0, *pads[2:]], np.int64))
        name = graph.add("Pad", name, amounts, graph.constant(np.array(fill, graph.dtype)))
        pads = [0, 0, 0, 0]
    name = graph.add(op, name, kernel_shape=at.size, strides=at.stride, pads=pads, **attributes)
    return Value(name, (*at.output, x.shape[2]), "channels_first")


def max_pool2d(graph: Graph, layer: L.MaxPool2D, x: Value) -> Value:
    """MaxPool."""
    return _pool(graph, "MaxPool", layer, x, -np.inf)


def avg_pool2d(graph: Graph, layer: L.AvgPool2D, x: Value) -> Value:
    """AveragePool."""
    return _pool(
        graph, "AveragePool", layer, x, 0.0, count_include_pad=int(layer.count_include_pad)
    )


def global_pool(graph: Graph, op: str, x: Value) -> Value:
    """GlobalAveragePool or GlobalMaxPool, as rows."""
    x = channels_first(graph, x)
    pooled = graph.add(op, x.name)
    return Value(graph.add("Flatten", pooled, axis=1), x.shape[2:], "rows")


def upsample2d(graph: Graph, layer: L.Upsample2D, x: Value) -> Value:
    """Resize."""
    x, (high, wide) = channels_first(graph, x), layer.to_dict()["factor"]
    scales = graph.constant(np.array([1, 1, high, wide]), dtype=np.float32)
    nearest = layer.interpolation == "nearest"
    name = graph.add(
        "Resize",
        x.name,
        "",
        scales,
        mode="nearest" if nearest else "linear",
        coordinate_transformation_mode="asymmetric" if nearest else "half_pixel",
        nearest_mode="floor" if nearest else None,
    )
    return Value(name, (x.shape[0] * high, x.shape[1] * wide, x.shape[2]), "channels_first")


def depthwise_conv2d(graph: Graph, layer: L.DepthwiseConv2D, x: Value) -> Value:
    """Conv with as many groups as channels."""
    return conv2d(graph, _as_conv(layer, x.shape[2]), x)


def _as_conv(layer: Any, channels: int) -> L.Conv2D:
    return L.Conv2D(
        channels * layer.multiplier,
        layer.kernel_size,
        layer.stride,
        layer.padding,
        layer.dilation,
        channels,
        bias=layer.bias,
        name=layer.name,
    )


def separable_conv2d(graph: Graph, layer: L.SeparableConv2D, x: Value) -> Value:
    """Conv with as many groups as channels, and one of 1x1."""
    name = layer.name
    weights = {what: graph.weight(layer, f"{what}_weight") for what in ("depthwise", "pointwise")}
    graph.weights |= {f"{name}.{what}.weight": w for what, w in weights.items()}
    first = _as_conv(layer, x.shape[2]).replace(bias=False, name=f"{name}.depthwise")
    x = conv2d(graph, first, x)
    if layer.bias:
        graph.weights[f"{name}.pointwise.bias"] = graph.weight(layer, "bias")
    return conv2d(graph, L.Conv2D(layer.filters, 1, bias=layer.bias, name=f"{name}.pointwise"), x)


def pixel_shuffle(graph: Graph, layer: L.PixelShuffle, x: Value) -> Value:
    """DepthToSpace."""
    x, r = channels_first(graph, x), layer.factor
    name = graph.add("DepthToSpace", x.name, blocksize=r, mode="CRD")
    high, wide, channels = x.shape
    return Value(name, (high * r, wide * r, channels // r**2), "channels_first")


def stochastic_pool2d(graph: Graph, layer: L.StochasticPool2D, x: Value) -> Value:
    """AveragePool of the squares over that of the values, which are cut off at 0."""
    x = channels_first(graph, x)
    positive = graph.add("Relu", x.name)
    pool = L.AvgPool2D(layer.size, layer.stride, name=layer.name)
    total = avg_pool2d(graph, pool, Value(positive, x.shape, "channels_first"))
    squares = graph.add("Mul", positive, positive)
    mean = avg_pool2d(graph, pool, Value(squares, x.shape, "channels_first"))
    zero, one = (graph.constant(np.array(v, graph.dtype)) for v in (0.0, 1.0))
    divisor = graph.add("Where", graph.add("Equal", total.name, zero), one, total.name)
    return Value(graph.add("Div", mean.name, divisor), mean.shape, "channels_first")


def spatial_pyramid_pool(graph: Graph, layer: L.SpatialPyramidPool, x: Value) -> Value:
    """A Slice and a reduction for each bin, side by side."""
    x, bins = channels_first(graph, x), []
    high, wide, channels = x.shape
    axes = graph.constant(np.array([2, 3], np.int64))
    for level in layer.levels:
        for i, j in np.ndindex(level, level):
            starts = graph.constant(np.array([i * high // level, j * wide // level], np.int64))
            ends = [-(-(i + 1) * high // level), -(-(j + 1) * wide // level)]
            stop = graph.constant(np.array(ends, np.int64))
            bin_of = graph.add("Slice", x.name, starts, stop, axes)
            op = "ReduceMax" if layer.mode == "max" else "ReduceMean"
            bins.append(graph.reduce(op, bin_of, [2, 3]))
    name = graph.add("Concat", *bins, axis=1)
    return Value(name, (channels * len(bins),), "rows")
