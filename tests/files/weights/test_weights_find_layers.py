"""Which weights of a file go into which layer."""

import io
import re

import numpy as np
import pytest
from weights_to_read import FOLDER, rows, state

from fastdl.io import _safetensors, load_weights, save_weights
from images import tiny


def test_equal_layers_go_by_their_numbers(tmp_path):
    arrays = state(**{f"layers.{i}": (4, 4) for i in range(11)})
    _safetensors.write(tmp_path / "file", dict(sorted(arrays.items())), {})
    net = load_weights(rows(*[4] * 11), tmp_path / "file")
    for i in (1, 2, 9, 10):
        expected = arrays[f"layers.{i}.weight"].T
        np.testing.assert_array_equal(net.get_weights()[f"dense_{i + 1}.weight"], expected)


def test_a_mapping_has_an_order():
    arrays = state(second=(4, 4), first=(4, 4))
    net = load_weights(rows(4, 4), arrays)
    expected = arrays["second.weight"].T
    np.testing.assert_array_equal(net.get_weights()["dense_1.weight"], expected)


def test_some_layers_only():
    net, arrays = rows(4, 2), state(backbone=(4, 4), head=(7, 4))
    before = net.get_weights()
    load_weights(net, arrays, names={"backbone": "dense_1"})
    after = net.get_weights()
    np.testing.assert_array_equal(after["dense_1.weight"], arrays["backbone.weight"].T)
    np.testing.assert_array_equal(after["dense_2.weight"], before["dense_2.weight"])
    assert not after["dense_1.bias"].any()  # there is none in the file
    found = rows(4, 2)
    load_weights(found, arrays, names=lambda name: "dense_1" if name == "backbone" else None)
    np.testing.assert_array_equal(found.get_weights()["dense_1.weight"], after["dense_1.weight"])


def test_report(capsys):
    load_weights(rows(4, 2), state(backbone=(4, 4)), names={"backbone": "dense_1"}, report=True)
    assert capsys.readouterr().out.splitlines() == [
        "In the file  In the network  Shapes",
        "-" * 53,
        "backbone     dense_1         weight (4, 4), bias (4,)",
        "(kept)       dense_2",
    ]


def test_an_estimator_takes_them():
    clf = tiny().fit(*_digits())
    file = io.BytesIO()
    save_weights(clf, file)
    file.seek(0)
    other = tiny(random_state=5).fit(*_digits())
    load_weights(other, file)
    X = _digits()[0]
    np.testing.assert_array_equal(other.predict_proba(X), clf.predict_proba(X))


def _digits():
    from images import some_digits

    return some_digits(40)


def test_halves_are_read_as_float32(tmp_path):
    _safetensors.write(tmp_path / "file", {"a.weight": np.ones((2, 4), "f2")}, {})
    with pytest.warns(UserWarning, match=r"file has weights of F16, read as float32\.$"):
        net = load_weights(rows(2), tmp_path / "file")
    assert net.get_weights()["dense_1.weight"].dtype == np.float32


def test_the_document(tmp_path, monkeypatch, capsys):
    """docs/from-pytorch.md, without the parts that are PyTorch's."""
    for path in FOLDER.glob("*.*"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    monkeypatch.chdir(tmp_path)
    text = (FOLDER.parents[2] / "docs" / "from-pytorch.md").read_text()
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    ours = [block for block in blocks if "torch" not in block]
    assert len(ours) == len(blocks) - 2 == 5
    exec("\n".join(ours), {})
    table = re.search(r"```text\n(.*?)```", text, re.DOTALL).group(1)
    assert table in capsys.readouterr().out
