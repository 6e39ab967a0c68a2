"""Products of matrices in each precision, by a dense layer whose sizes lead to each kind of tile.

In three orders of a block's threads, against float64: sizes that fill no tile, rows that do not lie
on 16 bytes, a depth that is shared by the warps of a block, and one that is split.
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
SIZES = {  # samples, features, units
    "one value": (1, 1, 1),
    "odd": (7, 33, 5),
    "narrow": (50, 100, 10),
    "aligned": (64, 84, 40),
    "deep": (3, 4200, 8),
    "deep gradient": (4200, 8, 3),
    "wide": (16, 40, 1100),
    "large": (300, 20, 520),
}


@pytest.fixture(autouse=True)
def ordered_again() -> Iterator[None]:
    backends.add()
    yield
    test_backends.emulate()


@pytest.mark.parametrize("precision", LIMITS)
@pytest.mark.parametrize("size", SIZES)
def test_products_of_a_dense_layer(size: str, precision: str) -> None:
    n, features, units = SIZES[size]
    x = sample((n, features), 1).astype(np.float32)
    dy = sample((n, units), 2).astype(np.float32)
    first: dict[str, NDArray[Any]] = {}
    for order in ("forward", "reverse", "random"):
        test_backends.emulate(order=order, hide=True, late=True)
        program = compiled(
            [L.Dense(units, name="dense")],
            (features,),
            backend=backends.EMULATED,
            dtype="float32",
            precision=precision,
            batch_size=n,
            input_gradient=True,
        )
        w, b = (program.get_parameter(f"dense.{what}") for what in ("weight", "bias"))
        found = {"y": program.forward(x, training=True)}
        found["dx"] = program.backward(dy)
        found["dw"] = program.get_gradient("dense.weight")
        found["db"] = program.get_gradient("dense.bias")
        for name, value in found.items():
            assert_same_bytes(value, first.setdefault(name, value), f"{name}, {order} order")
    x64, dy64, w64 = (a.astype(np.float64) for a in (x, dy, w))
    exact = {"y": x64 @ w64 + b, "dx": dy64 @ w64.T, "dw": x64.T @ dy64, "db": dy64.sum(axis=0)}
    for name, value in exact.items():
        limit = LIMITS["float32" if name == "db" else precision]
        error = np.linalg.norm(first[name] - value) / np.linalg.norm(value)
        assert error <= limit, (name, error)
