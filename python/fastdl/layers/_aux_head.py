"""A second loss from the middle of a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from fastdl._rules import NOT_NEGATIVE, Rule
from fastdl.initializers import Initializer
from fastdl.layers._container import LAYERS, _inside, gives
from fastdl.layers._spec import Form, Layer
from fastdl.layers._tree import walk


@dataclass(frozen=True, repr=False)
class AuxHead(Layer):
    """The identity; in training, what its layers make of the input has a loss of its own.

    An estimator puts an output layer, made for y, behind the layers, flattened if need be. Their
    loss, which is that of the network, is added to it, times `weight`, so that its gradient reaches
    the layers before this one by a shorter way. Szegedy et al., "Going deeper with convolutions",
    CVPR 2015, section 5.

    In use the layers inside are left out: they cost nothing, and their parameters, which are saved
    to go on with, change no prediction. ``history_`` has the loss of the output in "loss" and this
    one, before it is weighted, in a column of its own, called after the layer: "aux_head_1_loss".

    Rows and images are taken; y has one answer for each sample, a class or numbers.

    Parameters
    ----------
    layers : list of layers
        All but the output layer.
    weight : float, default=0.3
        Of its loss, beside the network's own.
    name : str, optional

    Examples
    --------
    >>> from fastdl import NetClassifier
    >>> from fastdl import layers as L
    >>> def block(filters):
    ...     return [L.Conv2D(filters, 3, padding="same"), L.BatchNorm(), L.Activation("relu")]
    >>> side = L.AuxHead([L.GlobalAvgPool(), L.Dense(32), L.Activation("relu")])
    >>> net = NetClassifier([*block(16), *block(16), side, L.MaxPool2D(2), *block(32)])
    """

    kind: ClassVar[str] = "aux_head"
    side: ClassVar[bool] = True
    layers: Sequence[Layer]
    weight: float = 0.3
    rules: ClassVar[Mapping[str, Rule]] = {"layers": LAYERS, "weight": NOT_NEGATIVE}

    def check(self) -> None:
        super().check()
        if self.name == "val":
            raise ValueError(
                f"{self.who}: its loss would be called 'val_loss' in history_, as that of a "
                "validation set is. Give it another name."
            )

    def paths(self) -> tuple[tuple[Layer, ...], ...]:
        return (_inside(self.layers),)

    def map(self, change: Callable[[Layer], Layer]) -> Self:
        inside = _inside(self.layers)
        return self.replace(layers=tuple(map(change, inside))) if inside else self

    def gives(self, form: Form) -> Form | None:
        return None if gives(_inside(self.layers), form) is None else form

    def initializer_before(self) -> Initializer | None:
        """None: the layers after it say, as if it were not there."""
        return None


def side_heads(layers: Sequence[Layer]) -> list[AuxHead]:
    """All side heads, in their order."""
    return [layer for layer in walk(layers) if isinstance(layer, AuxHead)]


def held_by_sides(layers: Sequence[Layer]) -> set[str]:
    """The names of the layers that side heads hold, which are used in training only."""
    if not side_heads(layers):
        return set()
    names, main = ({layer.name or "" for layer in walk(layers, sides=s)} for s in (True, False))
    return names - main
