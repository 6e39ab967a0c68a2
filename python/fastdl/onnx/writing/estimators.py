"""What each family of estimators is as a graph."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastdl import estimators as E
from fastdl.estimators.autoencoders.base import Coder
from fastdl.estimators.base.net import Net
from fastdl.estimators.boltzmann.rbm import BaseRBM
from fastdl.estimators.scaling.scaler import Scaler
from fastdl.estimators.tables.tabular import Tabular
from fastdl.fitting.columns import Columns
from fastdl.fitting.targets import Targets
from fastdl.fitting.trainable import TrainableNetwork
from fastdl.network import Network
from fastdl.onnx.writing import heads, network, tables, text
from fastdl.onnx.writing.graph import Graph
from fastdl.onnx.writing.network import Options, Port, turned_back


class Piece(NamedTuple):
    """Inputs and outputs of what was written, and by which names the graph calls the outputs."""

    inputs: list[Port]
    outputs: list[Port]
    names: dict[str, str]


def weights_of(estimator: Any) -> dict[str, NDArray[Any]]:
    """Those of a network or of an estimator that is one, as users may have written them."""
    if isinstance(estimator, Network):
        return estimator.get_weights()
    if isinstance(estimator, Net):
        return {**estimator._network.by_name(), **estimator._shown_weights()}
    return {}


def dtype_of(estimator: Any) -> np.dtype[Any]:
    """What an estimator computes in."""
    if isinstance(estimator, Network):
        return np.dtype(estimator.dtype)
    if isinstance(estimator, Net):
        return np.dtype(estimator._network.dtype)
    if isinstance(estimator, BaseRBM):
        return np.dtype(estimator.components_.dtype)
    if isinstance(estimator, E.DBN):
        return np.dtype(estimator.dtype)
    return np.dtype(np.float32)


def metadata_of(estimator: Any) -> dict[str, Any]:
    """What users want to know of the file later."""
    found: dict[str, Any] = {"estimator": type(estimator).__name__}
    if hasattr(estimator, "classes_"):
        found["classes"] = heads.labels_of(estimator.classes_).tolist()
    if hasattr(estimator, "feature_names_in_"):
        found["feature_names"] = [str(name) for name in estimator.feature_names_in_]
    if hasattr(estimator, "symbols_"):
        found["symbols"] = list(estimator.symbols_)
    if hasattr(estimator, "vocabulary_"):
        found["symbols"] = list(estimator.vocabulary_)
    return found


def _network(graph: Graph, net: Network, options: Options) -> Piece:
    """A network apart from its estimator: what `predict` answers."""
    if options.input_name == "X":
        options = options._replace(input_name=net.input_name)
    options = options._replace(input_axes=net.input_axes, output_axes=net.output_axes)
    piece = _whole(graph, net._network, net.targets, options, net._columns, output=net.output_name)
    ports, names = [], dict(piece.names)
    for port in piece.outputs:
        back, name = turned_back(graph, port, names[port.name], net.output_axes)
        ports.append(back)
        names[port.name] = name
    return Piece(piece.inputs, ports, names)


def _net(graph: Graph, est: Any, options: Options) -> Piece:
    """Answers for samples, steps or pixels."""
    symbols = getattr(est, "symbols_", None)
    unknown = text.code_of_unknown(est) if symbols is not None else None
    columns, names = None, getattr(est, "feature_names_in_", None)
    if isinstance(est, Tabular):
        columns = Columns(est.categories_, est._preparation, getattr(est, "_limits", None))
    return _whole(
        graph, est._network, est._targets, options, columns, names, symbols=symbols, unknown=unknown
    )


def _whole(
    graph: Graph,
    trained: TrainableNetwork,
    targets: Targets,
    options: Options,
    columns: Columns | None = None,
    names: Sequence[str] | None = None,
    output: str = "variable",
    **of_symbols: Any,
) -> Piece:
    """From X to the answers."""
    layers, shape = trained.layers, trained.input_shape
    if columns is None:
        inputs, x = network.entry(graph, layers, shape, options, **of_symbols)
    else:
        inputs, x = tables.prepared(graph, columns, shape[0], names, options)
    *_, z = network.values(graph, layers, x)
    z, loss = network.finished(graph, z), trained.loss
    if targets.kind != "boxes" and (len(targets.classes) or targets.kind == "multilabel"):
        outputs, of_outputs = heads.classifier(graph, targets, loss, z, options)
    else:
        limits = None if columns is None else columns.limits
        outputs, of_outputs = heads.regressor(graph, targets, loss, z, options, limits, output)
    return Piece(inputs, outputs, of_outputs)


def _coder(graph: Graph, est: Any, options: Options) -> Piece:
    """The code as `variable`, and `reconstruction`."""
    net = est._network
    inputs, x = network.entry(graph, net.layers, net.input_shape, options)
    given = [network.finished(graph, x)]
    given += list(network.values(graph, net.layers, x))
    code = network.finished(graph, given[est._layer_index(None) + 1])
    back = heads.linked(graph, network.finished(graph, given[-1]), net.loss.link)
    name, shape = back.name, tuple(getattr(est, "_sample_form", back.shape))
    if shape != back.shape:
        name = graph.reshape(name, [0, *shape])
    n = options.batch
    outputs = [
        Port("variable", graph.dtype, (n, *code.shape)),
        Port("reconstruction", graph.dtype, (n, *shape)),
    ]
    return Piece(inputs, outputs, {"variable": code.name, "reconstruction": name})


def _rows(graph: Graph, est: Any, options: Options) -> tuple[list[Port], str]:
    """X as rows of the graph's type."""
    inputs, x = network.entry(graph, [], (int(est.n_features_in_),), options)
    return inputs, x.name


def _up(graph: Graph, rbm: Any, x: str) -> str:
    """P(h = 1 | v)."""
    W, c = rbm.components_.T.astype(graph.dtype), rbm.intercept_hidden_.astype(graph.dtype)
    return graph.add("Sigmoid", graph.add("Gemm", x, graph.constant(W), graph.constant(c)))


def _down(graph: Graph, rbm: Any, h: str) -> str:
    """E(v | h)."""
    W, b = rbm.components_.T.astype(graph.dtype), rbm.intercept_visible_.astype(graph.dtype)
    v = graph.add("Gemm", h, graph.constant(W), graph.constant(b), transB=1)
    return v if rbm._gaussian else graph.add("Sigmoid", v)


def _machines(graph: Graph, est: Any, options: Options) -> Piece:
    """The hidden units of the top machine as `variable`, and `reconstruction`."""
    machines = est.rbms_ if isinstance(est, E.DBN) else [est]
    scaled = isinstance(est, E.DBN) and est.visible_ == "gaussian"
    inputs, h = _rows(graph, est, options)
    if scaled:
        center, scale = (graph.constant(a.astype(graph.dtype)) for a in (est.center_, est.scale_))
        h = graph.add("Div", graph.add("Sub", h, center), scale)
    for rbm in machines:
        h = _up(graph, rbm, h)
    back = h
    for rbm in reversed(machines):
        back = _down(graph, rbm, back)
    if scaled:
        back = graph.add("Add", graph.add("Mul", back, scale), center)
    n, top = options.batch, machines[-1].components_.shape[0]
    outputs = [
        Port("variable", graph.dtype, (n, top)),
        Port("reconstruction", graph.dtype, (n, int(est.n_features_in_))),
    ]
    return Piece(inputs, outputs, {"variable": h, "reconstruction": back})


def _scaler(graph: Graph, est: Any, options: Options) -> Piece:
    """(X - offset) / scale, along the last axis."""
    n = options.batch
    axes: tuple[int | str, ...] = (n, len(est.scale_))
    if isinstance(est, E.SequenceScaler):
        axes = (n, "steps", len(est.scale_))
    elif est.n_dims_ > 2:
        free = [f"d{i}" for i in range(1, est.n_dims_ - 1)]
        grey = est.kind_ == "images" and est.n_dims_ == 3
        axes = (n, *free, "d2" if grey else len(est.scale_))
    dtype = np.dtype(options.input_dtype or graph.dtype)
    x = options.input_name
    x = x if dtype == graph.dtype else graph.cast(x, graph.dtype)
    offset, scale = (graph.constant(a.astype(graph.dtype)) for a in (est.offset_, est.scale_))
    name = graph.add("Div", graph.add("Sub", x, offset), scale)
    inputs, outputs = [Port(options.input_name, dtype, axes)], [Port("variable", graph.dtype, axes)]
    return Piece(inputs, outputs, {"variable": name})


def _pairs(graph: Graph, est: Any, options: Options) -> Piece:
    raise ValueError(
        "Seq2Seq looks for its answers step by step, which no ONNX model of fastdl does. Keep it "
        "by save(), and read it with fastdl.load."
    )


Family = Callable[[Graph, Any, Options], Piece]
FAMILIES: dict[type, Family] = {
    Network: _network,
    E.TextGenerator: text.generator,
    E.WordVectors: text.word_vectors,
    E.Seq2Seq: _pairs,
    Coder: _coder,
    Net: _net,
    BaseRBM: _machines,
    E.DBN: _machines,
    Scaler: _scaler,
}


def family_of(estimator: Any) -> Family | None:
    """The function for an estimator; None of others."""
    return next((f for kind, f in FAMILIES.items() if isinstance(estimator, kind)), None)
