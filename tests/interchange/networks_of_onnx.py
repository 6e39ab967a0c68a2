"""Which of onnx's own cases are networks: one row of floats out for each row of floats in.

Counted are the cases whose operators are those that `docs/onnx.md` names, of opset 7 and newer, on
floats, with samples of at least one number and up to three axes. The first input holds the samples,
all others become constants. Whether the rows stand alone is asked of onnx's reference: rows in
another order give answers in that order, and another sample beside changes nothing.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper
from onnx.backend.test.loader import load_model_tests
from onnx.reference import ReferenceEvaluator

KINDS = ("node", "simple", "pytorch-operator", "pytorch-converted")
_NAMES = """
Abs Add AveragePool BatchNormalization Cast Celu Clip Concat Constant ConstantOfShape Conv
ConvTranspose DepthToSpace Div Dropout Elu Erf Exp Expand Flatten GRU Gather Gelu Gemm
GlobalAveragePool GlobalMaxPool GroupNormalization HardSigmoid HardSwish Identity
InstanceNormalization LRN LSTM LayerNormalization LeakyRelu Log LogSoftmax LpNormalization
LpPool MatMul Max MaxPool Mean Min Mish Mul Neg PRelu Pad Pow RMSNormalization RNN Reciprocal
ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMax ReduceMean ReduceMin ReduceProd
ReduceSum ReduceSumSquare Relu Reshape Resize Selu Shape Sigmoid Slice Softmax Softplus Softsign
SpaceToDepth Split Sqrt Squeeze Sub Sum Swish Tanh ThresholdedRelu Tile Transpose Unsqueeze
Upsample
"""
OPERATORS = frozenset(_NAMES.split())
FLOATS = (TensorProto.FLOAT, TensorProto.DOUBLE)


@dataclass
class Case:
    """A model of one input, and what it answers to samples."""

    name: str
    model: onnx.ModelProto
    x: NDArray[Any]
    y: NDArray[Any]
    rtol: float
    atol: float


def networks() -> Iterator[Case]:
    """All cases of the operator set that are networks."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for kind in KINDS:
            for case in load_model_tests(kind=kind):
                found = network_of(case)
                if found is not None:
                    yield found


def network_of(case: Any) -> Case | None:
    """The case with all its inputs but the first as constants, if that is a network."""
    model = case.model
    if model is None:
        model = onnx.load(Path(case.model_dir) / "model.onnx")
    graph = model.graph
    operators = {(n.domain, n.op_type) for n in graph.node}
    if any(domain not in ("", "ai.onnx") or op not in OPERATORS for domain, op in operators):
        return None
    opset = next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx"))
    fed = _fed(case, model)
    if fed is None:
        return None
    inputs, outputs = fed
    constants = {t.name for t in graph.initializer}
    infos = [i for i in graph.input if i.name not in constants]
    if len(inputs) != len(infos) or not infos:
        return None
    x, y = inputs[0], outputs[0]
    kinds = [i.type.tensor_type.elem_type for i in (infos[0], *graph.output[:1])]
    if any(kind not in FLOATS for kind in kinds) or len(graph.output) != 1:
        return None
    if not isinstance(x, np.ndarray) or not isinstance(y, np.ndarray):
        return None
    if not 1 <= x.ndim <= 4 or y.ndim < 1 or not x.size:
        return None
    model = _closed(model, dict(zip((i.name for i in infos[1:]), inputs[1:], strict=True)))
    if opset < 7 or not _is_by_rows(model, x, y):
        return None
    return Case(case.name, model, x, y, case.rtol, case.atol)


def _fed(case: Any, model: onnx.ModelProto) -> tuple[list[Any], list[Any]] | None:
    if case.data_sets:
        inputs, outputs = case.data_sets[0]
        return list(inputs), list(outputs)
    folder = Path(case.model_dir) / "test_data_set_0"
    if not folder.is_dir():
        return None
    both = []
    for what in ("input", "output"):
        paths = sorted(folder.glob(f"{what}_*.pb"), key=lambda p: int(p.stem.split("_")[1]))
        tensors = []
        for path in paths:
            tensor = TensorProto()
            try:
                tensor.ParseFromString(path.read_bytes())
                tensors.append(numpy_helper.to_array(tensor))
            except Exception:
                return None
        both.append(tensors)
    return both[0], both[1]


def _closed(model: onnx.ModelProto, values: dict[str, Any]) -> onnx.ModelProto:
    """With these inputs as constants."""
    closed = onnx.ModelProto()
    closed.CopyFrom(model)
    kept = [i for i in closed.graph.input if i.name not in values]
    del closed.graph.input[:]
    closed.graph.input.extend(kept)
    for name, value in values.items():
        if isinstance(value, np.ndarray):
            closed.graph.initializer.append(numpy_helper.from_array(value, name))
    return closed


_BY_SAMPLE = {"MaxPool", "AveragePool", "LpPool"}  # by definition; the reference takes long


def _is_by_rows(model: onnx.ModelProto, x: NDArray[Any], y: NDArray[Any]) -> bool:
    """Whether each row of the output depends on the same row of the input alone, and alike."""
    if all(n.op_type in _BY_SAMPLE for n in model.graph.node):
        return True
    if not len(x) or x.shape[0] != y.shape[0] or not np.isfinite(x).all():
        return False
    n, rng = len(x), np.random.default_rng(0)
    open_model = onnx.ModelProto()
    open_model.CopyFrom(model)
    open_model.graph.input[0].type.tensor_type.shape.dim[0].dim_param = "n"
    for o in open_model.graph.output:
        o.type.tensor_type.ClearField("shape")
    try:
        evaluator = ReferenceEvaluator(open_model)
        if n > 1:
            order = np.roll(np.arange(n), 1)
            (moved,) = evaluator.run(None, {open_model.graph.input[0].name: x[order]})
            if not np.allclose(moved, y[order], 1e-3, 1e-5, equal_nan=True):
                return False
            other = x[::-1].copy() + rng.random(x.shape).astype(x.dtype)
            other[0] = x[0]
            (changed,) = evaluator.run(None, {open_model.graph.input[0].name: other})
            return np.allclose(changed[0], y[0], 1e-3, 1e-5, equal_nan=True)
        two = np.concatenate([x, x + rng.random(x.shape).astype(x.dtype)])
        (both,) = evaluator.run(None, {open_model.graph.input[0].name: two})
        return both.shape == (2, *y.shape[1:]) and np.allclose(
            both[0], y[0], 1e-3, 1e-5, equal_nan=True
        )
    except Exception:
        return False
