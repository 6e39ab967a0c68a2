"""The gradient of a convolution's weights in each precision.

By sizes that lead to each kind of block and tile, in three orders of a block's threads, against
float64.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import backends
from fastdl import layers as L
from programs import assert_same_bytes, compiled, sample

test_backends = pytest.importorskip("fastdl._test_backends")
pytestmark = pytest.mark.share(8)

LIMITS = {"float32": 1e-5, "tf32": 1e-3, "bf16": 8e-3}  # of the norm of what is compared
SIZES = {  # samples, height, width, channels, filters, kernel, stride, groups
    "one channel, few filters": (3, 28, 28, 1, 6, 5, 1, 1),
    "three channels": (2, 16, 17, 3, 40, 3, 1, 1),
    "no packs": (2, 14, 14, 6, 15, 5, 1, 1),
    "packs": (3, 12, 10, 16, 16, 3, 1, 1),
    "strides": (2, 17, 16, 16, 32, 3, 2, 1),
    "points": (2, 9, 8, 20, 24, 1, 2, 1),
    "groups": (2, 9, 8, 16, 24, 3, 1, 2),
    "channels in blocks": (1, 5, 6, 68, 72, 3, 1, 1),
    "long rows": (1, 2, 300, 4, 8, 3, 1, 1),
    "many small images": (9, 4, 4, 8, 8, 3, 1, 1),
    "large": (8, 16, 16, 36, 36, 3, 1, 1),
    "a kernel no block can have": (1, 4, 4, 5, 3, 13, 1, 1),
}


@pytest.fixture(autouse=True)
def ordered_again() -> Iterator[None]:
    backends.add()
    yield
    test_backends.emulate()


def gradients(
    x: NDArray[Any], dy: NDArray[Any], kernel: int, stride: int, groups: int
) -> tuple[NDArray[Any], NDArray[Any]]:
    """dw (kernel, kernel, c / groups, f) and db (f,), in float64; padding of kernel // 2."""
    pad, (_, oh, ow, f) = kernel // 2, dy.shape
    x = np.pad(x.astype(np.float64), ((0, 0), (pad, pad), (pad, pad), (0, 0)))
    dy = dy.astype(np.float64)
    c = x.shape[-1] // groups
    dw = np.zeros((kernel, kernel, c, f))
    for a in range(kernel):
        for b in range(kernel):
            seen = x[:, a : a + oh * stride : stride, b : b + ow * stride : stride]
            for g in range(groups):
                filters = slice(g * f // groups, (g + 1) * f // groups)
                dw[a, b, :, filters] = np.einsum(
                    "nijc,nijf->cf", seen[..., g * c : (g + 1) * c], dy[..., filters]
                )
    return dw, dy.sum(axis=(0, 1, 2))


@pytest.mark.parametrize("precision", LIMITS)
@pytest.mark.parametrize("size", SIZES)
def test_gradient_of_weights(size: str, precision: str) -> None:
    n, h, w, c, f, kernel, stride, groups = SIZES[size]
    oh, ow = ((side + 2 * (kernel // 2) - kernel) // stride + 1 for side in (h, w))
    x = sample((n, h, w, c), 1).astype(np.float32)
    dy = sample((n, oh, ow, f), 2).astype(np.float32)
    first: dict[str, NDArray[Any]] = {}
    for order in ("forward", "reverse", "random"):
        test_backends.emulate(order=order, hide=True, late=True)
        program = compiled(
            [L.Conv2D(f, kernel, stride, kernel // 2, groups=groups, name="conv")],
            (h, w, c),
            backend=backends.EMULATED,
            dtype="float32",
            precision=precision,
            batch_size=n,
            input_gradient=False,
        )
        program.forward(x, training=True)
        program.backward(dy)
        found = {"dw": program.get_gradient("conv.weight"), "db": program.get_gradient("conv.bias")}
        for name, value in found.items():
            assert_same_bytes(value, first.setdefault(name, value), f"{name}, {order} order")
    dw, db = gradients(x, dy, kernel, stride, groups)
    for name, exact in (("dw", dw), ("db", db)):
        limit = LIMITS["float32" if name == "db" else precision]
        error = np.linalg.norm(first[name] - exact) / np.linalg.norm(exact)
        assert error <= limit, (name, error)
