"""Direct convolutions are local: what an output does not see, it does not meet.

Winograd's are not: their bound is relative to the largest value of a tile, and is stated here.
"""

import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fastdl import functional as F
from fastdl import layers as L
from fastdl._core import Program
from fastdl.program import compile
from programs import assert_same_bytes, compiled, sample

BAD = [1e7, np.nan, np.inf, -np.inf]
# Layer and how far a pixel (12, 12) of 24x24 reaches: first and last row and column of the output.
LAYERS: dict[str, tuple[L.Layer, int, tuple[int, int]]] = {
    "3x3": (L.Conv2D(16, 3, padding="same"), 16, (11, 13)),
    "3x3-many": (L.Conv2D(70, 3, padding="same"), 64, (11, 13)),
    "3x3-valid": (L.Conv2D(16, 3), 16, (10, 12)),
    "5x5": (L.Conv2D(16, 5, padding="same"), 16, (10, 14)),
    "1x1": (L.Conv2D(16, 1), 16, (12, 12)),
    "1x1-stride": (L.Conv2D(16, 1, stride=2), 16, (6, 6)),
    "groups": (L.Conv2D(16, 3, padding="same", groups=4), 16, (11, 13)),
    "dilation": (L.Conv2D(16, 3, padding="same", dilation=2), 16, (10, 14)),
    "stride": (L.Conv2D(16, 3, stride=2, padding=1), 16, (6, 6)),
    "transpose": (L.Conv2DTranspose(16, 3, padding="same"), 16, (11, 13)),
    "transpose-stride": (L.Conv2DTranspose(16, 3, 2, "same"), 16, (24, 26)),
}


def build(name: str, backend: str, dtype: str, convolution: str = "direct") -> Program:
    layer, channels, _ = LAYERS[name]
    options = {"backend": backend, "dtype": dtype, "convolution": convolution}
    return compiled([layer], (24, 24, channels), batch_size=20, threads=2, **options)


def outside(y: NDArray[Any], reach: tuple[int, int]) -> NDArray[np.bool_]:
    rest = np.ones(y.shape, bool)
    rest[1, reach[0] : reach[1] + 1, reach[0] : reach[1] + 1] = False
    return rest


@pytest.mark.share(4)
@pytest.mark.parametrize("n", [20, 3])  # lanes full, and the samples one by one
@pytest.mark.parametrize("name", LAYERS)
def test_forward(name: str, n: int, backend: str, dtype: str) -> None:
    program = build(name, backend, dtype)
    x = sample((n, *program.input_shape)).astype(dtype)
    clean = program.predict(x)
    for bad in BAD:
        x[1, 12, 12, 3] = bad
        for y in (program.predict(x), program.forward(x, training=True)):
            rest = outside(y, LAYERS[name][2])
            assert_same_bytes(y[rest], clean[rest], f"{bad}")
            if not np.isfinite(bad):
                assert not np.isfinite(y[1, 12 * len(y[0]) // 24 - (name == "3x3-valid")]).all()


@pytest.mark.parametrize("name", ["3x3", "3x3-many", "transpose"])
def test_gradient_of_the_input(name: str, backend: str) -> None:
    layer, channels, (first, last) = LAYERS[name]
    program = compiled(
        [layer],
        (24, 24, channels),
        batch_size=20,
        backend=backend,
        input_gradient=True,
        convolution="direct",
    )
    x = sample((20, 24, 24, channels)).astype(np.float32)
    dy = sample((20, *program.output_shape), 1).astype(np.float32)
    program.forward(x, training=True)
    clean = program.backward(dy)
    assert clean is not None
    for bad in BAD:
        dy[1, 12, 12, 3] = bad
        dx = program.backward(dy)
        assert dx is not None
        rest = outside(dx, (first, last))
        assert_same_bytes(dx[rest], clean[rest], f"{bad}")


def test_gradient_of_the_weights(backend: str) -> None:
    """Of one filter: an outlier in its dy leaves the others alone."""
    program = compiled([L.Conv2D(16, 3)], (12, 12, 16), batch_size=20, backend=backend,
                       convolution="direct")  # fmt: skip
    x = sample((20, 12, 12, 16)).astype(np.float32)
    dy = sample((20, 10, 10, 16), 1).astype(np.float32)
    program.forward(x, training=True)
    program.backward(dy)
    clean = program.get_gradient("conv2d_1.weight")
    dy[0, 5, 5, 3] = np.nan
    program.backward(dy)
    dw = program.get_gradient("conv2d_1.weight")
    assert_same_bytes(np.delete(dw, 3, axis=3), np.delete(clean, 3, axis=3))
    assert np.isnan(dw[..., 3]).all()


def test_functional_is_direct() -> None:
    x, w = sample((1, 12, 12, 16)).astype(np.float32), sample((3, 3, 16, 16), 1).astype(np.float32)
    exact = F.conv2d(x.astype(np.float64), w.astype(np.float64))
    clean, fast = F.conv2d(x, w), F.conv2d(x, w, algorithm="winograd")
    assert np.abs(clean - exact).max() <= np.abs(fast - exact).max()
    assert np.any(clean != fast)
    np.testing.assert_allclose(fast, exact, atol=1e-4)
    x[0, 6, 6, 0] = 1e7
    moved = F.conv2d(x, w) != clean
    assert moved[0, 4:7, 4:7].any()
    moved[0, 4:7, 4:7] = False
    assert not moved.any()
    moved = F.conv2d(x, w, algorithm="winograd") != fast
    moved[0, 4:7, 4:7] = False
    assert moved.any()
    for name in ("conv2d", "conv2d_transpose"):
        backward = getattr(F, f"{name}_backward")
        dy = np.ones_like(getattr(F, name)(x, w))
        slow, quick = backward(dy, x, w), backward(dy, x, w, algorithm="winograd")
        assert any(np.any(a != b) for a, b in zip(slow, quick, strict=True)), name
        with pytest.raises(ValueError, match=rf"^{name}\(\): algorithm='fft' is not known. Choose"):
            getattr(F, name)(x, w, algorithm="fft")


def test_the_word_of_compile() -> None:
    layers = [L.Conv2D(16, 3, padding="same")]
    x = sample((1, 12, 12, 16)).astype(np.float32)
    fast, direct = (
        compile(layers, (12, 12, 16), random_state=0, convolution=word)
        for word in ("auto", "direct")
    )
    assert (fast.convolution, direct.convolution) == ("auto", "direct")
    assert np.any(fast.predict(x) != direct.predict(x))
    np.testing.assert_allclose(fast.predict(x), direct.predict(x), atol=1e-4)
    with pytest.raises(
        ValueError, match="convolution='dircet' is not known. Did you mean 'direct'"
    ):
        compile(layers, (12, 12, 16), convolution="dircet")


def test_the_environment() -> None:
    code = (
        "import numpy as np\nfrom fastdl import layers as L\nfrom fastdl.program import compile\n"
        "layers, x = [L.Conv2D(16, 3)], np.random.default_rng(0).normal(size=(1, 9, 9, 16))\n"
        "nets = [compile(layers, (9, 9, 16), random_state=0, convolution=c)\n"
        "        for c in ('auto', 'direct')]\n"
        "assert [net.convolution for net in nets] == ['direct', 'direct']\n"
        "a, b = (net.predict(x.astype('f4')) for net in nets)\nassert a.tobytes() == b.tobytes()\n"
    )
    run = [sys.executable, "-c", code]
    subprocess.run(run, env=_environment("direct"), check=True)
    assert subprocess.run(run, env=_environment("auto"), capture_output=True).returncode
    refused = subprocess.run(run, env=_environment("exact"), capture_output=True, text=True)
    text = "ValueError: FASTDL_CONVOLUTION='exact'; expected 'auto' or 'direct'."
    assert refused.stderr.strip().endswith(text)


def _environment(word: str) -> dict[str, str]:
    import os

    return os.environ | {"FASTDL_CONVOLUTION": word}


@pytest.mark.parametrize("largest", [1e2, 1e4, 1e7])
def test_winograds_bound(largest: float, backend: str) -> None:
    """What docs/environment.md says: errors up to 3e-6 times the largest value of the tile, times
    the root of the sum of a filter's squared weights."""
    program = build("3x3", backend, "float32", "auto")
    exact = build("3x3", backend, "float64")
    x = sample((20, 24, 24, 16))
    x[:, ::6, ::6] *= largest / 4
    error = np.abs(program.predict(x.astype(np.float32)) - exact.predict(x))
    weight = exact.get_parameter("conv2d_1.weight")
    norm = np.sqrt(np.sum(weight**2, axis=(0, 1, 2)))
    worst = (error / norm).max() / np.abs(x).max()
    assert worst <= 3e-6
