"""Small ONNX models by hand, and what they are made of."""

from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper


def model_of(
    nodes: list[Any],
    shape: list[Any] | None = None,
    constants: dict[str, Any] | None = None,
    *,
    dtype: int = TensorProto.FLOAT,
    inputs: list[Any] | None = None,
    outputs: list[str] | None = None,
    opset: int = 18,
) -> onnx.ModelProto:
    inputs = inputs or [helper.make_tensor_value_info("x", dtype, shape)]
    outs = [helper.make_tensor_value_info(o, TensorProto.FLOAT, None) for o in outputs or ["y"]]
    tensors = [
        numpy_helper.from_array(np.asarray(v), name) for name, v in (constants or {}).items()
    ]
    graph = helper.make_graph(nodes, "hand", inputs, outs, tensors)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


def node(op: str, inputs: str, outputs: str = "y", **attributes: Any) -> Any:
    return helper.make_node(
        op, inputs.split(), outputs.split(), name=f"{op} of {outputs}", **attributes
    )


F = np.float32
W = np.linspace(-1, 1, 12).reshape(3, 4).astype(F)
KERNEL = np.linspace(-1, 1, 36).reshape(2, 2, 3, 3).astype(F)
ROW, IMAGE = ["n", 3], ["n", 2, 6, 7]
