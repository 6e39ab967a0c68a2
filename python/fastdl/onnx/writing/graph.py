"""A graph as it is written: nodes, constants, and values that know their shape and layout."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

from fastdl.layers import Layer

# What onnxruntime has kernels for in float32 alone, as of its version 1.32.
_FLOAT32_ONLY = """LeakyRelu Elu Selu Softplus Erf Mish Gelu Conv ConvTranspose AveragePool
GlobalAveragePool GlobalMaxPool InstanceNormalization LRN Resize RNN"""
FLOAT32_ONLY = frozenset(_FLOAT32_ONLY.split())


@dataclass(frozen=True)
class Value:
    """A tensor of the graph.

    Attributes
    ----------
    name : str
    shape : tuple of int
        Of one sample as fastdl has it: (features,), (steps, features) or (height, width, channels).
    layout : {"rows", "image", "channels_first", "flat", "steps", "time_first", "time_last"}
        How it lies in the graph: (n, features), (n, h, w, c), (n, c, h, w), rows of images
        flattened channels first, (n, steps, features), (steps, n, features) or (n, features,
        steps).
    image : tuple of int
        Of "flat": (h, w, c).
    lengths : str
        Of sequences: the value that says how many steps each has; "" where all steps are real.
    """

    name: str
    shape: tuple[int, ...]
    layout: str
    image: tuple[int, ...] = ()
    lengths: str = ""

    @property
    def channel_axis(self) -> int:
        """Where the channels or features lie, batch included."""
        places = {"rows": 1, "flat": 1, "channels_first": 1, "image": 3, "time_last": 1}
        return places.get(self.layout, 2)

    @property
    def steps_axis(self) -> int:
        """Where the steps of sequences lie."""
        return {"time_first": 0, "time_last": 2}.get(self.layout, 1)


class Graph:
    """Nodes and constants, added one after the other.

    Parameters
    ----------
    opset : int
        Of the operators.
    dtype : float32 or float64
        Of all that is computed.
    weights : dict of str to ndarray
        Of the network, by name.
    prefix : str
        Before the names of all values that are no inputs or outputs.
    """

    def __init__(
        self,
        opset: int,
        dtype: Any,
        weights: Mapping[str, NDArray[Any]] | None = None,
        prefix: str = "",
    ) -> None:
        self.opset, self.dtype, self.prefix = opset, np.dtype(dtype), prefix
        self.weights = dict(weights or {})
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, NDArray[Any]] = {}
        self.lengths = ""  # the input with the steps of each sequence; "" of other networks
        self._timed: dict[str, tuple[str, int]] = {}  # by lengths: a value with steps, their axis
        self.uses_ml = False  # whether there are operators of "ai.onnx.ml"
        self._scope, self._count = "", Counter[str]()
        self._known: dict[Any, str] = {}

    # --- names

    @contextmanager
    def within(self, name: str = "") -> Iterator[None]:
        """What is added stands under this name, or under none."""
        before, self._scope = self._scope, f"{name}/" if name else ""
        try:
            yield
        finally:
            self._scope = before

    def unique(self, stem: str) -> str:
        """A name that nothing else has."""
        name = f"{self.prefix}{self._scope}{stem}"
        self._count[name] += 1
        return name if self._count[name] == 1 else f"{name}_{self._count[name]}"

    # --- what is added

    def add(self, op: str, *inputs: str, outputs: Sequence[str] = (), **attributes: Any) -> str:
        """Add a node; the name of its first output."""
        name = self.unique(op)
        outputs = list(outputs) or [f"{name}_output"]
        domain = attributes.pop("domain", "")
        self.uses_ml |= domain == "ai.onnx.ml"
        given = {key: value for key, value in attributes.items() if value is not None}
        node = helper.make_node(op, list(inputs), outputs, name=name, domain=domain, **given)
        self.nodes.append(node)
        return outputs[0]

    def constant(self, value: Any, name: str = "", dtype: Any = None) -> str:
        """The name of a constant, of the graph's dtype where it holds floats.

        The same numbers under no name of their own are there once.
        """
        array = np.asarray(value)
        if dtype is not None or array.dtype.kind == "f":
            array = array.astype(dtype or self.dtype)
        if name:
            name = self.prefix + name
            if name in self.constants and not np.array_equal(self.constants[name], array):
                name = self.unique(name.removeprefix(self.prefix))
            self.constants[name] = array
            return name
        key = (array.dtype.str, array.shape, array.tobytes())
        if key not in self._known:
            with self.within():
                self._known[key] = self.unique("constant")
            self.constants[self._known[key]] = array
        return self._known[key]

    def weight(self, layer: Layer, what: str) -> NDArray[Any]:
        """A parameter or state of a layer."""
        return self.weights[f"{layer.name}.{what}"].astype(self.dtype)

    def reduce(self, op: str, x: str, axes: Sequence[int], keepdims: int = 0) -> str:
        """A reduction, whose axes are an attribute up to opset 17."""
        if self.opset >= 18 or op == "ReduceSum":
            return self.add(op, x, self.constant(np.array(axes, np.int64)), keepdims=keepdims)
        return self.add(op, x, axes=list(axes), keepdims=keepdims)

    def reshape(self, x: str, shape: Sequence[int]) -> str:
        """To a shape in which 0 stands for the axis as it is."""
        return self.add("Reshape", x, self.constant(np.array(shape, np.int64)))

    def cast(self, x: str, dtype: Any) -> str:
        """To a NumPy dtype."""
        return self.add("Cast", x, to=helper.np_dtype_to_tensor_dtype(np.dtype(dtype)))

    @property
    def is_float32_only(self) -> bool:
        """Whether some operator is there that runtimes have in float32 alone."""
        return any(node.op_type in FLOAT32_ONLY for node in self.nodes)

    def initializers(self) -> list[onnx.TensorProto]:
        """The constants that some node takes."""
        used = {name for node in self.nodes for name in node.input}
        return [tensor_of(value, name) for name, value in self.constants.items() if name in used]

    def name_outputs(self, names: Mapping[str, str]) -> None:
        """Give values that are outputs of the graph the names that users see.

        Parameters
        ----------
        names : dict of str to str
            Public name to the value's name so far.
        """
        made = {name for node in self.nodes for name in node.output}
        new: dict[str, str] = {}
        for public, name in names.items():
            if name in made and name not in new:
                new[name] = public
            else:  # an input, a constant, or the same value once more
                self.add("Identity", new.get(name, name), outputs=[public])
        for node in self.nodes:
            for places in (node.input, node.output):
                for i, name in enumerate(places):
                    places[i] = new.get(name, name)

    def keep_only(self, outputs: Iterable[str]) -> None:
        """Drop the nodes that these outputs do not depend on."""
        wanted, kept = set(outputs), []
        for node in reversed(self.nodes):
            if wanted.intersection(node.output):
                wanted.update(node.input)
                kept.append(node)
        self.nodes[:] = reversed(kept)

    # --- sequences

    def begin_sequences(self, x: str, lengths: str, axis: int = 1) -> None:
        """Take note of the input with sequences, which axis are steps, and that with lengths."""
        self.lengths = lengths
        self._timed[lengths] = (x, axis)

    def read_all_steps(self, x: str) -> None:
        """Put lengths in the place of the input that has them: all steps of every sequence."""
        with self._before({self.lengths: self.prefix + "all_steps"}):
            shape = self.add("Shape", x)
            axes = [self.constant(np.array([axis], np.int64)) for axis in (0, 1)]
            n_samples, n_steps = (self.add("Gather", shape, axis) for axis in axes)
            self.add("Expand", n_steps, n_samples, outputs=[self.prefix + "all_steps"])

    def begin_with_reshape(self, x: str, shape: Sequence[int]) -> None:
        """Reshape an input before all else."""
        with self._before({x: self.prefix + "samples"}):
            to = self.constant(np.array(shape, np.int64))
            self.add("Reshape", x, to, outputs=[self.prefix + "samples"])

    @contextmanager
    def _before(self, new: Mapping[str, str]) -> Iterator[None]:
        """What is added stands before all nodes, which take its results by these new names."""
        later, self.nodes = self.nodes, []
        yield
        for node in later:
            node.input[:] = [new.get(name, name) for name in node.input]
        self.nodes += later

    def shortened(self, x: Value, name: str, more: int, stride: int) -> str:
        """The lengths of what windows make of sequences: of each T, (T + more) / stride.

        Parameters
        ----------
        x : Value
            The sequences.
        name : str
            What the windows make of them, (n, features, steps).
        more, stride : int
        """
        key = ("lengths", x.lengths, more, stride)
        if x.lengths and key not in self._known:
            with self.within("lengths"):
                zero, add, by = (self.constant(np.array(i, np.int64)) for i in (0, more, stride))
                left = self.add("Add", x.lengths, add) if more else x.lengths
                left = self.add("Div", left, by) if stride > 1 else left
                self._known[key] = self.add("Max", left, zero)
            self._timed[self._known[key]] = (name, 2)
        return str(self._known.get(key, ""))

    def n_steps(self, lengths: str) -> str:
        """How many steps the longest sequence of these lengths has, a number."""
        name, axis = self._timed[lengths]
        return self.add("Gather", self.add("Shape", name), self.constant(np.array(axis, np.int64)))

    def inside(self, x: Value) -> str:
        """Which steps are real: bool, with 1 in the place of the features."""
        key = ("inside", x.lengths, x.layout)
        if key not in self._known:
            with self.within("lengths"):
                zero, one = (self.constant(np.array(i, np.int64)) for i in (0, 1))
                steps = self.add("Range", zero, self.n_steps(x.lengths), one)
                others = [a for a in (0, 1, 2) if a != x.steps_axis]
                samples = {"time_first": 1}.get(x.layout, 0)
                around = [others, [a for a in (0, 1, 2) if a != samples]]
                axes = [self.constant(np.array(a, np.int64)) for a in around]
                at = self.add("Unsqueeze", steps, axes[0])
                lengths = self.add("Unsqueeze", x.lengths, axes[1])
                self._known[key] = self.add("Less", at, lengths)
        return self._known[key]

    def masked(self, x: Value, fill: float = 0.0) -> Value:
        """With `fill` past the end of each sequence."""
        inside = self.inside(x)
        name = self.add("Where", inside, x.name, self.constant(np.array(fill, self.dtype)))
        return replace(x, name=name)

    def as_int32(self, lengths: str) -> str:
        """Lengths as recurrent operators take them."""
        if ("int32", lengths) not in self._known:
            with self.within("lengths"):
                self._known["int32", lengths] = self.cast(lengths, np.int32)
        return self._known["int32", lengths]


def tensor_of(value: NDArray[Any], name: str) -> onnx.TensorProto:
    """A constant, as ONNX keeps it."""
    if value.dtype.kind in "OU":
        texts = [str(text).encode() for text in value.ravel()]
        return helper.make_tensor(name, onnx.TensorProto.STRING, value.shape, texts)
    return numpy_helper.from_array(np.ascontiguousarray(value).reshape(value.shape), name)
