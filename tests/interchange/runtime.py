"""ONNX models run by onnxruntime, for the tests."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
import onnxruntime
from numpy.typing import NDArray

from fastdl import Network
from fastdl import layers as L
from fastdl.program import get_state
from programs import compiled


def session(model: onnx.ModelProto) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(
        model.SerializeToString(), options, providers=["CPUExecutionProvider"]
    )


def run(model: onnx.ModelProto, **inputs: Any) -> dict[str, NDArray[Any]]:
    """All outputs by name; inputs in the types that the model asks for."""
    runtime = session(model)
    types = {"float": "float32", "double": "float64", "string": "object"}
    fed = {}
    for of_model in runtime.get_inputs():
        kind = of_model.type.removeprefix("tensor(").removesuffix(")")
        fed[of_model.name] = np.asarray(inputs[of_model.name], types.get(kind, kind))
    names = [output.name for output in runtime.get_outputs()]
    return dict(zip(names, runtime.run(None, fed), strict=True))


def network(layers: list[L.Layer], input_shape: tuple[int, ...], **options: Any) -> Network:
    """With weights of which none is 0 or 1."""
    program = compiled(layers, input_shape, batch_size=1)
    return Network(layers, input_shape, get_state(program), **options)


def opset_of(case: Any, least: int = 13) -> int:
    """The first that has the operators of a case, from 18 on where `least` is lower."""
    found = least if least > 13 else 18
    for layer in L.walk(case.layers):
        if isinstance(layer, L.Resize2D):
            found = max(found, 18 if layer.antialias else 13)
            found = max(found, 19 if layer.coordinates == "half_pixel_symmetric" else 13)
    return found


def lengths_for(net: Network, n: int) -> Iterator[NDArray[np.int64] | None]:
    """Of sequences all steps, then some of them."""
    if len(net.input_shape) != 2:
        yield None
        return
    steps, (least, _) = net.input_shape[0], net.program_.least_steps
    yield np.full(n, steps)
    yield np.random.default_rng(n).integers(max(least, 1), steps + 1, n)
