"""Sizes beyond what the core counts in 32 bits: an error that names the size, never a wrong net."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from fastdl import functional as F
from fastdl import layers as L
from fastdl._core import Program
from fastdl.program import compile, count_threads

LARGE = 2**31 - 1
IMAGE, KERNEL = np.ones((1, 5, 5, 1)), np.ones((3, 3, 1, 1))


def raw(kind: str, **fields: Any) -> Program:
    """As a file might say it, past the rules."""
    return Program([{"kind": kind, "title": kind, "name": "a", **fields}], (4,))


DENSE = {"bias": True, "trainable": True, "lr_multiplier": 1.0}

# fmt: off
TOO_LARGE: list[tuple[Callable[[], object], str]] = [
    (lambda: compile([L.Dense(2**32 + 3)], (3,)),
     "layer 'dense_1' (Dense): units=4294967299; expected a positive integer, below 2**31."),
    (lambda: compile([L.Dense(10**30)], (3,)),
     f"layer 'dense_1' (Dense): units={10**30}; expected a positive integer, below 2**31."),
    (lambda: compile([L.LSTM(2**33)], (3, 2)),
     "layer 'lstm_1' (LSTM): units=8589934592; expected a positive integer, below 2**31."),
    (lambda: compile([L.LSTM(2**29)], (3, 2)),
     "layer 'lstm_1' (LSTM): the number of gates=2147483648 is too large; expected below 2**31."),
    (lambda: compile([L.Maxout(2**16, 2**16)], (3,)),
     "layer 'maxout_1' (Maxout): units times pieces=4294967296 is too large; expected below "
     "2**31."),
    (lambda: compile([L.Bidirectional(L.RNN(2**30))], (3, 2)),
     "parameter 'bidirectional_1.weight_hh' has more values than any memory holds."),
    (lambda: compile([L.Embedding(2**24, LARGE)], (3, 1)),
     "parameter 'embedding_1.weight' has more values than any memory holds."),
    (lambda: compile([L.Concat([[L.Dense(LARGE)], []])], (3,)),
     "layer 'concat_1' (Concat): the number of features=2147483650 is too large; expected below "
     "2**31."),
    (lambda: compile([L.Pad2D(2**30)], (4, 4, 1)),
     "layer 'pad2d_1' (Pad2D): the height would be 2147483652; expected at most 1048576."),
    (lambda: compile([L.Resize2D(2**30)], (4, 4, 1)),
     "layer 'resize2d_1' (Resize2D): the height would be 1073741824; expected at most 1048576."),
    (lambda: compile([L.Upsample2D(2**30)], (4, 4, 1)),
     "layer 'upsample2d_1' (Upsample2D): the height=4294967296 is too large; expected below "
     "2**31."),
    (lambda: compile([L.Flatten()], (2**14, 2**14, 8)),
     "layer 'flatten_1' (Flatten): the number of features=2147483648 is too large; expected below "
     "2**31."),
    (lambda: compile([L.Reshape((2**32 + 4,))], (4,)),
     "layer 'reshape_1' (Reshape): shape=(4294967300,); expected (features,) or (height, width, "
     "channels), positive integers, below 2**31."),
    (lambda: compile([L.Embedding(2**25, 2)], (3, 1)),
     "layer 'embedding_1' (Embedding): n_symbols=33554432; in float32, codes are exact up to "
     "2**24. Use dtype=\"float64\"."),
    (lambda: compile([L.Dense(3)], (2**31,)),
     "input_shape=(2147483648,); expected (features,), (steps, features) or (height, width, "
     "channels), positive integers, below 2**31."),
    (lambda: compile([L.Dense(3)], (2,), batch_size=2**31),
     "batch_size=2147483648; expected a positive integer, below 2**31."),
    (lambda: compile([L.Dense(3)], (2,), threads=2**31),
     "n_jobs=2147483648; expected None or an integer that is not 0, below 2**31."),
    (lambda: count_threads(-(2**31)),
     "n_jobs=-2147483648; expected None or an integer that is not 0, below 2**31."),
    (lambda: compile([L.Conv2D(3, 1)], (2, 2, 2), batch_size=LARGE),
     "a batch of 2147483647 times 2x2x2 values is too large. Use a smaller batch_size, or smaller "
     "layers."),
    (lambda: compile([L.Flatten()], (LARGE, LARGE, LARGE)),
     "a batch of 64 times 2147483647x2147483647x2147483647 values is too large. Use a smaller "
     "batch_size, or smaller layers."),
    (lambda: compile([L.RNN(3)], (LARGE, 1)),
     "a batch of 64 times 2147483647x1 values is too large. Use a smaller batch_size, or smaller "
     "layers."),
    (lambda: F.conv2d(IMAGE, KERNEL, stride=2**32),
     "conv2d(): stride=4294967296; expected a positive integer or a pair of them, below 2**31."),
    (lambda: F.conv2d(IMAGE, KERNEL, padding=(2**31, 0)),
     "conv2d(): padding=(2147483648, 0); expected 'valid', 'same', or integers of 0 or more: one, "
     "(height, width), or ((top, bottom), (left, right)), below 2**31."),
    (lambda: F.conv2d(IMAGE, KERNEL, padding=LARGE),
     "conv2d(): an image of 4294967299x4294967299, padding included, is too large for windows of "
     "3x3."),
    (lambda: F.conv2d(IMAGE, KERNEL, padding="same", dilation=2**30),
     "conv2d(): the padding=2147483648 is too large; expected below 2**31."),
    (lambda: F.conv2d(IMAGE, KERNEL, dilation=2**30),
     "conv2d(kernel 3x3, padding 'valid') gets an input of 5x5. Use padding=\"same\"."),
    (lambda: F.max_pool2d(IMAGE, LARGE, padding=2**30),
     "max_pool2d(): an image of 2147483653x2147483653, padding included, is too large for windows "
     "of 2147483647x2147483647."),
    (lambda: F.conv2d_transpose(IMAGE, KERNEL, stride=2**30),
     "conv2d_transpose(): an image of 4294967299x4294967299, padding included, is too large for "
     "windows of 3x3."),
    (lambda: F.conv2d_transpose(IMAGE, KERNEL, stride=2**16),
     "conv2d_transpose(): an image of 262147x262147, padding included, is too large for windows "
     "of 3x3."),
    (lambda: F.im2col(IMAGE, 2, padding=LARGE),
     "im2col(): an image of 4294967299, padding included, is too large."),
    (lambda: F.im2col(IMAGE, 2, stride=2**33),
     "im2col(): stride=8589934592; expected a positive integer or a pair of them, below 2**31."),
    (lambda: F.dropout(np.ones((2, 2)), 10**400, 0),
     f"dropout(): rate={10**400}; expected a number from 0 to below 1."),
    (lambda: F.dropout(np.ones((2, 2)), 0.5, 2**64),
     "dropout(): seed=18446744073709551616; expected an integer from 0 to 2**64 - 1."),
    # Past the rules.
    (lambda: raw("dense", units=2**32 + 3, **DENSE),
     "units=4294967299 is too large; expected below 2**31."),
    (lambda: raw("dense", units=10**30, **DENSE),
     f"units={10**30} is too large; expected below 2**31."),
    (lambda: raw("reshape", shape=[2**32 + 4]),
     "shape=4294967300 is too large; expected below 2**31."),
    (lambda: Program(L.to_dict([L.Dense(3)]), (2,), batch_size=2**40),
     "batch_size=1099511627776 is too large; expected below 2**31."),
    (lambda: Program(L.to_dict([L.Dense(3)]), (2**40,)),
     "a size of input_shape=1099511627776 is too large; expected below 2**31."),
]
# fmt: on


@pytest.mark.parametrize(("call", "text"), TOO_LARGE, ids=range(len(TOO_LARGE)))
def test_too_large(call: Callable[[], object], text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        call()


MANY_CHANNELS = [
    (L.Conv2D(LARGE, 1), 4),
    (L.Conv2D(2**27, 3, padding="same"), 4),
    (L.Conv2D(2**26, 5, padding="same"), 1),
    (L.Conv2D(4, 3, padding="same"), 2**27),
    (L.Conv2DTranspose(4, 3, padding="same"), 2**27),
    (L.LocalResponseNorm(), 2**30 + 2),
    (L.LayerNorm(), 2**30),
    (L.BatchNorm(), 2**30),
    (L.GroupNorm(1), 2**30),
    (L.AvgPool2D(3, 1, padding="same"), 2**30),
]


@pytest.mark.parametrize(("layer", "channels"), MANY_CHANNELS, ids=range(len(MANY_CHANNELS)))
def test_products_of_sizes(layer: L.Layer, channels: int) -> None:
    """Each size is below 2**31, products of them are not; what planning does with them shows
    under the sanitizers. All channels together are too many, so that nothing is allocated."""
    others = [[L.Conv2D(LARGE, 1)]] if channels < 2**10 else 16 * [[]]
    with pytest.raises(ValueError, match=r"the number of channels=\d+ is too large; expected"):
        compile([L.Concat([[layer], [], *others])], (8, 8, channels))


@pytest.mark.parametrize("stride", [7, 2**30, LARGE])
def test_strides_beyond_the_image(stride: int) -> None:
    """One window; forward, backward and pooling as with a stride of the image's size."""
    x = np.arange(25.0).reshape(1, 5, 5, 1)
    for padding in ("valid", "same", 1):
        w = np.arange(9.0).reshape(3, 3, 1, 1)
        expected = F.conv2d(x, w, stride=5 + 2 * (padding != "valid"), padding=padding)
        np.testing.assert_array_equal(F.conv2d(x, w, stride=stride, padding=padding), expected)
        near = F.conv2d_backward(expected, x, w, stride=7, padding=padding)
        far = F.conv2d_backward(expected, x, w, stride=stride, padding=padding, dilation=1)
        for a, b in zip(near, far, strict=True):
            np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(F.max_pool2d(x, 2, stride=stride), x[:, 1:2, 1:2])
    np.testing.assert_array_equal(F.avg_pool2d(x, 2, stride=stride), [[[[3.0]]]])
    np.testing.assert_array_equal(F.im2col(x, 2, stride=stride), [[0, 1, 5, 6]])


@pytest.mark.parametrize(("stride", "dilation"), [(4, 6), (6, 4), (5, 3), (3, 9), (2, 2)])
def test_strides_and_dilations_with_common_divisors(stride: int, dilation: int) -> None:
    """The gradient of the input is the adjoint: <conv(x), dy> = <x, conv_backward(dy)>."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(1, 23, 29, 2)), rng.normal(size=(3, 4, 2, 3))
    y = F.conv2d(x, w, stride=stride, dilation=dilation, padding=2)
    dy = rng.normal(size=y.shape)
    dx, *_ = F.conv2d_backward(dy, x, w, stride=stride, dilation=dilation, padding=2)
    assert dx is not None
    np.testing.assert_allclose(np.sum(y * dy), np.sum(x * dx), rtol=1e-12)


@pytest.mark.skipif("asan" in os.environ.get("LD_PRELOAD", ""), reason="it needs room of its own")
def test_what_no_memory_holds() -> None:
    """A net that could be counted but not stored raises MemoryError."""
    code = (
        "import resource; resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))\n"
        "from fastdl import layers as L\nfrom fastdl.program import compile\n"
        "for layer, shape in [(L.Dense(2**31 - 1), (100,)), (L.Conv2D(2**31 - 1, 1), (9, 9, 3)),\n"
        "                     (L.Embedding(2**24, 2**20), (3, 1)), (L.GRU(2**20), (3, 2))]:\n"
        "    try:\n        compile([layer], shape)\n"
        "    except MemoryError:\n        continue\n    raise AssertionError(layer)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=300)


def test_activations_of_more_elements_than_the_core_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """They go part by part; the parts are made small here."""
    from fastdl.functional import _activation

    x = np.random.default_rng(0).normal(size=(7, 11)).astype(np.float32)
    dy = x[::-1].copy()
    for name in ("relu", "gelu", "softmax"):
        whole = F.activation(x, name), F.activation_backward(dy, x, name)
        with monkeypatch.context() as patch:
            patch.setattr(_activation, "_PART", 23)
            out = np.empty_like(x)
            assert F.activation(x, name, out=out) is out
            np.testing.assert_array_equal(out, whole[0])
            np.testing.assert_array_equal(F.activation_backward(dy, x, name), whole[1])


def nest(depth: int) -> L.Layer:
    """A layer inside of so many lists of layers, the list of the net counted."""
    layer: L.Layer = L.Dense(2)
    for _ in range(depth - 1):
        layer = L.Sequential([layer])
    return layer


def test_nests() -> None:
    assert compile([nest(100)], (3,)).output_shape == (2,)
    for depth in (101, 20_000):
        for call in (
            compile,
            lambda layers, _: L.with_names(layers),
            lambda layers, _: L.to_dict(layers),
        ):
            with pytest.raises(ValueError, match="^layers are nested more than 100 deep.$"):
                call([nest(depth)], (3,))
    inner = {"kind": "dense", "title": "Dense", "name": "a", "units": 2, **DENSE}
    for i in range(20_000):
        inner = {"kind": "sequential", "title": "Sequential", "name": f"s{i}", "layers": [inner]}
    with pytest.raises(ValueError, match="^layers are nested more than 100 deep.$"):
        Program([inner], (3,))
