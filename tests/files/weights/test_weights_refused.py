"""Weights that do not fit, and what is said of them."""

import io
import re

import numpy as np
import pytest
from weights_to_read import rows, state

import fastdl
from fastdl import layers as L
from fastdl.io import _safetensors, load_weights, save_weights

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
