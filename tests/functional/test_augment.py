"""`fastdl.functional.augment`: each option against NumPy, what is drawn, and boxes."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats

import fastdl.functional as F
import reference
from fastdl import layers as L
from programs import sample
from reference import augment as reference_augment

SEED = 2**40 + 11
OPTIONS: dict[str, dict[str, Any]] = {
    "nothing": {},
    "flip": {"flip": "horizontal"},
    "flip-vertical": {"flip": "vertical"},
    "flip-both": {"flip": "both"},
    "shift": {"shift": 3},
    "shift-columns": {"shift": (0, 20)},
    "crop": {"crop": (4, 3)},
    "crop-shift": {"crop": 5, "shift": 2, "fill": "reflect"},
    "rotate": {"rotate": 40},
    "rotate-edge": {"rotate": 180, "fill": "edge"},
    "rotate-reflect": {"rotate": 180, "scale": 0.9, "fill": "reflect"},
    "scale": {"scale": 0.5},
    "shear": {"shear": 30},
    "affine": {"flip": "both", "shift": 2, "rotate": 25, "scale": 0.2, "shear": 15},
    "affine-crop": {"crop": 4, "rotate": 90, "scale": 0.3, "flip": "horizontal"},
    "brightness": {"brightness": 0.5},
    "contrast": {"contrast": 1.0},
    "saturation": {"saturation": 1},
    "hue": {"hue": 0.5},
    "colours": {"brightness": 0.3, "contrast": 0.4, "saturation": 0.5, "hue": 0.1},
    "noise": {"noise": 0.7},
    "cutout": {"cutout": 3},
    "cutout-wide": {"cutout": (2, 50)},
    "mixup": {"mixup": 0.3},
    "mixup-even": {"mixup": 4, "noise": 0.1, "flip": "horizontal"},
    "probability": {"probability": 0.4, "rotate": 30, "contrast": 0.5, "mixup": 1, "cutout": 2},
}
COLOURED = ("saturation", "hue")


def images(n: int = 12, shape: tuple[int, ...] = (7, 6, 3), seed: int = 0) -> NDArray[Any]:
    return sample((n, *shape), seed)


def expected(x: NDArray[Any], *, epoch: int = 3, **options: Any) -> NDArray[np.float64]:
    layer = L.Augment(**options).to_dict()
    tools = reference.philox, reference.normal_quantile
    return reference_augment.augment(x, layer, *tools, SEED, epoch=epoch)


@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("name", OPTIONS)
def test_each_option(name: str, channels: int) -> None:
    options = OPTIONS[name]
    if channels != 3 and any(option in options for option in COLOURED):
        return
    x = images(shape=(7, 6, channels))
    y = F.augment(x, seed=SEED, epoch=3, **options)
    assert y.dtype == x.dtype
    np.testing.assert_allclose(y, expected(x, **options), rtol=0, atol=1e-12)
    single = F.augment(x.astype(np.float32), seed=SEED, epoch=3, **options)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, y, rtol=0, atol=2e-5)


@pytest.mark.parametrize("name", OPTIONS)
def test_bytes_stay_bytes(name: str) -> None:
    x = np.random.default_rng(0).integers(0, 256, (8, 9, 8, 3)).astype(np.uint8)
    y = F.augment(x, seed=SEED, epoch=3, **OPTIONS[name])
    assert y.dtype == np.uint8
    wanted = expected(x, **OPTIONS[name])
    assert wanted.min() >= 0
    assert np.abs(y - wanted).max() <= 0.501


def test_grey_images_need_no_channel() -> None:
    x = images(shape=(7, 6, 1))
    options = OPTIONS["affine"]
    y = F.augment(x[..., 0], seed=1, **options)
    np.testing.assert_array_equal(y, F.augment(x, seed=1, **options)[..., 0])


@pytest.mark.parametrize("dtype", [np.int64, np.int16, np.bool_, np.float16])
def test_other_numbers_are_floats(dtype: Any) -> None:
    x = images().astype(dtype)
    y = F.augment(x, rotate=20)
    assert y.dtype == (np.float32 if dtype == np.float16 else np.float64)
    np.testing.assert_allclose(y, F.augment(x.astype(np.float64), rotate=20), atol=1e-5)


def test_whole_pixels_keep_their_values() -> None:
    x = np.arange(1, 1 + 4 * 8 * 5 * 2, dtype=np.float32).reshape(4, 8, 5, 2) / 3
    y = F.augment(x, flip="both", shift=2, fill="reflect", seed=2)
    for i in range(4):
        assert set(y[i].ravel()) <= set(x[i].ravel())
    with_zeros = F.augment(x, flip="both", shift=2, seed=2)
    assert set(with_zeros.ravel()) <= {0, *x.ravel()}


def test_a_draw_is_of_seed_epoch_and_sample() -> None:
    x = np.repeat(images(1), 5, axis=0)
    options = {**OPTIONS["affine"], **OPTIONS["colours"], "noise": 0.1, "cutout": 2}
    y = F.augment(x, seed=4, epoch=1, **options)
    assert len({of_one.tobytes() for of_one in y}) == 5
    np.testing.assert_array_equal(F.augment(x[:3], seed=4, epoch=1, **options), y[:3])
    for other in (
        {"seed": 5, "epoch": 1},
        {"seed": 4, "epoch": 2},
        {"seed": 4 + 2**33, "epoch": 1},
    ):
        assert (F.augment(x, **other, **options) != y).any(axis=(1, 2, 3)).all()


def test_one_option_does_not_move_the_draws_of_another() -> None:
    _, alone = F.augment(images(), rotate=30, return_draws=True)
    _, more = F.augment(images(), rotate=30, hue=0.2, mixup=1, cutout=3, return_draws=True)
    np.testing.assert_array_equal(alone["map"], more["map"])


# --- distributions -------------------------------------------------------------------------------
N = 4000


def draws(**options: Any) -> dict[str, NDArray[Any]]:
    found: dict[str, NDArray[Any]]
    _, found = F.augment(np.zeros((N, 6, 8, 3), np.float32), seed=8, return_draws=True, **options)
    return found


def assert_uniform(values: NDArray[Any], low: float, high: float) -> None:
    assert stats.kstest(values, stats.uniform(low, high - low).cdf).pvalue > 1e-3
    assert low <= values.min()
    assert values.max() <= high


def assert_even(values: NDArray[Any], of: list[Any]) -> None:
    found, counts = np.unique(values, return_counts=True)
    np.testing.assert_array_equal(found, of)
    assert stats.chisquare(counts).pvalue > 1e-3


def test_angles_are_uniform() -> None:
    at = draws(rotate=25)["map"]
    assert_uniform(np.rad2deg(np.arctan2(at[:, 0, 1], at[:, 0, 0])), -25, 25)


def test_factors_and_slopes_are_uniform() -> None:
    assert_uniform(1 / draws(scale=0.3)["map"][:, 0, 0], 0.7, 1.3)
    at = draws(shear=20)["map"]
    assert_uniform(np.rad2deg(np.arctan(-at[:, 1, 0])), -20, 20)


def test_shifts_are_uniform_whole_pixels() -> None:
    at = draws(shift=(1, 3))["map"][:, :, 2]
    assert_even(at[:, 0], [-1, 0, 1])
    assert_even(at[:, 1], [*range(-3, 4)])
    assert abs(np.corrcoef(at.T)[0, 1]) < 0.05
    assert_even(draws(crop=(5, 2), shift=(1, 0))["map"][:, 0, 2], [-1, 0, 1, 2])


def test_flips_are_even_and_independent() -> None:
    at = draws(flip="both")["map"]
    assert_even(2 * at[:, 0, 0] + at[:, 1, 1], [-3, -1, 1, 3])


def test_colours_are_uniform() -> None:
    found = draws(brightness=0.2, contrast=0.4, saturation=1, hue=0.1)
    assert_uniform(found["brightness"], 0.8, 1.2)
    assert_uniform(found["contrast"], 0.6, 1.4)
    assert_uniform(found["saturation"], 0, 2)
    assert_uniform(found["hue"], -0.1, 0.1)


def test_middles_of_cutouts_are_uniform() -> None:
    top, bottom, left, right = draws(cutout=1)["cutout"].T
    assert (bottom == top + 1).all()
    assert (right == left + 1).all()
    assert_even(8 * top + left, [*range(48)])


@pytest.mark.parametrize("alpha", [0.15, 0.4, 1.0, 1.7, 30.0])
def test_shares_are_beta(alpha: float) -> None:
    found = draws(mixup=alpha)
    assert stats.kstest(found["weight"], stats.beta(alpha, alpha).cdf).pvalue > 1e-3
    assert_even(found["partner"] // (N // 20), [*range(20)])


def test_noise_is_normal() -> None:
    noise = F.augment(np.zeros((20, 30, 30, 3)), noise=0.5, seed=3)
    assert stats.kstest(noise.ravel(), stats.norm(0, 0.5).cdf).pvalue > 1e-3


def test_probability_is_that_of_being_changed() -> None:
    found = draws(rotate=30, hue=0.2, mixup=0.5, probability=0.3)
    changed = found["hue"] != 0
    assert abs(changed.mean() - 0.3) < 0.03
    np.testing.assert_array_equal(changed, found["weight"] != 1)
    np.testing.assert_array_equal(changed, found["map"][:, 0, 1] != 0)


def test_mixing_by_the_draws() -> None:
    x = images(30)
    y, found = F.augment(x, mixup=0.5, return_draws=True)
    w = found["weight"][:, np.newaxis, np.newaxis, np.newaxis]
    np.testing.assert_allclose(y, w * x + (1 - w) * x[found["partner"]], atol=1e-12)


# --- boxes ---------------------------------------------------------------------------------------


def test_boxes_go_where_their_pixels_go() -> None:
    """A bright rectangle, found again by its pixels."""
    n, box = 40, np.array([10.0, 14, 22, 19])
    x = np.zeros((n, 40, 36))
    x[:, 14:19, 10:22] = 1
    options = {
        "flip": "both",
        "rotate": 180,
        "shift": 3,
        "scale": 0.2,
        "shear": 10,
        "crop": (38, 34),
    }
    y, boxes = F.augment(x, boxes=[[box]] * n, seed=5, **options)
    assert y.shape == (n, 38, 34)
    for image, (moved,) in zip(y, boxes, strict=True):
        rows, columns = np.nonzero(image > 0.5)
        seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_allclose(moved, seen, atol=1.5)


def test_boxes_of_whole_pixels_are_exact() -> None:
    x = np.zeros((50, 6, 8))
    x[:, 1:3, 2:7] = 1
    y, boxes = F.augment(x, boxes=[[(2, 1, 7, 3)]] * 50, flip="both", shift=1, seed=5)
    for image, (moved,) in zip(y, boxes, strict=True):
        rows, columns = np.nonzero(image)
        assert moved.tolist() == [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def test_boxes_are_cut_and_dropped_below_a_quarter() -> None:
    x, given = np.zeros((200, 10, 10)), [(0, 0, 4, 2), (3, 3, 5, 5)]
    _, boxes, found = F.augment(x, boxes=[given] * 200, shift=(0, 4), return_draws=True)
    for of_one, at, kept in zip(boxes, found["map"], found["kept"], strict=True):
        moved = -at[1, 2]  # to the right
        assert kept.tolist() == [moved >= -3, True]
        if kept[0]:
            assert of_one[0].tolist() == [max(moved, 0), 0, 4 + moved, 2]
        assert len(of_one) == kept.sum()
    assert {len(of_one) for of_one in boxes} == {1, 2}


def test_no_boxes() -> None:
    x = images(3)
    y, boxes = F.augment(x, boxes=[[], np.zeros((0, 4)), [(1, 1, 2, 2)]], rotate=3)
    assert [b.shape for b in boxes] == [(0, 4), (0, 4), (1, 4)]
    np.testing.assert_array_equal(y, F.augment(x, rotate=3))
    y, boxes = F.augment(x[:0], boxes=[], rotate=3)
    assert y.shape == x[:0].shape
    assert boxes == []


def test_out() -> None:
    x = images()
    out = np.empty_like(x)
    assert F.augment(x, flip="both", out=out) is out
    np.testing.assert_array_equal(out, F.augment(x, flip="both"))
    assert F.augment(x, rotate=9, out=x) is x


# --- messages ------------------------------------------------------------------------------------
X = images(2)
# fmt: off
BAD_CALLS = [
    ({"rotat": 3}, TypeError, "augment() has no option 'rotat'. Did you mean 'rotate'?"),
    ({"padding": 4}, TypeError, "augment() has no option 'padding'. Did you mean 'shift'?"),
    ({"rotate": 200}, ValueError,
     "augment(): rotate=200; expected a number of degrees from 0 to 180."),
    ({"flip": "horizontaly"}, ValueError,
     "augment(): flip='horizontaly' is not known. Did you mean 'horizontal'? Choose from "
     "'horizontal', 'vertical', 'both'."),
    ({"scale": 1}, ValueError, "augment(): scale=1; expected a number from 0 to below 1."),
    ({"hue": 0.6}, ValueError, "augment(): hue=0.6; expected a number from 0 to 0.5."),
    ({"shift": 1.5}, ValueError,
     "augment(): shift=1.5; expected an integer of 0 or more or a pair of them."),
    ({"seed": -1}, ValueError, "augment(): seed=-1; expected an integer from 0 to 2**64 - 1."),
    ({"epoch": -1}, ValueError, "augment(): epoch=-1; expected an integer from 0 to 2**32 - 1."),
    ({"x": np.zeros((5, 64))}, ValueError,
     "augment(): x has shape (5, 64); expected images (n, height, width, channels) or (n, height, "
     "width)."),
    ({"x": np.zeros((5, 64)), "boxes": [[]] * 5}, ValueError,
     "augment(): x has shape (5, 64); expected images (n, height, width, channels) or (n, height, "
     "width)."),
    ({"x": np.zeros((2, 4, 4, 1)), "hue": 0.1}, ValueError,
     "augment(): saturation and hue are of colours (red, green, blue), but its input is an image "
     "of 4x4x1. Leave them out; brightness and contrast are for any image."),
    ({"crop": (8, 3)}, ValueError,
     "augment(): crop=8x3 is larger than images of 7x6x3. Crop at most their size; shift=4 pads "
     "them by 4 pixels on each side before."),
    ({"boxes": [[]]}, ValueError,
     "augment(): boxes has 1 entries; expected 2, an array (k, 4) for each image."),
    ({"boxes": [[], [(1, 2, 3)]]}, ValueError,
     "augment(): boxes[1] has shape (1, 3); expected (k, 4)."),
    ({"boxes": [[(3, 0, 1, 1)], []]}, ValueError,
     "augment(): boxes[0] holds a box that is none; expected x1, y1, x2, y2 with x1 <= x2 and "
     "y1 <= y2."),
    ({"boxes": [[], []], "mixup": 1}, ValueError,
     "augment(): boxes belong to one image, and mixup makes one of two. Leave mixup out."),
]
# fmt: on


@pytest.mark.parametrize(("given", "error", "text"), BAD_CALLS, ids=range(len(BAD_CALLS)))
def test_messages_of_augment(given: dict[str, Any], error: type[Exception], text: str) -> None:
    given = {"x": X, **given}
    with pytest.raises(error) as caught:
        F.augment(given.pop("x"), **given)
    assert str(caught.value) == text
