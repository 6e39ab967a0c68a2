"""Activations, on arrays of any shape: element by element, the softmaxes over the last axis."""

# mypy: allow-redefinition
from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdl import layers as L
from fastdl._rules import SEED
from fastdl._tracing import differentiable
from fastdl.functional._arrays import (
    assign,
    buffer,
    deliver,
    expect,
    expect_same_shape,
    floats,
    host_floats,
    part,
    wanted,
    zeros,
)
from fastdl.functional._layer import backward, backward_input, forward, forward_training

Out: TypeAlias = NDArray[Any] | None


@differentiable
def activation(
    x: ArrayLike, name: str, alpha: float | None = None, *, out: Out = None
) -> NDArray[Any]:
    """An activation by name; `fastdl.layers.Activation` has the formulas and their sources.

    Parameters
    ----------
    x : array-like
        Of any shape; softmax is taken over the last axis.
    name : str
        "identity", "sigmoid", "tanh", "relu", "leaky_relu", "elu", "selu", "softplus", "gelu",
        "swish", "mish" or "softmax".
    alpha : float, optional
        Of leaky_relu (0.01), elu (1.0) and swish (1.0).
    out : ndarray of the shape of x, optional
        Written to and returned; may be x itself.

    Returns
    -------
    ndarray of the shape of x

    Raises
    ------
    ValueError
        For an unknown name, or an alpha that the function does not have.
    """
    (x,) = floats(name, x=x)
    y = buffer(name, out, x.shape, x)
    layer = L.Activation(name, alpha, name="activation")
    for first, shape in _parts(x, name):
        forward(layer, part(x, first, shape), {}, part(y, first, shape))
    return deliver(y, out)


def activation_backward(
    dy: ArrayLike, x: ArrayLike, name: str, alpha: float | None = None
) -> NDArray[Any]:
    """Gradient of `activation`, with the same `name` and `alpha`; dy, x and dx have one shape."""
    dy, x = floats(name, dy=dy, x=x)
    expect_same_shape(name, "dy", dy, "x", x)
    layer = L.Activation(name, alpha, name="activation")
    parts = _parts(x, name)
    if len(parts) == 1:
        return backward_input(layer, part(dy, *parts[0]), part(x, *parts[0])).reshape(x.shape)
    dx = zeros(x.shape, x)
    for of in parts:
        assign(part(dx, *of), backward_input(layer, part(dy, *of), part(x, *of)))
    return dx


_PART = 1 << 24  # elements that the core takes at a time; it counts in 32 bits


def _parts(x: NDArray[Any], name: str) -> list[tuple[int, tuple[int, int]]]:
    """The first value and the shape of each: rows for softmax, else some of all as one sample."""
    columns = max(1, x.shape[-1] if name == "softmax" and x.ndim else x.size)
    if x.size == 0:
        return [(0, (0, columns))]
    if name != "softmax":
        return [(i, (1, min(_PART, x.size - i))) for i in range(0, x.size, _PART)]
    n, step = x.size // columns, max(1, _PART // columns)
    return [(i * columns, (min(step, n - i), columns)) for i in range(0, n, step)]


@differentiable
def sigmoid(x: ArrayLike, *, out: Out = None) -> NDArray[Any]:
    """1 / (1 + exp(-x))."""
    return activation(x, "sigmoid", out=out)


def sigmoid_backward(dy: ArrayLike, x: ArrayLike) -> NDArray[Any]:
    """Gradient: dy y (1 - y)."""
    return activation_backward(dy, x, "sigmoid")


@differentiable
def tanh(x: ArrayLike, *, out: Out = None) -> NDArray[Any]:
    """The hyperbolic tangent."""
    return activation(x, "tanh", out=out)


def tanh_backward(dy: ArrayLike, x: ArrayLike) -> NDArray[Any]:
    """Gradient: dy (1 - y^2)."""
    return activation_backward(dy, x, "tanh")


@differentiable
def relu(x: ArrayLike, *, out: Out = None) -> NDArray[Any]:
    """max(x, 0)."""
    return activation(x, "relu", out=out)


def relu_backward(dy: ArrayLike, x: ArrayLike) -> NDArray[Any]:
    """Gradient: dy where x > 0, else 0."""
    return activation_backward(dy, x, "relu")


@differentiable
def leaky_relu(x: ArrayLike, alpha: float = 0.01, *, out: Out = None) -> NDArray[Any]:
    """The function x where x > 0, else alpha x."""
    return activation(x, "leaky_relu", alpha, out=out)


def leaky_relu_backward(dy: ArrayLike, x: ArrayLike, alpha: float = 0.01) -> NDArray[Any]:
    """Gradient: dy where x > 0, else alpha dy."""
    return activation_backward(dy, x, "leaky_relu", alpha)


@differentiable
def elu(x: ArrayLike, alpha: float = 1.0, *, out: Out = None) -> NDArray[Any]:
    """The function x where x > 0, else alpha (exp(x) - 1)."""
    return activation(x, "elu", alpha, out=out)


def elu_backward(dy: ArrayLike, x: ArrayLike, alpha: float = 1.0) -> NDArray[Any]:
    """Gradient: dy where x > 0, else dy alpha exp(x)."""
    return activation_backward(dy, x, "elu", alpha)


@differentiable
def selu(x: ArrayLike, *, out: Out = None) -> NDArray[Any]:
    """1.0507 elu(x, 1.67326), the constants of self-normalising nets."""
    return activation(x, "selu", out=out)


def selu_backward(dy: ArrayLike, x: ArrayLike) -> NDArray[Any]:
    """Gradient of `selu`."""
    return activation_backward(dy, x, "selu")


@differentiable
def softplus(x: ArrayLike, *, out: Out = None) -> NDArray[Any]:
    """log(1 + exp(x))."""
    return activation(x, "softplus", out=out)


def softplus_backward(dy: ArrayLike, x: ArrayLike) -> NDArray[Any]:
    """Gradient: dy sigmoid(x)."""
    return activation_backward(dy, x, "softplus")


@differentiable
def gelu(x: ArrayLike, *, out: Out = None) -> NDArray[Any]:
    """The exact x Phi(x), Phi being the normal distribution function."""
    return activation(x, "gelu", out=out)


def gelu_backward(dy: ArrayLike, x: ArrayLike) -> NDArray[Any]:
    """Gradient: dy (Phi(x) + x phi(x)), phi being the normal density."""
    return activation_backward(dy, x, "gelu")


@differentiable
def swish(x: ArrayLike, alpha: float = 1.0, *, out: Out = None) -> NDArray[Any]:
    """The function x sigmoid(alpha x); with alpha 1 also called SiLU."""
    return activation(x, "swish", alpha, out=out)


def swish_backward(dy: ArrayLike, x: ArrayLike, alpha: float = 1.0) -> NDArray[Any]:
    """Gradient: dy (s + alpha x s (1 - s)) with s = sigmoid(alpha x)."""
    return activation_backward(dy, x, "swish", alpha)


@differentiable
def mish(x: ArrayLike, *, out: Out = None) -> NDArray[Any]:
    """The function x tanh(log(1 + exp(x)))."""
    return activation(x, "mish", out=out)


def mish_backward(dy: ArrayLike, x: ArrayLike) -> NDArray[Any]:
    """Gradient: dy (t + x (1 - t^2) sigmoid(x)) with t = tanh(log(1 + exp(x)))."""
    return activation_backward(dy, x, "mish")


@differentiable
def softmax(x: ArrayLike, *, out: Out = None) -> NDArray[Any]:
    """exp(x) divided by its sum over the last axis."""
    return activation(x, "softmax", out=out)


def softmax_backward(dy: ArrayLike, x: ArrayLike) -> NDArray[Any]:
    """Gradient: y (dy - sum(y dy)), the sum over the last axis."""
    return activation_backward(dy, x, "softmax")


@differentiable
def log_softmax(x: ArrayLike, *, out: Out = None) -> NDArray[Any]:
    """log(softmax(x)), without overflow."""
    (x,) = host_floats("log_softmax", x=x)
    y = buffer("log_softmax", out, x.shape, x)
    if x.size:
        top = np.max(x, axis=-1, keepdims=True)
        np.subtract(x - top, np.log(np.sum(np.exp(x - top), axis=-1, keepdims=True)), out=y)
    return deliver(y, out)


def log_softmax_backward(dy: ArrayLike, x: ArrayLike) -> NDArray[Any]:
    """Gradient: dy - softmax(x) sum(dy), the sum over the last axis."""
    dy, x = host_floats("log_softmax", dy=dy, x=x)
    expect_same_shape("log_softmax", "dy", dy, "x", x)
    dx: NDArray[Any] = dy - softmax(x) * np.sum(dy, axis=-1, keepdims=True)
    return dx


@differentiable
def prelu(x: ArrayLike, alpha: ArrayLike, *, out: Out = None) -> NDArray[Any]:
    """The function x where x > 0, else alpha x, with an alpha for each channel.

    Parameters
    ----------
    x : array-like of shape (..., channels)
    alpha : array-like of shape (channels,)
    out : ndarray of the shape of x, optional
        Written to and returned.

    Returns
    -------
    ndarray of the shape of x
    """
    x, alpha = floats("prelu", x=x, alpha=alpha)
    rows = _channels(x, alpha)
    y = buffer("prelu", out, x.shape, x)
    forward(L.PReLU(name="prelu"), rows, {"alpha": alpha}, y.reshape(rows.shape))
    return deliver(y, out)


def prelu_backward(
    dy: ArrayLike, x: ArrayLike, alpha: ArrayLike, *, needs: Sequence[bool] | None = None
) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
    """Gradients of `prelu`: dx and dalpha; None where `needs` says so."""
    dy, x, alpha = floats("prelu", dy=dy, x=x, alpha=alpha)
    expect_same_shape("prelu", "dy", dy, "x", x)
    rows = _channels(x, alpha)
    needed = wanted("prelu_backward", "x alpha", needs)
    layer, params = L.PReLU(name="prelu"), {"alpha": alpha}
    dx, dalpha = backward(layer, dy.reshape(rows.shape), rows, params, needed)
    return None if dx is None else dx.reshape(x.shape), dalpha


@differentiable
def rrelu(
    x: ArrayLike,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    seed: int = 0,
    training: bool = True,
    *,
    out: Out = None,
) -> NDArray[Any]:
    """The function x where x > 0, else a x, with a drawn between `lower` and `upper` for each.

    Xu et al., "Empirical evaluation of rectified activations in convolutional network", 2015; see
    `fastdl.layers.RReLU`.

    Parameters
    ----------
    x : array-like
        Of any shape.
    lower, upper : float
    seed : int, default=0
        The same seed draws the same slopes for an array of the same size.
    training : bool, default=True
        False takes the mean of `lower` and `upper`.
    out : ndarray of the shape of x, optional
        Written to and returned.

    Returns
    -------
    ndarray of the shape of x
    """
    (x,) = floats("rrelu", x=x)
    if out is not None:
        buffer("rrelu", out, x.shape, x)  # raises
    layer, seed = L.RReLU(lower, upper, name="rrelu"), expect("rrelu", "seed", seed, SEED)
    rows = x.reshape(-1, max(1, x.size))
    y, _ = forward_training(layer, rows, {}, seed=seed, training=training)
    return deliver(y.reshape(x.shape), out)


@differentiable
def rrelu_backward(
    dy: ArrayLike,
    x: ArrayLike,
    lower: float = 1 / 8,
    upper: float = 1 / 3,
    seed: int = 0,
    training: bool = True,
) -> NDArray[Any]:
    """Gradient of `rrelu` with the same seed: dy where x > 0, else dy times the slope."""
    dy, x = floats("rrelu", dy=dy, x=x)
    expect_same_shape("rrelu", "dy", dy, "x", x)
    layer, seed = L.RReLU(lower, upper, name="rrelu"), expect("rrelu", "seed", seed, SEED)
    rows = x.reshape(-1, max(1, x.size))
    dx = backward_input(layer, dy.reshape(rows.shape), rows, seed=seed, training=training)
    return dx.reshape(x.shape)


def _channels(x: NDArray[Any], alpha: NDArray[Any]) -> NDArray[Any]:
    """X as rows of channels."""
    if x.ndim == 0 or alpha.shape != x.shape[-1:]:
        raise ValueError(
            f"prelu(): alpha has shape {alpha.shape}; expected one value for each channel of x, "
            f"whose shape is {x.shape}."
        )
    return x.reshape(x.size // max(alpha.size, 1), alpha.size)
