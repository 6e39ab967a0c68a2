"""ONNX models that PyTorch wrote, and classic nets."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import numpy_helper

import fastdl
from fastdl import layers as L
from fastdl.onnx import from_onnx, to_onnx
from programs import assert_close
from runtime import run

HERE = Path(__file__).parents[2] / "data" / "onnx"


@pytest.mark.parametrize("exporter", ["old", "new"])
@pytest.mark.parametrize("name", ["resnet", "reader", "wide"])
def test_nets_of_pytorch(name: str, exporter: str, tmp_path: Path) -> None:
    """Equal to what PyTorch gave; fine-tuned; saved and exported again, equal."""
    data = np.load(HERE / f"torch_{name}.npz")
    path = HERE / f"torch_{name}_{exporter}.onnx"
    net = from_onnx(path)
    assert_close(net.predict(data["x"]), data["y"], 1e-6)
    net.save(tmp_path / "net.safetensors")
    loaded = fastdl.load_network(tmp_path / "net.safetensors")
    np.testing.assert_array_equal(loaded.predict(data["x"]), net.predict(data["x"]))
    again = run(to_onnx(net), **{net.input_name: data["x"], "lengths": np.full(5, 6)})
    assert_close(next(iter(again.values())), data["y"], 1e-6)
    X = data["x"] if name == "reader" else data["x"].transpose(0, 2, 3, 1)
    X, y = np.concatenate([X] * 8), np.arange(40) % 5
    est = fastdl.NetClassifier(init_from=net, drop_head=True, max_epochs=4, random_state=0)
    est.fit(X, y)
    assert est.loss_curve_[-1] < est.loss_curve_[0]
    back = from_onnx(to_onnx(est))
    assert_close(back.predict_proba(X), est.predict_proba(X), 1e-5)


def test_names_of_pytorch() -> None:
    net = from_onnx(HERE / "torch_resnet_old.onnx")
    names = [layer.name for layer in L.walk(net.layers) if layer.has_weights]
    assert names == ["conv1", "conv2", "conv3", "project", "head"]
    assert L.find(net.layers, "norm1") == L.BatchNorm(0.1, 1e-5, name="norm1")
    assert net.input_axes == (0, 2, 3, 1)
    frozen = fastdl.NetClassifier(init_from=net, drop_head=True, freeze="conv*", max_epochs=1)
    X = np.random.RandomState(0).rand(9, 8, 8, 3).astype(np.float32)
    weights = frozen.fit(X, np.arange(9) % 3).get_weights()
    np.testing.assert_array_equal(weights["conv1.weight"], net.get_weights()["conv1.weight"])


LIGHT = Path(onnx.__file__).parent / "backend" / "test" / "data" / "light"


# Of those with dense layers of a hundred million weights, AlexNet stands for the others.
CLASSIC = ["squeezenet", "shufflenet", "inception_v1", "inception_v2", "densenet121", "resnet50"]
LARGE = ["bvlc_alexnet", "vgg19", "zfnet512"]


def with_weights(path: Path) -> tuple[onnx.ModelProto, NDArray[np.float32]]:
    """A model of onnx's own, whose weights are constants, with drawn ones; and an input."""
    model, rng = onnx.load(path), np.random.default_rng(0)
    shapes = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    kept = [n for n in model.graph.node if n.op_type != "ConstantOfShape"]
    taker = {name: (n.op_type, i) for n in kept for i, name in enumerate(n.input)}
    for node in model.graph.node:
        if node.op_type != "ConstantOfShape":
            continue
        shape, (op, i) = shapes[node.input[0]].tolist(), taker[node.output[0]]
        fan_in = np.prod(shape[1:]) if len(shape) > 1 else 100
        values = rng.normal(0, np.sqrt(1.5 / fan_in), shape)
        if op == "BatchNormalization" and i in (1, 4):
            values = rng.uniform(0.5, 1.0, shape) if i == 1 else rng.uniform(1, 2, shape)
        tensor = numpy_helper.from_array(values.astype(np.float32), node.output[0])
        model.graph.initializer.append(tensor)
    del model.graph.node[:]
    model.graph.node.extend(kept)
    used = {name for n in kept for name in n.input}
    weights = [t for t in model.graph.initializer if t.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(weights)
    (x,) = (
        i for i in model.graph.input if i.name not in {t.name for t in weights} and i.name in used
    )
    inputs = [x]
    del model.graph.input[:]
    model.graph.input.extend(inputs)
    shape = [axis.dim_value for axis in x.type.tensor_type.shape.dim]
    return model, rng.normal(size=shape).astype(np.float32)


@pytest.mark.slow
@pytest.mark.parametrize("name", CLASSIC)
def test_classic_nets(name: str) -> None:
    model, x = with_weights(LIGHT / f"light_{name}.onnx")
    last = model.graph.node[-1]
    if last.op_type == "Softmax":  # of large numbers, which would hide what is before it
        model.graph.output[0].name = last.input[0]
        del model.graph.node[-1]
    model.graph.output[0].type.tensor_type.ClearField("shape")
    net = from_onnx(model)
    (expected,) = run(model, **{net.input_name: x}).values()
    assert_close(net.predict(x).reshape(expected.shape), expected, 1e-3)
