"""An ONNX graph as it is read: nodes, constants, and what depends on what."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator

from fastdl.io._errors import ModelFileError

_BROADCASTS = "Add And Div Equal Greater Less Max Min Mod Mul Or Pow Sub Where"
_BROADCAST = frozenset(_BROADCASTS.split())
_LARGEST_FOLDED = 1 << 24  # bytes that a folded constant may take
_SHAPES = ("Shape", "Size")
_LISTED = ("Range",)  # whose values shape inference would list, however many they are
_COMPUTED = """Abs Add And Cast Ceil Clip Concat Constant ConstantOfShape Div Equal Erf Exp Expand
Flatten Floor Gather Greater Identity Less Log Max Min Mod Mul Neg Not Or Pow Range Reciprocal
ReduceMax ReduceMin ReduceProd ReduceSum Reshape Round Slice Split Sqrt Squeeze Sub Tile Transpose
Unsqueeze Where"""
_FOLDED = frozenset(_COMPUTED.split())


@dataclass(eq=False)
class Node:
    """An operator: what it is called, takes and gives."""

    op: str
    name: str
    domain: str
    inputs: list[str]
    outputs: list[str]
    attributes: dict[str, Any]
    proto: onnx.NodeProto | None = None

    @property
    def key(self) -> str:
        """The operator, with its domain if it is not ONNX's own."""
        return f"{self.domain}.{self.op}" if self.domain not in ("", "ai.onnx") else self.op

    def get(self, name: str, default: Any = None) -> Any:
        """An attribute."""
        return self.attributes.get(name, default)


@dataclass(eq=False)
class Graph:
    """Nodes in the order of their work.

    Attributes
    ----------
    nodes : list of Node
    constants : dict of str to ndarray
    inputs : dict of str to (dtype, shape)
        What has to be fed; an axis is a number, a name or None.
    outputs : list of str
    opset : int
        Of ONNX's own operators.
    """

    nodes: list[Node]
    constants: dict[str, NDArray[Any]]
    inputs: dict[str, tuple[np.dtype[Any], list[int | str | None]]]
    outputs: list[str]
    opset: int
    output_types: dict[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, model: onnx.ModelProto) -> Graph:
        """Of a model, its own functions written out.

        Raises
        ------
        ModelFileError
            For weights that do not fit what is said of them, and values that no node makes.
        """
        if model.functions:
            from onnx import inliner

            model = inliner.inline_local_functions(model)
        proto = model.graph
        constants = {t.name: _array(t) for t in proto.initializer}
        inputs = {}
        for info in proto.input:
            if info.name not in constants:
                inputs[info.name] = _described(info)
        nodes = [_node(n, i) for i, n in enumerate(proto.node)]
        opsets = {entry.domain: entry.version for entry in model.opset_import}
        outputs = [info.name for info in proto.output]
        types = {info.name: info.type.tensor_type.elem_type for info in proto.output}
        graph = cls(nodes, constants, inputs, outputs, opsets.get("", opsets.get("ai.onnx", 1)))
        graph.output_types = types
        graph._sort()
        return graph

    def _sort(self) -> None:
        """Bring the nodes into the order of their work; ModelFileError where there is none."""
        made = {"", *self.constants, *self.inputs}
        outputs = Counter(name for n in self.nodes for name in n.outputs if name)
        twice = next((name for name, n in outputs.items() if n > 1), None)
        if twice is not None:
            raise _damaged(f"{twice!r} is made twice")
        waiting, ordered = list(self.nodes), []
        while waiting:
            ready = [n for n in waiting if made.issuperset(n.inputs)]
            if not ready:
                all_made = made | {name for n in waiting for name in n.outputs}
                lost = next((i for n in waiting for i in n.inputs if i not in all_made), None)
                what = f"{lost!r} is made by no node" if lost else "its nodes form a cycle"
                raise _damaged(what)
            ordered += ready
            made.update(name for n in ready for name in n.outputs)
            there = set(map(id, ready))
            waiting = [n for n in waiting if id(n) not in there]
        self.nodes = ordered

    def copy(self) -> Graph:
        """With lists and dictionaries of its own."""
        nodes = [
            Node(n.op, n.name, n.domain, [*n.inputs], [*n.outputs], dict(n.attributes), n.proto)
            for n in self.nodes
        ]
        return Graph(
            nodes,
            dict(self.constants),
            dict(self.inputs),
            list(self.outputs),
            self.opset,
            self.output_types,
        )

    # --- what depends on what

    def makers(self) -> dict[str, Node]:
        """The node that makes each value."""
        return {name: node for node in self.nodes for name in node.outputs if name}

    def takers(self) -> dict[str, list[Node]]:
        """The nodes that take each value, once for each place."""
        found: dict[str, list[Node]] = {}
        for node in self.nodes:
            for name in node.inputs:
                found.setdefault(name, []).append(node)
        return found

    def depending_on(self, name: str) -> set[str]:
        """All values that depend on this one, itself included."""
        found = {name}
        for node in self.nodes:
            if found.intersection(node.inputs):
                found.update(name for name in node.outputs if name)
        return found

    def keep_for(self, outputs: Iterable[str]) -> None:
        """Drop the nodes that these values do not depend on."""
        wanted, kept = set(outputs), []
        for node in reversed(self.nodes):
            if wanted.intersection(node.outputs):
                wanted.update(node.inputs)
                kept.append(node)
        self.nodes = kept[::-1]

    def constant(self, name: str) -> NDArray[Any] | None:
        """The value of a constant; None of others."""
        return self.constants.get(name)

    # --- folding

    def fold(self, shapes: Mapping[str, Sequence[int]]) -> None:
        """Replace what depends on constants, and on the shapes of inputs, by constants.

        Each node is computed by onnx's reference implementation.

        Parameters
        ----------
        shapes : dict of str to sequence of int
            Of the inputs.
        """
        while self._fold_once(shapes):
            pass

    def _fold_once(self, shapes: Mapping[str, Sequence[int]]) -> bool:
        known = self._shapes(shapes) if any(n.op in _SHAPES for n in self.nodes) else {}
        kept, changed = [], False
        for node in self.nodes:
            values = self._computed(node, known)
            if values is None:
                kept.append(node)
                continue
            changed = True
            self.constants.update(zip(node.outputs, values, strict=False))
        self.nodes = kept
        return changed and any(n.op in _SHAPES for n in kept)

    def _computed(
        self, node: Node, known: Mapping[str, tuple[int, ...]]
    ) -> list[NDArray[Any]] | None:
        if node.op in _SHAPES and not node.domain and node.inputs[0] in known:
            shape = known[node.inputs[0]]
            if node.op == "Size":
                return [np.array(np.prod(shape), np.int64)]
            return [np.array(shape[node.get("start", 0) : node.get("end")], np.int64)]
        given = [name for name in node.inputs if name]
        if any(name not in self.constants for name in given) or node.proto is None:
            return None
        if node.op not in _FOLDED or node.domain:
            return None
        try:
            proto = onnx.NodeProto()
            proto.CopyFrom(node.proto)
            proto.input[:], proto.output[:] = node.inputs, node.outputs
            size = _estimated(node, self.constants)
            if size > _LARGEST_FOLDED:
                return None
            infos = [helper.make_empty_tensor_value_info(name) for name in given]
            outs = [helper.make_empty_tensor_value_info(n) for n in node.outputs if n]
            graph = helper.make_graph([proto], "node", infos, outs)
            opsets = [helper.make_opsetid("", self.opset)]
            model = helper.make_model(graph, opset_imports=opsets)
            values = ReferenceEvaluator(model).run(
                None, {name: self.constants[name] for name in given}
            )
        except Exception:  # whatever it is, the node stays, and is judged with the others
            return None
        return [np.asarray(value) for value in values]

    def _shapes(self, shapes: Mapping[str, Sequence[int]]) -> dict[str, tuple[int, ...]]:
        """All that onnx's shape inference finds, for inputs of these shapes."""
        infos = [
            helper.make_tensor_value_info(
                name, helper.np_dtype_to_tensor_dtype(dtype), shapes.get(name)
            )
            for name, (dtype, _) in self.inputs.items()
        ]
        small, large = [], []
        for name, value in self.constants.items():
            if value.nbytes <= 1024 and value.dtype.kind in "iufb":
                small.append(numpy_helper.from_array(value, name))
            elif value.dtype.kind in "iufb":
                kind = helper.np_dtype_to_tensor_dtype(value.dtype)
                large.append(helper.make_tensor_value_info(name, kind, value.shape))
        nodes = []
        for node in self.nodes:
            if node.proto is None or node.op in _LISTED:
                continue
            proto = onnx.NodeProto()
            proto.CopyFrom(node.proto)
            proto.input[:], proto.output[:] = node.inputs, node.outputs
            nodes.append(proto)
        outs = [helper.make_empty_tensor_value_info(name) for name in self.outputs]
        graph = helper.make_graph(nodes, "shapes", infos + large, outs, small)
        domains = {_text(n.domain) for n in nodes if n.domain}
        opsets = [helper.make_opsetid("", self.opset)]
        opsets += [helper.make_opsetid(domain, 1) for domain in domains]
        model = helper.make_model(graph, opset_imports=opsets)
        try:
            model = shape_inference.infer_shapes(model, data_prop=True)
        except Exception:  # shapes that are not found are missed where they are needed
            return {name: tuple(shape) for name, shape in shapes.items()}
        found = {name: value.shape for name, value in self.constants.items()}
        for info in (*model.graph.value_info, *model.graph.input, *model.graph.output):
            tensor = info.type.tensor_type
            if tensor.HasField("shape") and all(d.HasField("dim_value") for d in tensor.shape.dim):
                found[info.name] = tuple(d.dim_value for d in tensor.shape.dim)
        return found


def _damaged(what: str) -> ModelFileError:
    return ModelFileError(f"the ONNX model is damaged: {what}. Export it again.")


def _node(proto: onnx.NodeProto, i: int) -> Node:
    attributes = {}
    for attribute in proto.attribute:
        value = helper.get_attribute_value(attribute)
        if isinstance(value, float):  # float32: 0.1 as it was written
            value = float(str(np.float32(value)))
        if isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        if isinstance(value, onnx.TensorProto):
            value = _array(value)
        attributes[attribute.name] = value
    domain = "" if proto.domain == "ai.onnx" else _text(proto.domain)
    return Node(
        _text(proto.op_type),
        _text(proto.name) or f"node {i}",
        domain,
        list(map(_text, proto.input)),
        list(map(_text, proto.output)),
        attributes,
        proto,
    )


def _text(value: str | bytes) -> str:
    """A name, also where it is no UTF-8."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def _described(info: onnx.ValueInfoProto) -> tuple[np.dtype[Any], list[int | str | None]]:
    tensor = info.type.tensor_type
    if not info.type.HasField("tensor_type") or tensor.elem_type == onnx.TensorProto.UNDEFINED:
        return np.dtype(object), []
    if tensor.elem_type == onnx.TensorProto.STRING:
        return np.dtype(object), []
    axes: list[int | str | None] = [
        d.dim_value if d.HasField("dim_value") else (d.dim_param or None) for d in tensor.shape.dim
    ]
    try:
        return np.dtype(helper.tensor_dtype_to_np_dtype(tensor.elem_type)), axes
    except (KeyError, TypeError, ValueError):
        return np.dtype(object), axes


def _array(tensor: onnx.TensorProto) -> NDArray[Any]:
    """The numbers of a tensor; ModelFileError if they are not as many as its shape says."""
    try:
        return numpy_helper.to_array(tensor)
    except Exception as error:
        raise ModelFileError(
            f"the ONNX model is damaged: tensor {tensor.name!r} cannot be read: "
            f"{str(error)[:200]}. Export it again."
        ) from error


def _estimated(node: Node, constants: Mapping[str, NDArray[Any]]) -> float:
    """About how many bytes the node makes."""
    inputs = [constants[name] for name in node.inputs if name]
    if node.op in ("ConstantOfShape", "Expand", "Tile"):
        last = inputs[-1].astype(np.float64)
        base = inputs[0].size if node.op == "Tile" and len(inputs) > 1 else 1
        return float(8 * base * np.prod(np.maximum(last, 1)))
    if node.op in _BROADCAST:
        whole = np.broadcast_shapes(*(x.shape for x in inputs))
        return 8 * float(np.prod(whole, dtype=np.float64))
    if node.op == "Gather":
        return 8.0 * inputs[0].size * inputs[1].size
    if node.op == "Range":
        start, limit, step = (float(x) for x in inputs)
        return 8 * abs((limit - start) / step) if step else float("inf")
    return float(8 * sum(x.size for x in inputs))
