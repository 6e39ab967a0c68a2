"""Convolutions of few channels in each precision, by sizes that lead to each kind of tile.

Forward and back to the data, against float64 and in three orders of a block's threads; and the same
bytes whatever else lies in the batch.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

import backends
from fastdl import layers as L
from programs import assert_same_bytes, compiled, sample

test_backends = pytest.importorskip("fastdl._test_backends")
pytestmark = pytest.mark.share(8)

LIMITS = {"float32": 1e-5, "tf32": 1e-3, "bf16": 8e-3}  # of the norm of what is compared
SIZES = {  # samples, height, width, channels, filters, kernel, padding
    "one channel": (3, 28, 28, 1, 6, 5, 2),
    "no packs": (4, 14, 14, 6, 16, 5, 0),
    "several images in a tile": (3, 8, 8, 16, 16, 3, 1),
    "several groups of filters": (2, 6, 5, 20, 36, 3, 1),
    "tiles across": (2, 10, 70, 4, 8, 3, 1),
    "more padding than the kernel sees": (2, 4, 3, 3, 5, 2, 3),
}


@pytest.fixture(autouse=True)
def ordered_again() -> Iterator[None]:
    backends.add()
    yield
    test_backends.emulate()


def padded(x: NDArray[Any], by: int) -> NDArray[Any]:
    return np.pad(x.astype(np.float64), ((0, 0), (by, by), (by, by), (0, 0)))


def exact(x: NDArray[Any], w: NDArray[Any], dy: NDArray[Any], pad: int) -> dict[str, NDArray[Any]]:
    """By their definition: w (k, k, c, f); windows (n, h, w, c, k, k)."""
    k = len(w)
    seen = sliding_window_view(padded(x, pad), (k, k), axis=(1, 2))
    y = np.einsum("nhwcij,ijcf->nhwf", seen, w, optimize=True)
    slopes = sliding_window_view(padded(dy, k - 1), (k, k), axis=(1, 2))
    dx = np.einsum("nhwfij,ijcf->nhwc", slopes, w[::-1, ::-1], optimize=True)
    return {"y": y, "dx": dx[:, pad : pad + x.shape[1], pad : pad + x.shape[2]]}


@pytest.mark.parametrize("precision", LIMITS)
@pytest.mark.parametrize("size", SIZES)
def test_convolutions_of_few_channels(size: str, precision: str) -> None:
    n, h, w, c, f, kernel, pad = SIZES[size]
    x = sample((n, h, w, c), 1).astype(np.float32)
    dy = sample((n, h + 2 * pad - kernel + 1, w + 2 * pad - kernel + 1, f), 2).astype(np.float32)
    first: dict[str, NDArray[Any]] = {}
    for order in ("forward", "reverse", "random"):
        test_backends.emulate(order=order, hide=True, late=True)
        program = compiled(
            [L.Conv2D(f, kernel, padding=pad, name="conv")],
            (h, w, c),
            backend=backends.EMULATED,
            dtype="float32",
            precision=precision,
            batch_size=n,
            input_gradient=True,
        )
        found = {"y": program.forward(x, training=True)}
        found["dx"] = program.backward(dy)
        for name, value in found.items():
            assert_same_bytes(value, first.setdefault(name, value), f"{name}, {order} order")
    assert_same_bytes(program.forward(x[-1:], training=True), first["y"][-1:], "alone")
    assert_same_bytes(program.backward(dy[-1:]), first["dx"][-1:], "alone")
    weight, bias = (program.get_parameter(f"conv.{what}") for what in ("weight", "bias"))
    wanted = exact(x, weight.astype(np.float64), dy, pad)
    wanted["y"] += bias
    for name, value in wanted.items():
        error = np.linalg.norm(first[name] - value) / np.linalg.norm(value)
        assert error <= LIMITS[precision], (name, error)
