"""Lists of layers as parameters of an estimator, which a search may go into.

Layers and their fields are parameters by name, counted over all lists of an estimator, in their
order, as in one network.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from fastdl import layers as L
from fastdl.layers import Layer


def with_layers(estimator: Any, lists: Sequence[str], params: dict[str, Any]) -> dict[str, Any]:
    """Parameters, with those of the layers in `lists` beside them (``conv1__filters``)."""
    if not lists:
        return params
    layers = _together(getattr(estimator, name) for name in lists)
    return {**L.get_params(layers), **params}


def set_layers(estimator: Any, lists: Sequence[str], params: dict[str, Any]) -> dict[str, Any]:
    """Set those parameters that are layers or fields of layers; what is left of them."""
    if not lists:
        return params
    rest = dict(params)
    new = {name: rest.pop(name, getattr(estimator, name)) for name in lists}
    layers = _together(new.values())
    known = set(L.get_params(layers)) - set(estimator._get_param_names())
    of_layers = {key: rest.pop(key) for key in list(rest) if key in known}
    if of_layers:
        layers = L.set_params(layers, **of_layers)
        for name, old in new.items():
            count = len(_together([old]))
            if count:
                new[name], layers = layers[:count], layers[count:]
    return {**rest, **new}


def check_layer_names(estimator: Any, layers: Sequence[Layer]) -> None:
    """Raise for a layer that is called like a parameter, which then hides it."""
    own = set(estimator._get_param_names())
    taken = {layer.name for layer in L.walk(layers)} & own
    if taken:
        raise ValueError(
            f"{type(estimator).__name__}: a layer is called {taken.pop()!r}, as a parameter is. "
            "Choose another name."
        )


def _together(lists: Iterable[object]) -> list[Layer]:
    """All layers; what is no list has none, which is for fit to say."""
    return [layer for layers in lists if isinstance(layers, (list, tuple)) for layer in layers]
