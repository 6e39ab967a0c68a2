"""The command: what it takes as data, and how answers are written."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from commands import call, images, trained

import fastdl


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
