"""The graph of a network as SVG: what stands in it, and that nothing lies on anything else."""

import itertools
import re
from xml.etree import ElementTree

import numpy as np
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import fastdl
from cases import CASES
from fastdl import (
    DBN,
    Autoencoder,
    CNNClassifier,
    MLPClassifier,
    NDScaler,
    NetClassifier,
    RNNClassifier,
    Seq2Seq,
    architectures,
)
from fastdl import layers as L
from fastdl.plotting import NetworkDisplay

pytestmark = [
    pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]
SVG = "{http://www.w3.org/2000/svg}"


def parsed(display):
    return ElementTree.fromstring(display.svg)


def texts(display):
    return [node.text for node in parsed(display).iter(f"{SVG}text")]


def placed(node, tag, x=0.0, y=0.0):
    """Each element of this tag, with where its origin lies."""
    found = re.match(r"translate\((\S+),(\S+)\)", node.get("transform", ""))
    if found:
        x, y = x + float(found[1]), y + float(found[2])
    if node.tag == f"{SVG}{tag}":
        yield node, x, y
    for child in node:
        yield from placed(child, tag, x, y)


def boxes(display):
    """The boxes with text as (left, top, right, bottom)."""
    return [
        (x, y, x + float(node.get("width")), y + float(node.get("height")))
        for node, x, y in placed(parsed(display), "rect")
        if node.get("rx") == "6"
    ]


def check(display):
    """All boxes apart, within the picture; lines within it."""
    root, found = parsed(display), boxes(display)
    width, height = float(root.get("width")), float(root.get("height"))
    for left, top, right, bottom in found:
        assert min(left, top) >= 0
        assert right <= width
        assert bottom <= height
    for a, b in itertools.combinations(found, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
    for node, x, y in placed(root, "path"):
        if node.get("fill") != "none":
            continue  # the head of an arrow
        for point in node.get("d")[1:].split("L"):
            dx, dy = map(float, point.split(","))
            assert 0 <= x + dx <= width
            assert 0 <= y + dy <= height


@pytest.mark.share(6)
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_every_layer(case):
    display = NetworkDisplay(case.layers, case.input_shape)
    check(display)
    assert "x".join(map(str, case.input_shape)) in texts(display)


@pytest.mark.parametrize("name", ["resnet20", "googlenet", "vgg16", "nin", "lenet5", "resnet50"])
def test_architectures(name):
    shape = (64, 64, 3)
    layers = [*architectures.build(name, shape), L.Dense(10, name="output")]
    check(NetworkDisplay(layers, shape))
    check(NetworkDisplay(layers, shape, fold=False))


def test_resnet20():
    net = CNNClassifier(architecture="resnet20")
    display = NetworkDisplay.from_estimator(net, input_shape=(32, 32, 3), n_outputs=10)
    words = texts(display)
    assert [word for word in words if word.startswith("×")] == ["× 3", "× 2", "× 2"]
    assert "residual_1 to activation_7" in words
    assert words.count("Conv2D 32, 1x1, stride 2") == 1
    assert "conv2d_8  ·  16x16x32  ·  4,672 parameters" in words
    plus = [node for node, _, _ in placed(parsed(display), "circle")]
    assert len(plus) == 5  # three stages, of which two begin with another shape
    every = NetworkDisplay.from_estimator(net, input_shape=(32, 32, 3), n_outputs=10, fold=False)
    assert len(list(placed(parsed(every), "circle"))) == 9
    total = re.search(r"([\d,]+) parameters", net.summary((32, 32, 3), 10).splitlines()[-2])[1]
    for found in (display, every):
        assert texts(found)[-1].startswith(f"{total} parameters, 40,813,184 multiply-adds")


def test_what_is_folded():
    unit = [L.Dense(5), L.Activation("relu")]
    thrice = texts(NetworkDisplay([*unit * 3, L.Dense(2)], (5,)))
    assert thrice.count("× 3") == 1
    assert thrice.count("Dense 5") == 1
    other = [L.Dense(5), L.Activation("tanh")]
    assert "× 2" not in texts(NetworkDisplay([*unit, *other], (5,)))
    assert "× 2" not in texts(NetworkDisplay([*unit * 2], (4,)))  # the first reads 4
    alternating = texts(NetworkDisplay([*unit, *other] * 2, (5,)))
    assert alternating.count("× 2") == 1
    assert alternating.count("Dense 5") == 2
    nested = [L.Residual([*unit * 2, L.Dense(5)])] * 3
    assert sorted(word for word in texts(NetworkDisplay(nested, (5,))) if word[0] == "×") == [
        "× 2",
        "× 3",
    ]


def test_what_is_written_of_layers():
    layers = [
        L.Conv2D(4, (3, 1), padding="same", stride=(2, 2), trainable=False),
        L.BatchNorm(),
        L.Activation("relu"),
        L.Dropout(0.25),
        L.MaxPool2D((2, 1)),
        L.Sequential([L.Flatten(), L.WeightNorm(L.Dense(3))], name="top"),
        L.Lambda(np.tanh),
    ]
    words = texts(NetworkDisplay(layers, (8, 4, 1), title="a < b"))
    assert "Conv2D 4, 3x1, stride 2, frozen" in words
    assert "BatchNorm, relu, Dropout 0.25" in words
    assert "MaxPool2D 2x1" in words
    assert "top (Sequential)" in words
    assert "WeightNorm Dense 3" in words
    assert words[0] == "a < b"


def test_branches_and_side_heads():
    net = NetClassifier(
        [
            L.Concat([[L.Conv2D(2, 1)], [L.Conv2D(3, 3, padding="same")], []], name="wide"),
            L.AuxHead([L.GlobalAvgPool(), L.Dense(4)], weight=0.5),
            L.Conv2D(2, 3),
        ]
    )
    display = NetworkDisplay.from_estimator(net, input_shape=(8, 8, 2), n_outputs=3)
    check(display)
    words = texts(display)
    assert "wide" in words
    assert "side by side  ·  8x8x7" in words
    assert "aux_head_1: in training, its loss times 0.5" in words
    assert "47 parameters in side heads" in words[-1]


@pytest.mark.parametrize("attention", ["additive", None])
def test_encoder_and_decoder(attention):
    net = Seq2Seq((4, 4), attention=attention, max_epochs=1).fit(["ab"] * 4, ["ba"] * 4)
    display = NetworkDisplay.from_estimator(net)
    check(display)
    words = texts(display)
    assert "the symbol before" in words
    assert any(word.startswith("Attention") for word in words) == bool(attention)
    dashed = [
        node for node, _, _ in placed(parsed(display), "path") if node.get("stroke-dasharray")
    ]
    assert len(dashed) == 1


def test_whatever_has_a_network(tmp_path):
    X, y = np.random.RandomState(0).random((12, 6, 6)), np.arange(12) % 3
    words = {"max_epochs": 1, "random_state": 0}
    pipe = make_pipeline(NDScaler(), CNNClassifier((2,), **words)).fit(X, y)
    display = NetworkDisplay.from_estimator(pipe)
    assert texts(display)[:2] == ["CNNClassifier", "input"]
    search = GridSearchCV(CNNClassifier((2,), **words), {"max_epochs": [1]}, cv=2).fit(X, y)
    assert NetworkDisplay.from_estimator(search).svg == display.svg
    pipe[-1].save(tmp_path / "net.safetensors")
    loaded = NetworkDisplay.from_estimator(fastdl.load_network(tmp_path / "net.safetensors"))
    assert texts(loaded)[1:] == texts(display)[1:]
    display.save(tmp_path / "net.svg")
    assert (tmp_path / "net.svg").read_text(encoding="utf-8") == display.svg == display._repr_svg_()
    for estimator in (MLPClassifier(), Autoencoder(), DBN(), RNNClassifier()):
        shape = (5, 2) if isinstance(estimator, RNNClassifier) else (10,)
        check(NetworkDisplay.from_estimator(estimator, input_shape=shape, n_outputs=2))


def test_bad_input():
    text = "^this CNNClassifier is not fitted. Fit it, or pass input_shape, what a sample will be.$"
    with pytest.raises(NotFittedError, match=text):
        NetworkDisplay.from_estimator(CNNClassifier())
    for estimator in (LogisticRegression(), NDScaler()):
        name = type(estimator).__name__
        with pytest.raises(ValueError, match=f"^{name} is no network: there are no layers to draw"):
            NetworkDisplay.from_estimator(estimator)
    with pytest.raises(ValueError, match="layer 'conv2d_1' .Conv2D"):
        NetworkDisplay([L.Conv2D(2, 9)], (4, 4, 1))
