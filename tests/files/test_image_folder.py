"""Images on disk as X: what is decoded, how it is used, and what is left out or refused."""

import copy
import gc
import os
import pickle
import re
import subprocess
import sys
import threading
import warnings
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split

from fastdl import CNNClassifier, NetClassifier, SuperResolver
from fastdl import layers as L
from fastdl.data import ImageFolder, _image_cache, _image_source

Image = pytest.importorskip("PIL.Image")

COLOURS = np.random.default_rng(0).integers(0, 256, (12, 16, 3), np.uint8)
GREY = COLOURS[..., 0]


def save(path, pixels=COLOURS, mode=None, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(path, **options)
    return path


def classes(folder, n=4, size=(6, 8)):
    """Dark ones and light ones, told from each other by anything that learns."""
    random = np.random.default_rng(1)
    for low, name in ((0, "dark"), (150, "light")):
        for i in range(n):
            save(folder / name / f"{i}.png", random.integers(low, low + 80, (*size, 3), np.uint8))
    return folder


def one(path, **options):
    return np.asarray(ImageFolder([path], **options))[0]


def net(**options):
    layers = [L.BatchNorm(), L.Conv2D(2, 3), L.GlobalAvgPool()]
    options = {"learning_rate_init": 0.05, "random_state": 0, "max_epochs": 20} | options
    return NetClassifier(layers, **options)


# --- decoding -----------------------------------------------------------------------------------


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


# --- size ---------------------------------------------------------------------------------------


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


# --- folders ------------------------------------------------------------------------------------


def test_folders_are_classes(tmp_path):
    classes(tmp_path, 2)
    save(tmp_path / "light" / "deep" / "b.JPG", COLOURS[:6, :8])
    save(tmp_path / "light" / ".hidden.png")
    save(tmp_path / ".hidden" / "a.png")
    (tmp_path / "notes.txt").write_text("no image")
    folder = ImageFolder(tmp_path)
    assert folder.classes.tolist() == ["dark", "light"]
    assert folder.y.tolist() == ["dark", "dark", "light", "light", "light"]
    names = ["dark/0.png", "dark/1.png", "light/0.png", "light/1.png", "light/deep/b.JPG"]
    assert [os.path.relpath(path, tmp_path) for path in folder.paths] == names
    assert folder.shape == (5, 6, 8, 3)
    assert repr(folder) == "<ImageFolder: 5 images of 2 classes>"
    flat = ImageFolder(tmp_path / "dark", size=4)
    assert flat.y is None
    assert flat.classes is None
    assert repr(flat) == "<ImageFolder: 2 images, 4x4 pixels>"


def test_links_to_folders_are_followed_but_not_in_circles(tmp_path):
    classes(tmp_path / "there", 2)
    (tmp_path / "here" / "dark").mkdir(parents=True)
    (tmp_path / "here" / "dark" / "again").symlink_to(tmp_path / "there" / "dark")
    (tmp_path / "here" / "light").symlink_to(tmp_path / "there" / "light")
    (tmp_path / "here" / "dark" / "up").symlink_to(tmp_path / "here")
    folder = ImageFolder(tmp_path / "here")
    assert folder.y.tolist() == ["dark"] * 2 + ["light"] * 2


def test_y_in_place_of_folders(tmp_path):
    folder = ImageFolder(classes(tmp_path, 2), [1.5, 2, 3, 4])
    assert folder.y.tolist() == [1.5, 2, 3, 4]
    assert folder[[3, 0]].y.tolist() == [4, 1.5]


# --- as an array --------------------------------------------------------------------------------


def test_an_array_of_bytes(tmp_path):
    folder = ImageFolder(classes(tmp_path))
    array = np.asarray(folder)
    assert (array.shape, array.dtype) == (folder.shape, folder.dtype) == ((8, 6, 8, 3), np.uint8)
    assert folder.ndim == 4
    assert not array.flags.writeable
    assert np.shares_memory(np.asarray(folder), array)
    assert np.array(folder).flags.writeable
    assert np.asarray(folder, np.float32).dtype == np.float32
    with pytest.raises(ValueError, match="^images are bytes; they cannot be .* without a copy"):
        np.array(folder, np.float32, copy=False)
    assert [image.tolist() for image in folder] == array.tolist()
    assert (folder[3] == array[3]).all()
    assert (folder[np.int64(-1)] == array[-1]).all()
    with pytest.raises(IndexError):
        folder[8]


def test_parts(tmp_path):
    folder = ImageFolder(classes(tmp_path))
    array = np.asarray(folder)
    for key in (slice(2, 5), slice(None, None, -2), [5, 0, 0], array[:, 0, 0, 0] > 90, slice(0)):
        part = folder[key]
        assert isinstance(part, ImageFolder)
        assert (np.asarray(part) == array[key]).all()
        assert part.y.tolist() == folder.y[key].tolist()
        assert part.paths == np.array(folder.paths)[key].tolist()
    assert (np.asarray(folder[2:7][[4, 1]][::-1]) == array[2:7][[4, 1]][::-1]).all()
    assert (folder[2:7][[4, 1]][1] == array[3]).all()
    assert (folder[2:4, ..., 0] == array[2:4, ..., 0]).all()
    assert (folder[1:3, ...][0] == array[1]).all()


def test_a_file_is_decoded_once(tmp_path, monkeypatch):
    folder = ImageFolder(classes(tmp_path))
    seen = []
    read = _image_source.read
    monkeypatch.setattr(
        _image_source, "read", lambda path, **o: (seen.append(path), read(path, **o))[1]
    )
    a, b = train_test_split(folder, random_state=0)
    assert seen == []
    np.asarray(a), np.asarray(a)
    assert sorted(seen) == sorted(a.paths)
    np.asarray(b), np.asarray(folder), folder[0], folder[[2, 1]]
    assert sorted(seen) == sorted(folder.paths)


def test_the_file_of_decoded_images_goes_with_them(tmp_path, monkeypatch):
    (tmp_path / "room").mkdir()
    monkeypatch.setattr(_image_cache.tempfile, "tempdir", str(tmp_path / "room"))
    folder = ImageFolder(classes(tmp_path / "images"))
    array = np.asarray(folder)
    copied = array.copy()
    assert list((tmp_path / "room").iterdir()) == []  # it has no name
    opened = Path("/proc/self/fd")
    before = len(list(opened.iterdir())) if opened.exists() else None
    del folder
    gc.collect()
    assert (array == copied).all()
    assert before is None or len(list(opened.iterdir())) < before


def test_a_full_disk_is_an_error(tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    folder = ImageFolder(classes(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr(_image_cache.os, "pwrite", full)
        with pytest.raises(
            OSError, match="^8 decoded images, 1.2e-06 GB, do not fit into .*TMPDIR"
        ):
            np.asarray(folder)
    assert np.asarray(folder).any()


def test_progress(tmp_path, capsys, monkeypatch):
    clock = iter(range(100))  # a second a look
    folder = ImageFolder(classes(tmp_path), verbose=True)
    monkeypatch.setattr(_image_cache.time, "monotonic", lambda: next(clock))
    np.asarray(folder[:4])
    lines = [line.rstrip() for line in capsys.readouterr().err.split("\r")[1:]]
    assert lines == [
        "ImageFolder: 1 of 4 images decoded, 0:03 left",
        "ImageFolder: 2 of 4 images decoded, 0:02 left",
        "ImageFolder: 3 of 4 images decoded, 0:01 left",
        "ImageFolder: 4 of 4 images decoded, in 0:04",
    ]
    np.asarray(folder[1:3])
    assert capsys.readouterr().err == ""
    monkeypatch.undo()
    np.asarray(folder)
    last = capsys.readouterr().err.split("\r")[-1]
    assert last.startswith("ImageFolder: 4 of 4 images decoded, in 0:00")
    assert last.endswith("\n")


def test_in_several_threads(tmp_path):
    folder = ImageFolder(classes(tmp_path, 20), on_error="skip")
    (tmp_path / "dark" / "3.png").write_bytes(b"")
    sums = []
    threads = [
        threading.Thread(target=lambda: sums.append((len(folder), np.asarray(folder).sum())))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(sums) == 8
    assert len(set(sums)) == 1
    assert sums[0][0] == 39


# --- in estimators ------------------------------------------------------------------------------


def test_as_X_of_a_network(tmp_path):
    folder = ImageFolder(classes(tmp_path, 12), size=8)
    train, test = train_test_split(folder, stratify=folder.y, random_state=0)
    fitted = net().fit(train, train.y, X_val=test, y_val=test.y)
    assert fitted.score(test, test.y) == 1
    same = net().fit(np.asarray(train), train.y, X_val=np.asarray(test), y_val=test.y)
    assert (same.predict_proba(folder) == fitted.predict_proba(np.asarray(folder))).all()
    assert cross_val_score(net(), folder, folder.y, cv=3).mean() == 1
    search = GridSearchCV(net(), {"max_epochs": [20]}, cv=2).fit(folder, folder.y)
    assert search.best_score_ == 1
    held_out = net(early_stopping=True, max_epochs=2, scoring="accuracy").fit(folder, folder.y)
    assert held_out.n_iter_ <= 2


def test_in_other_processes(tmp_path):
    folder = ImageFolder(classes(tmp_path), size=4)
    part = folder[::2]
    np.asarray(part)
    other = pickle.loads(pickle.dumps(part))
    assert (np.asarray(other) == np.asarray(part)).all()
    assert other.y.tolist() == part.y.tolist()
    save(tmp_path / "dark" / "0.png", GREY)
    mixed = ImageFolder(tmp_path, size=4)[:1]  # grey, but among colours
    assert pickle.loads(pickle.dumps(mixed)).shape == mixed.shape == (1, 4, 4, 3)


CHILD = """
import resource, sys, warnings
from fastdl import NetClassifier, layers as L
from fastdl.data import ImageFolder

warnings.simplefilter("ignore")
def fit(folder):
    layers = [L.MaxPool2D(25), L.Flatten()]
    net = NetClassifier(layers, max_epochs=1, batch_size=4, n_jobs=1, random_state=0)
    return net.fit(folder, folder.y)

folder = ImageFolder(sys.argv[1:] * 200, [0, 1] * 400)
fit(ImageFolder(folder.paths[:4], [0, 1] * 2))  # imports, starts threads
data = int(open("/proc/self/status").read().split("VmData:")[1].split()[0]) * 1024
resource.setrlimit(resource.RLIMIT_DATA, (data + (24 << 20),) * 2)
fit(folder)
fit(folder[::-1])  # copied, on disk
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs Linux's /proc")
def test_images_need_not_fit_into_memory(tmp_path):
    """48 MB of decoded images, and a copy of them on disk, in fits that may take 24 MB."""
    path = save(tmp_path / "a.png", np.zeros((250, 250), np.uint8))
    command = [sys.executable, "-c", CHILD, *[path] * 4]
    child = subprocess.run(command, capture_output=True, text=True)
    assert child.returncode == 0, child.stderr


def test_images_of_several_sizes_are_a_list(tmp_path):
    classes(tmp_path, 2)
    save(tmp_path / "light" / "5.png")
    folder = ImageFolder(tmp_path)
    assert [image.shape for image in folder] == [(6, 8, 3)] * 4 + [(12, 16, 3)]
    assert not hasattr(folder, "shape")
    assert [image.shape for image in folder[3:]] == [(6, 8, 3), (12, 16, 3)]
    assert folder[:4].shape == (4, 6, 8, 3)
    assert (np.asarray(folder[:4])[3] == folder[3]).all()
    text = (
        f"{folder.paths[0]} and {folder.paths[4]} are of 6x8 and 12x16 pixels; an array of images "
        "has one size. Pass size=(height, width) to ImageFolder."
    )
    for call in (lambda: np.asarray(folder), lambda: CNNClassifier().fit(folder, folder.y)):
        with pytest.raises(ValueError, match="of images has one size") as caught:
            call()
        assert str(caught.value) == text


def test_images_to_enlarge(tmp_path):
    save(classes(tmp_path, 2, (20, 24)) / "light" / "5.png", np.tile(COLOURS, (2, 1, 1)))
    folder = ImageFolder(tmp_path)
    resolver = SuperResolver(
        scale=2, network="espcn", patch_size=12, max_epochs=1, random_state=0
    ).fit(folder)
    assert [x.shape for x in resolver.predict(folder[3:])] == [(40, 48, 3), (48, 32, 3)]


# --- what is wrong ------------------------------------------------------------------------------

REASONS = {
    "dark/0.png": "it is no image that Pillow knows",
    "dark/9.tiff": "it holds floats; expected 8 or 16 bits",
    "light/7.jpg": "(Truncated File Read|image file is truncated.*)",
}


def damaged(folder):
    """Three files that cannot be decoded, each for its own reason."""
    classes(folder)
    whole = save(folder / "light" / "7.jpg", COLOURS[:6, :8]).read_bytes()
    (folder / "light" / "7.jpg").write_bytes(whole[:-60])
    (folder / "dark" / "0.png").write_bytes(b"<html>not found</html>")
    save(folder / "dark" / "9.tiff", np.zeros((6, 8), np.float32))
    return folder


@pytest.mark.parametrize("name", REASONS)
def test_a_damaged_file_is_named(name, tmp_path):
    damaged(tmp_path)
    folder = ImageFolder([tmp_path / "light" / "1.png", tmp_path / name], size=4, grey=False)
    match = f'{name} cannot be read: {REASONS[name]}. Pass on_error="skip" or "warn" to leave'
    with pytest.raises(ValueError, match=match):
        np.asarray(folder)
    with pytest.raises(ValueError, match=match):  # and again
        net().fit(folder, [0, 1])
    assert (folder[0] == one(tmp_path / "light" / "1.png", size=4)).all()


@pytest.mark.parametrize("size", [None, 4])
def test_damaged_files_left_out(size, tmp_path):
    damaged(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        folder = ImageFolder(tmp_path, range(10), size=size, on_error="skip")
        assert len(folder) == 7
    assert folder.y.tolist() == [1, 2, 3, 5, 6, 7, 8]  # dark/0 and 9, light/7 are not there
    good = ImageFolder(folder.paths, size=size)
    assert (np.asarray(folder) == np.asarray(good)).all()
    with pytest.warns(UserWarning, match="left out") as caught:
        assert ImageFolder(tmp_path, size=size, on_error="warn").shape == good.shape
    said = [str(w.message) for w in caught]
    assert len(said) == 3
    for name, reason in REASONS.items():
        pattern = f"{name} cannot be read: {reason}; it is left out.$"
        assert any(re.search(pattern, text) for text in said)


def test_without_pillow(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match="^Images need Pillow: pip install pillow$"):
        ImageFolder(tmp_path)
