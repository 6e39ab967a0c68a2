"""Weights of Boltzmann machines by name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

_OTHER = "Weights fit only a machine of the sizes that they were taken from."


def weights_of(machines: Mapping[str, Any]) -> dict[str, NDArray[Any]]:
    """Copies of the weights and biases of machines, by name.

    Parameters
    ----------
    machines : dict of str to machine
        By what their names end with: "" of one alone, "_1" of the first of a stack.
    """
    found = {}
    for end, machine in machines.items():
        found[f"hidden{end}.weight"] = np.array(machine.components_.T, order="C")
        found[f"hidden{end}.bias"] = np.array(machine.intercept_hidden_)
        found[f"visible{end}.bias"] = np.array(machine.intercept_visible_)
    return found


def replace_weights(machines: Mapping[str, Any], weights: Mapping[str, Any]) -> None:
    """Replace weights and biases, all or some of them.

    Raises
    ------
    ValueError
        For a name or shape that the machines do not have, and for NaN or infinity; then nothing is
        changed.
    """
    known = weights_of(machines)
    new = {name: _checked(name, value, known) for name, value in weights.items()}
    for end, machine in machines.items():
        for name, attribute in _ATTRIBUTES.items():
            value = new.get(name.format(end))
            if value is not None:
                setattr(machine, attribute, value.T if value.ndim == 2 else value)


def _checked(name: str, value: Any, known: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
    if name not in known:
        there = ", ".join(map(repr, known))
        raise ValueError(f"{name!r} of the weights is not in the machine, which has {there}.")
    array = np.array(value, known[name].dtype, order="C")
    if array.shape != known[name].shape:
        raise ValueError(
            f"{name!r} has shape {array.shape} in the weights, but {known[name].shape} in the "
            f"machine. {_OTHER}"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name!r} of the weights holds NaN or infinity.")
    return array


_ATTRIBUTES = {
    "hidden{}.weight": "components_",
    "hidden{}.bias": "intercept_hidden_",
    "visible{}.bias": "intercept_visible_",
}
