"""Small ONNX models by hand: one use of an operator each."""

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto

from fastdl.onnx import UnsupportedModelError, from_onnx
from onnx_by_hand import IMAGE, KERNEL, ROW, F, W, model_of, node
from programs import assert_close
from runtime import run


def test_labels_of_several_sigmoids() -> None:
    """The labels are read; numbers that do not add up to one are no probabilities of classes."""
    w = np.random.default_rng(0).normal(size=(3, 4)).astype(np.float32)
    nodes = [node("MatMul", "x w", "z"), node("Sigmoid", "z", "p")]
    nodes.append(node("ArgMax", "p", "label", axis=1, keepdims=0))
    model = model_of(nodes, ["n", 3], {"w": w}, outputs=["label", "p"])
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64
    x = np.random.default_rng(1).normal(size=(20, 3)).astype(np.float32)
    net = from_onnx(model)
    np.testing.assert_array_equal(net.predict(x), (x @ w).argmax(axis=1))
    with pytest.raises(ValueError, match="gives numbers and no probabilities"):
        net.predict_proba(x)


HAND: dict[str, tuple[Any, ...]] = {
    "clip": ([node("Clip", "x low high")], ROW, {"low": F(-0.5), "high": F(0.7)}),
    "relu6": ([node("Clip", "x low high")], ROW, {"low": F(0), "high": F(0.4)}),
    "hard_sigmoid": ([node("HardSigmoid", "x", alpha=0.9)], ROW),
    "celu": ([node("Celu", "x", alpha=0.7)], ROW),
    "abs": ([node("Abs", "x")], ROW),
    "neg": ([node("Neg", "x")], ROW),
    "max": ([node("Max", "x c")], ROW, {"c": F(0.1)}),
    "min": ([node("Min", "x c")], ROW, {"c": F(0.1)}),
    "twice": ([node("Add", "x x")], ROW),
    "sub": ([node("Sub", "c x")], ROW, {"c": F([1, 2, 3])}),
    "div": ([node("Div", "x c")], ROW, {"c": F([1, 2, 3])}),
    "scale of channels": ([node("Mul", "x c")], IMAGE, {"c": F([2, 3]).reshape(2, 1, 1)}),
    "gemm": (
        [node("Gemm", "x w c", alpha=0.5, beta=2.0, transB=1)],
        ROW,
        {"w": W.T.copy(), "c": F([1])},
    ),
    "matmul and add": (
        [node("MatMul", "x w", "z"), node("Add", "c z")],
        ROW,
        {"w": W, "c": F([1, 2, 3, 4])},
    ),
    "sum of three": (
        [node("Relu", "x", "a"), node("Tanh", "x", "b"), node("Sum", "a x b")],
        ROW,
    ),
    "difference": ([node("Relu", "x", "a"), node("Sub", "x a")], ROW),
    "same lower": (
        [node("Conv", "x w", auto_pad="SAME_LOWER", strides=[2, 2])],
        IMAGE,
        {"w": KERNEL},
    ),
    "pad and conv": (
        [node("Pad", "x p", "z"), node("Conv", "z w", pads=[0, 1, 1, 0])],
        IMAGE,
        {"p": [0, 0, 1, 0, 0, 0, 0, 2], "w": KERNEL},
    ),
    "output shape": (
        [node("ConvTranspose", "x w", strides=[2, 3], output_shape=[12, 20])],
        IMAGE,
        {"w": KERNEL},
    ),
    "ceil": ([node("MaxPool", "x", kernel_shape=[3, 3], strides=[2, 2], ceil_mode=1)], IMAGE),
    "average": (
        [
            node(
                "AveragePool",
                "x",
                kernel_shape=[3, 2],
                pads=[1, 1, 1, 0],
                ceil_mode=1,
                strides=[2, 2],
            )
        ],
        IMAGE,
    ),
    "mean of pixels": ([node("ReduceMean", "x a", keepdims=1)], IMAGE, {"a": [2, 3]}),
    "line": (
        [node("Conv", "x w", "z", pads=[1, 1]), node("Relu", "z", "a"), node("Flatten", "a")],
        ["n", 2, 9],
        {"w": KERNEL[:, :, 0]},
    ),
    "channels shuffled": (
        [
            node("Reshape", "x s", "a"),
            node("Transpose", "a", "b", perm=[0, 2, 1, 3, 4]),
            node("Reshape", "b t"),
        ],
        ["n", 4, 3, 2],
        {"s": [-1, 2, 2, 3, 2], "t": [-1, 4, 3, 2]},
    ),
    "rows of images": (
        [
            node("Gemm", "x w", "z"),
            node("Reshape", "z s", "a"),
            node("Conv", "a k", pads=[1, 1, 1, 1]),
        ],
        ROW,
        {"w": np.linspace(-1, 1, 36).reshape(3, 12).astype(F), "s": [-1, 2, 3, 2], "k": KERNEL},
    ),
    "batch norm of flattened images": (
        [
            node("Flatten", "x", "f"),
            node("BatchNormalization", "f gain shift mean var", "b"),
            node("Mul", "b gain", "c"),
            node("PRelu", "c slope", "d"),
            node("Gemm", "d w"),
        ],
        IMAGE,
        {
            "gain": np.linspace(1, 2, 84).astype(F),
            "shift": np.linspace(-1, 1, 84).astype(F),
            "mean": np.linspace(0, 1, 84).astype(F),
            "var": np.linspace(1, 3, 84).astype(F),
            "slope": np.linspace(0, 1, 84).astype(F),
            "w": np.random.RandomState(0).randn(84, 3).astype(F),
        },
    ),
    "softmax of flattened images": (
        [node("Flatten", "x", "f"), node("Softmax", "f", "s"), node("MatMul", "s w")],
        IMAGE,
        {"w": np.random.RandomState(0).randn(84, 3).astype(F)},
    ),
    "open shape": (
        [
            node("Shape", "x", "s"),
            node("Gather", "s zero", "n"),
            node("Unsqueeze", "n at", "m"),
            node("Concat", "m rest", "t", axis=0),
            node("Reshape", "x t"),
        ],
        IMAGE,
        {"zero": 0, "at": [0], "rest": [-1]},
    ),
}


@pytest.mark.parametrize("name", HAND)
def test_by_hand(name: str) -> None:
    model = model_of(*HAND[name])
    shape = [5, *HAND[name][1][1:]]
    x = np.random.RandomState(0).randn(*shape).astype(F)
    net = from_onnx(model)
    assert_close(net.predict(x), run(model, x=x)["y"], 1e-5)


@pytest.mark.parametrize(
    ("nodes", "attributes"),
    [
        ([node("Clip", "x", min=0.0, max=0.5)], {}),
        ([node("Upsample", "x s", mode="nearest")], {"s": F([1, 1, 2, 2])}),
        ([node("Squeeze", "x", "z", axes=[1]), node("Unsqueeze", "z", axes=[1])], {}),
        ([node("Softmax", "x", "z", axis=1), node("Relu", "z")], {}),
        ([node("Dropout", "x", ratio=0.4)], {}),
        ([node("Slice", "x", starts=[0, 0], ends=[9, 9], axes=[2, 3])], {}),
        (
            [node("Pad", "x", "z", pads=[0, 0, 1, 1, 0, 0, 1, 1]), node("Conv", "z w")],
            {"w": np.ones((2, 1, 3, 3), F)},
        ),
    ],
    ids=lambda x: x[0].op_type if isinstance(x, list) else "",
)
def test_old_opsets(nodes: list[Any], attributes: dict[str, Any]) -> None:
    from onnx.reference import ReferenceEvaluator

    shape = [3, 1, 1, 1] if nodes[0].op_type == "Softmax" else [3, 1, 4, 5]
    model = model_of(nodes, ["n", *shape[1:]], attributes, opset=9)
    x = np.random.RandomState(0).randn(*shape).astype(F)
    (expected,) = ReferenceEvaluator(model).run(None, {"x": x})
    assert_close(from_onnx(model).predict(x), expected, 1e-6)


def test_dynamic_axes_can_be_given() -> None:
    model = model_of([node("Conv", "x w")], ["n", 2, "high", "wide"], {"w": KERNEL})
    with pytest.raises(UnsupportedModelError, match=r"axis 2 of input 'x' is open \(high\)"):
        from_onnx(model)
    x = np.random.RandomState(0).randn(3, 2, 5, 6).astype(F)
    net = from_onnx(model, inputs={"x": (None, 2, 5, 6)})
    assert_close(net.predict(x), run(model, x=x)["y"], 1e-5)


def test_short_floats_are_read_as_float32() -> None:
    model = model_of(
        [node("Cast", "h", "w", to=TensorProto.FLOAT), node("MatMul", "x w")],
        ROW,
        {"h": W.astype(np.float16)},
    )
    with pytest.warns(UserWarning, match="weights as float16 or bfloat16, such as 'h'"):
        net = from_onnx(model)
    x = np.eye(3, dtype=F)
    assert_close(net.predict(x), W.astype(np.float16).astype(F), 1e-6)
