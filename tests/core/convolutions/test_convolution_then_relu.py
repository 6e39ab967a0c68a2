"""Relu behind a convolution is part of its last pass: the same values, and still seen apart."""

import numpy as np
import pytest

from fastdl import layers as L
from programs import assert_same_bytes, compiled, gradients, sample

CONVOLUTIONS = {
    "winograd": L.Conv2D(19, 3, padding="same"),
    "direct": L.Conv2D(9, 5, stride=2),
    "pixels": L.Conv2D(33, 1, bias=False),
    "grouped": L.Conv2D(16, 3, groups=4, dilation=2),
    "depthwise": L.DepthwiseConv2D(3, padding="same"),
    "many channels": L.Conv2D(3, 1),
}


@pytest.mark.parametrize("n", [1, 21])
@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_values(name: str, n: int, backend: str, dtype: str) -> None:
    channels = 200 if name == "many channels" else 16
    layers = [CONVOLUTIONS[name], L.Activation("relu"), L.Activation("identity")]
    program = compiled(layers, (11, 10, channels), backend=backend, dtype=dtype, batch_size=n)
    x = sample((n, 11, 10, channels)).astype(dtype)
    x[0, 5, 5, :] = np.nan
    before, after = program.predict(x, layer=0), program.predict(x, layer=1)
    assert (before < 0).any()
    assert np.isnan(before).any()
    assert_same_bytes(after, np.where(before < 0, 0, before).astype(dtype) + 0, name)
    assert_same_bytes(program.predict(x), after, "all layers")


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_gradients(name: str, backend: str) -> None:
    """Those of a network in which something stands between the two."""
    x, found = sample((5, 11, 10, 16)), []
    for between in ([], [L.Activation("identity")]):
        layers = [CONVOLUTIONS[name].replace(name="c"), *between, L.Activation("relu")]
        program = compiled([*layers, L.GlobalAvgPool()], x.shape[1:], backend=backend, batch_size=5)
        y = program.forward(x.astype("float32"), training=True)
        program.backward(np.ones_like(y))
        found.append({**gradients(program), "y": y})
    for key, value in found[0].items():
        assert_same_bytes(value, found[1][key], key)
