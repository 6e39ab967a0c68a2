"""A sample alone goes another way through images than a batch; it comes out with the same bytes."""

import ctypes
import itertools
import mmap
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cases import CASES, Case
from fastdl import layers as L
from programs import assert_same_bytes, compiled, sample

IMAGES = [case for case in CASES if len(case.input_shape) == 3]
ROWS = [case for case in CASES if len(case.input_shape) == 1]
LARGER = {
    "patches of several bands": ((40, 39, 16), [L.Conv2D(9, 5, padding="same")]),
    "strides, dilation, groups": (
        (33, 31, 6),
        [L.Conv2D(8, 3, stride=(2, 3), groups=2), L.Conv2D(4, 2, dilation=(3, 2))],
    ),
    "few filters": (
        (21, 150, 19),
        [
            L.Conv2D(3, 5, padding="same"),
            L.Conv2D(5, (2, 3), stride=(2, 1), padding=((0, 3), (2, 1))),
            L.Conv2D(1, 1),
            L.Conv2D(1, 4, dilation=2, bias=False),
        ],
    ),
    "many filters over wide rows": (
        (11, 70, 5),
        [
            L.Conv2D(70, 5, padding="same"),
            L.Conv2D(44, (2, 3), padding=3, groups=2, bias=False),
            L.Conv2D(33, 3, stride=(1, 2), dilation=(2, 1)),
        ],
    ),
    "a kernel for each channel": (
        (20, 23, 35),
        [
            L.DepthwiseConv2D(3, padding="same"),
            L.DepthwiseConv2D(5, stride=2, padding=3, bias=False),
            L.DepthwiseConv2D((2, 3), dilation=2),
            L.DepthwiseConv2D((3, 7), stride=(1, 2), padding=(0, 6)),
        ],
    ),
    "a kernel for each channel, wider than the map": (
        (4, 4, 18),
        [
            L.DepthwiseConv2D(5, padding="same"),
            L.DepthwiseConv2D(3, padding=((0, 2), (2, 0)), bias=False),
            L.DepthwiseConv2D(5, stride=2, padding=((0, 3), (0, 3))),
        ],
    ),
    "many filters over narrow rows": (
        (17, 16, 5),
        [
            L.Conv2D(50, 3, padding="same", bias=False),
            L.Conv2D(66, 3, stride=2, padding=((0, 2), (3, 1))),
            L.Conv2D(36, 1, stride=2, padding=5, groups=2),
            L.Conv2D(150, (1, 2), dilation=(1, 3)),
        ],
    ),
    "Winograd": ((32, 30, 16), [L.Conv2D(40, 3, padding="same"), L.Conv2D(19, 3)]),
    "1x1": ((9, 9, 35), [L.Conv2D(70, 1), L.Conv2D(20, 1, groups=2)]),
    "around a residual": (
        (8, 8, 5),
        [
            L.Residual(
                [L.Conv2D(16, 3, stride=2, padding=1), L.BatchNorm()],
                [L.AvgPool2D(2), L.Conv2D(16, 1)],
            ),
            L.Activation("relu"),
            L.GlobalAvgPool(),
            L.Dense(3),
        ],
    ),
    "branches side by side": (
        (9, 8, 6),
        [
            L.Concat(
                [
                    [L.Conv2D(20, 1), L.Activation("relu")],
                    [L.Conv2D(7, 1), L.Conv2D(18, 3, padding="same")],
                    [L.MaxPool2D(3, 1, "same"), L.Conv2D(5, 1)],
                    [],
                ]
            ),
            L.Conv2D(8, 1),
            L.GlobalAvgPool(),
        ],
    ),
    "down and up again": (
        (8, 6, 3),
        [
            L.Conv2D(20, 3, padding="same"),
            L.Concat([[], [L.Conv2D(33, 3, 2, "same"), L.Upsample2D(2, "bilinear")]]),
            L.Upsample2D((1, 3)),
            L.Conv2D(5, 1),
        ],
    ),
    "transposed": (
        (7, 9, 20),
        [
            L.Conv2DTranspose(36, 3, 2, "same"),
            L.Conv2DTranspose(18, (2, 4), (1, 2), ((1, 0), (2, 1)), groups=2, bias=False),
            L.Conv2DTranspose(18, 3, groups=18, padding=1),
            L.Conv2DTranspose(3, 4, 2, 1),
            L.Conv2DTranspose(5, 2, 3, 0, 1, dilation=2),
        ],
    ),
    "transposed, by Winograd": ((12, 13, 24), [L.Conv2DTranspose(33, 3, padding=1)]),
    "transposed, and cropped by more than its kernel": (
        (9, 30, 5),
        [
            L.Conv2DTranspose(18, (2, 1), padding=((3, 2), (1, 4))),
            L.Conv2DTranspose(3, (1, 3), 1, ((1, 1), (5, 4)), bias=False),
        ],
    ),
    "transposed, most outputs the bias": ((6, 5, 7), [L.Conv2DTranspose(4, (1, 2), 3)]),
    "sums over channels": (
        (9, 11, 37),
        [
            L.LayerNorm(),
            L.Conv2D(48, 1),
            L.GroupNorm(16),
            L.UnitNorm(),
            L.GroupNorm(3),
            L.Activation("softmax"),
            L.GroupNorm(48),
            L.Conv2D(20, 3),
            L.GroupNorm(1),
            L.GroupNorm(4),
            L.Activation("softmax"),
            L.LayerNorm(),
        ],
    ),
    "norms over many pixels": ((40, 41, 6), [L.GroupNorm(2), L.Conv2D(70, 1), L.GroupNorm(2)]),
    "out of rows": ((48,), [L.Reshape((4, 4, 3)), L.Conv2D(20, 3), L.Flatten(), L.Dense(2)]),
}


def check(
    layers: list[L.Layer], input_shape: tuple[int, ...], backend: str, dtype: str, n: int
) -> None:
    program = compiled(layers, input_shape, backend=backend, dtype=dtype, batch_size=n)
    x = sample((n, *input_shape)).astype(dtype)
    whole = program.forward(x)  # always in blocks; predict has the choice
    for i in range(n):
        assert_same_bytes(program.predict(x[i : i + 1]), whole[i : i + 1], f"sample {i}")


@pytest.mark.parametrize("case", IMAGES, ids=lambda case: case.id)
def test_layers(case: Case, backend: str, dtype: str) -> None:
    check(case.layers, case.input_shape, backend, dtype, 5)


@pytest.mark.parametrize("name", LARGER)
def test_networks(name: str, backend: str, dtype: str) -> None:
    input_shape, layers = LARGER[name]
    check(layers, input_shape, backend, dtype, 17)


@pytest.mark.parametrize("filters", [9, 31, 40])
def test_rows_of_every_width(filters: int, backend: str, dtype: str) -> None:
    """A tile for each number of pixels, by as many vectors of filters as go together."""
    for width in range(1, 15):
        layers = [L.Conv2D(filters, (2, 3), padding=((0, 1), (1, 1)))]
        check(layers, (2, width, 3), backend, dtype, 2)


@pytest.mark.parametrize("batch_size", [7, 16, 40])
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_what_is_left_of_a_batch(threads: int, batch_size: int, backend: str) -> None:
    """Blocks, then one by one or each thread its own, or all alone, as measured by calls before."""
    input_shape, layers = LARGER["around a residual"]
    program = compiled(layers, input_shape, backend=backend, batch_size=batch_size, threads=threads)
    x = sample((43, *input_shape)).astype("float32")
    one_by_one = np.concatenate([program.predict(x[i : i + 1]) for i in range(len(x))])
    for n in (1, 2, 3, 5, 8, 12, 16, 17, 21, 24, 31, 33, 43):
        assert_same_bytes(program.predict(x[:n]), one_by_one[:n], f"{n} samples")


@pytest.mark.parametrize(
    "name",
    [
        "Winograd",
        "patches of several bands",
        "strides, dilation, groups",
        "many filters over narrow rows",
        "transposed",
        "transposed, by Winograd",
    ],
)
def test_weights_that_change(name: str, backend: str, dtype: str) -> None:
    """The forms of weights that are kept for the next sample follow them."""
    input_shape, layers = LARGER[name]
    layers = [*layers, L.GlobalAvgPool()]
    program = compiled(layers, input_shape, backend=backend, dtype=dtype, batch_size=8)
    x = sample((8, *input_shape)).astype(dtype)
    first, n_outputs = program.parameters[0], program.output_shape[-1]
    y = np.zeros((8, n_outputs), dtype)
    program.set_loss("squared_error")
    program.set_optimizer_rule("sgd")

    def change() -> None:
        program.set_parameter(first.name, program.get_parameter(first.name) / 2)

    def learn() -> None:
        program.train_epoch(x, y, np.arange(8), np.array([0.01]))

    def agree() -> np.ndarray:
        whole = program.forward(x)
        for i in (0, 1):
            assert_same_bytes(program.predict(x[i : i + 1]), whole[i : i + 1], f"sample {i}")
        return whole

    seen = [agree()]
    program.predict(x[:0])
    for step in (change, learn, change):
        step()
        few = program.predict(x[:1], layer=0)  # the other layers' weights are not met
        whole = compiled(layers[:1], input_shape, backend=backend, dtype=dtype, batch_size=8)
        for p in whole.parameters:
            whole.set_parameter(p.name, program.get_parameter(p.name))
        assert_same_bytes(few, whole.forward(x)[:1], "the first layer")
        seen.append(agree())
    assert all((a != b).any() for a, b in itertools.pairwise(seen))


def test_threads() -> None:
    """Enough work that a sample alone always has a team."""
    layers: list[Any] = [
        L.Conv2D(40, 3, padding=1),
        L.BatchNorm(),
        L.Residual([L.Conv2D(40, 3, padding=1), L.PReLU(), L.Conv2D(40, 5, padding=2)]),
        L.Conv2D(64, 3, stride=2, padding=1),
        L.BatchNorm(),
        L.Conv2D(80, 3, padding=1),
        L.MaxPool2D(3),
        L.Conv2D(70, 3, padding=1),
        L.Conv2D(33, 1, stride=2),
        L.Conv2DTranspose(24, 3, 2, 1),
        L.GroupNorm(8),
        L.LayerNorm(),
    ]
    x = sample((1, 48, 45, 3)).astype("float32")
    expected = compiled(layers, x.shape[1:], dtype="float32", threads=1).predict(x)
    for threads in (2, 3, 4, 7):
        program = compiled(layers, x.shape[1:], dtype="float32", threads=threads)
        assert program.team_size(1) == threads
        assert_same_bytes(program.predict(x), expected, f"{threads} threads")


def before_a_wall(values: NDArray[Any], *, writable: bool) -> NDArray[Any]:
    """A copy that ends where memory may no longer be read; nor written, unless it says so."""
    room = -(-values.nbytes // mmap.PAGESIZE) * mmap.PAGESIZE
    pages = mmap.mmap(-1, room + mmap.PAGESIZE)
    copy = np.frombuffer(pages, values.dtype, values.size, room - values.nbytes)
    copy = copy.reshape(values.shape)
    copy[...] = values
    start = ctypes.addressof(ctypes.c_char.from_buffer(pages))
    protect = ctypes.CDLL(None, use_errno=True).mprotect
    protect.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    assert protect(start + room, mmap.PAGESIZE, 0) == 0
    if not writable:
        assert protect(start, room, 1) == 0  # PROT_READ
    return copy


@pytest.mark.skipif(sys.platform != "linux", reason="walls are built by mprotect")
@pytest.mark.parametrize("case", [*IMAGES, *ROWS], ids=lambda case: case.id)
def test_arrays_of_the_user(case: Case, backend: str, dtype: str) -> None:
    """X is read and y written where they lie; what lies beside them would end the process."""
    for n in (2, 19):  # rows lie there in batches, too
        program = compiled(
            case.layers, case.input_shape, backend=backend, dtype=dtype, batch_size=8
        )
        x = case.inputs(n).astype("float32")
        other = "float64" if dtype == "float32" else "float32"
        expected = program.predict(x.astype(other))  # which is copied
        y = before_a_wall(np.zeros_like(expected), writable=True)
        assert program.predict(before_a_wall(x.astype(dtype), writable=False), out=y) is y
        assert_same_bytes(y, expected, f"answers to {n}")


def test_answers_in_place_of_samples(backend: str, dtype: str) -> None:
    layers = [L.Conv2D(3, 3, padding="same"), L.Activation("tanh"), L.Conv2D(3, 5, padding="same")]
    program = compiled(layers, (9, 9, 3), backend=backend, dtype=dtype, batch_size=8)
    for n in (1, 2):
        x = sample((n + 1, 9, 9, 3)).astype(dtype)
        expected = program.predict(x[:n].copy())
        beside = x.copy()
        assert_same_bytes(program.predict(x[:n], out=x[:n]), expected, "the same array")
        if n == 1:
            program.predict(beside[:1], out=beside.ravel()[100:343].reshape(1, 9, 9, 3))
            assert_same_bytes(beside.ravel()[100:343].reshape(1, 9, 9, 3), expected, "a part")
