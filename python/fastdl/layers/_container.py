"""Layers that hold layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from fastdl._rules import Rule, optional
from fastdl.layers._spec import Layer

LAYERS = Rule(
    "a list of at least one layer",
    lambda v: isinstance(v, tuple) and len(v) > 0,
    lambda v: [layer.to_dict() for layer in v],
)


def _inside(layers: object) -> tuple[Layer, ...]:
    """The layers of a list, none for anything else: constructors only store, `check` judges."""
    return layers if isinstance(layers, tuple) else ()


@dataclass(frozen=True, repr=False)
class Sequential(Layer):
    """Layers one after the other, as one layer: to name a group, or to reuse it.

    Parameters
    ----------
    layers : list of layers
    name : str, optional
    """

    kind: ClassVar[str] = "sequential"
    layers: Sequence[Layer]
    rules: ClassVar[Mapping[str, Rule]] = {"layers": LAYERS}

    def branches(self) -> tuple[tuple[Layer, ...], ...]:
        return (_inside(self.layers),)

    def map(self, change: Callable[[Layer], Layer]) -> Self:
        inside = _inside(self.layers)
        return self.replace(layers=tuple(map(change, inside))) if inside else self


@dataclass(frozen=True, repr=False)
class Residual(Layer):
    """y = layers(x) + shortcut(x).

    Both must give the same shape. He et al., "Deep residual learning for image recognition", CVPR
    2016, equations 1 and 2. The activation after the sum, where there is one, is a layer of its
    own.

    Parameters
    ----------
    layers : list of layers
    shortcut : list of layers, optional
        None: x itself. ``[Conv2D(f, 1, stride=2), BatchNorm()]`` is the usual projection where the
        shape changes.
    name : str, optional
    """

    kind: ClassVar[str] = "residual"
    layers: Sequence[Layer]
    shortcut: Sequence[Layer] | None = None
    rules: ClassVar[Mapping[str, Rule]] = {"layers": LAYERS, "shortcut": optional(LAYERS)}

    def branches(self) -> tuple[tuple[Layer, ...], ...]:
        return (_inside(self.layers), _inside(self.shortcut))

    def map(self, change: Callable[[Layer], Layer]) -> Self:
        lists = {"layers": self.layers, "shortcut": self.shortcut}
        changed = {key: tuple(map(change, _inside(v))) for key, v in lists.items() if _inside(v)}
        return self.replace(**changed)


@dataclass(frozen=True, repr=False)
class Concat(Layer):
    """y = [layers(x), x]: what the layers make of the input, and the input beside it; rows.

    Parameters
    ----------
    layers : list of layers
    name : str, optional
    """

    kind: ClassVar[str] = "concat"
    layers: Sequence[Layer]
    rules: ClassVar[Mapping[str, Rule]] = {"layers": LAYERS}

    def branches(self) -> tuple[tuple[Layer, ...], ...]:
        return (_inside(self.layers),)

    def map(self, change: Callable[[Layer], Layer]) -> Self:
        return self.replace(layers=tuple(map(change, _inside(self.layers))))
