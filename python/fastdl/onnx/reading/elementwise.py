"""Activations and other functions of single values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from fastdl import layers as L
from fastdl.onnx.reading.apart import apart, swapped
from fastdl.onnx.reading.dense import affine, by_element
from fastdl.onnx.reading.graph import Node
from fastdl.onnx.reading.value import Unsupported, Value, described, flattened

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
    """Activation('celu')."""
    return x.then(node.outputs[0], L.Activation("celu", float(node.get("alpha", 1.0))))


def swish(reader: Any, node: Node, x: Value) -> Value:
    """The swish x sigmoid(alpha x)."""
    return x.then(node.outputs[0], L.Activation("swish", float(node.get("alpha", 1.0))))


def gelu(reader: Any, node: Node, x: Value) -> Value:
    """The gelu by the normal distribution, or by tanh."""
    tanh = node.get("approximate", "none") == "tanh"
    return x.then(node.outputs[0], L.Activation("gelu_tanh" if tanh else "gelu"))


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
            x, order = flattened(x)
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
    is_line = len([a for a in x.axes[1:] if a]) < 2
    if (x.axes[axis] != (x.channel,) or x.is_split) and len(x.shape) != 2 and not is_line:
        x = apart(x)
        label = x.axes[axis]
        if not label or "n" in label:
            raise Unsupported(f"it goes over an axis that holds no features: {described(x)}")
        x = x if label == ("c",) else swapped(x, label[0], "c")
    if x.axes[axis] != (x.channel,) or x.is_split:
        x, _ = flattened(x)
        if len(x.axes) <= axis or not x.axes[axis] or "n" in x.axes[axis]:
            raise Unsupported(f"it goes over an axis that holds no features: {described(x)}")
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
    alpha, beta = float(node.get("alpha", 0.2)), float(node.get("beta", 0.5))
    if abs(alpha - 1 / 6) < 1e-6 and beta == 0.5:
        return x.then(node.outputs[0], L.Activation("hard_sigmoid"))
    x = affine(reader, x, x.name, node.get("alpha", 0.2), node.get("beta", 0.5))
    return between(reader, x, node.outputs[0], 0.0, 1.0)


def _constant(reader: Any, node: Node, x: Value) -> Any:
    others = [reader.const(node, i) for i, name in enumerate(node.inputs) if name != x.name]
    if len(others) != 1 or others[0] is None:
        raise Unsupported("it compares values with each other")
    return others[0]


def maximum(reader: Any, node: Node, x: Value) -> Value:
    """Of x and constants."""
    if reader.is_aside(node, x) or len(node.inputs) == 1:
        return x.to(node.outputs[0])
    least = _constant(reader, node, x)
    if least.size == 1:
        return between(reader, x, node.outputs[0], float(least.reshape(-1)[0]), np.inf)
    above = by_element(reader, x, 1.0, -least)
    above = above.then(x.name, L.Activation("relu"))
    return by_element(reader, above, 1.0, least).to(node.outputs[0])


def minimum(reader: Any, node: Node, x: Value) -> Value:
    """Of x and constants."""
    if len(node.inputs) == 1:
        return x.to(node.outputs[0])
    most = _constant(reader, node, x)
    if most.size == 1:
        return between(reader, x, node.outputs[0], -np.inf, float(most.reshape(-1)[0]))
    below = by_element(reader, x, -1.0, most)
    below = below.then(x.name, L.Activation("relu"))
    return by_element(reader, below, -1.0, most).to(node.outputs[0])


def function(name: str, alpha: float | None = None) -> Reads:
    """What reads an operator that is an `Activation` of this function and alpha."""

    def read(reader: Any, node: Node, x: Value) -> Value:
        return x.then(node.outputs[0], L.Activation(name, alpha))

    read.__doc__ = f"Activation({name!r})." if alpha is None else f"Activation({name!r}, {alpha})."
    return read


def power(reader: Any, node: Node, x: Value) -> Value:
    """Activation('power'), of a constant exponent."""
    exponent = reader.const(node, 1)
    if exponent is None or node.inputs[0] != x.name:
        raise Unsupported("its exponent is not constant")
    if (exponent != exponent.reshape(-1)[0]).any() or exponent.ndim > len(x.axes):
        raise Unsupported("its exponents differ")
    alpha = float(exponent.reshape(-1)[0])
    return x if alpha == 1 else x.then(node.outputs[0], L.Activation("power", alpha))


def summed(reader: Any, node: Node, x: Value) -> Value:
    """Of one value alone."""
    if len(node.inputs) > 1:
        raise Unsupported("a constant stands among its branches")
    return x.to(node.outputs[0])


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
