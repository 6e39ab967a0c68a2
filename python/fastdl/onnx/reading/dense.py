"""Products with weights, and what is added to them or multiplied with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl.onnx.reading.graph import Node
from fastdl.onnx.reading.value import Draft, Unsupported, Value, as_rows, described

EXACT = 1e-30  # eps of a batch norm that is no more than a scale and a shift


def _product(
    x: Value, node: Node, weight: NDArray[Any], bias: NDArray[Any] | None, name: str
) -> Value:
    """The layer x W + b of rows, of steps, or of pixels."""
    weights = {"weight": weight}
    if bias is not None:
        weights["bias"] = np.broadcast_to(bias, weight.shape[1:]).copy()
    out, has_bias = node.outputs[0], bias is not None
    last = x.axes[-1]
    if len(x.shape) == 2 and last == ("f",) and len(x.axes) == 3:
        spec = L.Dense(weight.shape[1], bias=has_bias)
        return x.then(out, spec, weights, called=name)
    if len(x.shape) == 3 and last == ("c",) and len(x.axes) == 4:
        weights["weight"] = weight[np.newaxis, np.newaxis]
        conv = L.Conv2D(weight.shape[1], 1, bias=has_bias)
        return x.then(out, conv, weights, called=name)
    x, order = as_rows(x)
    if len(order) != len(weight):
        raise Unsupported(f"its weights are for {len(weight)} features, but there are {len(order)}")
    if not np.array_equal(order, np.arange(len(order))):
        weights["weight"] = np.empty(weight.shape, weight.dtype)
        weights["weight"][order] = weight
    return x.then(out, L.Dense(weight.shape[1], bias=has_bias), weights, called=name)


def gemm(reader: Any, node: Node, x: Value) -> Value:
    """Dense."""
    weight, bias = reader.const(node, 1), reader.const(node, 2)
    if weight is None or node.inputs[0] != x.name or (len(node.inputs) > 2 and bias is None):
        raise Unsupported("its weights are not constant")
    if node.get("transA", 0):
        raise Unsupported("transA=1 multiplies across samples")
    weight = weight.T if node.get("transB", 0) else weight
    if node.get("alpha", 1.0) != 1.0:
        weight = weight * node.get("alpha", 1.0)
    if bias is not None:
        bias = bias * node.get("beta", 1.0)
        if bias.ndim == 2 and bias.shape[0] != 1:
            raise Unsupported("its bias differs between samples")
        bias = bias.reshape(-1) if bias.size > 1 else bias.reshape(())
    weight = weight.astype(reader.dtype, copy=False)
    return _product(x, node, weight, bias, reader.name_of(node, 1))


def matmul(reader: Any, node: Node, x: Value) -> Value:
    """Dense without a bias, which an Add behind it gives."""
    weight = reader.const(node, 1)
    if weight is None or node.inputs[0] != x.name or weight.ndim != 2:
        raise Unsupported("one of its two factors is to be a constant matrix, the second")
    return _product(x, node, weight.astype(reader.dtype, copy=False), None, reader.name_of(node, 1))


def _per_channel(x: Value, constant: NDArray[Any]) -> tuple[Value, NDArray[Any]]:
    """A constant as one number for each channel or feature."""
    rank = max(constant.ndim, len(x.axes))
    shape = (1,) * (rank - constant.ndim) + constant.shape
    if rank > len(x.axes):
        raise Unsupported("its constant has more axes than its input")
    varying = [i for i, size in enumerate(shape) if size > 1]
    if not varying:
        channels = x.shape[-1]
        return x, np.full(channels, constant.reshape(-1)[0])
    (axis, *others) = varying
    if others or x.axes[axis] != (x.channel,) or x.is_split:
        if axis == 0 or x.axes[0] != ("n",):
            raise Unsupported("its constant differs between samples")
        x, order = as_rows(x)
        whole = np.broadcast_to(constant, x_shape_of(x, shape)).reshape(-1)
        if len(whole) != len(order):
            raise Unsupported("its constant makes another shape of its input")
        found = np.empty(len(order), constant.dtype)
        found[order] = whole
        return x, found
    if shape[axis] != x.shape[-1]:
        raise Unsupported("its constant makes another shape of its input")
    return x, constant.reshape(-1)


def x_shape_of(x: Value, shape: tuple[int, ...]) -> tuple[int, ...]:
    """The shape of a constant for all features of rows."""
    return (1, x.shape[-1]) if len(shape) <= 2 else shape


def affine(
    reader: Any, x: Value, name: str, scale: NDArray[Any] | float, shift: NDArray[Any] | float
) -> Value:
    """Scale and shift by channel: into the weights before, or as a layer of its own."""
    channels = x.shape[-1]
    scale = np.broadcast_to(np.asarray(scale, reader.dtype), channels).copy()
    shift = np.broadcast_to(np.asarray(shift, reader.dtype), channels).copy()
    if not shift.any() and (scale == 1).all():
        return x.to(name)
    last = x.drafts[-1] if x.drafts else None
    if (
        last is not None
        and isinstance(last.spec, (L.Dense, L.Conv2D, L.Conv2DTranspose))
        and not last.spec.bias
        and (scale == 1).all()
    ):
        weights = {**last.weights, "bias": shift}
        merged = Draft(last.spec.replace(bias=True), weights, last.name)
        return replace(x, name=name, drafts=[*x.drafts[:-1], merged])
    if last is not None and isinstance(last.spec, (L.LayerNorm, L.GroupNorm)):
        gain, old = last.weights["gain"] * scale, last.weights["shift"]
        merged = Draft(last.spec, {"gain": gain, "shift": old * scale + shift}, last.name)
        return replace(x, name=name, drafts=[*x.drafts[:-1], merged])
    if not shift.any():
        return x.then(name, L.Scale(), {"gain": scale})
    if len(x.shape) == 2:
        spec = L.Dense(channels, trainable=False)
        return x.then(name, spec, {"weight": np.diag(scale), "bias": shift})
    weights = {
        "gain": scale,
        "shift": shift,
        "running_mean": np.zeros(channels, reader.dtype),
        "running_var": np.ones(channels, reader.dtype),
    }
    return x.then(name, L.BatchNorm(eps=EXACT, trainable=False), weights)


def add(reader: Any, node: Node, x: Value) -> Value:
    """A bias, or a shift."""
    x, shift = _per_channel(x, reader.other(node, x))
    return affine(reader, x, node.outputs[0], 1.0, shift)


def sub(reader: Any, node: Node, x: Value) -> Value:
    """A shift; turned round where x is what is taken away."""
    x, shift = _per_channel(x, reader.other(node, x))
    if node.inputs[0] == x.name:
        return affine(reader, x, node.outputs[0], 1.0, -shift)
    return affine(reader, x, node.outputs[0], -1.0, shift)


def mul(reader: Any, node: Node, x: Value) -> Value:
    """A scale."""
    x, scale = _per_channel(x, reader.other(node, x))
    return affine(reader, x, node.outputs[0], scale, 0.0)


def div(reader: Any, node: Node, x: Value) -> Value:
    """A scale; the mean, where the sum over the steps is divided by their number."""
    if "sum_of_steps" in x.notes and reader.is_aside(node, x):
        notes = {k: v for k, v in x.notes.items() if k != "sum_of_steps"}
        return replace(
            x.then(node.outputs[0], L.GlobalAvgPool()), notes=notes, axes=(("n",), ("f",))
        )
    if "sum_of_steps" in x.notes:
        raise Unsupported("it divides a sum over steps by another number than that of the steps")
    divisor = reader.other(node, x)
    if node.inputs[0] != x.name:
        raise Unsupported("it divides by its input")
    x, scale = _per_channel(x, divisor)
    return affine(reader, x, node.outputs[0], 1.0 / scale, 0.0)


def neg(reader: Any, node: Node, x: Value) -> Value:
    """A scale of -1."""
    return affine(reader, x, node.outputs[0], -1.0, 0.0)


def batch_normalization(reader: Any, node: Node, x: Value) -> Value:
    """BatchNorm."""
    arrays = [reader.const(node, i) for i in range(1, 5)]
    if (
        any(a is None for a in arrays)
        or node.get("training_mode", 0)
        or node.get("spatial", 1) != 1
    ):
        raise Unsupported("its statistics are not constant")
    if len(x.axes) < 2 or x.axes[1] != (x.channel,):
        x, order = as_rows(x)
        back = np.argsort(order)
        arrays = [a[back] for a in arrays]
    if len(x.shape) == 2:
        gain, shift, mean, var = arrays
        scale = gain / np.sqrt(var + node.get("epsilon", 1e-5))
        return affine(reader, x, node.outputs[0], scale, shift - mean * scale)
    names = ("gain", "shift", "running_mean", "running_var")
    spec = L.BatchNorm(round(1 - node.get("momentum", 0.9), 7), node.get("epsilon", 1e-5))
    weights = dict(zip(names, (a.astype(reader.dtype) for a in arrays), strict=True))
    return x.then(node.outputs[0], spec, weights, called=reader.name_of(node, 1))


def layer_normalization(reader: Any, node: Node, x: Value) -> Value:
    """LayerNorm, over the channels or features."""
    axis = node.get("axis", -1)
    axis += len(x.axes) if axis < 0 else 0
    if axis != len(x.axes) - 1 or x.axes[axis] != (x.channel,):
        raise Unsupported(f"it normalises over more than the channels of {described(x)}")
    gain, shift = reader.const(node, 1), reader.const(node, 2)
    channels = x.shape[-1]
    if gain is None:
        raise Unsupported("its gains are not constant")
    shift = np.zeros(channels) if shift is None else shift
    weights = {
        key: np.broadcast_to(a.reshape(-1), channels).astype(reader.dtype)
        for key, a in (("gain", gain), ("shift", shift))
    }
    spec = L.LayerNorm(node.get("epsilon", 1e-5))
    return x.then(node.outputs[0], spec, weights, called=reader.name_of(node, 1))


def _group_norm(reader: Any, node: Node, x: Value, groups: int, arrays: list[Any]) -> Value:
    if len(x.shape) == 2 or len(x.axes) < 2 or x.axes[1] != (x.channel,):
        raise Unsupported(f"it takes channels first, but its input has axes {described(x)}")
    channels = x.shape[-1]
    if any(a is None for a in arrays) or channels % groups:
        raise Unsupported("its gains are not constant, or its groups do not divide the channels")
    gain, shift = (
        np.repeat(a.reshape(-1), channels // a.size).astype(reader.dtype) for a in arrays
    )
    spec = L.GroupNorm(groups, node.get("epsilon", 1e-5))
    weights = {"gain": gain, "shift": shift}
    return x.then(node.outputs[0], spec, weights, called=reader.name_of(node, 1))


def instance_normalization(reader: Any, node: Node, x: Value) -> Value:
    """GroupNorm with as many groups as channels."""
    arrays = [reader.const(node, 1), reader.const(node, 2)]
    return _group_norm(reader, node, x, x.shape[-1], arrays)


def group_normalization(reader: Any, node: Node, x: Value) -> Value:
    """GroupNorm."""
    arrays = [reader.const(node, 1), reader.const(node, 2)]
    return _group_norm(reader, node, x, int(node.get("num_groups", 1)), arrays)


def lrn(reader: Any, node: Node, x: Value) -> Value:
    """LocalResponseNorm."""
    size = int(node.get("size", 5))
    if len(x.axes) < 2 or x.axes[1] != (x.channel,):
        raise Unsupported(f"it takes channels first, but its input has axes {described(x)}")
    if size % 2 == 0:
        raise Unsupported(
            f"size={size}: an odd number of channels is taken, as many on either side"
        )
    spec = L.LocalResponseNorm(
        size, node.get("alpha", 1e-4), node.get("beta", 0.75), node.get("bias", 1.0)
    )
    return x.then(node.outputs[0], spec)


def lp_normalization(reader: Any, node: Node, x: Value) -> Value:
    """UnitNorm, over the channels or features."""
    axis, p = node.get("axis", -1), node.get("p", 2)
    if p != 2:
        raise Unsupported(f"p={p}: lengths are read with p=2")
    axis += len(x.axes) if axis < 0 else 0
    if axis >= len(x.axes) or x.axes[axis] != (x.channel,):
        raise Unsupported(f"it normalises over another axis than the channels of {described(x)}")
    return x.then(node.outputs[0], L.UnitNorm())
