"""The whole model: graph, inputs, outputs, metadata, checked."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper

from fastdl._core import __version__
from fastdl.onnx.writing.graph import Graph
from fastdl.onnx.writing.network import Port

OLDEST, USUAL = 13, 18  # opsets
_MOST_BYTES = 2**31 - 2**20  # of a protocol buffer, with room for all but the weights
_ML_OPSET = 3


def check_opset(opset: Any) -> int:
    """The opset to write, 18 for None.

    Raises
    ------
    ValueError
        For one that is older than 13, or that the installed onnx does not know.
    """
    newest = onnx.defs.onnx_opset_version()
    if opset is None:
        return USUAL
    is_integer = isinstance(opset, (int, np.integer)) and not isinstance(opset, bool)
    if not is_integer or not OLDEST <= opset <= newest:
        raise ValueError(
            f"opset={opset!r}; expected a number from {OLDEST} to {newest}, the newest that onnx "
            f"{onnx.__version__} knows."
        )
    return int(opset)


def assemble(
    graph: Graph,
    inputs: Sequence[Port],
    outputs: Sequence[Port],
    metadata: Mapping[str, Any],
    name: str,
) -> onnx.ModelProto:
    """A model, which has passed onnx's checker with full shape inference.

    Raises
    ------
    ValueError
        If the weights are more than a file of ONNX holds.
    """
    size = sum(array.nbytes for array in graph.constants.values())
    if size > _MOST_BYTES:
        raise ValueError(
            f"{name} has {size / 2**30:.1f} GiB of weights, but an ONNX file holds 2 GiB at most. "
            "Keep it with fastdl.io.save."
        )
    proto = helper.make_graph(
        graph.nodes, name, _infos(inputs), _infos(outputs), graph.initializers()
    )
    opsets = [helper.make_opsetid("", graph.opset)]
    if graph.uses_ml:
        opsets.append(helper.make_opsetid("ai.onnx.ml", _ML_OPSET))
    model = helper.make_model(
        proto,
        opset_imports=opsets,
        ir_version=helper.find_min_ir_version_for(opsets),
        producer_name="fastdl",
        producer_version=__version__,
    )
    texts = {key: v if isinstance(v, str) else json.dumps(v) for key, v in metadata.items()}
    helper.set_model_props(model, {"fastdl": __version__, **texts})
    onnx.checker.check_model(model, full_check=True)
    return model


def _infos(ports: Sequence[Port]) -> list[onnx.ValueInfoProto]:
    return [helper.make_tensor_value_info(p.name, _element(p.dtype), p.shape) for p in ports]


def _element(dtype: Any) -> int:
    if dtype is str:
        return onnx.TensorProto.STRING
    return helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
