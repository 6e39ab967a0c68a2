"""Normalisation of values."""

# mypy: allow-redefinition
from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from fastdl import layers as L
from fastdl._tracing import differentiable
from fastdl.functional._arrays import (
    assign,
    buffer,
    deliver,
    expect_same_shape,
    floats,
    wanted,
)
from fastdl.functional._device import take
from fastdl.functional._layer import backward, backward_input, forward, forward_training
from fastdl.functional._producers import is_on_gpu


@differentiable
def batch_norm(
    x: ArrayLike,
    gamma: ArrayLike,
    beta: ArrayLike,
    mean: ArrayLike,
    var: ArrayLike,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Each channel to mean 0 and variance 1, then times gamma, plus beta.

    Ioffe and Szegedy, "Batch normalization", ICML 2015.

    Parameters
    ----------
    x : array-like of shape (..., channels)
    gamma, beta : array-like of shape (channels,)
    mean, var : array-like of shape (channels,)
        Running statistics. In training they are not used but moved, in place, and must be arrays:
        ``mean = (1 - momentum) mean + momentum batch_mean``; var likewise, by the unbiased
        variance.
    training : bool, default=False
        Whether to take mean and (biased) variance from x, over all axes but the last.
    momentum : float, default=0.1
    eps : float, default=1e-5
        Added to the variance.
    out : ndarray of the shape of x, optional
        Written to and returned.

    Returns
    -------
    ndarray of the shape of x

    Raises
    ------
    TypeError
        If mean or var is not an array of floats when training.
    """
    running: tuple[Any, Any] = (mean, var)
    x, gamma, beta, mean, var = floats(
        "batch_norm", x=x, gamma=gamma, beta=beta, mean=mean, var=var
    )
    rows = _channels("batch_norm", x, gamma=gamma, beta=beta, mean=mean, var=var)
    layer = L.BatchNorm(momentum, eps, name="batch_norm")
    params = {"gain": gamma, "shift": beta}
    states = {"running_mean": mean, "running_var": var}
    y = buffer("batch_norm", out, x.shape, x)
    if not training:
        forward(layer, rows, params, y.reshape(rows.shape), states=states)
        return deliver(y, out)
    for name, array in zip(("mean", "var"), running, strict=True):
        if is_on_gpu(array):
            take("batch_norm", name, array, writes=True)
        elif not (isinstance(array, np.ndarray) and array.dtype.kind == "f"):
            raise TypeError(
                f"batch_norm(): {name} is moved in training; expected an array of floats."
            )
    if rows.size == 0:
        raise ValueError(
            f"batch_norm(): x has shape {x.shape}; training takes at least one sample."
        )
    y, program = forward_training(layer, rows, params, states=states)
    for array, state in zip(running, states, strict=True):
        assign(array, program.get_state(f"batch_norm.{state}"))
    return deliver(y.reshape(x.shape), out)


@differentiable
def batch_norm_backward(
    dy: ArrayLike,
    x: ArrayLike,
    gamma: ArrayLike,
    beta: ArrayLike,
    mean: ArrayLike,
    var: ArrayLike,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
    *,
    needs: Sequence[bool] | None = None,
) -> tuple[NDArray[Any] | None, NDArray[Any] | None, NDArray[Any] | None]:
    """Gradients of `batch_norm`; in training also through the statistics of the batch.

    Parameters
    ----------
    dy : array-like of the shape of x
    x, gamma, beta, mean, var, training, momentum, eps
        As `batch_norm` took them; mean and var are not moved.
    needs : sequence of 3 bool, optional
        Which of the gradients of x, gamma and beta are wanted; the others are None.

    Returns
    -------
    dx, dgamma, dbeta : ndarray or None
    """
    dy, x, gamma, beta, mean, var = floats(
        "batch_norm", dy=dy, x=x, gamma=gamma, beta=beta, mean=mean, var=var
    )
    expect_same_shape("batch_norm", "dy", dy, "x", x)
    rows = _channels("batch_norm", x, gamma=gamma, beta=beta, mean=mean, var=var)
    dx, dgamma, dbeta = backward(
        L.BatchNorm(momentum, eps, name="batch_norm"),
        dy.reshape(rows.shape),
        rows,
        {"gain": gamma, "shift": beta},
        wanted("batch_norm_backward", "x gamma beta", needs),
        states={"running_mean": mean, "running_var": var},
        training=training,
    )
    return None if dx is None else dx.reshape(x.shape), dgamma, dbeta


@differentiable
def layer_norm(
    x: ArrayLike,
    gamma: ArrayLike,
    beta: ArrayLike,
    eps: float = 1e-5,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """The last axis to mean 0 and variance 1, then times gamma, plus beta.

    Ba, Kiros and Hinton, "Layer normalization", 2016.

    Parameters
    ----------
    x : array-like of shape (..., channels)
    gamma, beta : array-like of shape (channels,)
    eps : float, default=1e-5
        Added to the variance.
    out : ndarray of the shape of x, optional
        Written to and returned.

    Returns
    -------
    ndarray of the shape of x
    """
    x, gamma, beta = floats("layer_norm", x=x, gamma=gamma, beta=beta)
    rows = _channels("layer_norm", x, gamma=gamma, beta=beta)
    y = buffer("layer_norm", out, x.shape, x)
    layer = L.LayerNorm(eps, name="layer_norm")
    forward(layer, rows, {"gain": gamma, "shift": beta}, y.reshape(rows.shape))
    return deliver(y, out)


@differentiable
def layer_norm_backward(
    dy: ArrayLike,
    x: ArrayLike,
    gamma: ArrayLike,
    beta: ArrayLike,
    eps: float = 1e-5,
    *,
    needs: Sequence[bool] | None = None,
) -> tuple[NDArray[Any] | None, NDArray[Any] | None, NDArray[Any] | None]:
    """Gradients of `layer_norm`: dx, dgamma and dbeta; None where `needs` says so."""
    dy, x, gamma, beta = floats("layer_norm", dy=dy, x=x, gamma=gamma, beta=beta)
    expect_same_shape("layer_norm", "dy", dy, "x", x)
    rows = _channels("layer_norm", x, gamma=gamma, beta=beta)
    dx, dgamma, dbeta = backward(
        L.LayerNorm(eps, name="layer_norm"),
        dy.reshape(rows.shape),
        rows,
        {"gain": gamma, "shift": beta},
        wanted("layer_norm_backward", "x gamma beta", needs),
    )
    return None if dx is None else dx.reshape(x.shape), dgamma, dbeta


@differentiable
def group_norm(
    x: ArrayLike,
    gamma: ArrayLike,
    beta: ArrayLike,
    groups: int = 32,
    eps: float = 1e-5,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Each group of channels of each sample to mean 0 and variance 1, then times gamma, plus beta.

    Wu and He, "Group normalization", ECCV 2018. Mean and variance are those of the channels of a
    group and of all axes but the first; as many groups as channels is instance normalisation.

    Parameters
    ----------
    x : array-like of shape (n, ..., channels)
    gamma, beta : array-like of shape (channels,)
    groups : int, default=32
        Must divide the number of channels.
    eps : float, default=1e-5
        Added to the variance.
    out : ndarray of the shape of x, optional
        Written to and returned.

    Returns
    -------
    ndarray of the shape of x

    Raises
    ------
    ValueError
        If shapes do not fit, or an argument is out of range.
    """
    x, gamma, beta = floats("group_norm", x=x, gamma=gamma, beta=beta)
    layer, images = _grouped(x, gamma, beta, groups, eps)
    y = buffer("group_norm", out, x.shape, x)
    forward(layer, images, {"gain": gamma, "shift": beta}, y.reshape(images.shape))
    return deliver(y, out)


@differentiable
def group_norm_backward(
    dy: ArrayLike,
    x: ArrayLike,
    gamma: ArrayLike,
    beta: ArrayLike,
    groups: int = 32,
    eps: float = 1e-5,
    *,
    needs: Sequence[bool] | None = None,
) -> tuple[NDArray[Any] | None, NDArray[Any] | None, NDArray[Any] | None]:
    """Gradients of `group_norm`: dx, dgamma and dbeta; None where `needs` says so."""
    dy, x, gamma, beta = floats("group_norm", dy=dy, x=x, gamma=gamma, beta=beta)
    expect_same_shape("group_norm", "dy", dy, "x", x)
    layer, images = _grouped(x, gamma, beta, groups, eps)
    dx, dgamma, dbeta = backward(
        layer,
        dy.reshape(images.shape),
        images,
        {"gain": gamma, "shift": beta},
        wanted("group_norm_backward", "x gamma beta", needs),
    )
    return None if dx is None else dx.reshape(x.shape), dgamma, dbeta


def _grouped(
    x: NDArray[Any], gamma: NDArray[Any], beta: NDArray[Any], groups: int, eps: float
) -> tuple[L.Layer, NDArray[Any]]:
    """The layer, and x as images (n, pixels, 1, channels), or as it is if it is rows."""
    if x.ndim < 2:
        raise ValueError(f"group_norm(): x has shape {x.shape}; expected (n, ..., channels).")
    _channels("group_norm", x, gamma=gamma, beta=beta)
    layer = L.GroupNorm(groups, eps, name="group_norm")
    if x.ndim == 2:
        return layer, x
    return layer, x.reshape(len(x), math.prod(x.shape[1:-1]), 1, x.shape[-1])


@differentiable
def local_response_norm(
    x: ArrayLike,
    size: int = 5,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 1.0,
    *,
    out: NDArray[Any] | None = None,
) -> NDArray[Any]:
    """Each channel divided by what it and its neighbours give.

    ``y_c = x_c / (k + alpha / size * sum_j x_j^2)^beta``, the sum over the `size` channels around
    c. Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural
    networks", NIPS 2012, section 3.3, where alpha is not divided by size.

    Parameters
    ----------
    x : array-like of shape (..., channels)
    size : int, default=5
        An odd number.
    alpha, beta, k : float
    out : ndarray of the shape of x, optional
        Written to and returned.

    Returns
    -------
    ndarray of the shape of x

    Raises
    ------
    ValueError
        If an argument is out of range.
    """
    (x,) = floats("local_response_norm", x=x)
    rows = _channels("local_response_norm", x)
    y = buffer("local_response_norm", out, x.shape, x)
    layer = L.LocalResponseNorm(size, alpha, beta, k, name="local_response_norm")
    forward(layer, rows, {}, y.reshape(rows.shape))
    return deliver(y, out)


@differentiable
def local_response_norm_backward(
    dy: ArrayLike,
    x: ArrayLike,
    size: int = 5,
    alpha: float = 1e-4,
    beta: float = 0.75,
    k: float = 1.0,
) -> NDArray[Any]:
    """Gradient of `local_response_norm`, with s_c what x_c is divided by before the power.

    ``dx_c = dy_c / s_c^beta - 2 alpha beta / size * x_c * sum_j dy_j x_j / s_j^(beta + 1)``.
    """
    dy, x = floats("local_response_norm", dy=dy, x=x)
    expect_same_shape("local_response_norm", "dy", dy, "x", x)
    rows = _channels("local_response_norm", x)
    layer = L.LocalResponseNorm(size, alpha, beta, k, name="local_response_norm")
    return backward_input(layer, dy.reshape(rows.shape), rows).reshape(x.shape)


@differentiable
def unit_norm(x: ArrayLike, eps: float = 1e-12, *, out: NDArray[Any] | None = None) -> NDArray[Any]:
    """Vectors scaled to length 1: ``y = x / sqrt(sum_c x_c^2)``.

    Parameters
    ----------
    x : array-like of shape (..., channels)
        A vector along the last axis.
    eps : float, default=1e-12
        Vectors up to this length give zeros.
    out : ndarray of the shape of x, optional
        Written to and returned.

    Returns
    -------
    ndarray of the shape of x
    """
    (x,) = floats("unit_norm", x=x)
    rows = _channels("unit_norm", x)
    y = buffer("unit_norm", out, x.shape, x)
    forward(L.UnitNorm(eps, name="unit_norm"), rows, {}, y.reshape(rows.shape))
    return deliver(y, out)


@differentiable
def unit_norm_backward(dy: ArrayLike, x: ArrayLike, eps: float = 1e-12) -> NDArray[Any]:
    """Gradient of `unit_norm`: ``dx = (dy - y sum_c dy_c y_c) / ||x||``, 0 up to length `eps`."""
    dy, x = floats("unit_norm", dy=dy, x=x)
    expect_same_shape("unit_norm", "dy", dy, "x", x)
    rows = _channels("unit_norm", x)
    layer = L.UnitNorm(eps, name="unit_norm")
    return backward_input(layer, dy.reshape(rows.shape), rows).reshape(x.shape)


def _channels(who: str, x: NDArray[Any], **per_channel: NDArray[Any]) -> NDArray[Any]:
    """X as rows of channels, for which the others have one value each."""
    if x.ndim == 0:
        raise ValueError(f"{who}(): x has shape (); expected (..., channels).")
    for name, array in per_channel.items():
        if array.shape != x.shape[-1:]:
            raise ValueError(
                f"{who}(): {name} has shape {array.shape}; expected one value for each channel of "
                f"x, whose shape is {x.shape}."
            )
    return x.reshape(x.size // max(x.shape[-1], 1), x.shape[-1])
