"""Weights of Keras: read into networks of the same shape, and written again.

tests/data/keras/make.py made the files, with the answers that Keras gives.
"""

import io

import numpy as np
import pytest
from weights_to_read import FOLDER, RELU, drawn

import fastdl
from fastdl import layers as L
from fastdl.io import _safetensors, load_weights, save_weights
from fastdl.io._layouts import split_name

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
