"""ONNX models that no network can stand for, damaged files and graphs."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from fastdl import layers as L
from fastdl.io import ModelFileError
from fastdl.onnx import UnsupportedModelError, from_onnx, to_onnx
from onnx_by_hand import KERNEL, ROW, F, W, model_of, node
from programs import assert_close
from runtime import network


def test_a_number_in_the_place_of_another() -> None:
    """Of codes, a table may say so; other numbers would be lost."""
    nodes = [node("Equal", "x zero", "a"), node("Where", "a one x", "b"), node("MatMul", "b w")]
    with pytest.raises(UnsupportedModelError, match="it puts one number in the place of another"):
        from_onnx(model_of(nodes, ROW, {"zero": F(0), "one": F(1), "w": W}))


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (
            lambda: model_of([node("Det", "x", "z"), node("Einsum", "z", equation="i")], ROW),
            r"opset 18\); there are 2 things in the way: 'Det of z' \(Det\): no layer does this; "
            r"'Einsum of y' \(Einsum\)",
        ),
        (
            lambda: model_of(
                [node("Sigmoid", "x", "a"), node("Tanh", "x", "b"), node("MatMul", "a b")], ROW),
            r"'MatMul of y' \(MatMul\): no layer joins branches so",
        ),
        (
            lambda: model_of(
                [node("Relu", "x", "a"), node("Tanh", "x", "b"), node("Add", "a b", "c"),
                 node("Add", "c a", "d"), node("Add", "d b")], ROW),
            "do not meet|joins|cross",
        ),
        (
            lambda: model_of([node("DequantizeLinear", "x s")], ROW, {"s": F(1)}),
            "the model is quantised",
        ),
        (
            lambda: model_of([node("Add", "a b")], inputs=[
                helper.make_tensor_value_info(name, TensorProto.FLOAT, ROW) for name in "ab"]),
            "the model has 2 inputs, 'a', 'b'; a network has one",
        ),
        (
            lambda: model_of([node("Identity", "x")], ["n"], dtype=TensorProto.STRING),
            "input 'x' holds texts",
        ),
        (
            lambda: model_of([node("Relu", "x")], ["n", 1, 2, 3, 4]),
            "input 'x' has 5 axes",
        ),
        (
            lambda: model_of([node("Conv", "x w")], ["n", 3, 4, 4], {"w": KERNEL}),
            r"'Conv of y' \(Conv\): ",
        ),
        (
            lambda: model_of([node("LSTM", "x w r", "z y", clip=1.0, hidden_size=1)], [4, "n", 3],
                             {"w": np.ones((1, 4, 3), F), "r": np.ones((1, 4, 1), F)}),
            "clips",
        ),
    ],
)  # fmt: skip
def test_what_is_not_supported(model: Any, message: str) -> None:
    with pytest.raises(UnsupportedModelError, match=message):
        from_onnx(model())


@pytest.mark.parametrize(
    "nodes",
    [
        [node("ReduceSum", "x samples")],
        [node("ReduceMean", "x none")],
        [node("Pad", "x p")],
        [node("Pow", "x ee")],
        [node("MaxPool", "x", kernel_shape=[2, 2], dilations=[2, 2])],
        [node("Resize", "x roi s", coordinate_transformation_mode="tf_crop_and_resize")],
    ],
    ids=lambda nodes: nodes[-1].name,
)
def test_what_would_be_another_function_is_refused(nodes: list[Any]) -> None:
    constants = {"samples": [0], "none": np.zeros(0, np.int64), "p": [1, 0, 0, 0, 0, 0, 0, 0]}
    constants |= {
        "ee": F([1, 2, 3, 4, 5]),
        "s": F([1, 1, 2, 2]),
        "roi": F([0, 0, 0, 0, 1, 1, 1, 1]),
    }
    shape = ["n", 2, 4, 5]
    with pytest.raises(UnsupportedModelError):
        from_onnx(model_of(nodes, shape, constants))


def test_no_model(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="no ONNX model"):
        from_onnx(b"\x00\xffnonsense")
    with pytest.raises(ModelFileError, match="no ONNX model"):
        from_onnx(b"")
    data = to_onnx(network([L.Dense(30)], (30,))).SerializeToString()
    path = tmp_path / "short.onnx"
    path.write_bytes(data[: len(data) // 2])
    with pytest.raises(ModelFileError, match=r"short\.onnx is no ONNX model, or is damaged"):
        from_onnx(path)
    with pytest.raises(TypeError, match="a path, bytes or an"):
        from_onnx(3)
    with pytest.raises(FileNotFoundError):
        from_onnx(tmp_path / "none.onnx")


def test_external_data(tmp_path: Path) -> None:
    net = network([L.Dense(40)], (40,))
    folder = tmp_path / "folder"
    folder.mkdir()
    onnx.save_model(
        to_onnx(net),
        folder / "net.onnx",
        save_as_external_data=True,
        location="weights.bin",
        size_threshold=10,
    )
    x = np.random.RandomState(0).rand(3, 40).astype(F)
    assert_close(from_onnx(folder / "net.onnx").predict(x), net.predict(x), 1e-6)
    (folder / "weights.bin").rename(tmp_path / "weights.bin")
    with pytest.raises(ModelFileError, match=r"weights in 'weights\.bin', which is missing"):
        from_onnx(folder / "net.onnx")
    data = (folder / "net.onnx").read_bytes()
    outside = onnx.load_model_from_string(data)
    for tensor in outside.graph.initializer:
        for entry in tensor.external_data:
            entry.value = "../weights.bin" if entry.key == "location" else entry.value
    (folder / "out.onnx").write_bytes(outside.SerializeToString())
    with pytest.raises(ModelFileError, match="outside of its folder"):
        from_onnx(folder / "out.onnx")


def test_damaged_graphs() -> None:
    cycle = model_of([node("Add", "x b", "a"), node("Relu", "a", "b"), node("Relu", "b")], ROW)
    with pytest.raises(ModelFileError, match="its nodes form a cycle"):
        from_onnx(cycle)
    lost = model_of([node("Add", "x gone")], ROW)
    with pytest.raises(ModelFileError, match="'gone' is made by no node"):
        from_onnx(lost)
    twice = model_of(
        [node("Relu", "x", "a"), node("Add", "x a", "y"), node("Add", "a y", "y")], ROW
    )
    with pytest.raises(ModelFileError, match="'y' is made twice"):
        from_onnx(twice)
    huge = model_of([node("MatMul", "x w")], ROW, {"w": W})
    huge.graph.initializer[0].dims[:] = [2**40, 2**20]
    with pytest.raises(ModelFileError, match="tensor 'w' cannot be read"):
        from_onnx(huge)
    grown = model_of([node("ConstantOfShape", "s", "c"), node("Add", "x c")], ROW, {"s": [2**50]})
    with pytest.raises(UnsupportedModelError, match="constant"):
        from_onnx(grown)


def test_a_domain_that_is_no_text() -> None:
    model = model_of([node("Shape", "x", "s"), node("Reshape", "x s", "r"), node("Relu", "r")], ROW)
    model.graph.node[0].domain = "no.text.at.all"
    data = model.SerializeToString().replace(b"no.text.at.all", b"no.text.at.\xac\xac\xac")
    with pytest.raises(UnsupportedModelError, match="Shape"):
        from_onnx(data)
