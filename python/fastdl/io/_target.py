"""The layers of a network that take weights from a file, in the words of a layout."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl.io._channels import Orders
from fastdl.io._layouts import Slot, cell_of, slots
from fastdl.program import survey

Arrays: TypeAlias = dict[str, NDArray[Any]]  # by their own names: "weight", "bias"


class Target:
    """The layers of a network that have weights, in the words of a layout."""

    def __init__(self, net: Any, layout: str) -> None:
        if not hasattr(net, "set_weights"):
            raise TypeError(
                f"{type(net).__name__} has no network. Pass a fitted estimator of fastdl that is "
                "one, or a fastdl.Network."
            )
        self.net, self.weights = net, net.get_weights()
        layers, shape = net._network.layers, net._network.input_shape
        rows = survey(layers, shape)
        self.orders = Orders(layers, rows) if layout == "torch" else None
        parameters: dict[str, list[str]] = defaultdict(list)
        for key in self.weights:
            layer, _, parameter = key.rpartition(".")
            parameters[layer].append(parameter)
        specs = {layer.name or "": layer for layer in L.walk(layers)}
        self.kinds = {name: specs[name].kind for name in parameters}
        self.cells = {name: cell_of(specs[name]) for name in parameters}
        self.slots: dict[str, list[Slot]] = {}
        axes = {row.name: len(row.input_shape) for row in rows}
        for name in [row.name for row in rows if row.name in parameters]:
            own = [Slot(p, (p,)) for p in parameters[name]]
            known = own if layout == "fastdl" else slots(specs[name], layout, axes[name])
            known = [slot for slot in known if slot.parameter in parameters[name]]
            if len(known) < len(own):
                raise ValueError(
                    f"{specs[name].who} has {', '.join(parameters[name])}, which layout="
                    f'{layout!r} does not know. Use layout="fastdl".'
                )
            self.slots[name] = known

    def find(self, name: str) -> None:
        """Raise ValueError if there is no such layer."""
        if name not in self.slots:
            raise ValueError(
                f"names has {name!r}, which is no layer with weights of the network; those are "
                f"{', '.join(map(repr, self.slots))}."
            )

    def shape(self, name: str, parameter: str) -> tuple[int, ...]:
        """Of a parameter."""
        return self.weights[f"{name}.{parameter}"].shape

    def expected(self, name: str) -> dict[str, tuple[int, ...]]:
        """The shapes of a layer's arrays in a file."""
        return {array: value.shape for array, value in self.write(name).items()}

    def write(self, name: str) -> Arrays:
        """A layer's parameters as a file has them."""
        found: Arrays = {}
        for slot in self.slots[name]:
            value = self.weights[f"{name}.{slot.parameter}"]
            if self.orders:
                value = self.orders.to_torch(name, slot.parameter, value)
            found.update(zip(slot.arrays, slot.write(value), strict=True))
        return found

    def read(self, name: str, arrays: Arrays) -> Arrays:
        """A layer's parameters, of arrays that fit; a bias that is missing is zero."""
        found: Arrays = {}
        for slot in self.slots[name]:
            key = f"{name}.{slot.parameter}"
            shape = self.weights[key].shape
            if slot.arrays[0] not in arrays:
                found[key] = np.zeros(shape)
                continue
            value = slot.read(shape, *(arrays[array] for array in slot.arrays))
            if self.orders:
                value = self.orders.to_fastdl(name, slot.parameter, value)
            found[key] = value
        return found

    def fits(self, name: str, arrays: Arrays) -> bool:
        """Whether these are the layer's, by their names and shapes."""
        known = {array for slot in self.slots[name] for array in slot.arrays}
        if not arrays.keys() <= known:
            return False
        for slot in self.slots[name]:
            there = [array for array in slot.arrays if array in arrays]
            if not there and slot.parameter.startswith("bias"):
                continue
            if len(there) < len(slot.arrays):
                return False
            try:
                shape = self.shape(name, slot.parameter)
                if slot.read(shape, *(arrays[array] for array in slot.arrays)).shape != shape:
                    return False
            except ValueError:  # another number of axes
                return False
        return True

    def set(self, new: Arrays) -> None:
        """Replace them in the network."""
        self.net.set_weights(new)


def shapes_text(shapes: Mapping[str, tuple[int, ...]]) -> str:
    return ", ".join(f"{name} {shape}" for name, shape in shapes.items())


def shapes_of(arrays: Arrays) -> str:
    return shapes_text({name: array.shape for name, array in arrays.items()})
