"""Activations and other functions of single values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastdl import layers as L
from fastdl.onnx.reading.dense import affine
from fastdl.onnx.reading.graph import Node
from fastdl.onnx.reading.value import Draft, Unsupported, Value, as_rows, described

Reads = Callable[[Any, Node, Value], Value]


def activation(function: str, alpha: float | None = None) -> Reads:
    """What reads an operator that is an `Activation`; `alpha` is its default."""

    def read(reader: Any, node: Node, x: Value) -> Value:
        value = None if alpha is None else float(node.get("alpha", alpha))
        if value is not None and value < 0:
            raise Unsupported(f"alpha={value:g} is negative")
        return x.then(node.outputs[0], L.Activation(function, value))

    read.__doc__ = f"Activation({function!r})."
    return read


def selu(reader: Any, node: Node, x: Value) -> Value:
    """selu, of the usual numbers."""
    alpha, gamma = node.get("alpha", 1.67326319), node.get("gamma", 1.05070102)
    if abs(alpha - 1.67326324) > 1e-4 or abs(gamma - 1.05070098) > 1e-4:
        y = x.then(x.name, L.Activation("elu", float(alpha)))
        return affine(reader, y, node.outputs[0], gamma, 0.0)
    return x.then(node.outputs[0], L.Activation("selu"))


def celu(reader: Any, node: Node, x: Value) -> Value:
    """An elu of x / alpha, times alpha."""
    alpha = float(node.get("alpha", 1.0))
    y = affine(reader, x, x.name, 1 / alpha, 0.0).then(x.name, L.Activation("elu"))
    return affine(reader, y, node.outputs[0], alpha, 0.0)


def swish(reader: Any, node: Node, x: Value) -> Value:
    """The swish x sigmoid(alpha x)."""
    return x.then(node.outputs[0], L.Activation("swish", float(node.get("alpha", 1.0))))


def gelu(reader: Any, node: Node, x: Value) -> Value:
    """The gelu by the normal distribution, not by tanh."""
    if node.get("approximate", "none") != "none":
        raise Unsupported("approximate='tanh' differs from the normal distribution")
    return x.then(node.outputs[0], L.Activation("gelu"))


def prelu(reader: Any, node: Node, x: Value) -> Value:
    """PReLU; the slopes by channel."""
    slope = reader.other(node, x)
    if node.inputs[0] != x.name:
        raise Unsupported("its slopes are not constant")
    if slope.size == 1:
        alpha = np.full(x.shape[-1], slope.reshape(-1)[0])
    else:
        channel = [i for i, size in enumerate(slope.shape[::-1], 1) if size > 1]
        lies_so = len(channel) == 1 and x.axes[-channel[0]] == (x.channel,) and not x.is_split
        if lies_so:
            alpha = slope.reshape(-1)
        else:
            x, order = as_rows(x)
            alpha = np.broadcast_to(slope.reshape(-1), len(order))[np.argsort(order)]
    weights = {"alpha": alpha.astype(reader.dtype)}
    return x.then(node.outputs[0], L.PReLU(), weights, called=reader.name_of(node, 1))


def softmax(reader: Any, node: Node, x: Value) -> Value:
    """Over the channels or features; of old opsets over all axes from one on."""
    default = -1 if reader.opset >= 13 else 1
    axis = int(node.get("axis", default))
    axis += len(x.axes) if axis < 0 else 0
    if reader.opset < 13 and any(size > 1 for size in x.onnx_shape[axis + 1 :]):
        raise Unsupported(f"it goes over several axes of {described(x)}")
    if x.axes[axis] != (x.channel,) or x.is_split:
        x, order = as_rows(x)
        if len(x.axes) <= axis:
            raise Unsupported(f"it goes over an axis that holds no features: {described(x)}")
        back = np.argsort(order)
        if not np.array_equal(order, back) and not np.array_equal(order, np.arange(len(order))):
            raise Unsupported("its features stand in another order than those of the layers")
    return x.then(node.outputs[0], L.Activation("softmax"))


def clip(reader: Any, node: Node, x: Value) -> Value:
    """A relu where only what is below 0 is cut off; else of two of them."""
    low, high = reader.param(node, 1, "min"), reader.param(node, 2, "max")
    low = -np.inf if low is None else float(np.asarray(low).reshape(-1)[0])
    high = np.inf if high is None else float(np.asarray(high).reshape(-1)[0])
    return between(reader, x, node.outputs[0], low, high)


def between(reader: Any, x: Value, name: str, low: float, high: float) -> Value:
    """The smallest of `high` and the largest of `low` and x."""
    if low > -1e37:
        x = affine(reader, x, x.name, 1.0, -low).then(x.name, L.Activation("relu"))
        high = high - low
    if high < 1e37:  # high - relu(high - x)
        x = affine(reader, x, x.name, -1.0, high).then(x.name, L.Activation("relu"))
        shift = high + (low if low > -1e37 else 0.0)
        return affine(reader, x, name, -1.0, shift)
    return affine(reader, x, name, 1.0, low if low > -1e37 else 0.0)


def hard_sigmoid(reader: Any, node: Node, x: Value) -> Value:
    """The line alpha x + beta, between 0 and 1."""
    x = affine(reader, x, x.name, node.get("alpha", 0.2), node.get("beta", 0.5))
    return between(reader, x, node.outputs[0], 0.0, 1.0)


def _constant(reader: Any, node: Node, x: Value) -> float:
    others = [reader.const(node, i) for i, name in enumerate(node.inputs) if name != x.name]
    if len(others) != 1 or others[0] is None or others[0].size != 1:
        raise Unsupported("it compares values with each other")
    return float(others[0].reshape(-1)[0])


def maximum(reader: Any, node: Node, x: Value) -> Value:
    """Of x and a number."""
    if reader.is_aside(node, x):
        return x.to(node.outputs[0])
    return between(reader, x, node.outputs[0], _constant(reader, node, x), np.inf)


def minimum(reader: Any, node: Node, x: Value) -> Value:
    """Of x and a number."""
    return between(reader, x, node.outputs[0], -np.inf, _constant(reader, node, x))


def absolute(reader: Any, node: Node, x: Value) -> Value:
    """relu(x) + relu(-x)."""
    ones = -np.ones(x.shape[-1], reader.dtype)
    relu = [Draft(L.Activation("relu"))]
    turned = [Draft(L.Scale(trainable=False), {"gain": ones}), Draft(L.Activation("relu"))]
    spec = L.Residual([d.spec for d in relu], [d.spec for d in turned])
    return x.then(node.outputs[0], spec, inside=[relu, turned])


def unchanged(reader: Any, node: Node, x: Value) -> Value:
    """What changes no number at prediction."""
    return x.to(node.outputs[0])


def cast(reader: Any, node: Node, x: Value) -> Value:
    """To another type of float, or of codes to integers."""
    return x.to(node.outputs[0])


def where(reader: Any, node: Node, x: Value) -> Value:
    """What stands past the ends of sequences, which layers leave out by themselves."""
    if not reader.is_aside(node, x):
        raise Unsupported("it chooses by the values of its input")
    return x.to(node.outputs[0])
