"""Batch norms folded into the weights before them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import onnx
from onnx import helper

from fastdl.onnx.writing.graph import Graph

_OUTPUT_AXIS = {"Conv": 0, "Gemm": 1}  # of the weights


def fold_batch_norms(graph: Graph) -> None:
    """Fold each BatchNormalization into the Conv or Gemm whose only taker it is."""
    takers = Counter(name for node in graph.nodes for name in node.input)
    weights = Counter(name for node in graph.nodes for name in node.input[1:])
    makers = {name: node for node in graph.nodes for name in node.output}
    kept = []
    for node in graph.nodes:
        before = makers.get(node.input[0]) if node.input else None
        if (
            node.op_type != "BatchNormalization"
            or before is None
            or before.op_type not in _OUTPUT_AXIS
            or takers[node.input[0]] > 1
            or any(weights[name] > 1 for name in before.input[1:])
            or any(attribute.name == "transB" for attribute in before.attribute)
        ):
            kept.append(node)
            continue
        _fold(graph, before, node)
    graph.nodes[:] = kept


def _fold(graph: Graph, before: onnx.NodeProto, norm: onnx.NodeProto) -> None:
    gain, shift, mean, var = (graph.constants[name].astype(np.float64) for name in norm.input[1:])
    eps = next(helper.get_attribute_value(a) for a in norm.attribute if a.name == "epsilon")
    factor = gain / np.sqrt(var + eps)
    weight = graph.constants[before.input[1]]
    shape = [1] * weight.ndim
    shape[_OUTPUT_AXIS[before.op_type]] = -1
    graph.constants[before.input[1]] = (weight * factor.reshape(shape)).astype(graph.dtype)
    if len(before.input) < 3:
        before.input.append(graph.constant(np.zeros_like(mean), f"{before.name}.bias"))
    bias = graph.constants[before.input[2]]
    graph.constants[before.input[2]] = ((bias - mean) * factor + shift).astype(graph.dtype)
    before.output[0] = norm.output[0]
