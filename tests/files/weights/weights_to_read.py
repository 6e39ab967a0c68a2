"""Small networks and weights to read into them."""

from pathlib import Path

import numpy as np

import fastdl
from fastdl import layers as L

FOLDER = Path(__file__).parents[2] / "data" / "torch"
RELU = L.Activation("relu")


def drawn(*shapes):
    random = np.random.default_rng(0)
    return [random.normal(size=shape) for shape in shapes]


def rows(*units, names=None, n_features=4):
    names = names or [None] * len(units)
    layers = [L.Dense(n, name=name) for n, name in zip(units, names, strict=True)]
    return fastdl.Network(layers, (n_features,), random_state=0)


def state(**shapes):
    """Of linear layers without bias."""
    random = np.random.default_rng(0)
    return {f"{k}.weight": random.normal(size=v).astype("f4") for k, v in shapes.items()}
