"""ImageFolder: folders as classes, images as an array, files decoded once."""

import gc
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from image_files import COLOURS, classes, save
from sklearn.model_selection import train_test_split

from fastdl.data import ImageFolder, _image_cache, _image_source


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
