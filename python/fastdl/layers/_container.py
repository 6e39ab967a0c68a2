"""Layers that hold layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from fastdl._rules import Rule, optional
from fastdl.initializers import Initializer
from fastdl.layers._spec import Form, Layer

LAYERS = Rule(
    "a list of at least one layer",
    lambda v: isinstance(v, tuple) and len(v) > 0,
    lambda v: [layer.to_dict() for layer in v],
)


def _inside(layers: object) -> tuple[Any, ...]:
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

    def paths(self) -> tuple[tuple[Layer, ...], ...]:
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
    joins: ClassVar[str] = "add"
    layers: Sequence[Layer]
    shortcut: Sequence[Layer] | None = None
    rules: ClassVar[Mapping[str, Rule]] = {"layers": LAYERS, "shortcut": optional(LAYERS)}

    def paths(self) -> tuple[tuple[Layer, ...], ...]:
        return (_inside(self.layers), _inside(self.shortcut))

    def map(self, change: Callable[[Layer], Layer]) -> Self:
        lists = {"layers": self.layers, "shortcut": self.shortcut}
        changed = {key: tuple(map(change, _inside(v))) for key, v in lists.items() if _inside(v)}
        return self.replace(**changed)

    def gives(self, form: Form) -> Form | None:
        branch, shortcut = (gives(layers, form) for layers in self.paths())
        return branch if branch == shortcut else None


@dataclass(frozen=True, repr=False)
class Gate(Layer):
    """y = layers(x) * shortcut(x).

    Both give the same shape; or, of images, one of them one row, column or channel, which stands
    for all of them. Rows of features are the channels of such an image: squeeze-and-excitation (Hu,
    Shen and Sun, CVPR 2018, figure 2) is
    ``Gate([GlobalAvgPool(), Dense(c // 16), Activation("relu"), Dense(c),
    Activation("sigmoid")])``.

    Parameters
    ----------
    layers : list of layers
    shortcut : list of layers, optional
        None: x itself.
    name : str, optional
    """

    kind: ClassVar[str] = "gate"
    layers: Sequence[Layer]
    shortcut: Sequence[Layer] | None = None
    rules: ClassVar[Mapping[str, Rule]] = {"layers": LAYERS, "shortcut": optional(LAYERS)}

    def paths(self) -> tuple[tuple[Layer, ...], ...]:
        return (_inside(self.layers), _inside(self.shortcut))

    def map(self, change: Callable[[Layer], Layer]) -> Self:
        lists = {"layers": self.layers, "shortcut": self.shortcut}
        changed = {key: tuple(map(change, _inside(v))) for key, v in lists.items() if _inside(v)}
        return self.replace(**changed)

    def gives(self, form: Form) -> Form | None:
        given = {gives(layers, form) for layers in self.paths()}
        if len(given) == 1:
            return given.pop()
        return "images" if given == {"rows", "images"} else None


def _is_branches(value: object) -> bool:
    return (
        isinstance(value, tuple)
        and len(value) > 1
        and all(isinstance(branch, tuple) for branch in value)
    )


@dataclass(frozen=True, repr=False)
class Concat(Layer):
    """y = [a(x), b(x), ...]: what each branch makes of the input, side by side.

    Images stand side by side in their channels, rows and steps of sequences in their features; all
    else of their shapes must be the same. Szegedy et al., "Going deeper with convolutions", CVPR
    2015, figure 2, is ``Concat([[1x1], [1x1, 3x3], [1x1, 5x5], [pool, 1x1]])``; Huang et al.,
    "Densely connected convolutional networks", CVPR 2017, is ``Concat([[], layers])``.

    The gradient of the input is the sum of the branches', added in their order.

    Parameters
    ----------
    branches : list of lists of layers
        At least two; ``[]`` is the input itself.
    name : str, optional

    Examples
    --------
    >>> from fastdl import layers as L
    >>> wide = L.Concat([[L.Conv2D(8, 1)], [L.Conv2D(4, 3, padding="same"), L.BatchNorm()], []])
    """

    kind: ClassVar[str] = "concat"
    joins: ClassVar[str] = "concat"
    branches: Sequence[Sequence[Layer]]
    rules: ClassVar[Mapping[str, Rule]] = {
        "branches": Rule(
            "a list of at least two lists of layers, of which [] is the input itself",
            _is_branches,
            lambda v: [[layer.to_dict() for layer in branch] for branch in v],
        )
    }

    def paths(self) -> tuple[tuple[Layer, ...], ...]:
        return tuple(map(_inside, _inside(self.branches)))

    def map(self, change: Callable[[Layer], Layer]) -> Self:
        if not _is_branches(self.branches):
            return self
        return self.replace(branches=tuple(tuple(map(change, path)) for path in self.paths()))

    def gives(self, form: Form) -> Form | None:
        given = {gives(branch, form) for branch in self.paths()}
        return given.pop() if len(given) == 1 else None
