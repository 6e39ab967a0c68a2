"""ONNX models that fastdl wrote, read again: every layer, and estimators."""

from typing import Any

import numpy as np
import pytest

import fastdl
from cases import CASES
from fastdl import layers as L
from fastdl.onnx import UnsupportedModelError, from_onnx, to_onnx
from fastdl.onnx.writing import table
from models import IMAGES, MODELS, ROWS, SEQUENCES, TEXTS, WORDS
from programs import assert_close
from runtime import lengths_for, network, opset_of, run


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
