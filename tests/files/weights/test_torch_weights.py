"""Weights of PyTorch: read into networks of the same shape, and written again.

tests/data/torch/make.py made the files, with the answers that PyTorch gives.
"""

import io

import numpy as np
import pytest
from weights_to_read import FOLDER, RELU, drawn

import fastdl
import fastdl.functional as F
from fastdl import layers as L
from fastdl.io import _safetensors, load_weights, save_weights

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
