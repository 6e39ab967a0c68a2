"""A value on the way from the input: the layers up to it, and what its axes are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import _core
from fastdl import layers as L
from fastdl.layers import Layer
from fastdl.program import output_shape


class Unsupported(Exception):
    """What no layer stands for; the text says why."""


@dataclass(eq=False)
class Draft:
    """A layer that is not final yet, and its weights by their names within it."""

    spec: Layer
    weights: dict[str, NDArray[Any]] = field(default_factory=dict)
    name: str = ""
    inside: list[list[Draft]] = field(default_factory=list)  # of a container


Axis = tuple[str, ...]  # the axes of a sample that lie in one axis of ONNX, the slowest first

FORMS: dict[int, tuple[str, ...]] = {1: ("f",), 2: ("t", "f"), 3: ("h", "w", "c")}


@dataclass(frozen=True, eq=False)
class Value:
    """What a value of the graph is to a sample.

    Attributes
    ----------
    name : str
        In the graph.
    shape : tuple of int
        Of a sample, as the layers so far give it.
    axes : tuple of tuple of str
        Of each axis in ONNX, which of the sample's axes lie in it: "n" is that of the samples;
        "f" of rows; "t" and "f" of sequences; "h", "w" and "c" of images. An axis of size 1 may
        hold none, and an axis that is missing has size 1.
    n : int
        Samples.
    drafts : list of Draft
        The layers so far.
    notes : dict
        What the next nodes need to know: padding, the parts of a row that was split, and so on.
    """

    name: str
    shape: tuple[int, ...]
    axes: tuple[Axis, ...]
    n: int
    drafts: list[Draft]
    notes: dict[str, Any] = field(default_factory=dict)

    @property
    def sizes(self) -> dict[str, int]:
        """Of each of the sample's axes."""
        found = {"n": self.n, **dict(zip(FORMS[len(self.shape)], self.shape, strict=True))}
        return found | self.notes.get("sizes", {})

    @property
    def onnx_shape(self) -> tuple[int, ...]:
        """As ONNX has it."""
        sizes = self.sizes
        return tuple(math.prod(sizes[a] for a in axis) for axis in self.axes)

    @property
    def channel(self) -> str:
        """The last of the sample's axes."""
        return FORMS[len(self.shape)][-1]

    @property
    def is_split(self) -> bool:
        """Whether a row lies in several axes."""
        return "sizes" in self.notes

    def at(self, axis: int) -> Axis:
        """What lies in an axis, which may be counted from the end."""
        return self.axes[axis]

    def to(self, name: str, **changes: Any) -> Value:
        """The next value, after nodes that change no number."""
        return replace(self, name=name, **changes)

    def then(
        self,
        name: str,
        spec: Layer,
        weights: dict[str, NDArray[Any]] | None = None,
        *,
        called: str = "",
        inside: Sequence[list[Draft]] = (),
        axes: tuple[Axis, ...] | None = None,
    ) -> Value:
        """The next value, after one more layer."""
        draft = Draft(spec, dict(weights or {}), called, [list(i) for i in inside])
        shape = shape_after(spec, self.shape)
        _check_weights(draft, self.shape)
        return replace(
            self,
            name=name,
            shape=shape,
            axes=self.axes if axes is None else axes,
            drafts=[*self.drafts, draft],
        )


def shape_after(spec: Layer, shape: tuple[int, ...]) -> tuple[int, ...]:
    """What a layer gives for a sample of this shape; Unsupported if it does not take it."""
    if isinstance(spec, L.Transpose) and math.prod(shape) > _LARGEST_TURNED:
        raise Unsupported(f"it turns samples of shape {shape}, more than {_LARGEST_TURNED} numbers")
    try:
        given = output_shape([spec], shape)
    except ValueError as error:
        raise Unsupported(str(error)) from error
    check_size(given)
    return given


def check_size(shape: tuple[int, ...]) -> None:
    """Raise Unsupported for more than a file is likely to mean."""
    if not 0 < math.prod(shape) <= LARGEST:
        raise Unsupported(f"samples of shape {shape} have no number, or more than {LARGEST}")


LARGEST = 1 << 26  # numbers of a sample
_LARGEST_TURNED = 1 << 21  # of one whose axes are turned: the layer has a table of them


def _check_weights(draft: Draft, shape: tuple[int, ...]) -> None:
    """Raise Unsupported for weights that are not those of the layer."""
    if not draft.weights:
        return
    parameters, states = _core.outline(L.to_dict([draft.spec]), shape)
    wanted = {p.name.rpartition(".")[2]: tuple(p.shape) for p in parameters}
    wanted |= {s.name.rpartition(".")[2]: (s.size,) for s in states}
    found = {name: value.shape for name, value in draft.weights.items()}
    wrong = [name for name in wanted if found.get(name) != wanted[name]]
    if wrong:
        each = (f"{name} of shape {found.get(name)} in place of {wanted[name]}" for name in wrong)
        raise Unsupported(f"its weights do not fit its input: {', '.join(each)} (fastdl's layout)")


# --- into the form that a layer takes


def as_rows(x: Value) -> tuple[Value, NDArray[np.int64]]:
    """Rows, and where in them each of ONNX's features stands.

    Raises
    ------
    Unsupported
        If the features do not lie in one axis.
    """
    inner = [axis for axis in x.axes[1:] if axis]
    if x.axes[:1] != (("n",),) or len(inner) > 1:
        raise Unsupported(f"it takes rows, but its input has axes {described(x)}")
    features = inner[0] if inner else ()
    order = np.arange(math.prod(x.shape)).reshape(x.shape)
    if x.is_split:
        names, order = x.notes["parts"], order.reshape(list(x.notes["sizes"].values()))
    else:
        names = FORMS[len(x.shape)]
    missing = tuple(name for name in names if name not in features)
    order = order.transpose([names.index(a) for a in (*missing, *features)]).ravel()
    notes = {key: v for key, v in x.notes.items() if key not in ("sizes", "parts")}
    x = replace(x, notes=notes)
    if len(x.shape) > 1:
        x = x.then(x.name, L.Flatten())
    return replace(x, axes=(("n",), ("f",))), order


def flattened(x: Value) -> tuple[Value, NDArray[np.int64]]:
    """`as_rows`, of which the axes still say where in ONNX's each feature stands."""
    rows, order = as_rows(x)
    names = x.notes["parts"] if x.is_split else FORMS[len(x.shape)]
    if np.array_equal(order, np.arange(len(order))):
        axes = tuple(axis if axis == ("n",) else ("f",) * bool(axis) for axis in x.axes)
        return replace(rows, axes=axes), order
    sizes = x.sizes
    parts = {name: f"part {name}" for name in names} | {"n": "n"}
    notes = {
        **rows.notes,
        "parts": tuple(parts[name] for name in names),
        "sizes": {parts[name]: sizes[name] for name in names},
    }
    axes = tuple(tuple(parts[a] for a in axis) for axis in x.axes)
    return replace(rows, notes=notes, axes=axes), order


def as_image(x: Value) -> Value:
    """An image whose axes in ONNX are (n, c, h, w), or (n, c, w) where it is one pixel high.

    Raises
    ------
    Unsupported
        For anything else.
    """
    if x.axes == (("n",), ("c",), ("h",), ("w",)) and len(x.shape) == 3:
        return x
    is_line = len(x.axes) == 3 and len(x.shape) == 3 and x.shape[0] == 1
    if is_line and x.axes == (("n",), ("c",), ("w",)):
        return x
    if len(x.axes) not in (3, 4) or len(x.shape) == 2 or x.axes[0] != ("n",):
        raise Unsupported(f"it takes images (n, c, h, w), but its input has axes {described(x)}")
    if len(x.shape) == 3 and not x.is_split and all(len(axis) < 2 for axis in x.axes):
        x = _turned(x)
    sizes = x.onnx_shape
    channels, high, wide = (sizes[1], *((1, *sizes[2:])[-2:]))
    axes: tuple[Axis, ...] = (("n",), ("c",), ("h",), ("w",))
    axes = axes if len(x.axes) == 4 else (axes[0], axes[1], axes[3])
    if len(x.shape) == 3 and not x.is_split:
        here = tuple(a for axis in x.axes[1:] for a in axis)
        there = tuple(a for a in here if x.sizes[a] > 1)
        wanted = tuple(a for a in ("c", "h", "w") if x.sizes[a] > 1)
        if there != wanted or (channels, high, wide) != (x.shape[2], *x.shape[:2]):
            raise Unsupported(
                f"it takes images (n, c, h, w), but its input has axes {described(x)}"
            )
        return replace(x, axes=axes)
    order = np.arange(math.prod(x.shape))
    if x.is_split:
        names, parts = x.notes["parts"], x.notes["sizes"]
        order = order.reshape(list(parts.values()))
        order = order.transpose([names.index(a) for axis in x.axes[1:] for a in axis])
    order = order.reshape(channels, high, wide).transpose(1, 2, 0).ravel()
    notes = {key: v for key, v in x.notes.items() if key not in ("sizes", "parts")}
    x = replace(x, notes=notes, axes=(("n",), ("f",)))
    x = reordered(x, order)
    return x.then(x.name, L.Reshape((high, wide, channels)), axes=axes)


def _turned(x: Value) -> Value:
    """An image with the axis after the samples' as its channels, and the others in their order."""
    large = [axis[0] for axis in x.axes[1:] if axis and x.sizes[axis[0]] > 1]
    places = [i for i, axis in enumerate(x.axes) if axis and axis != ("n",) and axis[0] in large]
    wanted = ["c", "h", "w"] if len(x.axes) == 4 else ["c", "w"]
    source = {wanted[i - 1]: x.axes[i][0] for i in places}
    if all(a == b for a, b in source.items()):
        return x
    rest = [a for a in FORMS[3] if a not in source.values()]
    order = [source[a] if a in source else rest.pop(0) for a in FORMS[3]]
    spec = L.Transpose(tuple(FORMS[3].index(a) for a in order))
    axes: tuple[Axis, ...] = (("n",), *((a,) for a in wanted))
    return x.then(x.name, spec, axes=axes)


def reordered(x: Value, order: NDArray[np.int64]) -> Value:
    """Rows whose feature i is what feature ``order[i]`` was: the weights before give them so."""
    if np.array_equal(order, np.arange(len(order))):
        return x
    drafts = [Draft(d.spec, dict(d.weights), d.name, d.inside) for d in x.drafts]
    for draft in reversed(drafts):
        if isinstance(draft.spec, L.Dense):
            draft.weights["weight"] = draft.weights["weight"][:, order]
            if "bias" in draft.weights:
                draft.weights["bias"] = draft.weights["bias"][order]
            return replace(x, drafts=drafts)
        is_alike = isinstance(draft.spec, (L.Activation, L.PReLU, L.Scale, L.BatchNorm))
        if not is_alike or getattr(draft.spec, "function", "") == "softmax":
            break
        draft.weights = {key: value[order] for key, value in draft.weights.items()}
    if len(order) > 4096:
        raise Unsupported("it takes features in another order than the layers before give them")
    weight = np.eye(len(order), dtype=np.float32)[:, order]
    spec = L.Dense(len(order), bias=False, trainable=False)
    return x.then(x.name, spec, {"weight": weight})


def described(x: Value) -> str:
    """The axes of a value, for messages."""
    names = {"n": "samples", "t": "steps", "f": "features", "c": "channels"}
    names |= {"h": "height", "w": "width"}
    parts = [f"{'·'.join(names.get(a, 'part') for a in axis) or '1'}" for axis in x.axes]
    return f"({', '.join(parts)}), of sizes {x.onnx_shape}"
