"""Products with weights, and what is added to them or multiplied with."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl.onnx.reading.apart import apart, repeated, swapped
from fastdl.onnx.reading.graph import Node
from fastdl.onnx.reading.value import (
    FORMS,
    Draft,
    Unsupported,
    Value,
    as_rows,
    described,
    flattened,
)

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
    if len(x.shape) == 3 and last == ("c",) and len(x.axes) > 2:
        weights["weight"] = weight[np.newaxis, np.newaxis]
        conv = L.Conv2D(weight.shape[1], 1, bias=has_bias)
        return x.then(out, conv, weights, called=name)
    if len(x.shape) == 3 and last in (("h",), ("w",)) and all(len(a) < 2 for a in x.axes):
        return _product(swapped(x, last[0], "c"), node, weight, bias, name)
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


def by_element(reader: Any, x: Value, scale: Any, shift: Any) -> Value:
    """Scale x + shift, of constants with axes of their own: of channels, or of each value."""
    rank = len(x.axes)
    both = [np.asarray(a, reader.dtype) for a in (scale, shift)]
    if any(a.ndim > rank for a in both):
        raise Unsupported("its constant has more axes than its input")
    both = [a.reshape((1,) * (rank - a.ndim) + a.shape) for a in both]
    sizes = [max(at) for at in zip(*(a.shape for a in both), strict=True)]
    first = x.axes.index(("n",)) if ("n",) in x.axes else 0
    if sizes[first] != 1:
        raise Unsupported("its constant differs between samples")
    x = (
        repeated(x, {i: s for i, s in enumerate(sizes) if s > 1 == x.onnx_shape[i]})
        if any(s > 1 == x.onnx_shape[i] for i, s in enumerate(sizes))
        else x
    )
    varying = [i for i, size in enumerate(sizes) if size > 1]
    if any(sizes[i] != x.onnx_shape[i] for i in varying):
        raise Unsupported("its constant makes another shape of its input")
    if not varying:
        return affine(reader, x, x.name, *(a.reshape(-1)[0] for a in both))
    if len(varying) == 1 and len(x.shape) == 3 and not x.is_split:
        label = x.axes[varying[0]]
        if label in (("h",), ("w",)):
            x = swapped(x, label[0], "c")
    if len(varying) == 1 and x.axes[varying[0]] == (x.channel,) and not x.is_split:
        return affine(reader, x, x.name, *(a.reshape(-1) for a in both))
    whole = [np.broadcast_to(a, (1, *x.onnx_shape[1:])) for a in both]
    if len([axis for axis in x.axes[1:] if axis]) < 2:
        x, order = flattened(x)
        places = np.argsort(order)
        return affine(reader, x, x.name, *(a.reshape(-1)[places] for a in whole))
    x = apart(x)
    labels = [axis[0] for axis in x.axes[1:] if axis]
    turned = []
    for a in whole:
        a = a.reshape([x.sizes[name] for name in labels] + [1] * (3 - len(labels)))
        names = labels + [name for name in FORMS[3] if name not in labels]
        turned.append(a.transpose([names.index(name) for name in FORMS[3]]).reshape(-1))
    y = x.then(x.name, L.Flatten(), axes=(("n",), ("f",)))
    y = affine(reader, y, x.name, *turned)
    return y.then(x.name, L.Reshape(x.shape), axes=x.axes)


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
        and isinstance(last.spec, (L.Dense, L.Conv1D, L.Conv2D, L.Conv2DTranspose))
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


def _of_steps(reader: Any, x: Value, name: str, scale: Any, shift: Any) -> Value:
    """A batch norm of sequences, which no layer is: in the weights before it, if there are any."""
    last = x.drafts[-1] if x.drafts else None
    if last is None or not isinstance(last.spec, (L.Dense, L.Conv1D)):
        return affine(reader, x, name, scale, shift)
    bias = last.weights.get("bias", np.zeros(x.shape[-1])) * scale + shift
    weights = {"weight": last.weights["weight"] * scale, "bias": bias}
    weights = {key: value.astype(reader.dtype) for key, value in weights.items()}
    merged = Draft(last.spec.replace(bias=True), weights, last.name)
    return replace(x, name=name, drafts=[*x.drafts[:-1], merged])


def add(reader: Any, node: Node, x: Value) -> Value:
    """A bias, or a shift."""
    return by_element(reader, x, 1.0, reader.other(node, x)).to(node.outputs[0])


def sub(reader: Any, node: Node, x: Value) -> Value:
    """A shift; turned round where x is what is taken away."""
    shift = reader.other(node, x)
    if node.inputs[0] == x.name:
        return by_element(reader, x, 1.0, -shift).to(node.outputs[0])
    return by_element(reader, x, -1.0, shift).to(node.outputs[0])


def mul(reader: Any, node: Node, x: Value) -> Value:
    """A scale."""
    return by_element(reader, x, reader.other(node, x), 0.0).to(node.outputs[0])


def div(reader: Any, node: Node, x: Value) -> Value:
    """A scale; the mean, where the sum over the steps is divided by their number."""
    if "sum_of_steps" in x.notes and reader.is_aside(node, x):
        notes = {k: v for k, v in x.notes.items() if k != "sum_of_steps"}
        return replace(
            x.then(node.outputs[0], L.GlobalAvgPool()), notes=notes, axes=(("n",), ("f",))
        )
    if "share_of_steps" in x.notes and reader.is_aside(node, x):
        notes = {k: v for k, v in x.notes.items() if k != "share_of_steps"}
        return x.to(node.outputs[0], notes=notes)
    if "share_of_steps" in x.notes:
        raise Unsupported("it divides means of windows by something else than a share of steps")
    if "sum_of_steps" in x.notes:
        raise Unsupported("it divides a sum over steps by another number than that of the steps")
    divisor = reader.other(node, x)
    if node.inputs[0] != x.name:
        inverse = x.then(x.name, L.Activation("power", -1.0))
        return by_element(reader, inverse, divisor, 0.0).to(node.outputs[0])
    return by_element(reader, x, 1.0 / divisor, 0.0).to(node.outputs[0])


def scaler(reader: Any, node: Node, x: Value) -> Value:
    """(x - offset) times a scale."""
    offset = np.asarray(node.get("offset") or [0.0], reader.dtype)
    scale = np.asarray(node.get("scale") or [1.0], reader.dtype)
    return by_element(reader, x, scale, -offset * scale).to(node.outputs[0])


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
        x, order = flattened(x)
        back = np.argsort(order)
        arrays = [a[back] for a in arrays]
    if len(x.shape) == 2:
        gain, shift, mean, var = arrays
        scale = gain / np.sqrt(var + node.get("epsilon", 1e-5))
        return _of_steps(reader, x, node.outputs[0], scale, shift - mean * scale)
    names = ("gain", "shift", "running_mean", "running_var")
    spec = L.BatchNorm(round(1 - node.get("momentum", 0.9), 7), node.get("epsilon", 1e-5))
    weights = dict(zip(names, (a.astype(reader.dtype) for a in arrays), strict=True))
    return x.then(node.outputs[0], spec, weights, called=reader.name_of(node, 1))


def layer_normalization(reader: Any, node: Node, x: Value) -> Value:
    """LayerNorm, over the channels or features."""
    axis = node.get("axis", -1)
    axis += len(x.axes) if axis < 0 else 0
    if axis != len(x.axes) - 1 or x.axes[axis] != (x.channel,):
        from fastdl.onnx.reading.reductions import standardised, with_gain

        over, eps = list(range(axis, len(x.axes))), float(node.get("epsilon", 1e-5))
        return with_gain(reader, node, standardised(reader, x, over, eps, True), (1, 2))
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
