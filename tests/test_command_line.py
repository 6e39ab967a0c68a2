"""The command `fastdl`: what it does, what it says, and its exit status."""

import io
import json
import os
import re
import shlex
import signal
import subprocess
import sys
import time
import types
import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from sklearn.datasets import load_digits, load_iris

import fastdl
from fastdl.command_line import main
from fastdl.command_line.errors import CallError
from fastdl.command_line.models import model_of

pd = pytest.importorskip("pandas")
IRIS = load_iris()
SPECIES = IRIS.target_names[IRIS.target]
MLP = "MLPClassifier((8,), max_iter=300, tol=0.01, learning_rate_init=0.03, random_state=0)"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    columns = {f"x{j}": IRIS.data[:, j] for j in range(4)}
    pd.DataFrame({**columns, "species": SPECIES}).to_csv("iris.csv", index=False)
    return tmp_path


def call(capsys, *arguments):
    """Exit status, stdout and stderr."""
    try:
        status = main([str(a) for a in arguments])
    except SystemExit as exit:
        status = exit.code
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def trained(capsys, *more, model=MLP, data="iris.csv", target="species"):
    options = ["--target", target] if target else []
    return call(capsys, "train", data, *options, "--model", model, "--out", "m", *more)


def test_train_predict_evaluate(folder, capsys):
    status, out, err = trained(capsys)
    assert (status, out) == (0, "")
    assert re.fullmatch(r"MLPClassifier: 150 samples, .* s, \d+ epochs, loss .*; saved as m\n", err)
    model = fastdl.load("m")
    assert list(model.feature_names_in_) == ["x0", "x1", "x2", "x3"]
    status, out, err = call(capsys, "predict", "m", "iris.csv")
    assert (status, err) == (0, "")
    frame = pd.read_csv("iris.csv")
    assert out.splitlines() == ["prediction", *model.predict(frame.drop(columns="species"))]
    status, out, _ = call(capsys, "predict", "m", "iris.csv", "--proba", "--out", "p.csv")
    assert (status, out) == (0, "")
    p = pd.read_csv("p.csv")
    assert list(p.columns) == ["setosa", "versicolor", "virginica"]
    np.testing.assert_allclose(p, model.predict_proba(frame.drop(columns="species")))
    status, out, _ = call(capsys, "evaluate", "m", "iris.csv", "--target", "species")
    assert status == 0
    assert dict(line.split() for line in out.splitlines())["n_samples"] == "150"


def test_json(folder, capsys):
    status, out, err = trained(capsys, "--json")
    facts = json.loads(out)
    assert (status, err) == (0, "")
    assert facts["classes"] == ["setosa", "versicolor", "virginica"]
    assert (facts["model"], facts["n_samples"], facts["out"]) == ("MLPClassifier", 150, "m")
    _, out, err = call(capsys, "evaluate", "m", "iris.csv", "--target", "species", "--json")
    assert json.loads(out)["accuracy"] > 0.9
    assert err == ""
    _, out, _ = call(capsys, "predict", "m", "iris.csv", "--json")
    assert len(json.loads(out)["predictions"]) == 150
    _, out, _ = call(capsys, "info", "m", "--json")
    facts = json.loads(out)
    assert (facts["kind"], facts["format"], facts["model"]) == ("fastdl", 2, "MLPClassifier")
    assert facts["arrays"]["dense_1.weight"]["shape"] == [4, 8]


def test_numbers(folder, capsys):
    model = "make_pipeline(StandardScaler(), NetRegressor([], max_epochs=20, random_state=0))"
    pd.read_csv("iris.csv").drop(columns="species").to_csv("n.csv", index=False)
    assert trained(capsys, model=model, data="n.csv", target="x3")[0] == 0
    status, out, _ = call(capsys, "evaluate", "m", "n.csv", "--target", "x3")
    assert status == 0
    assert [line.split()[0] for line in out.splitlines()][1:] == [
        *("r2", "mean_absolute_error", "root_mean_squared_error")
    ]


def test_text_in_columns(folder, capsys):
    """Encoders and networks for tables take it; others name the cell."""
    model = "TabularRegressor((4,), max_epochs=2, random_state=0)"
    assert trained(capsys, model=model, target="x0")[0] == 0
    status, _, err = trained(capsys, model="NetRegressor([])", target="x0")
    expected = "fastdl: iris.csv: row 1, column 'species' holds 'setosa'; expected a number.\n"
    assert (status, err) == (1, expected)


def test_a_column_of_texts(folder, capsys):
    """What it holds is read as it is written, by those who read texts: digits, "NA", nothing."""
    words = ["007", "12", "NA", "null", "3"] * 8
    lines = "".join(f"{word},{word[::-1] if i % 5 else ''}\n" for i, word in enumerate(words))
    Path("pairs.csv").write_text("source,answer\n" + lines)
    model = "Seq2Seq((8,), max_epochs=1, random_state=0)"
    assert trained(capsys, model=model, data="pairs.csv", target="answer")[0] == 0
    net = fastdl.load("m")
    assert set(net.source_symbols_) == set("01237NAnul")
    assert net.max_length_ == 4 * 1.5 + 5
    status, out, _ = call(capsys, "predict", "m", "pairs.csv", "--target", "answer", "--json")
    assert (status, json.loads(out)["predictions"]) == (0, net.predict(words).tolist())
    assert call(capsys, "evaluate", "m", "pairs.csv", "--target", "answer")[0] == 0
    status, _, err = call(capsys, "predict", "m", "pairs.csv")
    assert (status, err) == (
        1,
        "fastdl: pairs.csv has 2 columns beside the target, 'source', 'answer'; Seq2Seq reads one "
        "column of texts. Leave the others out.\n",
    )
    rows = "".join(f"{name},{name == 'NA'}\n" for name in ["anna", *words])
    Path("names.csv").write_text("name,is_nothing\n" + rows)
    model = "RNNClassifier(hidden_layer_sizes=(4,), max_epochs=1, random_state=0)"
    assert trained(capsys, model=model, data="names.csv", target="is_nothing")[0] == 0
    assert "l" in fastdl.load("m").symbols_
    model, data = "TextGenerator((4,), max_epochs=1, random_state=0)", "texts.csv"
    Path(data).write_text("text\n" + "abab\nNA\n" * 4)
    assert trained(capsys, model=model, data=data, target=None)[0] == 0
    assert "N" in fastdl.load("m").symbols_


def test_without_pandas(folder, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert trained(capsys)[0] == 0
    status, out, _ = call(capsys, "predict", "m", "iris.csv", "--target", "species")
    assert status == 0
    assert out.splitlines()[1] == "setosa"
    Path("bad.csv").write_text("a,b,species\n1,2,x\n1,,y\n")
    expected = "fastdl: bad.csv: row 2, column 'b' is empty; expected a number.\n"
    assert trained(capsys, data="bad.csv")[2] == expected


def test_arrays(folder, capsys):
    X = np.random.default_rng(0).normal(size=(20, 5, 2))
    np.savez("s.npz", X=X, y=X[:, 0, 0] > 0, lengths=np.arange(20) % 5 + 1)
    model = "RNNClassifier(hidden_layer_sizes=(4,), max_epochs=2, random_state=0)"
    assert trained(capsys, "--no-optimizer", model=model, data="s.npz", target=None)[0] == 0
    assert call(capsys, "predict", "m", "s.npz")[0] == 0
    assert call(capsys, "evaluate", "m", "s.npz")[0] == 0


@pytest.mark.slow
def test_answers_of_steps_and_sequences(folder, capsys):
    """Estimators that are neither classifiers nor regressors to scikit-learn learn from y, too."""
    X = np.random.default_rng(0).normal(size=(20, 5, 2))
    np.savez("s.npz", X=X, y=X[..., 0] > 0, lengths=np.arange(20) % 5 + 1)
    model = "SequenceTagger(hidden_layer_sizes=(4,), max_epochs=2, random_state=0)"
    assert trained(capsys, "--validate", "s.npz", model=model, data="s.npz", target=None)[0] == 0
    status, out, _ = call(capsys, "evaluate", "m", "s.npz", "--json")
    lengths = np.arange(20) % 5 + 1
    accuracy = fastdl.load("m").score(X, X[..., 0] > 0, lengths=lengths)
    assert json.loads(out) == {"command": "evaluate", "n_samples": 20, "accuracy": accuracy}
    assert call(capsys, "predict", "m", "s.npz")[1].startswith("prediction_0,prediction_1,")
    assert call(capsys, "predict", "m", "s.npz", "--proba")[1].startswith("False_0,True_0,False_1")
    words = np.array(["ab", "cd", "abc", "d"] * 5)
    np.savez("w.npz", X=words, y=[word[::-1] for word in words])
    model = "Seq2Seq(max_epochs=40, random_state=0)"
    assert trained(capsys, model=model, data="w.npz", target=None)[0] == 0
    status, out, _ = call(capsys, "evaluate", "m", "w.npz", "--json")
    assert (status, list(json.loads(out))) == (0, ["command", "n_samples", "score"])
    _, out, _ = call(capsys, "predict", "m", "w.npz", "--json")
    assert json.loads(out)["predictions"] == fastdl.load("m").predict(words).tolist()
    np.savez("tags.npz", X=words, y=[[1], [2]])
    status, _, err = call(capsys, "evaluate", "m", "tags.npz")
    assert (status, err.count("\n")) == (1, 1)


def test_predictions_of_different_lengths(folder, capsys):
    texts = ["ab", "abba", "b"]
    tagger = fastdl.SequenceTagger(hidden_layer_sizes=(4,), max_epochs=2, random_state=0)
    fastdl.io.save(tagger.fit(texts, [[c == "a" for c in text] for text in texts]), "m")
    np.savez("t.npz", X=np.array(texts))
    status, out, _ = call(capsys, "predict", "m", "t.npz")
    assert status == 0
    assert [line.count(",") for line in out.splitlines()] == [3] * 4
    assert out.splitlines()[3].endswith(",,,")
    _, out, _ = call(capsys, "predict", "m", "t.npz", "--json")
    assert [len(row) for row in json.loads(out)["predictions"]] == [2, 4, 1]


def test_what_learns_without_answers_has_scores(folder, capsys):
    np.savez("x.npz", X=IRIS.data)
    model = "Autoencoder((2,), max_epochs=2, random_state=0)"
    assert trained(capsys, model=model, data="x.npz", target=None)[0] == 0
    assert "score" in call(capsys, "evaluate", "m", "x.npz")[1]
    np.savez("texts.npz", X=np.array(["abab", "baba"] * 4))
    model, data = "TextGenerator((4,), max_epochs=2, random_state=0)", "texts.npz"
    assert trained(capsys, "--validate", data, model=model, data=data, target=None)[0] == 0
    assert "score" in call(capsys, "evaluate", "m", data)[1]


def test_a_fit_without_a_step_is_not_interrupted(folder, capsys):
    """L-BFGS is done at once where all columns are constant."""
    np.savez("x.npz", X=np.zeros((6, 2)), y=[0, 1] * 3)
    status, _, err = trained(capsys, model="SoftmaxRegression()", data="x.npz", target=None)
    assert fastdl.load("m").n_iter_ == 0
    assert status == 0
    assert "interrupted" not in err


def test_interrupted_before_the_first_epoch(folder, capsys, monkeypatch):
    def fit(self, X, y):
        warnings.warn("Training interrupted by user.", stacklevel=2)
        self.n_iter_ = 0
        return self

    monkeypatch.setattr(fastdl.MLPClassifier, "fit", fit)
    assert trained(capsys)[::2] == (130, "fastdl: interrupted; nothing was saved\n")
    assert not Path("m").exists()


def test_json_beside_a_file(folder, capsys):
    trained(capsys)
    status, out, _ = call(capsys, "predict", "m", "iris.csv", "--out", "p.csv", "--json")
    found = json.loads(out)
    assert (status, found["out"]) == (0, "p.csv")
    assert list(pd.read_csv("p.csv")["prediction"]) == found["predictions"]


def test_json_has_no_nan(folder, capsys):
    np.savez("one.npz", X=IRIS.data[:1], y=[0.5])
    model = "NetRegressor([], max_epochs=2, random_state=0)"
    np.savez("n.npz", X=IRIS.data, y=IRIS.target / 2)
    trained(capsys, model=model, data="n.npz", target=None)
    _, out, _ = call(capsys, "evaluate", "m", "one.npz", "--json")
    assert json.loads(out, parse_constant=pytest.fail)["r2"] is None


def images(folder, size=(8, 8), n=4):
    pillow = pytest.importorskip("PIL.Image")
    for label in ("dark", "light"):
        (folder / "images" / label).mkdir(parents=True)
        for i in range(n):
            values = np.full((*size, 3), 40 * i + (100 if label == "light" else 0), np.uint8)
            pillow.fromarray(values).save(folder / "images" / label / f"{i}.png")
    return folder / "images"


CNN = "make_pipeline(NDScaler(), CNNClassifier((2,), hidden_layer_sizes=(), max_epochs=2))"


def test_images(folder, capsys):
    where = images(folder)
    assert trained(capsys, model=CNN, data=where, target=None)[0] == 0
    status, out, _ = call(capsys, "evaluate", "m", where, "--json")
    assert (status, json.loads(out)["n_samples"]) == (0, 8)
    assert fastdl.load("m").classes_.tolist() == ["dark", "light"]
    (where / "dark" / "9.png").write_bytes(b"no image")
    status, _, err = trained(capsys, model=CNN, data=where, target=None)
    assert status == 1
    assert re.match(r"fastdl: .*dark/9.png cannot be read: .* Pass --skip-bad to leave it out", err)
    status, _, err = trained(capsys, "--skip-bad", model=CNN, data=where, target=None)
    assert status == 0
    assert "warning: " in err
    assert re.search("dark/9.png cannot be read: .*; it is left out", err)


def test_images_of_several_sizes(folder, capsys):
    where = images(folder)
    pillow = pytest.importorskip("PIL.Image")
    pillow.fromarray(np.zeros((5, 6), np.uint8)).save(where / "dark" / "9.png")
    status, _, err = trained(capsys, model=CNN, data=where, target=None)
    assert status == 1
    assert "are of 8x8 and 5x6 pixels; an array of images has one size. Pass --size HxW" in err
    assert trained(capsys, "--size", "8x8", "--grey", model=CNN, data=where, target=None)[0] == 0
    assert fastdl.load("m")[-1].input_shape_ == (8, 8, 1)


def test_other_safetensors_files(folder, capsys):
    fastdl.io._safetensors.write("other", {"a.weight": np.ones((2, 3))}, {})
    status, out, _ = call(capsys, "info", "other")
    assert status == 0
    assert out.splitlines() == ["safetensors, 144 bytes, 6 values", "  a.weight  F64 (2, 3)"]


def test_onnx(folder, capsys):
    pytest.importorskip("onnx")
    trained(capsys)
    assert call(capsys, "export", "m", "m.onnx")[0] == 0
    status, out, _ = call(capsys, "info", "m.onnx")
    assert status == 0
    assert out.startswith("ONNX, opset ai.onnx 18")
    assert call(capsys, "info", "m.onnx", "--json")[0] == 0


# --- faults

ARGUMENTS = ["--model", MLP, "--out", "m"]
FAULTS = {
    "no command": (["frain"], 2, "invalid choice: 'frain'"),
    "no model": (["train", "iris.csv", "--out", "m"], 2, "arguments are required: --model"),
    "no target": (["train", "iris.csv", *ARGUMENTS], 2, "iris.csv is a table: say with --target"),
    "size": (["train", "x", *ARGUMENTS, "--size", "8"], 2, "'8'; expected height and width, such"),
    "no file": (["train", "no.csv", "--target", "y", *ARGUMENTS], 1, "no.csv: No such file or dir"),
    "no column": (
        ["train", "iris.csv", "--target", "y", *ARGUMENTS],
        1,
        "iris.csv: there is no column 'y'; there are 'x0', 'x1', 'x2', 'x3', 'species'.",
    ),
    "no model file": (
        ["predict", "none", "iris.csv"],
        1,
        "fastdl: none: No such file or directory",
    ),
    "another file": (["info", "iris.csv"], 1, "iris.csv is neither a safetensors file nor ONNX."),
    "stdin twice": (["predict", "-", "-"], 2, "MODEL and DATA cannot both come from stdin"),
    "validation from stdin, too": (
        ["train", "-", "--validate", "-", "--target", "a", *ARGUMENTS],
        2,
        "DATA and --validate cannot both come from stdin",
    ),
    "two things on stdout": (
        ["train", "iris.csv", "--target", "a", "--model", MLP, "--out", "-", "--json"],
        2,
        "stdout cannot take both the file and --json",
    ),
    "export and JSON": (["export", "m", "-", "--json"], 2, "stdout cannot take both the file and"),
    "no scores": (["evaluate", "scaler", "iris.csv"], 1, "scaler holds NDScaler, which has no sc"),
    "no rows": (["train", "empty.csv", "--target", "a", *ARGUMENTS], 1, "empty.csv has no rows"),
    "nothing": (["train", "nothing.csv", "--target", "a", *ARGUMENTS], 1, "cannot be read as CSV"),
    "no X": (["train", "y.npz", *ARGUMENTS], 1, "y.npz has no array 'X'; it has 'y'."),
    "objects": (["train", "objects.npz", *ARGUMENTS], 1, "objects.npz cannot be read as .npz"),
    "no images": (["train", "folder", *ARGUMENTS], 1, "folder holds no images; expected a folder"),
    "semicolons": (
        ["train", "semi.csv", "--target", "b", *ARGUMENTS],
        1,
        "there is no column 'b'; there are 'a;b'. Cells have to be parted by commas.",
    ),
    "long row": (["train", "long.csv", "--target", "a", *ARGUMENTS], 1, "long.csv"),
    "empty cell": (
        ["train", "gap.csv", "--target", "b", *ARGUMENTS],
        1,
        "gap.csv: row 2, column 'b' is empty.",
    ),
    "nothing to predict": (
        ["predict", "scaler", "iris.csv"],
        1,
        "scaler holds NDScaler, which predicts nothing",
    ),
    "empty pipeline": (
        ["train", "iris.csv", "--model", "make_pipeline()", "--out", "m"],
        2,
        "'make_pipeline()' is no estimator; expected one such as",
    ),
    "folder": (
        ["train", "iris.csv", "--target", "species", "--model", MLP, "--out", "no/m"],
        1,
        "no/m: No such file or directory",
    ),
    "one class": (
        ["train", "one.csv", "--target", "a", "--model", "NetClassifier([])", "--out", "m"],
        1,
        "NetClassifier needs samples of at least 2 classes",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_faults(name, folder, capsys):
    arguments, expected, message = FAULTS[name]
    Path("empty.csv").write_text("a,b\n")
    Path("nothing.csv").write_text("")
    Path("one.csv").write_text("a,b\n1,2\n1,3\n")
    Path("semi.csv").write_text("a;b\n1;2\n3;4\n")
    Path("long.csv").write_text("a,b\n1,2\n1,3,4\n")
    Path("gap.csv").write_text("a,b\n1,x\n1,\n")
    fastdl.io.save(fastdl.NDScaler().fit(IRIS.data), "scaler")
    np.savez("y.npz", y=[1])
    np.savez("objects.npz", X=np.array([{}]), y=[1])
    Path("folder").mkdir()
    status, out, err = call(capsys, *arguments)
    assert status == expected
    assert message in err
    assert out == ""
    assert "Traceback" not in err
    if expected == 1:
        assert err.count("\n") == 1
    assert not Path("m").exists()


def test_traceback(folder, capsys):
    _, _, err = call(capsys, "info", "iris.csv", "--traceback")
    assert err.count("Traceback") >= 1
    assert err.endswith("fastdl: iris.csv is neither a safetensors file nor ONNX.\n")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("MLPClassifer()", "MLPClassifer is no estimator, layer or optimizer.* Did you mean MLPCl"),
        ("__import__('os').system('true')", "is no estimator, layer or optimizer of fastdl"),
        ("MLPClassifier(alpha=open('x'))", "open is no estimator, layer"),
        ("MLPClassifier(alpha=1 + 1j)", "MLPClassifier|complex"),
        ("MLPClassifier(alpha=x)", "x is no plain value; expected numbers, texts"),
        ("MLPClassifier(**{'alpha': 1})", r"\*\* is not taken"),
        ("MLPClassifier(alpha=", "cannot be read"),
        ("MLPClassifier(alfa=1)", "MLPClassifier: .*alfa"),
        ("[MLPClassifier()]", "is no estimator; expected one such as"),
        ("L.Conv2D(3, 3)", "is no estimator; expected one such as"),
        ("'x'.join([])", "is no estimator, layer"),
        ("(lambda: 1)()", "is no estimator, layer"),
        ("(" * 2000 + ")" * 2000, "cannot be read"),
    ],
)
def test_models_that_are_none(text, message):
    if "1j" in text:
        assert model_of(text).alpha == 1 + 1j
        return
    with pytest.raises(CallError, match=message):
        model_of(text)


def test_models():
    assert repr(model_of("NDScaler")) == "NDScaler()"
    net = model_of(
        "NetClassifier([L.Residual([L.Dense(3), layers.PReLU()])], solver=optim.Adam(beta1=0.5), "
        "learning_rate=schedules.Cosine(), class_weight={'a': 2.0, 'b': -1}, n_jobs=None)"
    )
    assert net.layers[0].layers[0].units == 3
    assert net.class_weight == {"a": 2.0, "b": -1}


# --- processes

COMMAND = [sys.executable, "-m", "fastdl"]


def test_stdin_and_stdout(folder, capsys, monkeypatch):
    """In one process: what `-` reads and writes."""
    content = Path("iris.csv").read_bytes()
    stdin = types.SimpleNamespace(buffer=io.BytesIO(content))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert trained(capsys, data="-")[0] == 0
    stdin.buffer = io.BytesIO(Path("m").read_bytes())
    assert call(capsys, "predict", "-", "iris.csv")[1].startswith("prediction\nsetosa\n")


@pytest.mark.slow
@pytest.mark.usefixtures("python_handles_ctrl_c")  # what a child starts with
def test_interrupted(folder):
    """The model of the last finished epoch is there."""
    X = np.random.default_rng(0).normal(size=(2000, 20))
    np.savez("x.npz", X=X, y=X[:, 0] > 0)
    model = "MLPClassifier((50,), max_iter=20000, n_iter_no_change=100000, tol=0, verbose=1)"
    command = [*COMMAND, "train", "x.npz", "--model", model, "--out", "m"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as child:
        for line in child.stderr:
            if "Iteration 3" in line:
                break
        time.sleep(0.1)
        child.send_signal(signal.SIGINT)
        said = child.stderr.read()
        assert child.wait() == 130
    assert "interrupted; the model of the last finished epoch" in said
    assert fastdl.load("m").n_iter_ >= 3


def test_the_document(folder, monkeypatch):
    """Every line of docs/command-line.md, with what it reads and writes, in one process."""
    digits = load_digits()
    np.savez("digits.npz", X=digits.images[:200, ..., np.newaxis] / 16, y=digits.target[:200])
    images(folder).rename(folder / "shapes")
    text = (Path(__file__).parents[1] / "docs" / "command-line.md").read_text()
    blocks = "".join(re.findall(r"```sh\n(.*?)```", text, re.DOTALL)).replace("\\\n", " ")
    lines = [shlex.split(line) for line in blocks.splitlines()]
    assert len(lines) > 10
    for command, *arguments in lines:
        assert command == "fastdl"
        out = io.TextIOWrapper(io.BytesIO())
        monkeypatch.setattr(sys, "stdout", out)
        monkeypatch.setattr(sys, "__stdout__", out)
        places = dict(pairwise(arguments))
        if "<" in arguments:
            file = io.BytesIO(Path(places["<"]).read_bytes())
            monkeypatch.setattr(sys, "stdin", types.SimpleNamespace(buffer=file))
        before = [a for a in arguments if a in "<>"]
        arguments = arguments[: arguments.index(before[0])] if before else arguments
        if arguments == ["--version"]:
            with pytest.raises(SystemExit, match="0"):
                main(arguments)
        else:
            assert main(arguments) == 0, arguments
        out.flush()
        if ">" in before:
            Path(places[">"]).write_bytes(out.buffer.getvalue())
    assert json.loads(Path("scores.json").read_text())["accuracy"] > 0.9
    assert Path("predictions.csv").read_text().startswith("prediction\nsetosa\n")
    assert Path("probabilities.csv").read_text().startswith("setosa,versicolor,virginica\n")
    assert type(fastdl.load("softmax.safetensors")).__name__ == "SoftmaxRegression"


SCRIPT = """set -e
fastdl() { "$PYTHON" -m fastdl "$@"; }
fastdl train - --target species --model "SoftmaxRegression()" --out - < iris.csv > m
fastdl predict m iris.csv | head -1
fastdl info iris.csv || echo $?
"""


@pytest.mark.slow
def test_in_a_shell(folder):
    """Pipes, redirections and exit statuses; a reader that has seen enough."""
    environment = {**os.environ, "PYTHON": sys.executable}
    done = subprocess.run(
        ["sh", "-c", SCRIPT], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout == "prediction\n1\n"
    trained, fault = done.stderr.splitlines()
    assert trained.startswith("SoftmaxRegression: 150 samples")
    assert fault == "fastdl: iris.csv is neither a safetensors file nor ONNX."


def test_progress_is_for_terminals(folder, capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    _, out, err = trained(capsys, "--json")
    assert "Iteration 1" in err or "epoch" in err.lower()
    json.loads(out)
    assert fastdl.load("m").verbose is False


def test_environment(capsys, monkeypatch):
    monkeypatch.setitem(os.environ, "FASTDL_BACKEND", "none")
    status, _, err = call(capsys)
    assert status == 1
    assert err.startswith("fastdl: ")
