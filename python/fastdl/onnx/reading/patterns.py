"""Groups of nodes that are one operation: each becomes one node."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from fastdl.onnx.reading.graph import Graph, Node


class Found(NamedTuple):
    """What a group is: an operator, its inputs and attributes."""

    op: str
    inputs: list[str]
    attributes: dict[str, Any]


class Around:
    """A graph, and the node that makes each value."""

    def __init__(self, graph: Graph) -> None:
        self.graph, self.makers = graph, graph.makers()

    def maker(self, name: str, *ops: str) -> Node | None:
        """The node that makes a value, if it is one of these operators."""
        node = self.makers.get(name)
        return node if node is not None and not node.domain and node.op in ops else None

    def number(self, name: str) -> float | None:
        """A constant that is one number."""
        value = self.graph.constant(name)
        is_number = value is not None and value.size == 1 and value.dtype.kind in "iuf"
        return float(value.reshape(-1)[0]) if value is not None and is_number else None

    def scaled(self, name: str) -> tuple[float, str]:
        """A value as a number times another one."""
        factor, factors = self.factors(name)
        return (factor, factors[0]) if len(factors) == 1 else (1.0, name)

    def factors(self, name: str) -> tuple[float, list[str]]:
        """A value as a number times others."""
        node = self.maker(name, "Mul", "Div")
        if node is None:
            return 1.0, [name]
        first, second = node.inputs
        if node.op == "Div":
            divisor = self.number(second)
            if not divisor:
                return 1.0, [name]
            factor, rest = self.factors(first)
            return factor / divisor, rest
        factor, rest = 1.0, []
        for part in (first, second):
            number = self.number(part)
            if number is not None:
                factor *= number
                continue
            more, others = self.factors(part)
            factor *= more
            rest += others
        return factor, rest

    def plus(self, name: str) -> tuple[float, str] | None:
        """A value as a number plus another one."""
        node = self.maker(name, "Add")
        if node is None:
            return None
        for number, other in (node.inputs, node.inputs[::-1]):
            found = self.number(number)
            if found is not None:
                return found, other
        return None


def _near(a: float, b: float) -> bool:
    return math.isclose(a, b, rel_tol=1e-4)


def product(around: Around, node: Node) -> Found | None:
    """swish, hard_swish, mish and gelu: x times a function of x."""
    if node.op not in ("Mul", "Div"):
        return None
    factor, factors = around.factors(node.outputs[0])
    if len(factors) != 2:
        return None
    for x, f in (factors, factors[::-1]):
        found = _times(around, factor, x, f)
        if found is not None:
            return found
    return None


def _times(around: Around, factor: float, x: str, f: str) -> Found | None:
    maker = around.maker(f, "Sigmoid", "HardSigmoid", "Tanh", "Add", "Clip")
    if maker is None:
        return None
    if maker.op == "Sigmoid" and _near(factor, 1):
        alpha, inner = around.scaled(maker.inputs[0])
        return Found("Swish", [x], {"alpha": alpha}) if inner == x and alpha >= 0 else None
    if maker.op == "HardSigmoid" and _near(factor, 1) and maker.inputs[0] == x:
        alpha, beta = maker.get("alpha", 0.2), maker.get("beta", 0.5)
        is_usual = _near(alpha, 1 / 6) and _near(beta, 0.5)
        return Found("HardSwish", [x], {}) if is_usual else None
    if maker.op == "Clip" and _near(factor, 1 / 6):
        low, high = (_limit(around, maker, i) for i in (1, 2))
        return Found("HardSwish", [x], {}) if _is_hard(around, maker, x, low, high) else None
    if maker.op == "Tanh" and _near(factor, 1):
        softplus = around.maker(maker.inputs[0], "Softplus")
        is_mish = softplus is not None and softplus.inputs[0] == x
        return Found("Mish", [x], {}) if is_mish else None
    whole = around.plus(f)
    if whole is None or not _near(whole[0], 1) or not _near(factor, 0.5):
        return None
    erf = around.maker(whole[1], "Erf")
    if erf is None:
        return None
    scale, inner = around.scaled(erf.inputs[0])
    return Found("Gelu", [x], {}) if inner == x and _near(scale, math.sqrt(0.5)) else None


def _limit(around: Around, clip: Node, i: int) -> float | None:
    if len(clip.inputs) > i and clip.inputs[i]:
        return around.number(clip.inputs[i])
    value = clip.get(("min", "max")[i - 1])
    return None if value is None else float(value)


def _is_hard(around: Around, clip: Node, x: str, low: float | None, high: float | None) -> bool:
    inner = around.plus(clip.inputs[0])
    return low == 0 and high == 6 and inner is not None and inner == (3.0, x)


def layer_norm(around: Around, node: Node) -> Found | None:
    """(x - mean) / sqrt(var + eps), over the last axis."""
    if node.op != "Div":
        return None
    centred, root = around.maker(node.inputs[0], "Sub"), around.maker(node.inputs[1], "Sqrt")
    if centred is None or root is None:
        return None
    x, inner = centred.inputs[0], around.plus(root.inputs[0])
    mean = around.maker(centred.inputs[1], "ReduceMean")
    var = None if inner is None else around.maker(inner[1], "ReduceMean")
    if mean is None or var is None or inner is None or mean.inputs[0] != x:
        return None
    square = around.maker(var.inputs[0], "Mul", "Pow")
    if square is None or square.inputs[0] != node.inputs[0]:
        again = None if square is None else around.maker(square.inputs[0], "Sub")
        if again is None or again.inputs != centred.inputs:
            return None
    assert square is not None
    if square.op == "Pow" and around.number(square.inputs[1]) != 2:
        return None
    for reduction in (mean, var):
        axes = reduction.get("axes")
        if len(reduction.inputs) > 1:
            axes = around.graph.constant(reduction.inputs[1])
        if axes is None or [int(a) for a in np.reshape(axes, -1)] != [-1]:
            return None
    one, zero = _constant(around.graph, 1.0), _constant(around.graph, 0.0)
    return Found("LayerNormalization", [x, one, zero], {"epsilon": inner[0], "axis": -1})


def group_norm(around: Around, node: Node) -> Found | None:
    """Groups of channels as the channels of an InstanceNormalization."""
    if node.op != "Reshape":
        return None
    norm = around.maker(node.inputs[0], "InstanceNormalization")
    before = None if norm is None else around.maker(norm.inputs[0], "Reshape")
    if norm is None or before is None:
        return None
    gain, shift = (around.graph.constant(name) for name in norm.inputs[1:3])
    if gain is None or shift is None or (gain != 1).any() or shift.any():
        return None
    one, zero = _constant(around.graph, 1.0), _constant(around.graph, 0.0)
    attributes = {"epsilon": norm.get("epsilon", 1e-5), "num_groups": len(gain)}
    return Found("GroupNormalization", [before.inputs[0], one, zero], attributes)


def channel_shuffle(around: Around, node: Node) -> Found | None:
    """Channels in groups, of which one is taken from each in turn."""
    if node.op != "Reshape":
        return None
    turned = around.maker(node.inputs[0], "Transpose")
    before = None if turned is None else around.maker(turned.inputs[0], "Reshape")
    if turned is None or before is None or list(turned.get("perm", [])) != [0, 2, 1, 3, 4]:
        return None
    shape = before.get("shape")
    if len(before.inputs) > 1:
        shape = around.graph.constant(before.inputs[1])
    if shape is None or len(np.reshape(shape, -1)) != 5:
        return None
    groups, rest = (int(size) for size in np.reshape(shape, -1)[1:3])
    return Found("ChannelShuffle", [before.inputs[0]], {"groups": groups, "rest": rest})


def recode(around: Around, node: Node) -> Found | None:
    """One code that is read as another."""
    if node.op != "Where":
        return None
    equal, other = around.maker(node.inputs[0], "Equal"), around.number(node.inputs[1])
    x = node.inputs[2]
    if equal is None or other is None or x not in equal.inputs:
        return None
    code = around.number(next((name for name in equal.inputs if name != x), ""))
    return None if code is None else Found("Recode", [x], {"code": code, "other": other})


def _constant(graph: Graph, value: float) -> str:
    name = f"constant {value:g}"
    graph.constants[name] = np.array([value], np.float32)
    return name


Pattern = Callable[[Around, Node], Found | None]
PATTERNS: list[Pattern] = [
    product,
    layer_norm,
    group_norm,
    channel_shuffle,
    recode,
]


def _found(pattern: Pattern, around: Around, node: Node) -> Found | None:
    """The group that ends in a node; None too where its nodes are not as they are defined."""
    try:
        found = pattern(around, node)
    except (IndexError, TypeError, ValueError, ArithmeticError):
        return None
    return found


def fuse(graph: Graph, first: Sequence[Pattern] = ()) -> None:
    """Replace each group by its node; those that nothing takes any more go."""
    for pattern in (*first, *PATTERNS):
        around = Around(graph)
        for node in graph.nodes:
            found = None if node.domain else _found(pattern, around, node)
            if found is not None:
                node.op, node.inputs, node.attributes = found.op, found.inputs, found.attributes
                node.proto = None
    graph.keep_for(graph.outputs)


_MANY = ("Sum", "Max", "Min", "Mean")


def pairwise(graph: Graph) -> None:
    """Write operators of several outputs or inputs as chains of nodes with one, or two."""
    found: list[Node] = []
    for node in graph.nodes:
        if node.op == "Split" and not node.domain:
            for k, name in enumerate(node.outputs):
                if name:
                    more = {**node.attributes, "part": k, "outputs": len(node.outputs)}
                    found.append(
                        Node("Split", node.name, "", list(node.inputs), [name], more, None)
                    )
            continue
        mixed = any(name in graph.constants for name in node.inputs)
        if node.op not in _MANY or node.domain or len(node.inputs) < 2 or not mixed:
            found.append(node)
            continue
        op, total = ("Add" if node.op in ("Sum", "Mean") else node.op), node.inputs[0]
        last = len(node.inputs) - 1
        for k, name in enumerate(node.inputs[1:], 1):
            out = f"{node.outputs[0]} of {k}" if k < last or node.op == "Mean" else node.outputs[0]
            found.append(Node(op, node.name, "", [total, name], [out], {}, None))
            total = out
        if node.op == "Mean":
            count = f"count {len(node.inputs)}"
            graph.constants[count] = np.array(len(node.inputs), np.float32)
            found.append(Node("Div", node.name, "", [total, count], node.outputs, {}, None))
    graph.nodes = found
