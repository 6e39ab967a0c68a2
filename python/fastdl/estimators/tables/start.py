"""A start that knows the data, and the rates of each role: what lets a rate be large.

Weights are written W / sqrt(fan_in) with W of size 1 (Jacot, Gabriel and Hongler, "Neural tangent
kernel", NeurIPS 2018): here the quotient is what is stored, and has 1 / sqrt(fan_in) of the rate,
which are the same steps of Adam.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl.layers import Layer

if TYPE_CHECKING:
    from fastdl._core import ParameterInfo, Program

_N_SAMPLES = 8192  # a variance needs no more
_N_HINGES = 5
BIAS_RATE = 0.1  # of biases of dense layers


def start_from_data(
    program: Program,
    layers: Sequence[Layer],
    X: NDArray[Any],
    random_state: np.random.RandomState,
) -> None:
    """Weights and biases of the dense layers, one after the other, from what reaches each.

    Weights are normal; then each unit is divided by its standard deviation over the samples, so
    that all start with variance 1. Its bias is minus a random mean of its values at five samples:
    the kink of its activation lies inside the data ("he+5").

    Parameters
    ----------
    program : Program
    layers : list of Layer
        With names; at the top level.
    X : ndarray of shape (n_samples, n_features)
        As the program takes it.
    random_state : RandomState
    """
    if len(X) > _N_SAMPLES:
        X = X[random_state.choice(len(X), _N_SAMPLES, replace=False)]
    for i, layer in enumerate(layers):
        if not isinstance(layer, L.Dense):
            continue
        weight, bias = f"{layer.name}.weight", f"{layer.name}.bias"
        fan_in, units = program.get_parameter(weight).shape
        w = random_state.standard_normal((fan_in, units)) / math.sqrt(fan_in)
        program.set_parameter(weight, w.astype(program.dtype))
        program.set_parameter(bias, np.zeros(units, program.dtype))
        z = program.predict(X, layer=i).astype(np.float64)
        std = z.std(axis=0)
        std[std <= 1e-6 * np.abs(z).max(axis=0, initial=0.0)] = 1.0
        hinges = random_state.randint(len(z), size=(_N_HINGES, units))
        shares = random_state.standard_exponential((_N_HINGES, units))
        middle = np.average(z[hinges, np.arange(units)], axis=0, weights=shares)
        program.set_parameter(weight, (w / std).astype(program.dtype))
        program.set_parameter(bias, (-middle / std).astype(program.dtype))


def multipliers(
    layers: Sequence[Layer], parameters: Sequence[ParameterInfo]
) -> tuple[list[float], list[float]]:
    """Of each parameter: what multiplies the rate beside its layer's own, and its decay.

    The decay goes with the square of all factors but 1 / sqrt(fan_in), and biases have none.
    """
    own = {layer.name: layer for layer in L.walk(layers)}
    rates, decays = [], []
    for p in parameters:
        layer = own[p.name.rpartition(".")[0]]
        is_dense = isinstance(layer, L.Dense)
        factor = BIAS_RATE if is_dense and p.role == "bias" else 1.0
        whole = factor * layer.lr_multiplier  # type: ignore[attr-defined]
        rates.append(factor / math.sqrt(p.fan_in) if is_dense and p.role == "weight" else factor)
        decays.append(0.0 if p.role == "bias" else whole**2)
    return rates, decays
