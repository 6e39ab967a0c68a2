"""Enlarged images: what is learnt, what is measured, and pieces that fit together."""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.model_selection import GridSearchCV, cross_val_score

import fastdl
from fastdl import SuperResolver
from fastdl import layers as L
from fastdl.estimators.vision.enlarging.geometry import Geometry
from fastdl.estimators.vision.enlarging.luminance import (
    as_uint8,
    colours,
    image_of,
    luminance,
    resized,
)

QUICK = {"max_epochs": 1, "n_jobs": 1, "random_state": 0}


def edges(height: int, width: int, channels: int = 1, seed: int = 0) -> np.ndarray:
    """Discs with sharp edges, which bicubic blurs."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    image = np.full((height, width, channels), 128.0)
    for _ in range(12):
        at, radius = random.random(2) * (height, width), 3 + random.random() * 10
        image[np.hypot(y - at[0], x - at[1]) < radius] = random.random(channels) * 255
    image = image.astype(np.uint8)
    return image if channels == 3 else image[..., 0]


IMAGES = [edges(72, 80, 3), edges(60, 75, seed=1)]
SAME = [
    L.Conv2D(4, 3, padding="same"),
    L.Residual([L.Conv2D(4, 3, padding="same"), L.Activation("tanh")]),
    L.Conv2DTranspose(1, 4, 2, padding="same"),
]
SHARPEN = [L.Conv2D(4, 5), L.Concat([[L.MaxPool2D(3, 1, "same")], []]), L.Activation("relu")]


@pytest.mark.parametrize(
    ("network", "scale", "expected"),
    [
        ("srcnn-9-1-5", 3, 8_129),
        ("srcnn-9-5-5", 3, 57_281),
        ("espcn", 3, 22_729),
        ("espcn", 2, 64 * 26 + 32 * (9 * 64 + 1) + 4 * (9 * 32 + 1)),
    ],
)
def test_parameters(network: str, scale: int, expected: int) -> None:
    """Those of the papers."""
    sr = SuperResolver(scale, network, patch_size=12, batch_size=64, **QUICK).fit(IMAGES[1:])
    assert sr.n_parameters_ == expected


@pytest.fixture(scope="module")
def espcn() -> SuperResolver:
    images = [edges(72, 72, seed=seed) for seed in range(6)]
    sr = SuperResolver(2, "espcn", patch_size=24, batch_size=8, max_epochs=40, random_state=0)
    return sr.set_params(n_jobs=1).fit(images)


def test_it_learns(espcn: SuperResolver) -> None:
    """A decibel above bicubic, on images never seen, grey and of colours."""
    assert espcn.score([edges(90, 100, seed=100 + i) for i in range(3)]) > 1
    assert espcn.score([edges(91, 99, 3, seed=200)]) > 1
    assert len(espcn.history_["loss"]) == espcn.n_iter_ == 40


def test_score_is_the_gain_of_predict(espcn: SuperResolver) -> None:
    """PSNR of the answer less that of bicubic, without a border of `scale`."""
    large = edges(80, 60, seed=3)
    small = as_uint8(resized(large.astype(np.float32), 40, 30))
    gain = 0.0
    for sign, made in ((1, espcn.predict(small)), (-1, bicubic(small, 2))):
        error = (made.astype(float) - large)[2:-2, 2:-2]
        gain += sign * 10 * np.log10(255**2 / np.mean(error**2))
    assert espcn.score([large]) == pytest.approx(gain, abs=0.2)  # small is rounded here


def test_score_of_flat_images(espcn: SuperResolver) -> None:
    """Bicubic makes no error there; a network that makes none either gains nothing."""
    assert espcn.score([np.full((20, 20), 99, np.uint8)]) <= 0


def bicubic(image: np.ndarray, scale: int) -> np.ndarray:
    height, width = image.shape[:2]
    return as_uint8(resized(image.astype(np.float32), height * scale, width * scale))


@pytest.mark.parametrize(
    ("scale", "network"),
    [(3, "srcnn-9-1-5"), (2, "espcn"), (4, "espcn"), (2, SAME), (3, SHARPEN)],
    ids=["srcnn", "espcn-2", "espcn-4", "same", "sharpen"],
)
def test_tiles_fit_together(scale: int, network: Any) -> None:
    """An image in tiles is that in one piece, within a grey level, up to its border."""
    image = edges(41, 53, 3)
    sr = SuperResolver(scale, network, patch_size=24, **QUICK).fit(IMAGES)
    whole = sr.set_params(tile_size=None).predict(image)
    assert whole.shape == (41 * scale, 53 * scale, 3)
    assert whole.dtype == np.uint8
    for size in (1000, 40, 7 if scale == 2 else 50):
        tiled = sr.set_params(tile_size=size).predict(image)
        assert np.abs(tiled.astype(int) - whole).max() <= 1, size


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (20, 3), (5, 5, 1), (2, 7, 3)])
@pytest.mark.parametrize("network", ["srcnn-9-1-5", "espcn"])
def test_any_size(shape: tuple[int, ...], network: str) -> None:
    sr = SuperResolver(3, network, patch_size=12, **QUICK).fit(IMAGES)
    flat = np.full(shape, 77, np.uint8)
    made = sr.predict(flat)
    assert made.shape == (3 * shape[0], 3 * shape[1], *shape[2:])
    assert made.dtype == np.uint8


def test_forms_of_answers(espcn: SuperResolver) -> None:
    """One image for one, an array for an array, a list for all else; each as if alone."""
    stack = np.stack([edges(20, 25, seed=i) for i in range(3)])
    alone = [espcn.predict(image) for image in stack]
    made = espcn.predict(stack)
    assert made.shape == (3, 40, 50)
    assert np.array_equal(made, alone)
    assert np.array_equal(espcn.predict(stack[..., np.newaxis])[..., 0], made)
    listed = espcn.predict([stack[0], stack[1, :7]])
    assert [x.shape for x in listed] == [(40, 50), (14, 50)]
    assert np.array_equal(listed[0], alone[0])
    boxed = np.empty(2, object)
    boxed[:] = [stack[0], stack[1, :7]]
    assert all(map(np.array_equal, espcn.predict(boxed), listed))
    of_pillow = Image.fromarray(stack[0])
    assert np.array_equal(espcn.predict(of_pillow), alone[0])
    assert np.array_equal(espcn.predict([of_pillow])[0], alone[0])


def test_grey_images_and_colours_without_any(espcn: SuperResolver) -> None:
    """A grey image of three channels stays grey; it is seen from 16 to 235."""
    grey = edges(20, 20)
    made = espcn.predict(np.repeat(grey[..., np.newaxis], 3, axis=2))
    assert np.ptp(made.astype(int), axis=2).max() <= 1
    assert np.abs(made[..., 0].astype(int) - espcn.predict(grey)).mean() < 4


def test_luminance() -> None:
    """BT.601, and back."""
    primaries = np.array([[[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255]]])
    y = luminance(primaries.astype(np.uint8))
    np.testing.assert_allclose(y, [[16, 235, 81.481, 144.553, 40.966]], atol=1e-3)
    image = np.random.default_rng(0).integers(0, 256, (9, 8, 3)).astype(np.uint8)
    assert np.array_equal(image_of(luminance(image), colours(image), 3), image)


def test_validation_scores(espcn: SuperResolver) -> None:
    """Decibels above bicubic, of patches; early stopping keeps the best."""
    val = [edges(96, 96, seed=9)]
    images = [edges(72, 72, seed=seed) for seed in range(3)]
    sr = SuperResolver(2, "espcn", patch_size=24, batch_size=8, max_epochs=8, n_jobs=1)
    sr.set_params(random_state=0)
    sr.fit(images, X_val=val)
    scores = sr.validation_scores_
    assert scores is not None
    assert scores[-1] > scores[0]
    assert sr.score(val) == pytest.approx(max(scores), abs=0.3)
    sr.set_params(early_stopping=True, validation_fraction=0.3).fit(images)
    assert len(sr.validation_scores_) == sr.n_iter_


def test_searches() -> None:
    images = [edges(30 + i, 32, seed=i) for i in range(6)]
    sr = SuperResolver(2, [L.Conv2D(4, 3, name="conv"), L.Activation("relu")], patch_size=16)
    sr.set_params(**QUICK)
    assert np.isfinite(cross_val_score(sr, images, cv=3)).all()
    search = GridSearchCV(sr, {"conv__filters": [2, 4], "scale": [2, 3]}, cv=2).fit(images)
    assert search.best_estimator_.scale_ == search.best_params_["scale"]


def test_scale_is_that_of_the_fit(espcn: SuperResolver) -> None:
    image = edges(10, 10)
    before = espcn.predict(image)
    try:
        assert np.array_equal(espcn.set_params(scale=5).predict(image), before)
    finally:
        espcn.set_params(scale=2)


def test_transform(espcn: SuperResolver) -> None:
    """Features of each image, and of its halo of 4 pixels where the layers have not seen it."""
    features = espcn.transform([edges(10, 12), edges(8, 9)])
    assert [x.shape for x in features] == [(12, 14, 32), (10, 11, 32)] or features[0].ndim == 3
    assert espcn.transform(edges(10, 12), layer="conv1").shape == (14, 16, 64)


@pytest.mark.parametrize(
    ("layers", "scale", "expected"),
    [
        ([L.Conv2D(1, 9), L.Conv2D(1, 5)], 3, Geometry(1, 6, (0, 0))),
        ([L.Conv2D(1, 9, padding="same"), L.Conv2D(1, 5)], 3, Geometry(1, 6, (4, 4))),
        ([L.Conv2D(9, 3), L.PixelShuffle(3)], 3, Geometry(3, 1, (0, 0))),
        ([L.Upsample2D(2), L.Conv2D(1, 3, padding="same")], 2, Geometry(2, 1, (2, 2))),
        ([L.Conv2D(1, (3, 7))], 2, Geometry(1, 3, (2, 0))),
        (SAME, 2, Geometry(2, 3, (6, 6))),
    ],
)
def test_geometry(layers: list[L.Layer], scale: int, expected: Geometry) -> None:
    assert Geometry.of("", L.with_names(layers), scale) == expected


def test_patches_cover_all() -> None:
    """Each pixel is learnt, once but where the last patches overlap others."""
    of = Geometry(3, 2, (0, 0))
    image = np.arange(20 * 25, dtype=np.float32).reshape(20, 25)
    seen = np.zeros((60, 75), int)
    for piece, rows, columns in of.patches(image, 24):
        assert piece.shape == (12, 12)
        assert piece[2, 2] == image[rows.start // 3, columns.start // 3]
        seen[rows, columns] += 1
    assert seen.min() == 1
    assert seen[:36, :51].max() == 1


def test_the_network_alone(tmp_path: Path) -> None:
    """From a model file, and as a graph: what bicubic lacks, patch by patch."""
    sr = SuperResolver(3, patch_size=12, **QUICK).fit(IMAGES)
    small = edges(4, 4)
    large = resized(small.astype(np.float32), 12, 12)
    X = np.pad((large - 128) / 64, 6, mode="edge")[np.newaxis, ..., np.newaxis]
    sr.save(tmp_path / "model")
    missing = fastdl.load_network(tmp_path / "model").predict(X).reshape(12, 12)
    assert np.array_equal(as_uint8(large + missing), sr.predict(small))
    runtime = pytest.importorskip("onnxruntime")
    session = runtime.InferenceSession(fastdl.to_onnx(sr).SerializeToString())
    (found,) = session.run(None, {"X": X})
    np.testing.assert_allclose(found.reshape(12, 12), missing, atol=1e-3)


def test_without_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(ImportError, match="needs Pillow: pip install pillow$"):
        SuperResolver(**QUICK).fit(IMAGES)


@pytest.mark.slow
def test_few_patches_are_not_learnt_by_heart() -> None:
    """Thousands of epochs over six patches would make other images worse than bicubic does."""
    sr = SuperResolver(2, n_jobs=1, random_state=0).fit([edges(120, 160)])
    assert sr.max_epochs_ == 60
    assert sr.score([edges(90, 90, seed=3)]) > 0
