"""Fine-tuning of sigmoid layers in standardised coordinates.

The inputs x of a layer lie far from 0 and vary little where they are probabilities, so that a step
along the gradient moves all units alike. With their means m and scales s, the layer
``W'x' + b'`` of ``x' = (x - m) / s`` is the same function for ``W' = W diag(s)`` and
``b' = b + W m``, but its gradients are those of centred inputs of unit scale. So it is trained, and
folded back in the end. LeCun, Bottou, Orr and Mueller, "Efficient backprop", 1998, section 4.3;
Montavon and Mueller, "Deep Boltzmann machines and the centering trick", 2012.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl.fitting.trainable import TrainableNetwork
from fastdl.samples import core_input

_WATCHED = 10_000  # samples that means and scales are taken from, at most
_LEAST = 0.1  # scale of sigmoid units; without it, R^2 below -1 after weak pretraining
_EPS = 1e-30
_INPUT = "_input"  # behind the name of a layer


def unfolded(
    network: TrainableNetwork,
    X: NDArray[Any],
    n_jobs: int | None,
    of_X: tuple[NDArray[Any], NDArray[Any]] | None = None,
    weight: NDArray[Any] | None = None,
) -> TrainableNetwork:
    """The same function, with the inputs of each dense layer standardised before it.

    The scale of an input is its standard deviation over the samples, but not below the root mean
    square of all the layer's, and of sigmoid units not below a tenth: what hardly varies yet is not
    blown up, for it will.

    Parameters
    ----------
    network : TrainableNetwork
        Of dense layers and others without weights.
    X : ndarray of shape (n_samples, ...)
    n_jobs : int or None
    of_X : (ndarray, ndarray) of shape (n_features,), optional
        Means and scales of X, where they are known.
    weight : ndarray of shape (n_samples,), optional
        Of the samples.
    """
    some = np.unique(np.linspace(0, len(X) - 1, _WATCHED).astype(int))
    X, weight = X[some], None if weight is None else weight[some]
    program, weights, layers = network.ready(n_jobs), network.by_name(), list[L.Layer]()
    for i, layer in enumerate(network.layers):
        if isinstance(layer, L.Dense):
            inputs = X if i == 0 else program.predict(core_input(X), layer=i - 1)
            first = not any(isinstance(below, L.Dense) for below in layers)
            moments = of_X if first else None
            least = 0.0 if first else _LEAST
            mean, scale = moments or _scales(inputs.reshape(len(X), -1), weight, least)
            name = f"{layer.name}{_INPUT}"
            layers.append(L.BatchNorm(trainable=False, eps=_EPS, name=name))
            W, b = (weights[f"{layer.name}.{part}"] for part in ("weight", "bias"))
            weights |= {
                f"{layer.name}.weight": W * scale[:, np.newaxis],
                f"{layer.name}.bias": b + mean @ W,
                f"{name}.gain": np.ones_like(mean),
                f"{name}.shift": np.zeros_like(mean),
                f"{name}.running_mean": mean,
                f"{name}.running_var": np.square(scale),
            }
        layers.append(layer)
    return network.rebuilt(layers, weights)


def mean_and_std(
    X: NDArray[Any], weight: NDArray[Any] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Of columns, the rows weighted."""
    if weight is None or not weight.any():
        return X.mean(axis=0, dtype=np.float64), X.std(axis=0, dtype=np.float64)
    mean = np.average(X.astype(np.float64), axis=0, weights=weight)
    return mean, np.sqrt(np.average(np.square(X - mean), axis=0, weights=weight))


def _scales(
    inputs: NDArray[Any], weight: NDArray[Any] | None, least: float
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Means and scales of columns."""
    mean, std = mean_and_std(inputs, weight)
    typical = max(least, float(np.sqrt(np.square(std).mean())))
    return mean, np.maximum(std, typical) if typical > 0 else np.ones_like(std)


def folded(network: TrainableNetwork) -> TrainableNetwork:
    """The same function without what `unfolded` put before its dense layers."""
    weights = network.by_name()
    for layer in network.layers:
        if isinstance(layer, L.BatchNorm):
            name = str(layer.name)
            below = name.removesuffix(_INPUT)
            for part in ("gain", "shift"):
                del weights[f"{name}.{part}"]
            mean = weights.pop(f"{name}.running_mean").astype(np.float64)
            scale = np.sqrt(weights.pop(f"{name}.running_var").astype(np.float64))
            W = weights[f"{below}.weight"] / scale[:, np.newaxis]
            weights[f"{below}.bias"] = weights[f"{below}.bias"] - mean @ W
            weights[f"{below}.weight"] = W
    kept = [layer for layer in network.layers if not isinstance(layer, L.BatchNorm)]
    return network.rebuilt(kept, weights)
