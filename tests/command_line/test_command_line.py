"""The command: train, predict, evaluate, info and export, in this process."""

import json
import os
import re
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
from commands import IRIS, call, trained

import fastdl

pd = pytest.importorskip("pandas")


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
