"""A backend for any ONNX graph: fastdl's kernels within onnx's reference evaluator.

Convolutions, poolings, norms, products, recurrent cells, activations and softmax are computed by
fastdl; logic, indices and control flow by onnx itself, which is the frame: a graph that onnx runs,
runs here. It is for graphs that are no tree of layers; `fastdl.from_onnx` gives networks, which are
faster and can be trained on.

Examples
--------
>>> import numpy as np
>>> from fastdl import Network, layers as L, to_onnx
>>> from fastdl.onnx import backend
>>> net = Network([L.Dense(2)], (3,), random_state=0)
>>> x = np.ones((1, 3), np.float32)
>>> (y,) = backend.run_model(to_onnx(net), [x])
>>> bool(np.allclose(y, net.predict(x)))
True
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx.backend.base import Backend, BackendRep, Device, DeviceType, namedtupledict
from onnx.reference import ReferenceEvaluator

from fastdl.onnx.running.table import OPERATORS

__all__ = [
    "FastdlBackend",
    "Prepared",
    "is_compatible",
    "prepare",
    "run_model",
    "run_node",
    "supports_device",
]


class Prepared(BackendRep):
    """A model that is ready to run."""

    def __init__(self, model: Any) -> None:
        self._evaluator = ReferenceEvaluator(model, new_ops=OPERATORS)
        constants = {t.name for t in self._evaluator.proto_.graph.initializer}
        self._inputs = [n for n in self._evaluator.input_names if n not in constants]

    def run(self, inputs: Any, **kwargs: Any) -> tuple[NDArray[Any], ...]:
        """Compute all outputs.

        Parameters
        ----------
        inputs : sequence or mapping of array-like
            In the order of the model's inputs, or by name.

        Returns
        -------
        tuple of ndarray
            By place, or by the names of the outputs.
        """
        named = isinstance(inputs, dict)
        given = inputs if named else dict(zip(self._inputs, inputs, strict=False))
        outputs = self._evaluator.output_names
        values = self._evaluator.run(None, given)
        return tuple(namedtupledict("Outputs", outputs)(*values))


class FastdlBackend(Backend):
    """See `onnx.backend.base.Backend`; on the CPU."""

    @classmethod
    def is_compatible(cls, model: onnx.ModelProto, device: str = "CPU", **kwargs: Any) -> bool:
        """Whether `prepare` takes the model."""
        try:
            cls.prepare(model, device, **kwargs)
        except Exception:
            return False
        return True

    @classmethod
    def prepare(cls, model: Any, device: str = "CPU", **kwargs: Any) -> Prepared:
        """Make a model ready.

        Parameters
        ----------
        model : onnx.ModelProto, path or bytes
        device : str, default="CPU"

        Raises
        ------
        ValueError
            For another device.
        """
        if not cls.supports_device(device):
            raise ValueError(f"device={device!r}; this backend runs on the CPU.")
        return Prepared(model)

    @classmethod
    def run_model(
        cls, model: Any, inputs: Any, device: str = "CPU", **kwargs: Any
    ) -> tuple[NDArray[Any], ...]:
        """`prepare`, and run once."""
        return cls.prepare(model, device, **kwargs).run(inputs)

    @classmethod
    def run_node(
        cls,
        node: onnx.NodeProto,
        inputs: Sequence[Any],
        device: str = "CPU",
        outputs_info: Any = None,
        **kwargs: Any,
    ) -> tuple[NDArray[Any], ...]:
        """Compute one node, of the newest opset or of that in `opset_version`."""
        version = kwargs.get("opset_version", onnx.defs.onnx_opset_version())
        names = [name for name in node.input if name]
        given = dict(zip(names, map(np.asarray, inputs), strict=True))
        infos = [onnx.helper.make_empty_tensor_value_info(name) for name in names]
        outs = [onnx.helper.make_empty_tensor_value_info(name) for name in node.output if name]
        graph = onnx.helper.make_graph([node], "node", infos, outs)
        opsets = [onnx.helper.make_opsetid("", version)]
        model = onnx.helper.make_model(graph, opset_imports=opsets)
        return cls.prepare(model, device).run(given)

    @classmethod
    def supports_device(cls, device: str) -> bool:
        """Whether models run there."""
        return bool(Device(device).type == DeviceType.CPU)


is_compatible = FastdlBackend.is_compatible
prepare = FastdlBackend.prepare
run_model = FastdlBackend.run_model
run_node = FastdlBackend.run_node
supports_device = FastdlBackend.supports_device
