"""From a graph to the tree of layers: chains, and branches that meet again."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl.layers import Layer
from fastdl.onnx.reading.graph import Graph, Node
from fastdl.onnx.reading.images import without_pads
from fastdl.onnx.reading.joins import JOINS
from fastdl.onnx.reading.table import READERS
from fastdl.onnx.reading.value import Draft, Unsupported, Value


class Stopped(Exception):
    """The way ends at a node that is not supported; the reader has noted which."""


# What readers run into where a node is not as its operator is defined.
MALFORMED = (
    *(IndexError, KeyError, TypeError, ValueError),
    *(ArithmeticError, AttributeError, StopIteration),
)


def malformed(error: BaseException) -> str:
    """What messages say of it."""
    what = str(error).splitlines() or [""]
    return f"it is not as the operator is defined ({type(error).__name__}: {what[0][:120]})"


class Walk:
    """One way through a graph, from an input to an output.

    Parameters
    ----------
    graph : Graph
        Folded; only what the output depends on.
    x : Value
        The input.
    beside : set of str
        Values that depend on other inputs: the lengths of sequences.
    ours : bool
        Whether fastdl wrote the file: then nodes are named after layers.
    """

    def __init__(
        self, graph: Graph, x: Value, beside: set[str], dtype: np.dtype[Any], ours: bool
    ) -> None:
        self.graph, self.dtype, self.opset = graph, dtype, graph.opset
        self.x, self._beside, self.is_ours = x, beside, ours
        self._takers = graph.takers()
        self._outputs = set(graph.outputs)
        self.problems: dict[int, tuple[Node, str]] = {}
        self.seen: set[int] = set()  # nodes on the way so far

    # --- what readers ask for

    def constant(self, name: str) -> NDArray[Any] | None:
        """A constant by name."""
        return self.graph.constant(name)

    def const(self, node: Node, i: int) -> NDArray[Any] | None:
        """Input i of a node, if it is a constant; numbers as floats of the network."""
        name = node.inputs[i] if len(node.inputs) > i else ""
        return self.graph.constant(name) if name else None

    def param(self, node: Node, i: int, attribute: str) -> Any:
        """What is an input of newer opsets and was an attribute of older ones."""
        value = self.const(node, i)
        return node.get(attribute) if value is None else value

    def other(self, node: Node, x: Value) -> NDArray[Any]:
        """The constant beside x; Unsupported if there is none."""
        others = [name for name in node.inputs if name != x.name]
        value = self.graph.constant(others[0]) if len(others) == 1 else None
        if value is None or value.dtype.kind not in "iuf":
            raise Unsupported("what stands beside its input is not constant")
        return value.astype(self.dtype)

    def is_beside(self, name: str) -> bool:
        """Whether a value depends on another input than x."""
        return name in self._beside

    def is_aside(self, node: Node, x: Value) -> bool:
        """Whether the other inputs of a node are constants or of the lengths, one at least."""
        others = [name for name in node.inputs if name and name != x.name]
        known = [self.is_beside(n) or self.graph.constant(n) is not None for n in others]
        return all(known) and any(map(self.is_beside, others))

    def is_asked_for(self, name: str) -> bool:
        """Whether a node takes a value, or the user."""
        return name in self._takers or name in self._outputs

    def name_of(self, node: Node, i: int) -> str:
        """What to call the layer of a node with weights in input i; "" for no name of its own."""
        if self.is_ours:
            return _plain(node.name.partition("/")[0]) if "/" in node.name else ""
        stem = re.fullmatch(r"(.*?)[._/:]*(weight|kernel|gamma|scale|W|w)(_\d+)?", node.inputs[i])
        return _plain(stem[1]) if stem and "::" not in stem[1] else ""

    # --- the way

    def whole(self, output: str) -> Value:
        """The value of the output; Stopped if a node is in the way."""
        return self.chain(self.x, output)

    def chain(self, x: Value, stop: str) -> Value:
        """From a value to another that depends on it alone."""
        while x.name != stop:
            takers = [n for n in self._takers.get(x.name, []) if self._leads(n, stop)]
            if not takers:
                raise Stopped
            same = all(n is takers[0] for n in takers)
            if same and len(takers) == 1:
                x = self._step(takers[0], x)
            else:
                join = takers[0] if same else self._join(x.name, stop)
                if join is None:
                    raise self._problem(takers[-1], "its branches cross others and do not meet")
                x = self._parallel(x, join)
        return x

    def _step(self, node: Node, x: Value) -> Value:
        if id(node) in self.seen:
            raise self._problem(node, "what it gives is used by branches that cross")
        self.seen.add(id(node))
        waiting = left_open(x, node)
        if waiting:
            raise self._problem(node, f"it comes after {waiting}")
        if node.key not in _TAKE_PADS:
            x = without_pads(x)
        reads = READERS.get(node.key)
        if reads is None:
            raise self._problem(node, "no layer does this")
        try:
            y = settled(reads(self, node, x))
        except Unsupported as reason:
            raise self._problem(node, str(reason)) from reason
        except MALFORMED as error:
            raise self._problem(node, malformed(error)) from error
        if self.is_ours and len(y.drafts) == len(x.drafts) + 1 and "/" in node.name:
            last = y.drafts[-1]
            named = Draft(last.spec, last.weights, last.name, last.inside)
            named.name = last.name or _plain(node.name.partition("/")[0])
            y = replace(y, drafts=[*y.drafts[:-1], named])
        return y

    def _problem(self, node: Node, why: str) -> Stopped:
        self.problems[id(node)] = (node, why)
        return Stopped()

    # --- branches

    def _leads(self, node: Node, stop: str) -> bool:
        return stop in self._reached(node)

    def _reached(self, node: Node) -> set[str]:
        """All that depends on a node."""
        key = id(node)
        cache: dict[int, set[str]] = self.__dict__.setdefault("_reach", {})
        if key not in cache:
            found = {name for name in node.outputs if name}
            position = self._positions[key]
            for later in self.graph.nodes[position + 1 :]:
                if found.intersection(later.inputs):
                    found.update(name for name in later.outputs if name)
            cache[key] = found
        return cache[key]

    @property
    def _positions(self) -> dict[int, int]:
        if "_places" not in self.__dict__:
            self._places = {id(n): i for i, n in enumerate(self.graph.nodes)}
        return self._places

    def _join(self, start: str, stop: str) -> Node | None:
        """The node where all ways from one value to another meet first."""
        inner = [
            n
            for n in self.graph.nodes
            if self._leads(n, stop) and (start in n.inputs or self._comes_from(n, start))
        ]
        left = {start: sum(n.inputs.count(start) for n in inner)}
        for node in inner:
            for name in node.inputs:
                if name in left:
                    left[name] -= 1
            left = {name: count for name, count in left.items() if count}
            takers = sum(n.inputs.count(o) for n in inner for o in node.outputs if o)
            if not left and (takers or stop in node.outputs):
                return node
            for out in node.outputs:
                count = sum(n.inputs.count(out) for n in inner) if out else 0
                if count:
                    left[out] = count
        return None

    def _comes_from(self, node: Node, start: str) -> bool:
        cache: dict[str, set[str]] = self.__dict__.setdefault("_from", {})
        if start not in cache:
            cache[start] = self.graph.depending_on(start)
        return any(name in cache[start] for name in node.inputs)

    def _parallel(self, x: Value, join: Node) -> Value:
        """Branches that meet in a node."""
        x = without_pads(x)
        bare = replace(x, drafts=[])
        dependent = [name for name in join.inputs if name == x.name or self._comes_to(name, x)]
        ends, stopped = [], False
        for name in dependent:
            try:
                ends.append(without_pads(bare if name == x.name else self.chain(bare, name)))
            except Stopped:
                stopped = True
        if join.key not in JOINS:
            raise self._problem(join, "no layer joins branches so")
        if len(dependent) < len([n for n in join.inputs if n]) and join.key != "Where":
            raise self._problem(join, "a constant stands among its branches")
        if stopped:
            raise Stopped
        waiting = next(filter(None, (left_open(end) for end in ends)), "")
        if waiting:
            raise self._problem(join, f"one of its branches ends in {waiting}")
        try:
            return settled(JOINS[join.key](self, join, x, ends))
        except Unsupported as reason:
            raise self._problem(join, str(reason)) from reason
        except MALFORMED as error:
            raise self._problem(join, malformed(error)) from error

    def _comes_to(self, name: str, x: Value) -> bool:
        cache: dict[str, set[str]] = self.__dict__.setdefault("_from", {})
        if x.name not in cache:
            cache[x.name] = self.graph.depending_on(x.name)
        return name in cache[x.name]


# --- afterwards


# What is noted, which nodes may come after it, and what it is.
_OPEN: dict[str, tuple[tuple[str, ...], str]] = {
    "sum_of_steps": (("Div",), "a sum over steps"),
    "share_of_steps": (("Div",), "means of windows that count padding"),
    "recoded": (("Cast", "Gather", "Identity", "Recode", "Where"), "codes that stand for others"),
    "step_pads": (("Conv", "Pad", "Identity"), "a padding of steps that no convolution takes in"),
    "centred": (
        ("Where", "Transpose", "Conv", "MaxPool", "AveragePool"),
        "sequences that were moved on by their lengths",
    ),
}
_TAKE_PADS = ("Conv", "Pad", "Identity")


def left_open(x: Value, node: Node | None = None) -> str:
    """What was noted, is no layer yet, and no node of this kind, or the end, may come after."""
    return next(
        (
            what
            for note, (takers, what) in _OPEN.items()
            if note in x.notes and (node is None or node.key not in takers)
        ),
        "",
    )


def settled(x: Value) -> Value:
    """With the units of both directions as the features that they are, once they lie together."""
    if x.notes.get("parts") != ("d", "u"):
        return x
    both, alone = ("d", "u") in x.axes, x.sizes["d"] == 1 and ("d",) not in x.axes
    if not both and not alone:
        return x
    notes = {k: v for k, v in x.notes.items() if k not in ("sizes", "parts")}
    axes = tuple(("f",) if a in (("d", "u"), ("u",)) else a for a in x.axes)
    axes = tuple(tuple("f" if a == "u" else a for a in axis if a != "d") for axis in axes)
    return replace(x, axes=axes, notes=notes)


def _plain(name: str) -> str:
    """A name that layers may have."""
    plain = re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9_]+", "_", name)).strip("_")
    return plain[:80] if plain and not plain.isdigit() else ""


def finished(drafts: list[Draft]) -> tuple[list[Layer], dict[str, NDArray[Any]]]:
    """Layers with names that differ, and all weights by name."""
    taken: set[str] = set()

    def spec_of(draft: Draft) -> Layer:
        name: str | None = draft.name or None
        if name in taken:
            name = None
        if name is not None:
            taken.add(name)
        inside = [[spec_of(d) for d in branch] for branch in draft.inside]
        if isinstance(draft.spec, (L.Residual, L.Gate)) and inside:
            return type(draft.spec)(inside[0], inside[1] or None, name=name)
        if isinstance(draft.spec, L.Concat) and inside:
            return L.Concat(inside, name=name)
        return draft.spec.replace(name=name)

    specs = [spec_of(draft) for draft in drafts]
    if _meet(specs):  # an automatic name is a file's own: number all anew
        specs = [_without_names(spec) for spec in specs]
    layers = L.with_names(specs)
    weights: dict[str, NDArray[Any]] = {}

    def collect(layer: Layer, draft: Draft) -> None:
        for what, value in draft.weights.items():
            weights[f"{layer.name}.{what}"] = np.ascontiguousarray(value)
        paths = list(layer.paths()) if draft.inside else []
        for path, branch in zip(paths, draft.inside, strict=False):
            for inner, of_inner in zip(path, branch, strict=False):
                collect(inner, of_inner)

    for layer, draft in zip(layers, drafts, strict=True):
        collect(layer, draft)
    return list(layers), weights


def _meet(specs: list[Layer]) -> bool:
    names = [layer.name for layer in L.walk(L.with_names(specs))]
    return len(names) != len(set(names))


def _without_names(layer: Layer) -> Layer:
    return layer.replace(name=None).map(_without_names)
