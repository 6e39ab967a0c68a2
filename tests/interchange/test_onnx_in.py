"""ONNX models as networks."""

from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper
from runtime import lengths_for, network, opset_of, run

import fastdl
from cases import CASES
from fastdl import layers as L
from fastdl.io import ModelFileError
from fastdl.onnx import UnsupportedModelError, from_onnx, to_onnx
from fastdl.onnx.writing import table
from models import IMAGES, MODELS, ROWS, SEQUENCES, TEXTS, WORDS
from programs import assert_close

HERE = Path(__file__).parent.parent / "data" / "onnx"


def goes_back(case: Any) -> bool:
    return not any(type(layer) in table.NOT_WRITTEN for layer in L.walk(case.layers))


@pytest.mark.share(6)
@pytest.mark.parametrize("case", [*filter(goes_back, CASES)], ids=lambda case: case.id)
def test_there_and_back(case: Any) -> None:
    net = network(case.layers, case.input_shape)
    back = from_onnx(to_onnx(net, opset=opset_of(case)))
    x = case.inputs(7).astype(np.float32)
    for lengths in lengths_for(net, 7):
        y = back.predict(x, lengths)
        assert_close(y, net.predict(x, lengths).reshape(y.shape), 1e-6, case.id)


@pytest.mark.parametrize("opset", [13, 17, 21, 26])
def test_opsets_of_every_layer(opset: int) -> None:
    seen: set[Any] = set()
    for case in filter(goes_back, CASES):
        kinds = {(x.kind, getattr(x, "function", "")) for x in L.walk(case.layers)} - seen
        if not kinds or opset < opset_of(case, opset):
            continue
        seen |= kinds
        net, x = network(case.layers, case.input_shape), case.inputs(5).astype(np.float32)
        lengths = list(lengths_for(net, 5))[-1]
        back = from_onnx(to_onnx(net, opset=opset))
        y = back.predict(x, lengths)
        assert_close(y, net.predict(x, lengths).reshape(y.shape), 1e-6, case.id)


def test_layers_come_back_by_their_names() -> None:
    layers = [L.Conv2D(4, 3, name="first"), L.BatchNorm(), L.Activation("swish"), L.Flatten()]
    net = network([*layers, L.Dense(3, name="head"), L.Activation("softmax")], (6, 6, 2))
    back = from_onnx(to_onnx(net))
    kinds = [(layer.kind, layer.name) for layer in back.layers]
    assert kinds == [
        ("conv2d", "first"),
        ("batch_norm", "batch_norm_1"),
        ("activation", "activation_1"),
        ("flatten", "flatten_1"),
        ("dense", "head"),
    ]
    assert (back.link, back.input_shape, back.input_name) == ("softmax", (6, 6, 2), "X")
    assert {*back.get_weights()} == {*net.get_weights()}


# --- estimators


@pytest.mark.parametrize(
    "name", ["MLPClassifier", "CNNClassifier", "DBNClassifier", "NetClassifier", "binary"]
)
def test_classifiers_give_labels(name: str) -> None:
    if name == "binary":
        est = fastdl.MLPClassifier((4,), tol=1.0, random_state=0).fit(
            ROWS, (WORDS == "no").astype(int)
        )
    else:
        est = MODELS[name]()
    X = IMAGES if name.startswith("CNN") else ROWS
    back = from_onnx(to_onnx(est))
    assert back.predict(X).tolist() == est.predict(X).tolist()
    assert_close(back.predict_proba(X), est.predict_proba(X), 1e-6)


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


@pytest.mark.parametrize("name", ["CNNRegressor", "NetRegressor", "MLPRegressor", "DBNRegressor"])
def test_regressors_give_what_the_model_gives(name: str) -> None:
    est, X = MODELS[name](), IMAGES if name.startswith("CNN") else ROWS
    model = to_onnx(est)
    back, answers = from_onnx(model), run(model, X=X)["variable"]
    assert back.predict(X).shape == answers.shape == (40, 1)
    assert_close(back.predict(X), answers, 1e-6)


def test_sequences_with_lengths() -> None:
    for name in ("RNNClassifier", "RNNClassifier texts", "SequenceTagger"):
        est = MODELS[name]()
        back, X = from_onnx(to_onnx(est)), SEQUENCES
        if hasattr(est, "symbols_"):
            X, lengths = fastdl.data.Vocabulary(est.symbols_).encode(TEXTS)
        else:
            lengths = np.full(len(X), X.shape[1])
        fed = TEXTS if hasattr(est, "symbols_") else X
        expected = est.predict_proba(fed)
        found = back.predict_proba(X, lengths)
        for i, of_one in enumerate(expected):
            assert_close(found[i][: len(of_one)] if found.ndim == 3 else found[i], of_one, 1e-6)


def test_one_output_of_several() -> None:
    est = MODELS["Autoencoder"]()
    model = to_onnx(est)
    with pytest.raises(UnsupportedModelError, match=r"2 outputs, 'variable', 'reconstruction'"):
        from_onnx(model)
    for outputs in (["variable"], "variable"):
        code = from_onnx(model, outputs=outputs, inputs="X")
        assert_close(code.predict(ROWS), est.transform(ROWS), 1e-6)
    for nothing in ([], "", ["none"]):
        with pytest.raises(UnsupportedModelError, match="the model has the outputs 'variable', 'r"):
            from_onnx(model, outputs=nothing)
        with pytest.raises(UnsupportedModelError, match="the model has the inputs 'X'"):
            from_onnx(model, outputs="variable", inputs=nothing)


# --- models of others


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


# --- small models by hand


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


# --- sequences of any length, features before steps

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


def test_a_number_in_the_place_of_another() -> None:
    """Of codes, a table may say so; other numbers would be lost."""
    nodes = [node("Equal", "x zero", "a"), node("Where", "a one x", "b"), node("MatMul", "b w")]
    with pytest.raises(UnsupportedModelError, match="it puts one number in the place of another"):
        from_onnx(model_of(nodes, ROW, {"zero": F(0), "one": F(1), "w": W}))


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


# --- bad input


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
