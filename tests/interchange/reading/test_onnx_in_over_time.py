"""ONNX models of sequences of any length, features before steps."""

from typing import Any

import numpy as np
import pytest
from onnx import TensorProto, helper

from fastdl.onnx import UnsupportedModelError, from_onnx, to_onnx
from onnx_by_hand import F, model_of, node
from programs import assert_close
from runtime import run

LINE, LAST = ["n", 2, "steps"], ["n", "steps", 2]
TAPS = np.linspace(-1, 1, 24).reshape(4, 2, 3).astype(F)
OF_4 = {
    "gain": np.linspace(0.5, 2, 4).astype(F),
    "shift": np.linspace(-1, 1, 4).astype(F),
    "mean": np.linspace(0, 1, 4).astype(F),
    "var": np.linspace(1, 3, 4).astype(F),
    "w4": np.linspace(-1, 1, 12).reshape(4, 3).astype(F),
}
OVER_TIME: dict[str, tuple[Any, ...]] = {
    "valid": ([node("Conv", "x k", strides=[2])], LINE),
    "same": ([node("Conv", "x k", pads=[1, 1])], LINE),
    "same, every second": ([node("Conv", "x k", pads=[1, 1], strides=[2])], LINE),
    "one side": ([node("Conv", "x k", pads=[0, 2])], LINE),
    "gaps": ([node("Conv", "x k", pads=[2, 2], dilations=[2])], LINE),
    "auto_pad": ([node("Conv", "x k", auto_pad="SAME_UPPER", strides=[2])], LINE),
    "causal": ([node("Pad", "x p", "z"), node("Conv", "z k", dilations=[2])], LINE),
    "groups": ([node("Conv", "x g", group=2)], LINE),
    "largest": ([node("MaxPool", "x", kernel_shape=[3], pads=[1, 1])], LINE),
    "means": ([node("AveragePool", "x", kernel_shape=[3], pads=[1, 1])], LINE),
    "steps first": (
        [
            node("Transpose", "x", "a", perm=[0, 2, 1]),
            node("Conv", "a k", "b", pads=[1, 1]),
            node("Transpose", "b", perm=[0, 2, 1]),
        ],
        LAST,
    ),
    "a net": (
        [
            node("Conv", "x k", "a"),
            node("BatchNormalization", "a gain shift mean var", "b"),
            node("Relu", "b", "c"),
            node("MaxPool", "c", "d", kernel_shape=[2], strides=[2]),
            node("BatchNormalization", "d gain shift mean var", "e"),
            node("GlobalAveragePool", "e", "f"),
            node("Flatten", "f", "flat"),
            node("MatMul", "flat w4"),
        ],
        LINE,
    ),
}


@pytest.mark.parametrize("name", OVER_TIME)
def test_over_time(name: str) -> None:
    """Of sequences of any length; out again, the same."""
    nodes, shape = OVER_TIME[name]
    constants = {"k": TAPS, "p": [0, 0, 4, 0, 0, 0], "g": TAPS[:, :1], **OF_4}
    model = model_of(nodes, shape, constants)
    net = from_onnx(model)
    assert len(net.input_shape) == 2
    again = to_onnx(net)
    for steps in (7, 8, 13):
        x = np.random.RandomState(0).randn(5, *(steps if s == "steps" else 2 for s in shape[1:]))
        expected = run(model, x=x)["y"]
        assert_close(net.predict(x), expected, 1e-6)
        assert_close(run(again, x=x, lengths=np.full(5, steps))["y"], expected, 1e-6)


@pytest.mark.parametrize(
    ("nodes", "message"),
    [
        (
            [node("Conv", "x k", pads=[1, 1], strides=[3])],
            r"pads=\[1, 1\] with strides=\[3\]: no pad",
        ),
        ([node("Conv", "x k", pads=[2, 2])], r"pads=\[2, 2\] with strides=\[1\]: no padding of a"),
        ([node("Conv", "x k", auto_pad="SAME_LOWER")], "'SAME_UPPER' is taken"),
        ([node("Pad", "x p", "z"), node("Relu", "z")], "comes after a padding of steps that no"),
        ([node("Pad", "x p")], "the output is of a padding of steps"),
        ([node("MaxPool", "x", kernel_shape=[2], ceil_mode=1, strides=[2])], "ceil_mode=1: of seq"),
        ([node("MaxPool", "x", kernel_shape=[2], dilations=[2])], "windows without gaps"),
        (
            [node("AveragePool", "x", kernel_shape=[3], pads=[1, 1], count_include_pad=1)],
            "the output is of means of windows that count padding",
        ),
        (
            [
                node("Unsqueeze", "lengths one", "i"),
                node("Unsqueeze", "i one", "j"),
                node("GatherND", "x j", batch_dims=1),
            ],
            "it takes elements by indices of several axes",
        ),
    ],
    ids=lambda x: x[0].name if isinstance(x, list) else "",
)
def test_what_is_not_supported_over_time(nodes: list[Any], message: str) -> None:
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, LINE)]
    if nodes[-1].op_type == "GatherND":
        inputs.append(helper.make_tensor_value_info("lengths", TensorProto.INT64, ["n"]))
    constants = {"k": TAPS, "p": [0, 0, 4, 0, 0, 0], "one": [1]}
    with pytest.raises(UnsupportedModelError, match=message):
        from_onnx(model_of(nodes, constants=constants, inputs=inputs))
