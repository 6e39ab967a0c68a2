"""Cells, codes and what looks at the steps of sequences."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl.onnx.reading.apart import apart, bare, without
from fastdl.onnx.reading.graph import Node
from fastdl.onnx.reading.joins import concatenated
from fastdl.onnx.reading.moves import cut
from fastdl.onnx.reading.value import Unsupported, Value, described

_GATES = {"RNN": (0,), "LSTM": (0, 2, 3, 1), "GRU": (1, 0, 2)}  # of fastdl's, by ONNX's places
_DEFAULTS = {"RNN": ["Tanh"], "LSTM": ["Sigmoid", "Tanh", "Tanh"], "GRU": ["Sigmoid", "Tanh"]}


def _by_gates(array: NDArray[Any], op: str) -> NDArray[Any]:
    """Rows by gates, as columns in fastdl's order."""
    parts = np.split(array, len(_GATES[op]))
    return np.concatenate([parts[i] for i in _GATES[op]]).T


def _weights(op: str, node: Node, arrays: list[Any], d: int, units: int) -> dict[str, NDArray[Any]]:
    """Those of a direction."""
    W, R, B, P = arrays
    size = len(_GATES[op]) * units
    bias = np.zeros(2 * size, W.dtype) if B is None else B[d]
    b_x, b_h = (_by_gates(b[:, np.newaxis], op)[0] for b in np.split(bias, 2))
    found = {"weight_ih": _by_gates(W[d], op), "weight_hh": _by_gates(R[d], op)}
    if op == "GRU" and node.get("linear_before_reset", 0):
        found["bias"] = np.stack([b_x, b_h])
    else:
        found["bias"] = b_x + b_h
    if P is not None:
        found["peepholes"] = P[d].reshape(3, units)[[0, 2, 1]]
    return found


def _check(reader: Any, node: Node, x: Value) -> None:
    """Raise for what the cells of fastdl do not do."""
    if "clip" in node.attributes:
        raise Unsupported("it clips the inputs of its functions")
    if node.get("input_forget", 0):
        raise Unsupported("input_forget=1 couples its gates")
    lengths = node.inputs[4] if len(node.inputs) > 4 else ""
    if lengths and not reader.is_beside(lengths):
        fixed = reader.constant(lengths)
        if fixed is None or (fixed != x.sizes.get("t")).any():
            raise Unsupported("its sequence_lens are constant; make them an input of the model")
    for i in (5, 6):
        state = node.inputs[i] if len(node.inputs) > i else ""
        if state and (reader.constant(state) is None or reader.constant(state).any()):
            raise Unsupported("it starts from states that are not zero")


def cell(reader: Any, node: Node, x: Value) -> Value:
    """RNN, LSTM or GRU, perhaps in both directions."""
    op, units = node.op, int(node.get("hidden_size", 0))
    layout = node.get("layout", 0)
    wanted = (("n",), ("t",), ("f",)) if layout else (("t",), ("n",), ("f",))
    _check(reader, node, x)
    if x.axes != wanted or len(x.shape) != 2:
        raise Unsupported(f"it takes sequences (steps, samples, features), not {described(x)}")
    places = (1, 2, 3, 7 if op == "LSTM" else 99)
    arrays = [reader.const(node, i) for i in places]
    if arrays[0] is None or arrays[1] is None:
        raise Unsupported("its weights are not constant")
    units = units or arrays[1].shape[2]
    direction = node.get("direction", "forward")
    n_directions = 2 if direction == "bidirectional" else 1
    functions = [
        f.decode() if isinstance(f, bytes) else str(f) for f in node.get("activations", [])
    ] or _DEFAULTS[op] * n_directions
    first = [f.capitalize() for f in functions[: len(_DEFAULTS[op])]]
    if [f.capitalize() for f in functions] != first * n_directions:
        raise Unsupported(f"activations={functions}: those of both directions are to be the same")
    options: dict[str, Any] = {"return_sequences": _gives_steps(reader, node)}
    if op == "RNN" and first[0] in ("Tanh", "Relu"):
        options["activation"] = first[0].lower()
    elif first != _DEFAULTS[op]:
        raise Unsupported(f"activations={functions}; its own are {_DEFAULTS[op]}")
    if op == "GRU":
        options["reset_after"] = bool(node.get("linear_before_reset", 0))
    if op == "LSTM":
        options["peepholes"] = arrays[3] is not None
    kind = {"RNN": L.RNN, "LSTM": L.LSTM, "GRU": L.GRU}[op]
    weights: dict[str, NDArray[Any]] = {}
    for d in range(n_directions):
        suffix = "_reverse" if d == 1 or direction == "reverse" else ""
        of_one = _weights(op, node, arrays, d, units)
        weights |= {key + suffix: value.astype(reader.dtype) for key, value in of_one.items()}
    spec: L.Layer = kind(units, reverse=direction == "reverse", **options)
    if n_directions == 2:
        spec = L.Bidirectional(kind(units, **options))
    out = node.outputs[0 if options["return_sequences"] else 1]
    y = x.then(out, spec, weights, called=reader.name_of(node, 1))
    return replace(
        y, axes=_axes(layout, options["return_sequences"]), notes=_parts(n_directions, units)
    )


def _gives_steps(reader: Any, node: Node) -> bool:
    """Whether the states of all steps are asked for, or the last one."""
    asked = [i for i, name in enumerate(node.outputs) if name and reader.is_asked_for(name)]
    if asked == [0]:
        return True
    if asked == [1]:
        return False
    raise Unsupported("more than one of its outputs is asked for, or the state of its cell")


def _axes(layout: int, steps: bool) -> tuple[tuple[str, ...], ...]:
    """Of Y and Y_h; "d" are the directions."""
    if layout:
        return (("n",), ("t",), ("d",), ("u",)) if steps else (("n",), ("d",), ("u",))
    return (("t",), ("d",), ("n",), ("u",)) if steps else (("d",), ("n",), ("u",))


def _parts(n_directions: int, units: int) -> dict[str, Any]:
    """The features are those of each direction, side by side."""
    return {"sizes": {"d": n_directions, "u": units}, "parts": ("d", "u")}


def gather(reader: Any, node: Node, x: Value) -> Value:
    """Rows of a table, by codes; one step of sequences; or parts of an image, side by side."""
    table = reader.constant(node.inputs[0])
    if table is not None and node.inputs[1] == x.name:
        return _embedding(reader, node, x, table)
    index = reader.const(node, 1)
    axis = int(node.get("axis", 0)) % max(len(x.axes), 1)
    if index is None or node.inputs[0] != x.name:
        raise Unsupported("its indices are not constant")
    if index.size != 1:
        return _several(node, x, axis, [int(i) for i in index.reshape(-1)], index.ndim)
    label, i = x.axes[axis], int(index.reshape(-1)[0])
    rest = tuple(a for j, a in enumerate(x.axes) if j != axis or index.ndim)
    rest = tuple(() if j == axis and index.ndim else a for j, a in enumerate(rest))
    if label in ((), ("d",)) and x.sizes.get("d", 1) == 1:
        return x.to(node.outputs[0], axes=rest)
    if label == ("t",) and i in (-1, x.sizes["t"] - 1):
        return last_step(x, node.outputs[0], rest)
    size = x.onnx_shape[axis]
    if len(x.shape) == 2 or not -size <= i < size:
        raise Unsupported(f"it takes element {i} of an axis of {described(x)}")
    x = x if size == 1 else cut(x, axis, range(i % size, i % size + 1))
    return x.to(node.outputs[0], axes=without(x, [axis], bool(index.ndim)).axes)


_MOST_PICKED = 64


def _several(node: Node, x: Value, axis: int, indices: list[int], rank: int) -> Value:
    """Some of what stands along an axis, in another order: cut out, and put side by side."""
    if rank != 1 or len(indices) > _MOST_PICKED or len(x.shape) == 2:
        raise Unsupported(f"it takes {len(indices)} elements of an axis of {described(x)}")
    x, size = apart(x), x.onnx_shape[axis]
    indices = [i % size for i in indices]
    step = indices[1] - indices[0]
    chosen = range(indices[0], indices[-1] + 1, max(step, 1))
    if indices == list(chosen):
        return cut(x, axis, chosen).to(node.outputs[0])
    ends = [cut(bare(x), axis, range(i, i + 1)) for i in indices]
    side_by_side = Node("Concat", node.name, "", [], node.outputs, {"axis": axis})
    return concatenated(None, side_by_side, x, ends)


def last_step(x: Value, name: str, axes: tuple[tuple[str, ...], ...]) -> Value:
    """LastStep."""
    notes = {k: v for k, v in x.notes.items() if k not in ("sizes", "parts")}
    if x.is_split:
        axes = tuple(a for a in axes if a != ("d",))
    axes = tuple(("f",) if a == ("u",) else a for a in axes)
    return replace(x.then(name, L.LastStep(), axes=axes), notes=notes)


def _embedding(reader: Any, node: Node, x: Value, table: NDArray[Any]) -> Value:
    if table.ndim != 2 or int(node.get("axis", 0)) != 0 or x.drafts:
        raise Unsupported("it looks up something else than the rows of a table")
    if x.axes[:2] != (("n",), ("t",)):
        raise Unsupported(f"it takes codes (samples, steps), not {described(x)}")
    weight = table.astype(reader.dtype)
    for code, other in x.notes.get("recoded", []):
        weight = weight.copy()
        weight[code] = weight[other]
    spec = L.Embedding(*weight.shape)
    y = x.then(node.outputs[0], spec, {"weight": weight}, called=reader.name_of(node, 0))
    return replace(y, axes=(("n",), ("t",), ("f",)), notes={})


def recode(reader: Any, node: Node, x: Value) -> Value:
    """One code that is read as another."""
    if x.drafts or x.axes != (("n",), ("t",)):
        raise Unsupported("it puts one number in the place of another")
    pair = (int(node.get("code")), int(node.get("other")))
    recoded = [*x.notes.get("recoded", []), pair]
    return x.to(node.outputs[0], notes={**x.notes, "recoded": recoded})


def gather_elements(reader: Any, node: Node, x: Value) -> Value:
    """The last real step, by the lengths."""
    axis = int(node.get("axis", 0)) % len(x.axes)
    if not reader.is_aside(node, x) or x.axes[axis] != ("t",):
        raise Unsupported("its indices are no lengths of sequences")
    axes = tuple(() if i == axis else a for i, a in enumerate(x.axes))
    return last_step(x, node.outputs[0], axes)


def slice_(reader: Any, node: Node, x: Value) -> Value:
    """Crop2D; the last step of sequences; or all there is."""
    starts, ends = reader.param(node, 1, "starts"), reader.param(node, 2, "ends")
    axes, steps = reader.param(node, 3, "axes"), reader.param(node, 4, "steps")
    if starts is None or ends is None:
        raise Unsupported("where it cuts is not constant")
    starts, ends = np.reshape(starts, -1), np.reshape(ends, -1)
    where = range(len(starts)) if axes is None else np.reshape(axes, -1)
    strides = np.ones(len(starts), int) if steps is None else np.reshape(steps, -1)
    for axis, start, end, stride in zip(where, starts, ends, strides, strict=True):
        at = int(axis) % len(x.axes)
        size = x.onnx_shape[at]
        chosen = range(size)[slice(int(start), int(end), int(stride))]
        if list(chosen) == list(range(size)):
            continue
        if x.axes[at] == ("t",) and list(chosen) == [size - 1]:
            rest = tuple(() if i == at else a for i, a in enumerate(x.axes))
            x = last_step(x, x.name, rest)
            continue
        x = cut(x, at, chosen)
    return x.to(node.outputs[0])
