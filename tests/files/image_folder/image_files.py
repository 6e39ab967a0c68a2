"""Image files for the tests beside."""

import numpy as np
import pytest

from fastdl import NetClassifier
from fastdl import layers as L
from fastdl.data import ImageFolder

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
