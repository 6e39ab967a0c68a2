"""`fastdl.functional.augment` with targets of pixels: they move as the images do."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import fastdl.functional as F
import reference
from fastdl import layers as L
from programs import sample
from reference import augment as reference_augment

N, SHAPE, SEED, EPOCH = 12, (7, 6), 2**40 + 11, 3
WHOLE = {"flip": "both", "shift": (2, 3)}
AFFINE = {**WHOLE, "rotate": 60, "scale": 0.3, "shear": 20}
OPTIONS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "flip": {"flip": "both"},
    "shift": {"shift": 3},
    "crop": {"crop": (4, 3), "shift": 1},
    "whole": WHOLE,
    "rotate": {"rotate": 180},
    "affine": AFFINE,
    "affine-crop": {**AFFINE, "crop": 5},
    "half": {**AFFINE, "probability": 0.5},
}
COLOURS = {"brightness": 0.5, "contrast": 0.5, "noise": 0.3, "cutout": 3}
FILLS = ["constant", "edge", "reflect"]


def images() -> NDArray[Any]:
    return sample((N, *SHAPE, 1))


def drawn(i: int, options: dict[str, Any]) -> dict[str, Any]:
    layer = L.Augment(**options).to_dict()
    return reference_augment.draw(reference.philox, layer, SHAPE, (SEED, 0, EPOCH), i)


def expected(
    y: NDArray[Any], weight: NDArray[Any], options: dict[str, Any], *, blends: bool
) -> tuple[NDArray[Any], NDArray[Any]]:
    fill = options.get("fill", "constant")
    each = [
        reference_augment.moved_targets(
            y[i], weight[i], drawn(i, options), fill, SHAPE, blends=blends
        )
        for i in range(N)
    ]
    return tuple(np.stack(of) for of in zip(*each, strict=True))  # type: ignore[return-value]


@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("name", OPTIONS)
def test_labels(name: str, fill: str) -> None:
    options = {**OPTIONS[name], "fill": fill}
    y = np.random.default_rng(1).integers(5, size=(N, *SHAPE))
    _, found = F.augment(images(), seed=SEED, epoch=EPOCH, targets=y, **options, **COLOURS)
    wanted, weight = expected(y[..., np.newaxis] + 1.0, np.ones(y.shape), options, blends=False)
    assert found.dtype == y.dtype
    np.testing.assert_array_equal(found, wanted[..., 0] - 1)
    assert ((found == -1) == (weight == 0)).all()
    assert (found == -1).any() == (fill == "constant" and name not in ("nothing", "flip"))


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("fill", FILLS)
@pytest.mark.parametrize("name", OPTIONS)
def test_numbers(name: str, fill: str, masked: bool) -> None:
    options = {**OPTIONS[name], "fill": fill}
    y, weight = sample((N, *SHAPE, 2), 1), np.ones((N, *SHAPE))
    if masked:
        weight[np.random.default_rng(2).uniform(size=weight.shape) < 0.3] = 0
        y[weight == 0] = np.nan
    _, found = F.augment(images(), seed=SEED, epoch=EPOCH, targets=y, **options, **COLOURS)
    wanted, left = expected(y, weight, options, blends=True)
    wanted[left == 0] = np.nan
    np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12)
    _, single = F.augment(
        images(), seed=SEED, epoch=EPOCH, targets=y.astype(np.float32), **options, **COLOURS
    )
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, wanted, rtol=0, atol=2e-5)


@pytest.mark.parametrize("fill", ["edge", "reflect"])
@pytest.mark.parametrize("name", OPTIONS)
def test_what_the_image_shows_is_what_its_pixels_are(name: str, fill: str) -> None:
    """X as its own y."""
    x = images()
    y, found = F.augment(x, targets=x, seed=2, fill=fill, **OPTIONS[name])
    np.testing.assert_allclose(found, y, rtol=0, atol=1e-12)
    if name in ("nothing", "flip", "shift", "crop", "whole"):
        np.testing.assert_array_equal(found, y)
        marked = np.arange(x.size).reshape(x.shape[:3])
        _, places = F.augment(x, targets=marked, seed=2, fill=fill, **OPTIONS[name])
        np.testing.assert_array_equal(x.ravel()[places], y[..., 0])


@pytest.mark.parametrize(
    ("y", "dtype", "outside"),
    [
        (np.ones((N, *SHAPE), np.uint8), np.int16, -1),
        (np.ones((N, *SHAPE), np.uint64), np.int64, -1),
        (np.ones((N, *SHAPE), bool), np.int8, -1),
        (np.full((N, *SHAPE), "cat"), object, None),
        (np.ones((N, *SHAPE, 3), np.int32), np.int32, -1),
        (np.ones((N, *SHAPE), np.float16), np.float16, np.nan),
    ],
    ids=lambda y: y.dtype.name if isinstance(y, np.ndarray) else None,
)
def test_pixels_from_outside_do_not_count(y: NDArray[Any], dtype: Any, outside: Any) -> None:
    _, found = F.augment(images(), targets=y, shift=2)
    assert found.dtype == dtype
    assert found.shape == y.shape
    for value in found.ravel().tolist():
        assert value in ("cat", 1) or value is outside or value == outside or value != value


def test_grey_images_and_none() -> None:
    y = np.zeros((N, *SHAPE), np.int64)
    _, found, draws = F.augment(images()[..., 0], targets=y, rotate=9, return_draws=True)
    assert found.shape == y.shape
    assert "targets" not in draws
    x, boxes, none = F.augment(images()[:0], targets=y[:0], boxes=[], flip="both")
    assert x.shape == (0, *SHAPE, 1)
    assert boxes == []
    assert none.shape == (0, *SHAPE)


@pytest.mark.parametrize(
    ("y", "shape"),
    [
        (np.zeros((N, 5, 6)), (N, 5, 6)),
        (np.zeros(N), (N,)),
        (np.zeros((N, *SHAPE, 2, 1)), (N, *SHAPE, 2, 1)),
        (np.zeros((N - 1, *SHAPE)), (N - 1, *SHAPE)),
        (np.zeros((N, *SHAPE, 0)), (N, *SHAPE, 0)),
    ],
)
def test_message_for_other_targets(y: NDArray[Any], shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="targets") as caught:
        F.augment(images(), targets=y)
    assert str(caught.value) == (
        f"augment(): targets has shape {shape}; expected (12, 7, 6), one for every pixel, or "
        "(12, 7, 6, k)."
    )
