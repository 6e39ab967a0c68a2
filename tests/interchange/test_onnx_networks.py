"""onnx's own cases that are networks, as networks of layers; and forms that exporters write."""

import warnings
from typing import Any

import numpy as np
import pytest

import fastdl
import onnx_not_supported
from fastdl import layers as L
from fastdl.onnx import UnsupportedModelError, from_onnx, to_onnx
from networks_of_onnx import networks
from onnx_by_hand import F, model_of, node
from programs import assert_close
from runtime import run


@pytest.mark.slow
def test_cases_of_onnx_that_are_networks() -> None:
    refused, wrong, count = {}, {}, 0
    for case in networks():
        count += 1
        try:
            net = from_onnx(case.model)
        except UnsupportedModelError as error:
            refused[case.name] = str(error)
            continue
        y = net.predict(case.x)
        if y.shape != case.y.shape or not np.allclose(
            y, case.y, case.rtol, max(case.atol, 1e-6), equal_nan=True
        ):
            wrong[case.name] = (y.shape, case.y.shape)
    assert not wrong
    assert set(refused) == set(onnx_not_supported.NETWORKS)
    assert all("in the way" in text for text in refused.values())
    assert count >= 330
    assert 1 - len(refused) / count >= 0.95


IMAGE, ROW = ["n", 4, 6, 5], ["n", 6]


def weights(*shape: int) -> Any:
    """Of a shape the same numbers, whichever cases are made."""
    return np.random.default_rng(shape).normal(0, 0.5, shape).astype(F)


def layer_norm(x: str = "x", y: str = "y") -> list[Any]:
    """As exporters write it for opsets before 17."""
    return [
        node("ReduceMean", x, "m", axes=[-1]),
        node("Sub", f"{x} m", "d"),
        node("Pow", "d two", "q"),
        node("ReduceMean", "q", "v", axes=[-1]),
        node("Add", "v eps", "e"),
        node("Sqrt", "e", "r"),
        node("Div", "d r", "z"),
        node("Mul", "z gain", "g"),
        node("Add", "g shift", y),
    ]


NORM = {"two": F(2), "eps": F(1e-5), "gain": weights(4), "shift": weights(4)}
# name: nodes, shape, constants, kinds of layers that are to be there
FORMS: dict[str, tuple[list[Any], list[Any], dict[str, Any], set[str]]] = {
    "squeeze and excitation by convolutions": (
        [
            node("GlobalAveragePool", "x", "p"),
            node("Conv", "p w b", "s"),
            node("Relu", "s", "r"),
            node("Conv", "r v", "e"),
            node("Sigmoid", "e", "g"),
            node("Mul", "g x"),
        ],
        IMAGE,
        {"w": weights(2, 4, 1, 1), "b": weights(2), "v": weights(4, 2, 1, 1)},
        {"gate"},
    ),
    "squeeze and excitation by rows": (
        [
            node("ReduceMean", "x", "p", axes=[2, 3], keepdims=0),
            node("MatMul", "p w", "s"),
            node("HardSigmoid", "s", "g", alpha=1 / 6, beta=0.5),
            node("Reshape", "g shape", "k"),
            node("Mul", "x k"),
        ],
        IMAGE,
        {"w": weights(4, 4), "shape": [-1, 4, 1, 1]},
        {"gate", "dense"},
    ),
    "gated by another branch": (
        [node("MatMul", "x w", "a"), node("Sigmoid", "a", "s"), node("Mul", "x s")],
        ROW,
        {"w": weights(6, 6)},
        {"gate"},
    ),
    "gated linear unit": (
        [
            node("MatMul", "x w", "z"),
            node("Split", "z", "a b", axis=1),
            node("Sigmoid", "b", "s"),
            node("Mul", "a s"),
        ],
        ROW,
        {"w": weights(6, 8)},
        {"gate"},
    ),
    "hard swish by clip": (
        [
            node("Add", "x three", "a"),
            node("Clip", "a zero six", "c"),
            node("Mul", "x c", "m"),
            node("Div", "m six"),
        ],
        IMAGE,
        {"three": F(3), "zero": F(0), "six": F(6)},
        {"activation"},
    ),
    "spatial attention": (
        [
            node("ReduceMean", "x", "a", axes=[1]),
            node("ReduceMax", "x", "b", axes=[1]),
            node("Concat", "a b", "c", axis=1),
            node("Conv", "c w", "d", pads=[1, 1, 1, 1]),
            node("Sigmoid", "d", "s"),
            node("Mul", "x s"),
        ],
        IMAGE,
        {"w": weights(1, 2, 3, 3)},
        {"gate", "conv2d"},
    ),
    "layer norm of channels last": (
        [
            node("Transpose", "x", "t", perm=[0, 2, 3, 1]),
            *layer_norm("t", "u"),
            node("Transpose", "u", perm=[0, 3, 1, 2]),
        ],
        IMAGE,
        NORM,
        {"layer_norm"},
    ),
    "reflected padding": (
        [node("Pad", "x p", "z", mode="reflect"), node("Conv", "z w")],
        IMAGE,
        {"p": [0, 0, 1, 2, 0, 0, 1, 0], "w": weights(3, 4, 3, 3)},
        {"pad2d"},
    ),
    "padding before a pooling": (
        [node("Pad", "x p", "z"), node("MaxPool", "z", kernel_shape=[3, 3], strides=[2, 2])],
        IMAGE,
        {"p": [0, 0, 0, 0, 0, 0, 1, 1]},
        {"pad2d"},
    ),
    "upsampled by corners": (
        [
            node("Shape", "x", "s"),
            node("Slice", "s zero two", "n"),
            node("Concat", "n size", "sizes", axis=0),
            node(
                "Resize",
                "x none none sizes",
                mode="linear",
                coordinate_transformation_mode="align_corners",
            ),
        ],
        IMAGE,
        {"none": np.zeros(0, F), "size": [13, 9], "zero": [0], "two": [2]},
        {"resize2d"},
    ),
    "channels turned round": (
        [node("Gather", "x i", "z", axis=1), node("Conv", "z w")],
        ["n", 3, 4, 5],
        {"i": [2, 1, 0], "w": weights(2, 3, 1, 1)},
        {"concat"},
    ),
    "every second pixel": (
        [
            node("Slice", "x zero end axes two", "a"),
            node("Slice", "x one end axes two", "b"),
            node("Concat", "a b", axis=1),
        ],
        ["n", 2, 6, 4],
        {"zero": [0, 0], "one": [1, 1], "end": [99, 99], "axes": [2, 3], "two": [2, 2]},
        {"concat", "crop2d"},
    ),
    "a number for each value": (
        [node("Mul", "x map", "a"), node("Add", "a map")],
        IMAGE,
        {"map": weights(1, 4, 6, 5)},
        {"reshape"},
    ),
    "negative padding": (
        [node("Pad", "x p")],
        IMAGE,
        {"p": [0, 0, -1, 1, 0, 0, -2, 0]},
        {"crop2d", "pad2d"},
    ),
    "divided by its norm": (
        [node("ReduceL2", "x", "l", axes=[1]), node("Clip", "l eps", "c"), node("Div", "x c")],
        ROW,
        {"eps": F(1e-6)},
        {"gate"},
    ),
    "logarithms of probabilities": (
        [node("MatMul", "x w", "z"), node("LogSoftmax", "z", axis=-1)],
        ROW,
        {"w": weights(6, 3)},
        {"residual"},
    ),
    "largest of branches": (
        [node("Relu", "x", "a"), node("Tanh", "x", "b"), node("Max", "a b c")],
        IMAGE,
        {"c": weights(4, 1, 1)},
        {"residual"},
    ),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms(name: str) -> None:
    """As onnxruntime has them; written and read again, too."""
    nodes, shape, constants, kinds = FORMS[name]
    x = np.random.default_rng(1).normal(size=(3, *shape[1:])).astype(F)
    model = model_of(nodes, shape, constants, opset=17)
    net, expected = from_onnx(model), run(model, x=x)["y"]
    assert kinds <= {layer.kind for layer in L.walk(net.layers)}
    assert_close(net.predict(x), expected, 1e-5)
    again = to_onnx(net, opset=19)
    (y,) = run(again, **{net.input_name: x}).values()
    assert_close(y.reshape(expected.shape), expected, 1e-5)
    assert_close(from_onnx(again).predict(x).reshape(expected.shape), expected, 1e-5)


def test_a_gate_is_trained_on() -> None:
    nodes, shape, constants, _ = FORMS["squeeze and excitation by convolutions"]
    nodes = [*nodes, node("GlobalAveragePool", "y", "last"), node("Flatten", "last", "flat")]
    nodes.append(node("Gemm", "flat head", "out"))
    constants = {**constants, "head": weights(4, 3)}
    net = from_onnx(model_of(nodes, shape, constants, outputs=["out"]))
    x = np.random.default_rng(1).normal(size=(40, 6, 5, 4)).astype(F)
    y = (x[..., 0].mean(axis=(1, 2)) > 0).astype(int)
    est = fastdl.NetClassifier(init_from=net, drop_head=True, max_epochs=8, random_state=0)
    est.fit(x, y)
    assert est.loss_curve_[-1] < est.loss_curve_[0]


def test_axes_of_size_one_in_answers() -> None:
    nodes = [node("MatMul", "x w", "z"), node("Unsqueeze", "z at")]
    model = model_of(nodes, ROW, {"w": weights(6, 2), "at": [1, 3, 4]})
    x = np.random.default_rng(1).normal(size=(3, 6)).astype(F)
    net = from_onnx(model)
    assert net.predict(x).shape == (3, 1, 2, 1, 1)
    assert net.output_axes == (0, -1, 1, -1, -1)
    (y,) = run(to_onnx(net), x=x).values()
    assert_close(y, net.predict(x), 1e-6)
    with pytest.raises(ValueError, match=r"output_axes=\(1, 1\); expected numbers from 0 to 3"):
        fastdl.Network([L.Dense(2)], (3,), output_axes=(1, 1))


# --- pipelines of scikit-learn


@pytest.mark.parametrize("zipmap", [True, False])
@pytest.mark.parametrize("kind", ["texts", "numbers", "two", "two texts"])
def test_pipelines_of_scikit_learn(kind: str, zipmap: bool) -> None:
    skl2onnx = pytest.importorskip("skl2onnx")
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    X = np.random.default_rng(0).normal(size=(60, 4)).astype(F)
    classes = {
        "texts": ["no", "yes", "maybe"],
        "numbers": [0, 2, 7],
        "two": [0, 1],
        "two texts": ["a", "b"],
    }[kind]
    y = np.array(classes)[np.arange(60) % len(classes)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pipe = make_pipeline(StandardScaler(), MLPClassifier((8,), max_iter=9, random_state=0))
        pipe.fit(X, y)
        model = skl2onnx.to_onnx(pipe, X[:1], options={id(pipe): {"zipmap": zipmap}})
    net = from_onnx(model)
    assert net.predict(X).tolist() == pipe.predict(X).tolist()
    assert_close(net.predict_proba(X), pipe.predict_proba(X), 1e-5)


def test_normalizer_of_scikit_learn() -> None:
    skl2onnx = pytest.importorskip("skl2onnx")
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import MinMaxScaler, Normalizer

    X = np.random.default_rng(0).normal(size=(20, 4)).astype(F)
    X[3] = 0
    for norm in ("l1", "l2"):
        pipe = make_pipeline(Normalizer(norm), MinMaxScaler()).fit(X)
        net = from_onnx(skl2onnx.to_onnx(pipe, X[:1]))
        assert_close(net.predict(X), pipe.transform(X), 1e-5)
