"""Layers that hold layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar, Self

from fastdl._rules import Rule, optional
from fastdl.initializers import Initializer
from fastdl.layers._spec import Form, Layer

LAYERS = Rule(
    "a list of at least one layer",
    lambda v: isinstance(v, tuple) and len(v) > 0,
    lambda v: [layer.to_dict() for layer in v],
)


def _inside(layers: object) -> tuple[Layer, ...]:
    """The layers of a list, none for anything else: constructors only store, `check` judges."""
    return layers if isinstance(layers, tuple) else ()


def gives(layers: Sequence[Layer], form: Form) -> Form | None:
    """What layers one after the other make of rows, sequences or images; None if one refuses."""
    given: Form | None = form
    for layer in layers:
        given = layer.gives(given) if given is not None and isinstance(layer, Layer) else None
    return given


def asks_for(layers: Sequence[Layer]) -> Form | None:
    """What the first of these layers that refuses rows takes: images or sequences; None of none."""
    for i in range(1, len(layers) + 1):
        if gives(layers[:i], "rows") is None:
            forms: tuple[Form, ...] = ("images", "sequences")
            return next((form for form in forms if gives(layers[:i], form) is not None), None)
    return None


def first_wish(layers: Sequence[Layer]) -> Initializer | None:
    """How weights before these layers should start; None if no layer says."""
    wishes = (layer.initializer_before() for layer in layers)
    return next((wish for wish in wishes if wish is not None), None)


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

    def gives(self, form: Form) -> Form | None:
        return gives(_inside(self.layers), form)

    def initializer_before(self) -> Initializer | None:
        """As the layers inside, the first that says."""
        return first_wish(_inside(self.layers))


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

    def gives(self, form: Form) -> Form | None:
        branch, shortcut = (gives(layers, form) for layers in self.branches())
        return branch if branch == shortcut else None


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

    def gives(self, form: Form) -> Form | None:
        return form if form == "rows" == gives(_inside(self.layers), form) else None
