"""Weights of PyTorch and Keras: read into networks of the same shape, and written again.

tests/data/torch/make.py and tests/data/keras/make.py made the files, with the answers that PyTorch
and Keras give.
"""

import io
import re
from pathlib import Path

import numpy as np
import pytest

import fastdl
import fastdl.functional as F
from fastdl import layers as L
from fastdl.io import _safetensors, load_weights, save_weights
from fastdl.io._layouts import split_name
from images import tiny

FOLDER = Path(__file__).parents[1] / "data" / "torch"
RELU = L.Activation("relu")
NETS = {
    "ConvNet": lambda: (
        [
            L.Conv2D(8, 3, padding="same", name="conv1"),
            L.BatchNorm(name="bn1"),
            *(RELU, L.MaxPool2D(2)),
            L.Conv2D(12, 3, name="conv2"),
            *(RELU, L.MaxPool2D(2), L.Flatten()),
            *(L.Dense(16, name="fc1"), RELU, L.Dense(4, name="fc2")),
        ],
        (12, 16, 3),
    ),
    "Sentences": lambda: (
        [
            L.Embedding(20, 6),
            *(L.LSTM(10, return_sequences=True), L.LSTM(10)),
            L.Dense(3),
        ],
        (7, 1),
    ),
    "Depthwise": lambda: (
        [
            *(L.Conv2D(8, 3, groups=4, bias=False), L.GroupNorm(2), L.PReLU()),
            L.Conv2D(6, 3, stride=2, groups=2),
            *(L.Conv2DTranspose(5, 3, stride=2), L.Conv2DTranspose(10, 2, groups=5)),
        ],
        (9, 9, 4),
    ),
    "Decoder": lambda: (
        [
            *(L.Dense(36), L.BatchNorm(), L.Activation("tanh"), L.Reshape((2, 3, 6))),
            L.Conv2DTranspose(2, 2, stride=2),
        ],
        (5,),
    ),
    "Recurrent": lambda: (
        [
            L.Bidirectional(L.GRU(4, return_sequences=True)),
            *(L.RNN(5, return_sequences=True), L.LayerNorm(), L.Dense(2)),
        ],
        (6, 3),
    ),
}


def network(name):
    layers, shape = NETS[name]()
    return fastdl.Network(layers, shape, random_state=0)


def answers(name):
    """x and y with channels last."""
    with np.load(FOLDER / "answers.npz") as known:
        x, y = known[f"{name}.x"], known[f"{name}.y"]
    return (np.moveaxis(a, 1, -1) if a.ndim == 4 else a for a in (x, y))


@pytest.mark.parametrize("name", NETS)
def test_torch(name):
    net = load_weights(network(name), FOLDER / f"{name}.safetensors")
    x, y = answers(name)
    np.testing.assert_allclose(net.predict(x), y, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", NETS)
@pytest.mark.parametrize("layout", ["torch", "keras", "fastdl"])
def test_there_and_back(name, layout):
    net = load_weights(network(name), FOLDER / f"{name}.safetensors")
    file = io.BytesIO()
    save_weights(net, file, layout=layout)
    file.seek(0)
    names = {layer.name: layer.name for layer in net.layers}
    again = load_weights(
        network(name), file, layout=layout, names=lambda n: names.get(n.removesuffix(".l0"))
    )
    for key, value in net.get_weights().items():
        np.testing.assert_array_equal(again.get_weights()[key], value)


def test_written_as_torch_has_them():
    """Names, shapes and values of a state dict, so that load_state_dict takes it."""
    net = load_weights(network("ConvNet"), FOLDER / "ConvNet.safetensors")
    file = io.BytesIO()
    save_weights(net, file)
    file.seek(0)
    written, metadata = _safetensors.read(file)
    original, _ = _safetensors.read(FOLDER / "ConvNet.safetensors")
    assert metadata == {"format": "pt"}
    assert written.keys() == original.keys()
    for key, value in original.items():
        np.testing.assert_array_equal(written[key], value)
        assert written[key].dtype == value.dtype


def test_torch_over_time():
    """Kernels (out, in, k); what PyTorch flattens has the channels first."""
    w, b, v, x = (a.astype("f4") for a in drawn((4, 2, 3), (4,), (3, 12), (5, 7, 2)))
    layers = [L.Conv1D(4, 3), L.MaxPool1D(2, 2, "same"), L.Flatten(), L.Dense(3, bias=False)]
    net = load_weights(
        fastdl.Network(layers, (7, 2)), {"conv.weight": w, "conv.bias": b, "fc.weight": v}
    )
    pooled = F.max_pool1d(F.conv1d(x, w.transpose(2, 1, 0), b), 2, padding="same")
    expected = pooled.transpose(0, 2, 1).reshape(5, -1) @ v.T
    np.testing.assert_allclose(net.predict(x), expected, rtol=1e-5, atol=1e-5)
    again = io.BytesIO()
    save_weights(net, again)
    again.seek(0)
    written, _ = _safetensors.read(again)
    np.testing.assert_array_equal(written["dense_1.weight"], v)
    np.testing.assert_array_equal(written["conv1d_1.weight"], w)


def test_torch_depthwise():
    kernel, x = drawn((4, 1, 3, 3), (1, 3, 3, 2))
    net = fastdl.Network([L.DepthwiseConv2D(3, 2, bias=False)], (3, 3, 2), dtype="float64")
    load_weights(net, {"conv.weight": kernel})
    expected = F.conv2d(x, kernel.transpose(2, 3, 1, 0), groups=2)
    np.testing.assert_allclose(net.predict(x), expected)


# --- Keras

KERAS = FOLDER.parent / "keras"
KERAS_NETS = {
    "Rows": lambda: ([L.Dense(7), L.BatchNorm(eps=1e-3), L.Activation("tanh"), L.Dense(3)], (5,)),
    "Images": lambda: (
        [
            L.Conv2D(6, 3, padding="same"),
            *(L.BatchNorm(eps=1e-3), RELU, L.DepthwiseConv2D(3, 2)),
            L.SeparableConv2D(5, 3, padding="same", bias=False),
            *(L.GroupNorm(5, 1e-3), L.PReLU(), L.Conv2D(4, 3, 2), L.Flatten(), L.Dense(4)),
        ],
        (8, 9, 3),
    ),
    "Larger": lambda: ([L.Conv2DTranspose(3, 2, 2), RELU, L.Conv2D(6, 3, groups=3)], (3, 4, 2)),
    "Codes": lambda: (
        [
            *(L.Embedding(12, 4), L.Bidirectional(L.LSTM(5, return_sequences=True))),
            *(L.LSTM(4), L.Dense(3)),
        ],
        (7, 1),
    ),
    "Sequences": lambda: (
        [
            *(L.Conv1D(6, 3, padding="causal"), L.MaxPool1D(2)),
            L.Bidirectional(L.GRU(3, return_sequences=True)),
            *(L.RNN(4, return_sequences=True), L.LayerNorm(1e-3), L.GRU(5), L.Dense(2)),
        ],
        (9, 3),
    ),
}


def keras_network(name):
    layers, shape = KERAS_NETS[name]()
    return fastdl.Network(layers, shape, random_state=0)


@pytest.mark.parametrize("name", KERAS_NETS)
def test_keras(name):
    """By name, and as the list that get_weights() gives."""
    stored = KERAS / f"{name}.safetensors"
    net = load_weights(keras_network(name), stored, layout="keras")
    with np.load(KERAS / "answers.npz") as known:
        x, y = known[f"{name}.x"], known[f"{name}.y"]
        order = known[f"{name}.order"].tolist()
    np.testing.assert_allclose(net.predict(x), y, rtol=1e-5, atol=1e-6)
    arrays, _ = _safetensors.read(stored)
    listed = load_weights(keras_network(name), [arrays[path] for path in order], layout="keras")
    np.testing.assert_array_equal(listed.predict(x), net.predict(x))


@pytest.mark.parametrize("name", KERAS_NETS)
def test_written_as_keras_has_them(name):
    """Names, shapes and values, so that they go back by `w.path`."""
    net = load_weights(keras_network(name), KERAS / f"{name}.safetensors", layout="keras")
    original, _ = _safetensors.read(KERAS / f"{name}.safetensors")
    with np.load(KERAS / "answers.npz") as known:
        order = known[f"{name}.order"].tolist()
    modules = dict.fromkeys(split_name(path, "keras")[0] for path in order)
    layers = dict.fromkeys(key.rpartition(".")[0] for key in net.get_weights())
    file = io.BytesIO()
    save_weights(net, file, layout="keras", names=dict(zip(layers, modules, strict=True)))
    file.seek(0)
    written, _ = _safetensors.read(file)
    assert written.keys() == original.keys()
    for path, value in original.items():
        np.testing.assert_array_equal(written[path], value)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def keras_gru(x, kernel, recurrent_kernel, bias):
    """As Keras documents it, reset_after=True: gates in the order z r h."""
    h = np.zeros((len(x), recurrent_kernel.shape[0]))
    for t in range(x.shape[1]):
        z_x, r_x, h_x = np.split(x[:, t] @ kernel + bias[0], 3, axis=1)
        z_h, r_h, h_h = np.split(h @ recurrent_kernel + bias[1], 3, axis=1)
        z, r = sigmoid(z_x + z_h), sigmoid(r_x + r_h)
        h = z * h + (1 - z) * np.tanh(h_x + r * h_h)
    return h


def drawn(*shapes):
    random = np.random.default_rng(0)
    return [random.normal(size=shape) for shape in shapes]


def test_keras_gru():
    kernel, recurrent, bias, w, b, x = drawn((3, 12), (4, 12), (2, 12), (4, 2), (2,), (5, 6, 3))
    net = fastdl.Network([L.GRU(4), L.Dense(2)], (6, 3), dtype="float64")
    expected = keras_gru(x, kernel, recurrent, bias) @ w + b
    load_weights(net, [kernel, recurrent, bias, w, b], layout="keras")
    np.testing.assert_allclose(net.predict(x), expected)
    arrays = {
        "model/gru/gru_cell/kernel": kernel,
        "model/gru/gru_cell/recurrent_kernel": recurrent,
        "model/gru/gru_cell/bias": bias,
        "model/dense/kernel:0": w,
        "model/dense/bias:0": b,
    }
    other = fastdl.Network([L.GRU(4), L.Dense(2)], (6, 3), dtype="float64")
    load_weights(other, arrays, layout="keras")
    np.testing.assert_array_equal(other.predict(x), net.predict(x))


def test_keras_both_directions():
    parts = drawn((3, 16), (4, 16), (16,), (3, 16), (4, 16), (16,))
    keys = [
        f"bidirectional/{direction}_lstm/lstm_cell/{name}"
        for direction in ("forward", "backward")
        for name in ("kernel", "recurrent_kernel", "bias")
    ]
    net = fastdl.Network([L.Bidirectional(L.LSTM(4))], (6, 3), dtype="float64")
    load_weights(net, dict(zip(keys, parts, strict=True)), layout="keras")
    weights = net.get_weights()
    np.testing.assert_array_equal(weights["bidirectional_1.weight_hh_reverse"], parts[4])
    np.testing.assert_array_equal(weights["bidirectional_1.bias"], parts[2])


def test_keras_depthwise():
    """Kernels (height, width, channels, multiplier); channel c gives outputs c m .. c m + m - 1."""
    kernel, x = drawn((3, 3, 2, 2), (1, 3, 3, 2))
    net = fastdl.Network([L.Conv2D(4, 3, groups=2, bias=False)], (3, 3, 2), dtype="float64")
    load_weights(net, {"depthwise_conv2d/depthwise_kernel": kernel}, layout="keras")
    expected = np.einsum("nhwc,hwcm->ncm", x, kernel).reshape(1, 1, 1, 4)
    np.testing.assert_allclose(net.predict(x), expected)


# --- who goes where


def rows(*units, names=None, n_features=4):
    names = names or [None] * len(units)
    layers = [L.Dense(n, name=name) for n, name in zip(units, names, strict=True)]
    return fastdl.Network(layers, (n_features,), random_state=0)


def state(**shapes):
    """Of linear layers without bias."""
    random = np.random.default_rng(0)
    return {f"{k}.weight": random.normal(size=v).astype("f4") for k, v in shapes.items()}


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


LINE = re.escape(
    "  network: dense_2 weight (2, 4), bias (2,)\n  file:    b weight (3, 4)\nThese found"
)
ERRORS = {
    "shapes": (lambda: load_weights(rows(4, 2), state(a=(4, 4), b=(3, 4))), LINE),
    "too few": (
        lambda: load_weights(rows(4, 2), state(a=(4, 4))),
        "the mapping does not fit the network.\n  network: dense_2",
    ),
    "too many": (lambda: load_weights(rows(4), state(a=(4, 4), b=(9, 4))), "file:    b weight"),
    "named shapes": (
        lambda: load_weights(
            rows(4, 2), state(a=(4, 5), b=(3, 4)), names={"a": "dense_1", "b": "dense_2"}
        ),
        re.escape(
            "fit the network:\n  a weight (4, 5) into dense_1 weight (4, 4), bias (4,)\n  b weight"
        ),
    ),
    "no layer": (
        lambda: load_weights(rows(4), state(a=(4, 4)), names={"a": "dense_7"}),
        "names has 'dense_7', which is no layer with weights of the network; those are 'dense_1'",
    ),
    "not there": (
        lambda: load_weights(rows(4), state(a=(4, 4)), names={"b": "dense_1"}),
        "names has 'b', which is no layer of the mapping; those are 'a'",
    ),
    "twice": (
        lambda: load_weights(rows(4), state(a=(4, 4), b=(4, 4)), names=lambda name: "dense_1"),
        "names has 'dense_1' twice, for 'a' and 'b'",
    ),
    "layout": (
        lambda: load_weights(rows(4), state(a=(4, 4)), layout="jax"),
        "layout='jax' is not known. Choose from 'torch', 'keras', 'fastdl'",
    ),
    "quantised": (
        lambda: load_weights(rows(4), {"a.weight": np.ones((4, 4), np.int8)}),
        "'a.weight' is of dtype int8; expected floating point. Quantised weights cannot be read",
    ),
    "list": (
        lambda: load_weights(rows(4), [np.ones((4, 4))]),
        'a list of arrays is what Keras gives: pass layout="keras"',
    ),
    "length": (
        lambda: load_weights(rows(4, 2), [np.ones((4, 4))], layout="keras"),
        "the list has 1 arrays, but the network takes 4: dense_1 2, dense_2 2",
    ),
    "list of others": (
        lambda: load_weights(rows(4), [np.ones((4, 3)), np.ones(4)], layout="keras"),
        re.escape("  0 kernel (4, 3), bias (4,) into dense_1 kernel (4, 4), bias (4,)"),
    ),
    "no such layer": (
        lambda: load_weights(fastdl.Network([L.Maxout(2)], (3,)), state(a=(4, 4))),
        r"Maxout\) has weight, bias, which layout='torch' does not know. Use layout=\"fastdl\"",
    ),
    "fastdl": (
        lambda: load_weights(rows(4), {}, layout="fastdl"),
        "the file lacks 'dense_1' of the network",
    ),
    "names out": (
        lambda: save_weights(rows(4), io.BytesIO(), names={"x": "y"}),
        "names has 'x', which is no layer with weights",
    ),
    "one name for two": (
        lambda: save_weights(
            rows(4, 4), io.BytesIO(), names={"dense_1": "fc", "dense_2": "fc"}, layout="keras"
        ),
        "names leads two layers to 'fc': 'dense_1' and 'dense_2'",
    ),
    "the name of another": (
        lambda: save_weights(rows(4, 4), io.BytesIO(), names={"dense_1": "dense_2"}),
        "names leads two layers to 'dense_2': 'dense_1' and 'dense_2'",
    ),
    "one array for two": (
        lambda: save_weights(
            fastdl.Network([L.RNN(2, return_sequences=True), L.RNN(2)], (3, 2)),
            io.BytesIO(),
            names={"rnn_1": "rnn", "rnn_2": "rnn.l0"},
        ),
        r"names leads two layers to 'rnn\.weight_ih_l0': 'rnn_1' and 'rnn_2'",
    ),
    "names and a list": (
        lambda: load_weights(
            rows(4), [np.ones((4, 4)), np.ones(4)], layout="keras", names={"a": "dense_1"}
        ),
        "a list of arrays has no names of layers: leave names= out",
    ),
}


@pytest.mark.parametrize("name", ERRORS)
def test_errors(name):
    call, message = ERRORS[name]
    with pytest.raises(ValueError, match=message):
        call()


def test_names_that_do_not_say_which_is_which(tmp_path):
    _safetensors.write(tmp_path / "file", state(hidden=(4, 4), extra=(4, 4)), {})
    with pytest.raises(ValueError, match="'extra', 'hidden' have the same shapes, and so"):
        load_weights(rows(4, 4), tmp_path / "file")


def test_empty_names_load_nothing():
    """What `names` leaves out stays; with a layout of ours, too."""
    for layout in ("torch", "fastdl"):
        net = rows(4, 2)
        before = net.get_weights()
        load_weights(net, state(dense_1=(4, 4)), names={}, layout=layout)
        for key, value in net.get_weights().items():
            np.testing.assert_array_equal(value, before[key])


def test_a_model_file_is_no_file_of_weights(tmp_path):
    net = rows(4)
    fastdl.io.save(net, tmp_path / "m")
    for layout in ("torch", "fastdl"):
        with pytest.raises(ValueError, match="m is a model file of fastdl: read it with fastdl.lo"):
            load_weights(net, tmp_path / "m", layout=layout)


@pytest.mark.parametrize("names", [["dense_1"], "dense_1", 3])
def test_names_that_are_no_mapping(names):
    with pytest.raises(TypeError, match="expected a mapping from name to name, or a callable"):
        load_weights(rows(4), state(a=(4, 4)), names=names)
    with pytest.raises(TypeError, match="expected a mapping from name to name\\."):
        save_weights(rows(4), io.BytesIO(), names=names)


def test_what_has_no_network():
    with pytest.raises(TypeError, match="NDScaler has no network. Pass a fitted estimator"):
        load_weights(fastdl.NDScaler(), {})


def test_after_an_error_weights_are_as_they_were():
    net = rows(4)
    before = net.get_weights()
    with pytest.raises(ValueError, match="does not fit"):
        load_weights(net, state(a=(4, 5)))
    np.testing.assert_array_equal(net.get_weights()["dense_1.weight"], before["dense_1.weight"])


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
