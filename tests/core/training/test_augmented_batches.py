"""Augment inside a program: what an epoch sees, whoever computes it; the loss of mixed samples."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.special import expit, log_softmax

import fastdl.functional as F
from fastdl import layers as L
from fastdl.program import compile, set_optimizer
from programs import assert_same_bytes, sample

ALL: dict[str, Any] = {
    "flip": "both", "shift": (1, 2), "rotate": 20, "scale": 0.2, "shear": 10, "brightness": 0.3,
    "contrast": 0.3, "saturation": 0.3, "hue": 0.1, "noise": 0.2, "cutout": 3,
}  # fmt: skip
N, SHAPE, SEED = 37, (12, 10, 3), 2**33 + 5


def seen(
    options: dict[str, Any], X: NDArray[Any], order: NDArray[Any], *, batch: int, threads: int
) -> NDArray[Any]:
    """The images of an epoch, one after the other, as a loss of the user's finds them."""
    layers = [L.Augment(**options), L.Flatten()]
    program = compile(layers, SHAPE, batch_size=batch, threads=threads, seed=SEED)
    set_optimizer(program, "sgd")
    found: list[NDArray[Any]] = []

    def loss(pred: NDArray[Any], *_: Any) -> tuple[float, NDArray[Any]]:
        found.append(pred)
        return 0.0, np.zeros_like(pred)

    program.set_own_loss(loss, True)
    codes = np.zeros(len(X), np.int32)
    program.train_epoch(X, codes, order, np.array([0.1]), batch_size=batch, epoch=4)
    images = np.concatenate(found)
    return images[: len(order)] if not options.get("mixup") else images


def pixels(dtype: Any = np.uint8) -> NDArray[Any]:
    return np.random.default_rng(0).integers(0, 256, (N, *SHAPE)).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64, np.int32])
def test_an_epoch_sees_what_the_function_gives(dtype: Any) -> None:
    X, order = pixels(dtype), np.random.default_rng(1).permutation(N)[:30]
    as_floats = X if dtype != np.int32 else X.astype(np.float32)
    whole = F.augment(as_floats, seed=SEED, epoch=4, **ALL)[order].reshape(30, -1)
    found = seen(ALL, X, order, batch=7, threads=1)
    if dtype == np.float64:
        np.testing.assert_allclose(found, whole, atol=1e-3)
    elif dtype == np.uint8:
        np.testing.assert_array_equal(np.rint(found), whole)
    else:
        assert_same_bytes(found, whole)


@pytest.mark.parametrize("mixup", [0, 0.4])
def test_neither_batch_nor_threads_nor_the_file_matter(mixup: float, tmp_path: Any) -> None:
    n = 600  # or a team would not be worth its while
    X = np.random.default_rng(0).integers(0, 256, (n, *SHAPE)).astype(np.uint8)
    order, options = np.random.default_rng(1).permutation(n), {**ALL, "mixup": mixup}
    first = seen(options, X, order, batch=n, threads=1)
    X.tofile(tmp_path / "X")
    mapped = np.memmap(tmp_path / "X", np.uint8, "r", shape=X.shape)
    assert_same_bytes(seen(options, X, order, batch=n, threads=2), first)
    assert_same_bytes(seen(options, X, order, batch=n, threads=4), first)
    assert_same_bytes(seen(options, mapped, order, batch=n, threads=3), first)
    batches = seen(options, X, order, batch=64, threads=1)
    # Two classes: each batch is asked for both.
    batches = batches if not mixup else np.concatenate([*first_halves(batches, n, 64)] * 2)
    assert_same_bytes(batches, first)


def first_halves(images: NDArray[Any], n: int, batch: int) -> list[NDArray[Any]]:
    return [images[2 * i : 2 * i + min(batch, n - i)] for i in range(0, n, batch)]


def test_partners_are_samples_of_the_epoch() -> None:
    """Not those that are held out."""
    X, order = np.full((N, *SHAPE), 1e6, np.float32), np.arange(0, N, 3)
    X[order] = 1
    images = seen({"mixup": 1}, X, order, batch=len(order), threads=1)
    np.testing.assert_allclose(images, 1, atol=1e-6)


def test_use_sees_images_as_they_are() -> None:
    X = pixels(np.float32)
    program = compile([L.Augment(**ALL), L.Flatten()], SHAPE, batch_size=8)
    assert_same_bytes(program.predict(X), X.reshape(N, -1))
    cropping = compile([L.Augment(**ALL, crop=(7, 5)), L.Flatten()], SHAPE, batch_size=8)
    assert_same_bytes(cropping.predict(X), X[:, 2:9, 2:7].reshape(N, -1))
    assert_same_bytes(cropping.predict(X[:1]), X[:1, 2:9, 2:7].reshape(1, -1))


# --- mixed targets -------------------------------------------------------------------------------
CLASSES = 4


def losses_of(z: NDArray[Any], y: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Of outputs, each sample's loss for codes y (n,)."""
    rival = np.where(np.arange(CLASSES) == y[:, np.newaxis], -np.inf, z).max(axis=1)
    own = z[np.arange(len(z)), y]
    return {
        "softmax_cross_entropy": -log_softmax(z, axis=1)[np.arange(len(z)), y],
        "hinge": np.maximum(0, 1 + rival - own),
    }


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "hinge"])
def test_the_loss_of_mixed_classes_is_that_of_both(loss: str, weighted: bool) -> None:
    X, y = sample((N, *SHAPE)), np.random.default_rng(2).integers(CLASSES, size=N).astype(np.int32)
    weight = np.random.default_rng(3).uniform(0.5, 2, N) if weighted else np.ones(N)
    program = mixing(L.Dense(CLASSES), loss)
    z, share, partner = mixed_outputs(program, X)
    first, second = share * weight, (1 - share) * weight[partner]
    parts = first * losses_of(z, y)[loss] + second * losses_of(z, y[partner])[loss]
    result = program.train_epoch(
        X, y, np.arange(N), np.array([0.0]), sample_weight=weight if weighted else None
    )
    assert result.loss == pytest.approx(parts.sum() / (first + second).sum(), rel=1e-10)


@pytest.mark.parametrize("loss", ["squared_error", "binary_cross_entropy"])
def test_numbers_are_mixed_by_their_weights(loss: str) -> None:
    X, y = sample((N, *SHAPE)), np.random.default_rng(2).uniform(size=(N, 2))
    weight = np.random.default_rng(3).uniform(0.5, 2, N)
    program = mixing(L.Dense(2), loss)
    z, share, partner = mixed_outputs(program, X)
    first, second = share * weight, (1 - share) * weight[partner]
    total = first + second
    target = (first * y.T + second * y[partner].T).T / total[:, np.newaxis]
    by_kind = {
        "squared_error": 0.5 * (z - target) ** 2,
        "binary_cross_entropy": -target * np.log(expit(z)) - (1 - target) * np.log(expit(-z)),
    }
    result = program.train_epoch(X, y, np.arange(N), np.array([0.0]), sample_weight=weight)
    expected = (total * by_kind[loss].sum(axis=1)).sum() / total.sum()
    assert result.loss == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "focal", "own"])
def test_gradients_of_mixed_classes(loss: str) -> None:
    """Against central differences of the loss."""
    X, y = sample((N, *SHAPE)), np.random.default_rng(2).integers(CLASSES, size=N).astype(np.int32)
    program = mixing(L.Dense(CLASSES), "focal" if loss == "own" else loss)
    if loss == "own":
        program.set_own_loss(squares_of_scores, True)
    w = program.get_weights()
    program.loss_and_grads(X, y)
    found, direction = program.get_gradients(), sample((w.size,), 5)
    at = []
    for step in (1e-5, -1e-5):
        program.set_weights(w + step * direction)
        at.append(program.loss_and_grads(X, y)[0])
    assert found @ direction == pytest.approx((at[0] - at[1]) / 2e-5, rel=1e-6)


def squares_of_scores(
    pred: NDArray[Any], y: NDArray[Any], weight: NDArray[Any], norm: float, wanted: bool
) -> tuple[float, NDArray[Any]]:
    apart = pred - np.eye(CLASSES)[y]
    loss = float((weight * (apart**2).sum(axis=1)).sum())
    return loss, 2 * apart * weight[:, np.newaxis] / norm


def mixing(head: L.Layer, loss: str) -> Any:
    layers = [L.Augment(mixup=0.5, rotate=20, probability=0.9), L.Flatten(), head]
    program = compile(
        layers, SHAPE, dtype="float64", batch_size=N, seed=SEED, random_state=0, loss=loss
    )
    set_optimizer(program, "sgd")
    return program


def mixed_outputs(program: Any, X: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    options = {"mixup": 0.5, "rotate": 20, "probability": 0.9}
    images, draws = F.augment(X, seed=SEED, return_draws=True, **options)
    w = program.get_parameter("dense_1.weight")
    return images.reshape(N, -1) @ w, draws["weight"], draws["partner"]


def test_an_image_that_is_its_own_target() -> None:
    """Is it as the network saw it."""
    X = sample((N, *SHAPE)).astype(np.float32)
    program = compile([L.Augment(**ALL, mixup=1)], SHAPE, batch_size=N, loss="squared_error")
    set_optimizer(program, "sgd")
    assert program.train_epoch(X, None, np.arange(N), np.array([0.1])).loss == 0
