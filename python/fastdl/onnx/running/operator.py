"""An operator of onnx's reference evaluator that fastdl's kernels compute."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray
from onnx.reference import ReferenceEvaluator
from onnx.reference.op_run import OpRun
from onnx.reference.ops._op_list import load_op

Compute = Callable[..., Any]


def is_short(x: Any) -> bool:
    """Whether an array holds floats of 16 bits, which are computed in float32."""
    return isinstance(x, np.ndarray) and x.dtype.name in ("float16", "bfloat16")


def takes(*arrays: Any) -> bool:
    """Whether kernels take these: floats of 32 or 64 bits, of one type."""
    kinds = {a.dtype for a in arrays if isinstance(a, np.ndarray)}
    return len(kinds) == 1 and kinds.pop() in (np.float32, np.float64)


def operator(name: str, compute: Compute) -> type[OpRun]:
    """A class for `ReferenceEvaluator`.

    Parameters
    ----------
    name : str
        The operator.
    compute : callable
        Takes the inputs, and by name ``opset`` and the attributes; gives an array or a tuple of
        them, or None where it is for onnx's reference to answer: integers, axes beyond images.
    """

    def _run(self: Any, *inputs: Any, **attributes: Any) -> tuple[NDArray[Any], ...]:
        short = next((x for x in inputs if is_short(x)), None)
        long = [x.astype(np.float32) if is_short(x) else x for x in inputs]
        opset, given = self.run_params["opsets"].get("", 1), _of_node(self, attributes)
        found = compute(*long, opset=opset, n_outputs=len(self.onnx_node.output), **given)
        if found is None:
            reference = load_op(
                "", name, opset, node=self.onnx_node, evaluator_cls=ReferenceEvaluator
            )
            return tuple(reference(self.onnx_node, self.run_params).run(*inputs))
        found = found if isinstance(found, tuple) else (found,)
        if short is not None:
            found = tuple(y.astype(short.dtype) if y is not None else y for y in found)
        return found

    return type(name, (OpRun,), {"op_domain": "", "_run": _run})


def _of_node(self: Any, attributes: dict[str, Any]) -> dict[str, Any]:
    """The attributes that the node has, without defaults."""
    there = {a.name for a in self.onnx_node.attribute}
    return {key: value for key, value in attributes.items() if key in there}
