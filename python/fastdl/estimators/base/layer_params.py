"""Lists of layers as parameters of an estimator, which a search may go into."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, ClassVar, Self

from fastdl import layers as L
from fastdl.layers import Layer


class LayerParamsMixin:
    """Layers and their fields as parameters, by name, for an estimator with lists of layers.

    Names are counted over all lists, in their order, as in one network.
    """

    _layer_lists: ClassVar[tuple[str, ...]]  # the parameters that hold them

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Parameters by name; with `deep`, also layers and their fields (``conv1__filters``)."""
        params: dict[str, Any] = super().get_params(deep=deep)  # type: ignore[misc]
        layers = _together(getattr(self, name) for name in self._layer_lists)
        return {**L.get_params(layers), **params} if deep else params

    def set_params(self, **params: Any) -> Self:
        """Set parameters, those of layers too: ``conv1__filters=16``, ``conv1=Conv2D(16, 5)``.

        Returns
        -------
        estimator
            This object.
        """
        lists = {name: params.pop(name, getattr(self, name)) for name in self._layer_lists}
        layers = _together(lists.values())
        known = set(L.get_params(layers)) - set(self._get_param_names())  # type: ignore[attr-defined]
        of_layers = {key: params.pop(key) for key in list(params) if key in known}
        super().set_params(**params)  # type: ignore[misc]
        if of_layers:
            layers = L.set_params(layers, **of_layers)
            for name, old in lists.items():
                count = len(_together([old]))
                if count:
                    lists[name], layers = layers[:count], layers[count:]
        for name, value in lists.items():
            setattr(self, name, value)
        return self

    def _check_layer_names(self, layers: Sequence[Layer]) -> None:
        """Raise for a layer that is called like a parameter, which then hides it."""
        own = set(self._get_param_names())  # type: ignore[attr-defined]
        taken = {layer.name for layer in L.walk(layers)} & own
        if taken:
            raise ValueError(
                f"{type(self).__name__}: a layer is called {taken.pop()!r}, as a parameter is. "
                "Choose another name."
            )


def _together(lists: Iterable[object]) -> list[Layer]:
    """All layers; what is no list has none, which is for fit to say."""
    return [layer for layers in lists if isinstance(layers, (list, tuple)) for layer in layers]
