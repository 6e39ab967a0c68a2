"""The backend: onnx's own cases by onnx's own runner, from the installed package."""

import functools
import unittest
import warnings
from typing import Any

import numpy as np
import pytest
from onnx import helper
from onnx.backend.test import BackendTest

import onnx_not_supported
from cases import CASES
from fastdl import layers as L
from fastdl.onnx import backend, to_onnx
from fastdl.onnx.running import operator
from fastdl.onnx.running.table import COMPUTED
from fastdl.onnx.writing import table
from programs import assert_close
from runtime import lengths_for, network

GROUPS = {
    "OnnxBackendNodeModelTest": 1800,
    "OnnxBackendSimpleModelTest": 19,
    "OnnxBackendPyTorchConvertedModelTest": 80,
    "OnnxBackendPyTorchOperatorModelTest": 35,
}


@functools.cache
def of_onnx() -> dict[str, type[unittest.TestCase]]:
    """By group."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return BackendTest(backend.FastdlBackend, __name__).test_cases


def failures(group: str) -> tuple[dict[str, str], int]:
    """The cases of a group that fail, with their last words; how many there are."""
    found, count, case = {}, 0, of_onnx()[group]
    for name in sorted(n for n in dir(case) if n.startswith("test_") and n.endswith("_cpu")):
        result = unittest.TestResult()
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            case(name).run(result)
        count += 1
        if not result.wasSuccessful():
            found[name] = (result.errors + result.failures)[0][1].splitlines()[-1]
    return found, count


@pytest.mark.slow
@pytest.mark.parametrize("group", GROUPS)
def test_cases_of_onnx(group: str) -> None:
    found, count = failures(group)
    assert count >= GROUPS[group]
    known = onnx_not_supported.BACKEND
    assert not {name: why for name, why in found.items() if name not in known}
    if group == "OnnxBackendNodeModelTest":
        assert count < GROUPS[group] + 200 or not known.keys() - found.keys()


def test_kernels_answer_and_not_the_reference(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fastdl computes is never asked of onnx's own classes."""

    def refuse(domain: str, op: str, *args: Any, **kwargs: Any) -> None:
        raise AssertionError(f"{op} is answered by onnx")

    monkeypatch.setattr(operator, "load_op", refuse)
    seen: set[str] = set()
    for case in CASES:
        if any(type(layer) in table.NOT_WRITTEN for layer in L.walk(case.layers)):
            continue
        net = network(case.layers, case.input_shape)
        model = to_onnx(net, opset=22)
        operators = {node.op_type for node in model.graph.node} & COMPUTED.keys()
        if not operators - seen:
            continue
        seen |= operators
        x, lengths = case.inputs(5).astype(np.float32), list(lengths_for(net, 5))[-1]
        inputs = [x] if lengths is None else [x, lengths.astype(np.int64)]
        (y,) = backend.run_model(model, inputs)
        assert_close(y, net.predict(x, lengths).reshape(y.shape), 1e-5, case.id)
    assert COMPUTED.keys() - seen == {"LogSoftmax", "Mish", "Swish"}


def test_a_node() -> None:
    node = helper.make_node("LogSoftmax", ["x"], ["y"], axis=0)
    x = np.random.RandomState(0).randn(3, 4).astype(np.float32)
    (y,) = backend.run_node(node, [x])
    assert_close(y, x - np.log(np.exp(x).sum(axis=0)), 1e-6)
    node = helper.make_node("Swish", ["x"], ["y"], alpha=2.0)
    assert_close(backend.run_node(node, [x])[0], x / (1 + np.exp(-2 * x)), 1e-6)


def test_several_inputs_and_outputs_by_name() -> None:
    node = helper.make_node("Split", ["x"], ["a", "b"], num_outputs=2)
    a, b = backend.run_node(node, [np.arange(4)], opset_version=18)
    assert (a.tolist(), b.tolist()) == ([0, 1], [2, 3])


def test_devices() -> None:
    assert backend.supports_device("CPU")
    assert not backend.supports_device("CUDA")
    model = to_onnx(network([L.Dense(2)], (3,)))
    assert backend.is_compatible(model)
    with pytest.raises(ValueError, match="this backend runs on the CPU"):
        backend.prepare(model, "CUDA")
