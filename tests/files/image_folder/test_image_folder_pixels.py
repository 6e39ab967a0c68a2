"""ImageFolder: decoding, and bringing images to one size with their boxes."""

import copy
import pickle

import numpy as np
import pytest
from image_files import COLOURS, GREY, one, save

from fastdl.data import ImageFolder

Image = pytest.importorskip("PIL.Image")


def test_what_stands_in_the_file_is_what_is_seen(tmp_path):
    assert (one(save(tmp_path / "a.png")) == COLOURS).all()
    assert (one(save(tmp_path / "a.bmp")) == COLOURS).all()
    assert (one(save(tmp_path / "a.tiff")) == COLOURS).all()
    assert (one(save(tmp_path / "a.webp", lossless=True)) == COLOURS).all()
    grey = save(tmp_path / "grey.png", GREY)
    assert (one(grey) == GREY[..., np.newaxis]).all()
    assert one(grey, grey=False).shape == (12, 16, 3)
    assert (one(grey, grey=False) == GREY[..., np.newaxis]).all()
    luminance = np.asarray(Image.fromarray(COLOURS).convert("L"))
    assert (one(tmp_path / "a.png", grey=True)[..., 0] == luminance).all()


def test_other_kinds_of_pixels(tmp_path):
    bits = GREY > 127
    assert (one(save(tmp_path / "bits.png", bits))[..., 0] == 255 * bits).all()
    palette = Image.fromarray(COLOURS).quantize(8)
    assert (one(save(tmp_path / "p.png", palette)) == np.asarray(palette.convert("RGB"))).all()
    cmyk = save(tmp_path / "cmyk.tiff", mode="CMYK")
    with Image.open(cmyk) as image:
        assert (one(cmyk) == np.asarray(image.convert("RGB"))).all()
    deep = np.array([[0, 128, 129, 257, 25700, 65535]], np.uint16)
    for name in ("deep.png", "deep.tiff"):
        assert one(save(tmp_path / name, deep))[0, :, 0].tolist() == [0, 0, 1, 1, 100, 255]
    frames = [Image.fromarray(np.full((4, 4), v, np.uint8)) for v in (10, 200)]
    frames[0].save(tmp_path / "moving.gif", save_all=True, append_images=frames[1:])
    assert (one(tmp_path / "moving.gif") == 10).all()


def test_what_is_transparent_lies_on_white(tmp_path):
    alpha = np.dstack([COLOURS, np.where(GREY > 127, 255, 0).astype(np.uint8)])
    expected = np.where(GREY[..., np.newaxis] > 127, COLOURS, 255)
    assert (one(save(tmp_path / "a.png", alpha)) == expected).all()
    half = Image.merge("LA", [Image.new("L", (2, 2), 0), Image.new("L", (2, 2), 127)])
    assert (one(save(tmp_path / "la.png", half)) == 128).all()
    palette = Image.new("P", (2, 1))
    palette.putpalette([9, 9, 9, 50, 60, 70])
    palette.putpixel((1, 0), 1)
    seen = one(save(tmp_path / "p.png", palette, transparency=0))
    assert seen.tolist() == [[[255, 255, 255], [50, 60, 70]]]


TURNED = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a),
}


@pytest.mark.parametrize("orientation", TURNED)
def test_images_are_turned_as_exif_says(orientation, tmp_path):
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = save(tmp_path / "a.png", exif=exif)
    expected = TURNED[orientation](COLOURS)
    assert ImageFolder([path]).shape == (1, *expected.shape)  # known without decoding
    assert (one(path) == expected).all()


def bicubic(pixels, height, width, box=None):
    resized = Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC, box=box)
    return np.asarray(resized)


def test_crop_pad_and_stretch(tmp_path):
    path = save(tmp_path / "a.png")  # 12 x 16
    assert (one(path, size=6) == bicubic(COLOURS, 6, 6, (2, 0, 14, 12))).all()
    assert (one(path, size=(12, 8)) == COLOURS[:, 4:12]).all()
    assert (one(path, size=(6, 16)) == COLOURS[3:9]).all()
    assert (one(path, size=(5, 7), fit="stretch") == bicubic(COLOURS, 5, 7)).all()
    padded = one(path, size=8, fit="pad")
    assert (padded[1:7] == bicubic(COLOURS, 6, 8)).all()
    assert not padded[[0, 7]].any()
    high = one(path, size=(24, 16), fit="pad")
    assert (high[6:18] == COLOURS).all()
    assert not high[:6].any()
    assert not high[18:].any()
    assert one(path, size=(1, 100), fit="pad").any()
    assert (one(path, size=(12, 16)) == COLOURS).all()


def test_large_jpegs_are_decoded_smaller_and_look_the_same(tmp_path):
    waves = 128 + 100 * np.sin(np.arange(600)[:, np.newaxis] / 40 + np.arange(800) / 25)
    path = save(tmp_path / "a.jpg", waves.astype(np.uint8), quality=95)
    with Image.open(path) as whole:
        expected = bicubic(np.asarray(whole), 48, 64).astype(int)
    assert np.abs(one(path, size=(48, 64))[..., 0] - expected).max() <= 3


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_boxes_stay_on_what_they_show(fit, tmp_path):
    """A box of bright pixels is one after all changes, too."""
    random = np.random.default_rng(3)
    for _ in range(10):
        pixels = np.zeros((40, 60), np.uint8)
        x1, y1 = random.integers(0, 40), random.integers(0, 25)
        x2, y2 = x1 + random.integers(8, 20), y1 + random.integers(8, 15)
        pixels[y1:y2, x1:x2] = 255
        y = [{"boxes": [[x1, y1, x2, y2]], "labels": ["a"]}]
        folder = ImageFolder([save(tmp_path / "a.png", pixels)], y, size=(80, 80), fit=fit)
        bright = np.asarray(folder)[0, ..., 0] > 127
        if not len(folder.y[0]["boxes"]):  # less than a quarter is left of it
            assert bright.sum() < 0.3 * 4 * (x2 - x1) * (y2 - y1)
            continue
        rows, columns = np.nonzero(bright)
        seen = [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]
        np.testing.assert_allclose(folder.y[0]["boxes"], [seen], atol=1.01)
        assert folder.y[0]["labels"].tolist() == ["a"]


@pytest.mark.parametrize("size", [8, None])
@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda folder: pickle.loads(pickle.dumps(folder))]
)
def test_copies_before_the_first_use(tmp_path, size, copied):
    paths = [save(tmp_path / f"{name}.png") for name in "abc"]
    paths[0].write_bytes(paths[0].read_bytes()[:40])
    assert len(copied(ImageFolder(paths, [0, 1, 2], size=size, on_error="skip"))) == 2


def test_boxes_cut_off_and_left_out(tmp_path):
    path = save(tmp_path / "a.png")  # 12 x 16: a crop to a square leaves columns 2 to 14
    y = [{"boxes": [[0, 0, 4, 4], [0, 0, 2.5, 4], [13, 3, 16, 9]], "labels": [1, 2, 3]}]
    folder = ImageFolder([path], y, size=12)
    left = [[0, 0, 2, 4], [11, 3, 12, 9]]
    assert folder.y[0]["boxes"].tolist() == left
    assert folder.y[0]["labels"].tolist() == [1, 3]
    assert folder[:1].y[0]["boxes"].tolist() == left
    assert pickle.loads(pickle.dumps(folder)).y[0]["boxes"].tolist() == left
    assert y[0]["labels"] == [1, 2, 3]
    none = ImageFolder([path], [{"boxes": [], "labels": []}], size=12)
    assert none.y[0]["boxes"].shape == (0, 4)
