"""The command: what it says when something is wrong."""

from pathlib import Path

import numpy as np
import pytest
from commands import IRIS, MLP, call

import fastdl
from fastdl.command_line.errors import CallError
from fastdl.command_line.models import model_of

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
