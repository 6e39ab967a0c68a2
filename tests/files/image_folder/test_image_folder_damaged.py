"""ImageFolder: files that cannot be decoded."""

import re
import sys
import warnings

import numpy as np
import pytest
from image_files import COLOURS, classes, net, one, save

from fastdl.data import ImageFolder

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
