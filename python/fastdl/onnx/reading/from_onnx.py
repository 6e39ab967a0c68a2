"""ONNX models as networks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl.layers import Layer
from fastdl.network import Network
from fastdl.onnx.reading import groups, heads, table
from fastdl.onnx.reading.errors import UnsupportedModelError
from fastdl.onnx.reading.graph import Graph, Node
from fastdl.onnx.reading.images import without_pads
from fastdl.onnx.reading.joins import JOINS
from fastdl.onnx.reading.patterns import fuse, pairwise
from fastdl.onnx.reading.source import model_of
from fastdl.onnx.reading.steps import TIME_LAST, least_steps
from fastdl.onnx.reading.value import FORMS, LARGEST, Axis, Unsupported, Value
from fastdl.onnx.reading.walk import (
    MALFORMED,
    Stopped,
    Walk,
    finished,
    left_open,
    malformed,
)

_SAMPLES, _STEPS = (7, 11), (5, 9)  # that a model is read with: what depends on them is found out
_QUANTISED = ("QLinear", "Quantize", "Dequantize", "ConvInteger", "MatMulInteger", "DynamicQuant")
_BY_RANK: dict[int, list[tuple[Axis, ...]]] = {
    1: [(("n",),)],
    2: [(("n",), ("f",))],
    3: [
        (("n",), ("t",), ("f",)),
        (("t",), ("n",), ("f",)),
        (("n",), ("c",), ("w",)),
        (("n",), ("h",), ("w",)),
        TIME_LAST,
    ],
    4: [(("n",), ("c",), ("h",), ("w",)), (("n",), ("h",), ("w",), ("c",))],
}


def from_onnx(
    source: Any,
    *,
    inputs: Mapping[str, Sequence[int | None]] | Sequence[str] | str | None = None,
    outputs: Sequence[str] | str | None = None,
) -> Network:
    """Read an ONNX model as a network of layers, which can be trained on.

    Its answers are those of the model, whose input it takes as the model does: images with channels
    first where the model has them so. Trained on by ``NetClassifier(init_from=network)``, it takes
    images (n, height, width, channels) as everywhere in fastdl. Weights are turned into fastdl's
    layouts; constants that are no weights become frozen layers.

    Parameters
    ----------
    source : str, path, bytes, file object or onnx.ModelProto
    inputs : mapping, sequence or str, optional
        Which input holds the samples, if there are several; as a mapping, its shape too, where the
        model leaves axes open: ``{"X": (None, 3, 224, 224)}``.
    outputs : str, or sequence of one str, optional
        Which output, if there are several. `label` and `probabilities`, as classifiers have them,
        count as one.

    Returns
    -------
    Network

    Raises
    ------
    ModelFileError
        For what is no ONNX model, or is damaged.
    UnsupportedModelError
        For a model that layers do not stand for; it names all nodes that are in the way.
    """
    model = model_of(source)
    graph = Graph.of(model)
    ours = model.producer_name == "fastdl"
    _check_types(graph)
    x_name, others = _samples_input(graph, inputs)
    asked = heads.asked_for(graph, outputs)
    shape = _shape_of(graph, x_name, inputs)
    best: _Way | None = None
    candidates = _BY_RANK.get(len(shape), [])
    if len(shape) == 2 and _are_codes(graph.inputs[x_name][0]):
        candidates = [(("n",), ("t",))]
    if not candidates:
        raise UnsupportedModelError(
            f"input {x_name!r} has {len(shape)} axes; networks take rows, sequences and images, of "
            "2 to 4."
        )
    for axes in candidates:
        way = _Way(graph, asked, x_name, others, shape, axes, ours)
        if best is None or way.rank < best.rank:
            best = way
        if not way.rank[0] and not way.rank[1]:
            break
    assert best is not None
    if best.problems:
        raise UnsupportedModelError(_message(best.problems, graph.opset))
    return best.network()


class _Way:
    """A model read with its input's axes taken in one way."""

    def __init__(
        self,
        graph: Graph,
        asked: heads.Asked,
        x_name: str,
        others: list[str],
        shape: list[int | str | None],
        axes: tuple[Axis, ...],
        ours: bool,
    ) -> None:
        self.graph, self.asked, self.x_name, self.others = graph, asked, x_name, others
        self.shape, self.axes, self.ours = shape, axes, ours
        dtype = graph.inputs[x_name][0]
        self.dtype = np.dtype(np.float64 if dtype == np.float64 else np.float32)
        self.problems: list[tuple[Node | None, str]] = []
        self.n_read = 0
        open_axes = [(i, size) for i, size in enumerate(shape) if not isinstance(size, int)]
        for i, size in open_axes:
            if axes[i] not in (("n",), ("t",)):
                self.problems.append(
                    (
                        None,
                        f"axis {i} of input {x_name!r} is open ({size or '?'}), and only that of "
                        "the samples, or of the steps of sequences, may be: pass inputs="
                        f"{{{x_name!r}: (None, ...)}} with its size",
                    )
                )
        if self.problems:
            return
        self.read = self._read(0)
        if not self.problems and open_axes and any(n.op == "Shape" for n in graph.nodes):
            self._compare(self._read(1))

    def _sizes(self, which: int) -> list[int]:
        """Of the input's axes, with one of two numbers where they are open."""
        more = max(least_steps(self.graph) - _STEPS[0], 0)
        of_open: dict[Axis, int] = {("n",): _SAMPLES[which], ("t",): _STEPS[which] + more}
        return [
            size if isinstance(size, int) else of_open[axis]
            for size, axis in zip(self.shape, self.axes, strict=True)
        ]

    def _read(self, which: int) -> tuple[list[Layer], dict[str, NDArray[Any]], Value, Any, str]:
        """Layers, weights, the value at the end, the axes of the answers and the link."""
        graph = self.graph.copy()
        sizes = self._sizes(which)
        n = sizes[self.axes.index(("n",))]
        if not 0 < np.prod(sizes, dtype=np.float64) / n <= LARGEST or n > LARGEST:
            self.problems.append((None, f"input {self.x_name!r} is of shape {tuple(sizes)}"))
            return [], {}, self._start(sizes, n), None, ""
        graph.outputs = [self.asked.name]
        graph.keep_for(graph.outputs)
        graph.fold({self.x_name: sizes, **{name: [n] for name in self.others}})
        graph.keep_for(graph.outputs)
        fuse(graph, groups.PATTERNS)
        pairwise(graph)
        found = graph.depending_on(self.x_name)
        beside: set[str] = set()
        for name in self.others:
            beside |= graph.depending_on(name)
        self._look_through(graph, found)
        walk = Walk(graph, self._start(sizes, n), beside - found, self.dtype, self.ours)
        if self.problems:
            return [], {}, walk.x, None, ""
        try:
            x = without_pads(walk.whole(self.asked.name))
            if left_open(x):
                raise Unsupported(f"the output is of {left_open(x)}")
            x, link = heads.linked(x)
            x, order = heads.turned(x)
        except Stopped:
            self.problems += list(walk.problems.values())
            if not self.problems:
                self.problems.append(
                    (None, f"output {self.asked.name!r} does not depend on the input")
                )
            return [], {}, walk.x, None, ""
        except Unsupported as reason:
            self.problems.append((None, str(reason)))
            return [], {}, walk.x, None, ""
        except MALFORMED as error:
            self.problems.append((None, malformed(error)))
            return [], {}, walk.x, None, ""
        finally:
            self.n_read = len(walk.seen)
        if not x.drafts:
            x = x.then(x.name, L.Activation("identity"))
        layers, weights = finished(x.drafts)
        return layers, weights, x, order, link

    @property
    def rank(self) -> tuple[int, int, int]:
        """The better, the smaller: fewer problems, less to be turned, then more nodes read."""
        turns = 0
        if not self.problems:
            turns = sum(isinstance(layer, L.Transpose) for layer in L.walk(self.read[0]))
        return len(self.problems), turns, -self.n_read

    def _look_through(self, graph: Graph, found: set[str]) -> None:
        """Note all operators that no reader and no join takes."""
        for node in graph.nodes:
            known = node.key in table.READERS or node.key in JOINS
            if not known and found.intersection(node.inputs):
                self.problems.append((node, "no layer does this"))

    def _start(self, sizes: list[int], n: int) -> Value:
        """The input."""
        names = [a for axis in self.axes for a in axis if a != "n"]
        of = dict(
            zip(
                names,
                (s for s, a in zip(sizes, self.axes, strict=True) if a != ("n",)),
                strict=True,
            )
        )
        if names == ["t"]:  # codes of symbols
            return Value(self.x_name, (of["t"], 1), self.axes, n, [])
        if not names:  # of one number
            return Value(self.x_name, (1,), self.axes, n, [])
        form = next(
            form
            for form in FORMS.values()
            if set(names) <= set(form) and (len(form) == len(names) or "w" in names)
        )
        shape = tuple(of.get(a, 1) for a in form)
        return Value(self.x_name, shape, self.axes, n, [])

    def _compare(self, again: Any) -> None:
        """Note a problem if another number of samples or steps makes another network."""
        layers, weights, *_ = self.read
        if self.problems:
            return
        same = layers == again[0] and all(
            np.array_equal(weights[key], value) for key, value in again[1].items()
        )
        if not same:
            self.problems.append(
                (None, "what it computes depends on the number of samples or steps")
            )

    def network(self) -> Network:
        """The network that was read."""
        layers, weights, x, order, link = self.read
        start = self._start_shape()
        classes = self.asked.classes
        if classes is not None and not len(classes):
            classes = np.arange(max(x.shape[-1], 2))
        if classes is not None and order == tuple(range(len(order or ()))):
            order = None  # labels have no axis for outputs
        if classes is not None and x.shape[-1] > 1 and link in ("sigmoid", "exp"):
            link = ""  # the largest is the same; as probabilities they do not add up to one
        names = FORMS[len(start.shape)]
        here = [axis[0] for axis in start.axes if axis]
        wanted = [a for a in ("n", *names) if a in here]
        axes = tuple(here.index(a) for a in wanted)
        is_plain = axes == tuple(range(len(axes)))
        return Network(
            layers,
            start.shape,
            weights,
            dtype=self.dtype,
            link=link,
            classes=classes,
            input_axes=None if is_plain and len(wanted) == len(names) + 1 else axes,
            output_axes=order,
            input_name=self.x_name,
            output_name=self.asked.output,
        )

    def _start_shape(self) -> Value:
        sizes = self._sizes(0)
        return self._start(sizes, sizes[self.axes.index(("n",))])


def _are_codes(dtype: np.dtype[Any]) -> bool:
    """Whether values of this type are numbers of symbols, and not pixels."""
    return dtype.kind in "iu" and dtype.itemsize > 1


def _check_types(graph: Graph) -> None:
    """Raise for quantised models and texts; bring short floats to float32, saying so."""
    quantised = [n for n in graph.nodes if n.op.startswith(_QUANTISED)]
    if quantised:
        raise UnsupportedModelError(
            f"the model is quantised ({quantised[0].op} in {quantised[0].name!r}): its numbers are "
            "integers with scales, which networks of fastdl do not have. Export it before it is "
            "quantised, or run it with fastdl.onnx.backend."
        )
    short = [name for name, v in graph.constants.items() if v.dtype.name in ("float16", "bfloat16")]
    for name in short:
        graph.constants[name] = graph.constants[name].astype(np.float32)
    if short:
        from fastdl._warn import warn  # with scikit-learn, which networks do without

        kind = "float16 or bfloat16"
        warn(f"the ONNX model holds weights as {kind}, such as {short[0]!r}: read as float32.")


def _samples_input(graph: Graph, inputs: Any) -> tuple[str, list[str]]:
    """The input with the samples, and that with the lengths of sequences, if there is one."""
    names = list(graph.inputs)
    if inputs is not None:
        asked = [inputs] if isinstance(inputs, str) else list(inputs)
        unknown = [name for name in asked if name not in names]
        if unknown or not asked:
            raise UnsupportedModelError(
                f"inputs={asked!r}: the model has the inputs {', '.join(map(repr, names))}."
            )
        names = [asked[0], *(n for n in names if n != asked[0])]
    lengths = [
        name
        for name in names
        if len(graph.inputs[name][1]) == 1 and graph.inputs[name][0].kind in "iu"
    ]
    samples = [name for name in names if name not in lengths]
    if inputs is not None:
        samples = samples[:1]
    texts = [name for name in samples if graph.inputs[name][0].kind == "O"]
    if texts:
        raise UnsupportedModelError(
            f"input {texts[0]!r} holds texts, or values that are no tensors; networks take "
            "numbers. Encode them before."
        )
    if len(samples) != 1 or len(lengths) > 1:
        raise UnsupportedModelError(
            f"the model has {len(names)} inputs, {', '.join(map(repr, names))}; a network has one, "
            "and lengths of sequences beside it. fastdl.onnx.backend runs models with several."
        )
    return samples[0], lengths


def _shape_of(graph: Graph, name: str, inputs: Any) -> list[int | str | None]:
    shape = list(graph.inputs[name][1])
    if isinstance(inputs, Mapping):
        given = list(inputs[name])
        if shape and len(given) != len(shape):
            raise UnsupportedModelError(
                f"inputs={dict(inputs)!r}: {name!r} has {len(shape)} axes, {shape}."
            )
        shape = [
            s if s is not None else o
            for s, o in zip(given, shape or [None] * len(given), strict=True)
        ]
    if any(isinstance(size, int) and size < 1 for size in shape):
        shape = [None if isinstance(s, int) and s < 1 else s for s in shape]
    return shape


def _message(problems: list[tuple[Node | None, str]], opset: int) -> str:
    lines = []
    for node, why in problems[:50]:
        lines.append(why if node is None else f"{node.name!r} ({node.key}): {why}")
    more = f"; and {len(problems) - 50} more" if len(problems) > 50 else ""
    what = "is one thing" if len(problems) == 1 else f"are {len(problems)} things"
    return (
        f"no network of fastdl stands for this model (opset {opset}); there {what} in the way: "
        f"{'; '.join(lines)}{more}. fastdl.onnx.backend runs models as they are."
    )
