"""Activations, and what multiplies each channel."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from fastdl import layers as L
from fastdl.layers._activation import ALL_FUNCTIONS
from fastdl.onnx.writing.graph import Graph, Value
from fastdl.onnx.writing.layouts import along_channels, rows


def _gelu(graph: Graph, x: str, alpha: float) -> str:
    """As x (1 + erf(x / sqrt 2)) / 2."""
    if graph.opset >= 20:
        return graph.add("Gelu", x)
    scaled = graph.add("Div", x, graph.constant(np.array(math.sqrt(2.0), graph.dtype)))
    one = graph.constant(np.array(1.0, graph.dtype))
    phi = graph.add("Add", graph.add("Erf", scaled), one)
    half = graph.constant(np.array(0.5, graph.dtype))
    return graph.add("Mul", graph.add("Mul", x, phi), half)


def _swish(graph: Graph, x: str, alpha: float) -> str:
    """As x sigmoid(alpha x)."""
    inner = x
    if alpha != 1:
        inner = graph.add("Mul", x, graph.constant(np.array(alpha, graph.dtype)))
    return graph.add("Mul", x, graph.add("Sigmoid", inner))


def _mish(graph: Graph, x: str, alpha: float) -> str:
    """As x tanh(softplus(x))."""
    return graph.add("Mul", x, graph.add("Tanh", graph.add("Softplus", x)))


def _hard_swish(graph: Graph, x: str, alpha: float) -> str:
    """As x hard_sigmoid(x) up to opset 13."""
    return graph.add("HardSwish", x) if graph.opset >= 14 else graph.add("Mul", x, _hard(graph, x))


def _hard(graph: Graph, x: str) -> str:
    return graph.add("HardSigmoid", x, alpha=1 / 6, beta=0.5)


def _gelu_tanh(graph: Graph, x: str, alpha: float) -> str:
    """As x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))) / 2 up to opset 19."""
    if graph.opset >= 20:
        return graph.add("Gelu", x, approximate="tanh")

    def number(value: float) -> str:
        return graph.constant(np.array(value, graph.dtype))

    cubic = graph.add("Mul", graph.add("Pow", x, number(3.0)), number(0.044715))
    inner = graph.add("Mul", graph.add("Add", x, cubic), number(math.sqrt(2 / math.pi)))
    whole = graph.add("Add", graph.add("Tanh", inner), number(1.0))
    return graph.add("Mul", graph.add("Mul", x, number(0.5)), whole)


def _power(graph: Graph, x: str, alpha: float) -> str:
    """One over x is Reciprocal."""
    if alpha == -1:
        return graph.add("Reciprocal", x)
    return graph.add("Pow", x, graph.constant(np.array(alpha, graph.dtype)))


Write = Callable[[Graph, str, float], str]
_WRITTEN: dict[str, Write] = {
    "identity": lambda graph, x, alpha: x,
    "sigmoid": lambda graph, x, alpha: graph.add("Sigmoid", x),
    "tanh": lambda graph, x, alpha: graph.add("Tanh", x),
    "relu": lambda graph, x, alpha: graph.add("Relu", x),
    "leaky_relu": lambda graph, x, alpha: graph.add("LeakyRelu", x, alpha=alpha),
    "elu": lambda graph, x, alpha: graph.add("Elu", x, alpha=alpha),
    "selu": lambda graph, x, alpha: graph.add("Selu", x),
    "softplus": lambda graph, x, alpha: graph.add("Softplus", x),
    "gelu": _gelu,
    "swish": _swish,
    "mish": _mish,
    "hard_sigmoid": lambda graph, x, alpha: _hard(graph, x),
    "hard_swish": _hard_swish,
    "gelu_tanh": _gelu_tanh,
    "celu": lambda graph, x, alpha: graph.add("Celu", x, alpha=alpha),
    "softsign": lambda graph, x, alpha: graph.add("Softsign", x),
    "thresholded_relu": lambda graph, x, alpha: graph.add("ThresholdedRelu", x, alpha=alpha),
    "exp": lambda graph, x, alpha: graph.add("Exp", x),
    "log": lambda graph, x, alpha: graph.add("Log", x),
    "sqrt": lambda graph, x, alpha: graph.add("Sqrt", x),
    "abs": lambda graph, x, alpha: graph.add("Abs", x),
    "erf": lambda graph, x, alpha: graph.add("Erf", x),
    "power": _power,
}


def _function(graph: Graph, function: str, alpha: float | None, x: Value) -> Value:
    if alpha is None:
        alpha = ALL_FUNCTIONS[function] or 0.0
    return replace(x, name=_WRITTEN[function](graph, x.name, alpha))


def activation(graph: Graph, layer: L.Activation, x: Value) -> Value:
    """The operator of the function, or the few that make it up."""
    if layer.function == "softmax":
        return replace(x, name=graph.add("Softmax", x.name, axis=x.channel_axis))
    return _function(graph, layer.function, layer.alpha, x)


def parametric_activation(graph: Graph, layer: L.ParametricActivation, x: Value) -> Value:
    """As x + slope (f(x) - x)."""
    f = _function(graph, layer.function, layer.alpha, x)
    slope = graph.constant(along_channels(x, graph.weight(layer, "slope")), f"{layer.name}.slope")
    part = graph.add("Mul", graph.add("Sub", f.name, x.name), slope)
    return replace(x, name=graph.add("Add", x.name, part))


def prelu(graph: Graph, layer: L.PReLU, x: Value) -> Value:
    """PRelu."""
    alpha = graph.constant(along_channels(x, graph.weight(layer, "alpha")), f"{layer.name}.alpha")
    return replace(x, name=graph.add("PRelu", x.name, alpha))


def scale(graph: Graph, layer: L.Scale, x: Value) -> Value:
    """Mul."""
    gain = graph.constant(along_channels(x, graph.weight(layer, "gain")), f"{layer.name}.gain")
    return replace(x, name=graph.add("Mul", x.name, gain))


def softmax(graph: Graph, x: Value) -> Value:
    """Over the channels, as the link of a loss."""
    x = rows(graph, x)
    return replace(x, name=graph.add("Softmax", x.name, axis=x.channel_axis))


def rrelu(graph: Graph, layer: L.RReLU, x: Value) -> Value:
    """LeakyRelu with the mean of the slopes."""
    alpha = (layer.lower + layer.upper) / 2
    return replace(x, name=graph.add("LeakyRelu", x.name, alpha=alpha))
