"""Shape calculators and converters of skl2onnx for every estimator, known to it by this import."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import helper
from skl2onnx import update_registered_converter
from skl2onnx.common.data_types import (
    DoubleTensorType,
    FloatTensorType,
    Int64TensorType,
    StringTensorType,
    guess_tensor_type,
)

from fastdl import estimators
from fastdl.onnx.writing.estimators import Piece, dtype_of, family_of
from fastdl.onnx.writing.graph import Graph
from fastdl.onnx.writing.network import Options
from fastdl.onnx.writing.to_onnx import written

_OPTIONS = {
    "zipmap": [True, False, "columns"],
    "output_class_labels": [False, True],
    "nocl": [True, False],
}
_TYPES = {"float32": FloatTensorType, "float64": DoubleTensorType, "int64": Int64TensorType}
_NOT_IN_PIPELINES = ("Seq2Seq", "TextGenerator", "WordVectors")  # they take no arrays


def _register() -> None:
    """Make the estimators known to skl2onnx."""
    from sklearn.base import is_classifier

    for name in estimators.__all__:
        if name in _NOT_IN_PIPELINES:
            continue
        kind = getattr(estimators, name)
        options = _OPTIONS if is_classifier(kind()) else None
        update_registered_converter(kind, f"Fastdl{name}", _set_types, _convert, options=options)


def _written(operator: Any, opset: int, prefix: str) -> tuple[Graph, Piece]:
    """The graph of the operator's estimator for its inputs."""
    est, given = operator.raw_operator, operator.inputs
    family = family_of(est)
    assert family is not None
    is_double = isinstance(guess_tensor_type(given[0].type), DoubleTensorType)
    dtype = dtype_of(est) if is_double else np.dtype(np.float32)
    options = Options(given[0].onnx_name, input_dtype=_dtype_of(given[0].type))
    return written(est, family, options, opset, dtype, prefix)


def _dtype_of(kind: Any) -> Any:
    if isinstance(kind, StringTensorType):
        return np.dtype(np.float32)
    return helper.tensor_dtype_to_np_dtype(kind.to_onnx_type().tensor_type.elem_type)


def _set_types(operator: Any) -> None:
    """The types of the outputs: floats are those of the input, as skl2onnx has them."""
    n, floats = operator.inputs[0].get_first_dimension(), guess_tensor_type(operator.inputs[0].type)
    _, piece = _written(operator, 18, "")
    for variable, port in zip(operator.outputs, piece.outputs, strict=False):
        shape = [n, *(axis if isinstance(axis, int) else None for axis in port.shape[1:])]
        if port.dtype is str:
            variable.type = StringTensorType(shape)
        elif np.dtype(port.dtype).kind == "f":
            variable.type = type(floats)(shape)
        else:
            variable.type = _TYPES[np.dtype(port.dtype).name](shape)


def _convert(scope: Any, operator: Any, container: Any) -> None:
    """Add the nodes and constants of the estimator."""
    opset = container.target_opset_any_domain("")
    prefix = scope.get_unique_variable_name("fastdl") + "/"
    graph, piece = _written(operator, opset, prefix)
    given = [variable.onnx_name for variable in operator.inputs]
    if graph.lengths and len(given) < len(piece.inputs):
        graph.read_all_steps(given[0])
    elif len(given) != len(piece.inputs):
        raise ValueError(
            f"{type(operator.raw_operator).__name__} takes {len(piece.inputs)} columns as inputs "
            f"of their own, because some hold texts, but the pipeline gives {len(given)}."
        )
    if len(operator.inputs[0].type.shape) == 2 < len(piece.inputs[0].shape):  # rows of them
        graph.begin_with_reshape(given[0], (0, *operator.raw_operator.input_shape_))
    new = {port.name: name for port, name in zip(piece.inputs, given, strict=False)}
    floats: np.dtype[Any] = np.dtype(np.float32)
    if isinstance(guess_tensor_type(operator.inputs[0].type), DoubleTensorType):
        floats = np.dtype(np.float64)
    names = {}
    for variable, port in zip(operator.outputs, piece.outputs, strict=False):
        name = piece.names[port.name]
        is_float = port.dtype is not str and np.dtype(port.dtype).kind == "f"
        if is_float and port.dtype != floats:
            name = graph.cast(name, floats)
        names[variable.onnx_name] = name
    graph.name_outputs(names)
    graph.keep_only(names)
    for tensor in graph.initializers():
        container.initializers.append(tensor)
    for node in graph.nodes:
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        container.add_node(
            node.op_type,
            [new.get(name, name) for name in node.input],
            list(node.output),
            op_domain=node.domain,
            op_version=3 if node.domain else opset,
            name=scope.get_unique_operator_name(node.name),
            **attributes,
        )


_register()  # at the end: whoever imports skl2onnx asks for this module, which may be itself
