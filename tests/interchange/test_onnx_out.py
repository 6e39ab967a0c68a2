"""Networks and estimators as ONNX models: onnxruntime answers as they do."""

import json
from typing import Any

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from sklearn.preprocessing import StandardScaler

import fastdl
from cases import CASES
from fastdl import layers as L
from fastdl.data import Vocabulary
from fastdl.onnx.writing import table
from models import CLASSES, IMAGES, MODELS, ROWS, SEQUENCES, TEXTS, WORDS
from programs import assert_close
from runtime import lengths_for, network, opset_of, run, session

NEWEST = 26  # of the opsets that the onnxruntime of the tests knows
EPS = 1e-5


def test_every_layer_is_written_or_left_out() -> None:
    written, others = set(table.writers()), {*table.LEFT_OUT, *table.NOT_WRITTEN}
    assert written | others == set(L.ALL)
    assert not written & others


WRITTEN = [
    case
    for case in CASES
    if not any(type(layer) in table.NOT_WRITTEN for layer in L.walk(case.layers))
]


@pytest.mark.share(6)
@pytest.mark.parametrize("case", WRITTEN, ids=lambda case: case.id)
def test_case(case: Any) -> None:
    net = network(case.layers, case.input_shape)
    runtime = session(fastdl.to_onnx(net, opset=opset_of(case)))
    for n in (1, 7, 16):
        x = case.inputs(n).astype(np.float32)
        for lengths in lengths_for(net, n):
            fed = {"X": x} if lengths is None else {"X": x, "lengths": lengths}
            (y,) = runtime.run(["y"], fed)
            expected = net.predict(x, lengths)
            assert_close(y, expected.reshape(y.shape), EPS, f"{n} samples, lengths {lengths}")


@pytest.mark.parametrize("opset", [13, 17, 20, NEWEST])
def test_opsets(opset: int) -> None:
    """One line of each kind of layer."""
    seen: set[str] = set()
    for case in WRITTEN:
        kinds = {
            (layer.kind, getattr(layer, "function", "")) for layer in L.walk(case.layers)
        } - seen
        if not kinds or opset < opset_of(case, opset):
            continue
        seen |= kinds
        net, x = network(case.layers, case.input_shape), case.inputs(5).astype(np.float32)
        lengths = list(lengths_for(net, 5))[-1]
        model = fastdl.to_onnx(net, opset=opset)
        assert model.opset_import[0].version == opset
        y = run(model, X=x, lengths=lengths)["y"]
        assert_close(y, net.predict(x, lengths).reshape(y.shape), EPS, case.id)


_NET: dict[str, Any] = {"random_state": 0, "n_jobs": 1, "max_epochs": 2}
RAGGED = [x[: 1 + i % 5] for i, x in enumerate(SEQUENCES)]
MASKS = (IMAGES[..., 0] > 0.5).astype(int)
MORE = {
    "binary": lambda: fastdl.MLPClassifier((4,), tol=1.0, random_state=0).fit(ROWS, CLASSES > 0),
    "multilabel": lambda: fastdl.NetClassifier([L.Dense(4)], **_NET).fit(
        ROWS, np.stack([CLASSES > 0, CLASSES > 1], 1).astype(int)
    ),
    "hinge": lambda: fastdl.NetClassifier([L.Dense(4)], loss="hinge", **_NET).fit(ROWS, WORDS),
    "squares": lambda: fastdl.NetClassifier([L.Dense(4)], loss="squared_error", **_NET).fit(
        ROWS, CLASSES > 0
    ),
    "counts": lambda: fastdl.NetRegressor([L.Dense(4)], loss="poisson", **_NET).fit(ROWS, CLASSES),
    "two numbers": lambda: fastdl.NetRegressor([L.Dense(4)], **_NET).fit(ROWS, ROWS[:, :2] * 9),
    "classes of pixels": lambda: fastdl.NetClassifier([L.Conv2D(3, 3, padding="same")], **_NET).fit(
        IMAGES, MASKS
    ),
    "numbers of pixels": lambda: fastdl.NetRegressor([L.Conv2D(3, 3, padding="same")], **_NET).fit(
        IMAGES, IMAGES[..., 0] * 3
    ),
    "tagger": lambda: fastdl.SequenceTagger((4,), bidirectional=True, cell="gru", **_NET).fit(
        RAGGED, [["a" if step[0] > 0.5 else "b" for step in x] for x in RAGGED]
    ),
    "numbers of steps": lambda: fastdl.RNNRegressor((4,), return_sequences=True, **_NET).fit(
        RAGGED, [x[:, 0] * 2 for x in RAGGED]
    ),
    "ragged": lambda: fastdl.RNNClassifier((4, 3), bidirectional=True, **_NET).fit(
        RAGGED, WORDS[:20]
    ),
    "layers": lambda: fastdl.NetClassifier(
        [L.GRU(4, return_sequences=True, reset_after=False), L.GlobalMaxPool()], **_NET
    ).fit(RAGGED, WORDS[:20]),
    "over time": lambda: fastdl.NetClassifier(
        [L.Conv1D(4, 3, 2, "same"), L.MaxPool1D(2, padding="causal"), L.GRU(3)], **_NET
    ).fit(RAGGED, WORDS[:20]),
    "tagger over time": lambda: fastdl.NetClassifier(
        [L.Conv1D(4, 3, padding="same"), L.AvgPool1D(3, 1, "same")], **_NET
    ).fit(RAGGED, [["a" if step[0] > 0.5 else "b" for step in x] for x in RAGGED]),
    "standardised": lambda: fastdl.DBN((4,), visible="gaussian", random_state=0).fit(ROWS * 5 + 3),
    "grey": lambda: fastdl.NDScaler(kind="images").fit(IMAGES[..., 0]),
    "least and largest": lambda: fastdl.NDScaler("minmax").fit(ROWS),
}
ESTIMATORS = {**MODELS, **MORE}
# Not fitted; below, or in test_super_resolver.py.
SKIPPED = (
    "pretrained",
    "ObjectDetector",
    "Seq2Seq",
    "SuperResolver",
    "TextGenerator",
    "WordVectors",
)


def inputs_of(name: str, estimator: Any, n: int) -> tuple[Any, dict[str, Any]]:
    """What the estimator takes, and the same for the model."""
    kind = type(estimator).__name__
    if hasattr(estimator, "symbols_"):
        texts = TEXTS[:n]
        codes, lengths = Vocabulary(estimator.symbols_).encode(texts)
        return texts, {"X": codes, "lengths": lengths}
    shape = getattr(estimator, "input_shape_", None)
    if kind == "NDScaler":
        X = {2: ROWS, 3: IMAGES[..., 0], 4: IMAGES}[estimator.n_dims_]
    elif shape is not None and len(shape) == 2:
        if name in MORE:
            some = RAGGED[:n]
            padded = np.full((len(some), max(map(len, some)), 3), np.nan, np.float32)
            for of_one, x in zip(padded, some, strict=True):
                of_one[: len(x)] = x
            return some, {"X": padded, "lengths": [len(x) for x in some]}
        X = SEQUENCES
        return X[:n], {"X": X[:n], "lengths": np.full(len(X[:n]), X.shape[1])}
    else:
        X = IMAGES if shape is not None and len(shape) == 3 else ROWS
    X = X.round(1) if kind == "TabularRegressor" else X
    return X[:n].astype(np.float32), {"X": X[:n].astype(np.float32)}


def padded(answers: Any, like: NDArray[Any]) -> NDArray[Any]:
    """Answers in the shape of a model's, those of lists padded."""
    if not isinstance(answers, list):
        return np.asarray(answers).reshape(like.shape)
    whole = np.zeros_like(like)
    if like.dtype == object:
        whole[:] = ""
    for of_one, x in zip(whole, answers, strict=True):
        of_one[: len(x)] = x
    return whole


ANSWERS = {
    "probabilities": ("predict_proba",),
    "scores": ("decision_function",),
    "label": ("predict",),
    "variable": ("predict", "transform"),
    "reconstruction": ("reconstruct",),
}


@pytest.mark.parametrize("name", [n for n in ESTIMATORS if not any(s in n for s in SKIPPED)])
def test_estimator(name: str) -> None:
    estimator = ESTIMATORS[name]()
    model = fastdl.to_onnx(estimator)
    for n in (1, 7, 40):
        X, fed = inputs_of(name, estimator, n)
        found = run(model, **fed)
        assert next(iter(found)) in ("label", "variable")
        for output, values in found.items():
            asked = next(method for method in ANSWERS[output] if hasattr(estimator, method))
            expected = padded(getattr(estimator, asked)(X), values)
            if output == "label":
                assert values.dtype in (np.int64, object)
                assert values.tolist() == expected.tolist()
            else:
                assert_close(values, expected, EPS, output)


def test_detector_gives_the_map_of_its_cells() -> None:
    detector = MODELS["ObjectDetector"]()
    X = IMAGES.astype(np.float32)
    found = run(fastdl.to_onnx(detector), X=X)
    assert list(found) == ["variable"]
    assert_close(found["variable"], detector.transform(X, layer=-1), EPS)


def test_labels_of_one_sample_are_the_users_own() -> None:
    model = fastdl.to_onnx(MODELS["MLPClassifier"]())
    assert [output.name for output in model.graph.output] == ["label", "probabilities"]
    assert run(model, X=ROWS[:1])["label"][0] in ("no", "yes", "perhaps")


def test_text_generator_goes_step_by_step() -> None:
    text, lm = "abra", MODELS["TextGenerator"]()
    model, expected = fastdl.to_onnx(lm), lm.predict_proba("abra")
    states = {i.name: np.zeros((1, 4)) for i in model.graph.input if i.name != "X"}
    codes = Vocabulary(lm.symbols_).encode([text])[0][0]
    for row, code in zip(expected, [0, *codes], strict=True):
        found = run(model, X=[code], **states)
        assert_close(found["probabilities"][0], row, EPS)
        states = {name: found[f"{name}_next"] for name in states}


def test_vectors_of_words() -> None:
    words = MODELS["WordVectors"]()
    numbers = {word: i for i, word in enumerate(words.vocabulary_)}
    sentence = TEXTS[:6]
    found = run(fastdl.to_onnx(words), X=[[numbers[word] for word in sentence]])["variable"]
    np.testing.assert_array_equal(found[0], words.transform([sentence])[0])


def test_columns_of_text() -> None:
    import pandas as pd

    rng = np.random.RandomState(0)
    table = pd.DataFrame(
        {
            "size": rng.rand(60).astype(np.float32),
            "colour": rng.choice(["red", "green", "blue"], 60),
            "place": rng.choice([f"p{i}" for i in range(15)], 60),
            "flag": rng.choice(["yes", "no"], 60),
        }
    )
    table.loc[3, "size"] = np.nan
    reg = fastdl.TabularRegressor((4,), max_epochs=2, random_state=0).fit(table, rng.rand(60))
    model = fastdl.to_onnx(reg)
    columns = {name: table[[name]].to_numpy() for name in table}
    assert_close(run(model, **columns)["variable"][:, 0], reg.predict(table), EPS)
    columns["colour"] = np.full((60, 1), "pink", object)  # not seen in fit
    unknown = table.assign(colour="pink")
    assert_close(run(model, **columns)["variable"][:, 0], reg.predict(unknown), EPS)


def test_images_come_as_users_have_them() -> None:
    pixels = (IMAGES * 100).astype(np.uint8)
    cnn = fastdl.CNNClassifier((3,), **_NET).fit(pixels, CLASSES)
    model = fastdl.to_onnx(cnn, input_dtype="uint8", batch=4, input_name="pixels")
    (pixels_in,) = model.graph.input
    assert pixels_in.type.tensor_type.elem_type == onnx.TensorProto.UINT8
    shape = [axis.dim_value for axis in pixels_in.type.tensor_type.shape.dim]
    assert (pixels_in.name, shape) == ("pixels", [4, 6, 6, 1])
    found = run(model, pixels=pixels[:4])["probabilities"]
    assert_close(found, cnn.predict_proba(pixels[:4]), EPS)


def test_channels_first() -> None:
    colours = np.random.RandomState(0).rand(8, 6, 5, 3).astype(np.float32)
    net = network(
        [L.Conv2D(4, 3), L.BatchNorm(), L.Activation("relu"), L.Flatten(), L.Dense(2)], (6, 5, 3)
    )
    model = fastdl.to_onnx(net, layout="NCHW", fold=True)
    operators = [node.op_type for node in model.graph.node]
    assert operators == ["Conv", "Relu", "Flatten", "Gemm"]
    found = run(model, X=colours.transpose(0, 3, 1, 2))["y"]
    assert_close(found, net.predict(colours), EPS)
    last = run(fastdl.to_onnx(net), X=colours)["y"]
    assert_close(last, net.predict(colours), EPS)
    turned = network(net.layers, (6, 5, 3), input_axes=(0, 2, 3, 1))
    found = run(fastdl.to_onnx(turned), X=colours.transpose(0, 3, 1, 2))["y"]
    assert_close(found, net.predict(colours), EPS)


def test_float64_where_runtimes_have_it() -> None:
    dense = network([L.Dense(4), L.Activation("tanh")], (3,), dtype="float64")
    x = np.random.RandomState(0).rand(5, 3)
    assert_close(run(fastdl.to_onnx(dense), X=x)["y"], dense.predict(x), 1e-12)
    conv = network([L.Conv2D(2, 3)], (4, 4, 1), dtype="float64")
    with pytest.warns(UserWarning, match="in float32 alone: the model is written in float32"):
        model = fastdl.to_onnx(conv)
    x = np.random.RandomState(0).rand(5, 4, 4, 1)
    assert_close(run(model, X=x)["y"], conv.predict(x), EPS)


def test_metadata() -> None:
    props = {p.key: p.value for p in fastdl.to_onnx(MODELS["MLPClassifier"]()).metadata_props}
    assert props["fastdl"] == fastdl.__version__
    assert props["classes"] == '["no", "perhaps", "yes"]'
    texts = MODELS["RNNClassifier texts"]()
    props = {p.key: p.value for p in fastdl.to_onnx(texts).metadata_props}
    assert json.loads(props["symbols"]) == list(texts.symbols_)


def test_file(tmp_path: Any) -> None:
    est = MODELS["NetRegressor"]()
    est.export_onnx(tmp_path / "net.onnx", opset=15)
    model = onnx.load(tmp_path / "net.onnx")
    assert model.opset_import[0].version == 15
    assert_close(run(model, X=ROWS)["variable"][:, 0], est.predict(ROWS.astype(np.float32)), EPS)


def test_sequences_without_steps() -> None:
    for layers in ([L.LSTM(3)], [L.GlobalAvgPool()], [L.GlobalMaxPool()]):
        net, lengths = network(layers, (4, 2)), np.array([0, 4, 2])
        x = np.random.RandomState(0).rand(3, 4, 2).astype(np.float32)
        found = run(fastdl.to_onnx(net), X=x, lengths=lengths)["y"]
        assert_close(found, net.predict(x, lengths), EPS, repr(layers))


@pytest.mark.parametrize(
    ("opset", "layout", "message"),
    [
        (12, "NHWC", "opset=12; expected a number from 13 to "),
        (10**6, "NHWC", "the newest that onnx .* knows"),
        (True, "NHWC", "opset=True; expected a number"),
        (18, "HWCN", "layout='HWCN' is not known"),
    ],
)
def test_bad_options(opset: int, layout: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        fastdl.to_onnx(network([L.Dense(1)], (2,)), opset=opset, layout=layout)


@pytest.mark.parametrize("batch", [0, -1, True, 2.0, "", None])
def test_batches_that_are_none(batch: Any) -> None:
    with pytest.raises(ValueError, match=r"batch=.*; expected a name, or a size of at least 1"):
        fastdl.to_onnx(network([L.Dense(1)], (2,)), batch=batch)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Any, monkeypatch: Any) -> None:
    """Nothing of a new file is seen until all of it is on the disk."""
    path, net = tmp_path / "net.onnx", network([L.Dense(1)], (2,))
    path.write_bytes(b"old")

    def full(*_: Any) -> None:
        raise OSError(28, "no space left")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="no space left"):
            fastdl.to_onnx(net, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]
    fastdl.to_onnx(net, path)
    assert onnx.load(path).producer_name == "fastdl"


def test_what_is_no_estimator() -> None:
    for kind in (fastdl.MLPClassifier, StandardScaler, fastdl.Network):
        with pytest.raises(TypeError, match="is no estimator; expected one of fastdl"):
            fastdl.to_onnx(kind)
    with pytest.raises(TypeError, match="is no estimator; expected one of fastdl"):
        fastdl.to_onnx("net")
    with pytest.raises(ValueError, match="is not fitted yet"):
        fastdl.to_onnx(fastdl.MLPClassifier())


def test_a_search_is_no_model() -> None:
    with pytest.raises(ValueError, match="Seq2Seq looks for its answers step by step"):
        fastdl.to_onnx(MODELS["Seq2Seq"]())


def test_without_onnx(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    for name in [name for name in sys.modules if name.split(".")[:2] == ["fastdl", "onnx"]]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match="needs the package onnx.*pip install onnx"):
        fastdl.to_onnx(MODELS["NetRegressor"]())
