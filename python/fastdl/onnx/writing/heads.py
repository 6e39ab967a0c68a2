"""From what the last layer gives to the answers of an estimator."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl.fitting.targets import Targets
from fastdl.losses import Loss
from fastdl.onnx.writing.graph import Graph, Value
from fastdl.onnx.writing.network import Options, Port

_LINKS = {"softmax": "Softmax", "sigmoid": "Sigmoid", "exp": "Exp"}


def linked(graph: Graph, z: Value, link: str) -> Value:
    """After the link of a loss."""
    if not link:
        return z
    axis = z.channel_axis if link == "softmax" else None
    return replace(z, name=graph.add(_LINKS[link], z.name, axis=axis))


def labels_of(classes: NDArray[Any]) -> NDArray[Any]:
    """Classes as ONNX has them: int64, texts, or floats that are no integers."""
    if classes.dtype.kind in "biu":
        return classes.astype(np.int64)
    if classes.dtype.kind == "f":
        whole = bool((classes == np.rint(classes)).all())
        return classes.astype(np.int64 if whole else np.float32)
    return np.array([str(label) for label in classes], object)


def classifier(
    graph: Graph, targets: Targets, loss: Loss, z: Value, options: Options
) -> tuple[list[Port], dict[str, str]]:
    """`label` and `probabilities`, or `scores` where the loss gives none."""
    steps = z.layout == "steps"
    axes = _axes(graph, z, options)
    has_probabilities = loss.link in ("softmax", "sigmoid")
    with graph.within("label"):
        p = linked(graph, z, loss.link)
        labels, label_axes = _labels(graph, targets, p, axes)
        if steps:
            labels = _without_padding(graph, targets, labels, z)
        second = p if has_probabilities else _scores(graph, targets, z)
        if has_probabilities and p.shape[-1] == 1 and targets.kind == "binary":
            one = graph.constant(np.array(1.0, graph.dtype))
            parts = graph.add("Sub", one, p.name), p.name
            second = replace(p, name=graph.add("Concat", *parts, axis=p.channel_axis))
            second = replace(second, shape=(*p.shape[:-1], 2))
        if steps and loss.link:  # a link makes something of zeros
            second = graph.masked(second)
    dtype: Any = np.dtype(np.int64)
    if targets.kind != "multilabel":
        classes = labels_of(targets.classes)
        dtype = str if classes.dtype == object else classes.dtype
    ports = [
        Port("label", dtype, label_axes),
        Port(
            "probabilities" if has_probabilities else "scores",
            graph.dtype,
            (*axes, second.shape[-1]),
        ),
    ]
    return ports, {ports[0].name: labels, ports[1].name: second.name}


def _axes(graph: Graph, z: Value, options: Options) -> tuple[int | str, ...]:
    """Of the answers, without the last."""
    if z.layout == "steps":
        return (options.batch, "steps" if z.lengths == graph.lengths else "out_steps")
    return (options.batch, *z.shape[:-1])


def _labels(
    graph: Graph, targets: Targets, p: Value, axes: tuple[int | str, ...]
) -> tuple[str, tuple[int | str, ...]]:
    if targets.kind == "multilabel":
        half = graph.constant(np.array(0.5, graph.dtype))
        return graph.cast(graph.add("Greater", p.name, half), np.int64), (*axes, p.shape[-1])
    if targets.kind == "multiclass":
        codes = graph.add("ArgMax", p.name, axis=p.channel_axis, keepdims=0)
    else:
        last = graph.constant(np.array([p.channel_axis], np.int64))
        yes = graph.add("Squeeze", p.name, last)
        half = graph.constant(np.array(0.5, graph.dtype))
        codes = graph.cast(graph.add("Greater", yes, half), np.int64)
        if len(targets.classes) == 1:
            codes = graph.add("Mul", codes, graph.constant(np.array(0, np.int64)))
    classes = labels_of(targets.classes)
    if classes.dtype != object and np.array_equal(classes, np.arange(len(classes))):
        return codes, axes
    return graph.add("Gather", graph.constant(classes, "classes", classes.dtype), codes), axes


def _without_padding(graph: Graph, targets: Targets, labels: str, z: Value) -> str:
    """0 or "" past the ends of sequences."""
    inside = graph.inside(z)
    if targets.kind != "multilabel":
        inside = graph.add("Squeeze", inside, graph.constant(np.array([2], np.int64)))
        classes = labels_of(targets.classes)
        nothing = np.array("" if classes.dtype == object else 0, classes.dtype)
    else:
        nothing = np.array(0, np.int64)
    return graph.add("Where", inside, labels, graph.constant(nothing, dtype=nothing.dtype))


def _scores(graph: Graph, targets: Targets, z: Value) -> Value:
    """Those of `decision_function`, (..., 1) of two classes."""
    if targets.kind == "multilabel" or len(targets.classes) > 2 or z.shape[-1] == 1:
        return z
    axis = graph.constant(np.array([z.channel_axis], np.int64))
    bounds = [graph.constant(np.array([i], np.int64)) for i in (0, 1, 2)]
    no = graph.add("Slice", z.name, bounds[0], bounds[1], axis)
    yes = graph.add("Slice", z.name, bounds[1], bounds[2], axis)
    return replace(z, name=graph.add("Sub", yes, no), shape=(*z.shape[:-1], 1))


def regressor(
    graph: Graph,
    targets: Targets,
    loss: Loss,
    z: Value,
    options: Options,
    limits: NDArray[Any] | None = None,
    output: str = "variable",
) -> tuple[list[Port], dict[str, str]]:
    """The output, in the units of y; (n, 1) of one number for a sample, as sklearn-onnx has it."""
    axes: tuple[int | str, ...] = (*_axes(graph, z, options), z.shape[-1])
    with graph.within(output):
        y = linked(graph, z, loss.link)
        name = y.name
        if targets.is_normalized:
            name = graph.add("Mul", name, graph.constant(targets.scale.astype(graph.dtype)))
            name = graph.add("Add", name, graph.constant(targets.center.astype(graph.dtype)))
        if limits is not None:
            low, high = (graph.constant(of_y.astype(graph.dtype)) for of_y in limits)
            name = graph.add("Min", graph.add("Max", name, low), high)
        if y.layout == "steps" and (targets.is_normalized or loss.link):
            name = graph.masked(replace(y, name=name)).name
        if _is_of_one_number(targets, y):
            last = graph.constant(np.array([y.channel_axis], np.int64))
            name, axes = graph.add("Squeeze", name, last), axes[:-1]
    return [Port(output, graph.dtype, axes)], {output: name}


def _is_of_one_number(targets: Targets, y: Value) -> bool:
    """Whether y of steps or pixels has no axis for its numbers."""
    if targets.of == "pixels":
        return len(targets.shape) == 2
    return y.layout == "steps" and targets.n_outputs == 1
