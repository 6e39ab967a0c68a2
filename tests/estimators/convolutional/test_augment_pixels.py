"""Fits with changed images whose y has something for every pixel, which moves along."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import fastdl.functional as F
from fastdl import ConvAutoencoder, NetClassifier, NetRegressor
from fastdl import layers as L
from images import weights

MOVES = L.Augment(flip="both", shift=2, rotate=180, scale=0.2)
SIZE = 16


def scenes(n: int, seed: int = 0) -> tuple[NDArray[Any], NDArray[Any]]:
    """Bars, horizontal ones darker: noisy images (n, 16, 16), and which pixels are of a bar."""
    rng = np.random.default_rng(seed)
    rows, columns = np.indices((SIZE, SIZE)) - (SIZE - 1) / 2
    angle, at = rng.uniform(0, np.pi, (2, n, 1, 1))
    across = np.cos(angle) * rows + np.sin(angle) * columns - 3 * (at - np.pi / 2)
    y = (np.abs(across) < 1.5).astype(int)
    return (y * (1 + 0.5 * np.sin(angle)) + rng.normal(scale=0.8, size=y.shape)), y


def net(**params: Any) -> NetClassifier:
    layers = [
        L.Conv2D(8, 5, padding="same"),
        L.Activation("relu"),
        L.Conv2D(8, 5, padding="same", dilation=2),
        L.Activation("relu"),
    ]
    return NetClassifier(
        layers, batch_size=4, learning_rate_init=0.005, random_state=0, n_jobs=1, **params
    )


def test_few_images_teach_more_when_they_move() -> None:
    """By the share of right pixels, and by the loss, which knows how sure a wrong answer is."""
    X, y = scenes(4)
    X_new, y_new = scenes(60, 1)
    found = {}
    for augment in (None, MOVES):
        est = net(augment=augment, max_epochs=500, n_iter_no_change=500).fit(X, y)
        p = np.take_along_axis(est.predict_proba(X_new), y_new[..., np.newaxis], -1)
        found[augment] = est.score(X_new, y_new), -np.log(p.clip(1e-6)).mean()
    assert found[MOVES][0] > found[None][0] + 0.02
    assert found[MOVES][1] < 0.7 * found[None][1]


@pytest.mark.parametrize("kind", ["binary", "three", "numbers", "squared_error", "masked"])
def test_y_moves_as_the_network_sees_it(kind: str) -> None:
    """A pixel decides its own answer: a 1x1 convolution learns it, and no other map would do."""
    X = np.random.default_rng(0).uniform(size=(30, 8, 8, 1))
    y: Any = (X[..., 0] > 0.5).astype(int)
    params: dict[str, Any] = {"max_epochs": 40, "learning_rate_init": 0.03, "random_state": 0}
    layers = [L.Conv2D(16, 1), L.Activation("relu")]
    whole = L.Augment(flip="both", shift=3)
    if kind == "three":
        y = np.digitize(X[..., 0], [0.3, 0.7])
    if kind == "masked":
        y = np.where(np.random.default_rng(1).uniform(size=y.shape) < 0.5, None, y)
    if kind == "squared_error":
        params["loss"] = "squared_error"
    make: Any = NetClassifier
    if kind == "numbers":
        y, make = np.abs(X[..., 0] - 0.5), NetRegressor
    est = make(layers, augment=whole, batch_size=2, n_iter_no_change=40, n_jobs=1, **params).fit(
        X, y
    )
    assert est.score(X, y) > 0.95
    assert est.loss_curve_[-1] < 0.4 * est.loss_curve_[0]


@pytest.mark.parametrize("factor", [2, 0.5])
def test_y_of_another_size(factor: float) -> None:
    X = np.random.default_rng(0).uniform(size=(12, 8, 8, 1)).repeat(2, 1).repeat(2, 2)
    small, large = X[:, ::2, ::2, 0], X.repeat(2, 1).repeat(2, 2)[..., 0]
    layers: list[L.Layer] = [L.Upsample2D(2)] if factor > 1 else [L.AvgPool2D(2)]
    moves = L.Augment(flip="both", shift=(4, 3) if factor > 1 else 0)  # squares stay whole
    est = NetRegressor(
        [*layers, L.Conv2D(1, 1)],
        augment=moves, batch_size=2, max_epochs=60, learning_rate_init=0.03,
        n_iter_no_change=60, normalize_y=False, random_state=0,
    )  # fmt: skip
    assert est.fit(X, large if factor > 1 else small).loss_curve_[-1] < 1e-3


@pytest.mark.filterwarnings("ignore:lbfgs failed to converge")
@pytest.mark.parametrize("mixup", [0.0, 0.5])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_threads_and_weights_of_pixels(solver: str, mixup: float) -> None:
    X, y = scenes(40)
    weight = np.random.default_rng(0).uniform(size=y.shape)
    params = {"augment": MOVES.replace(mixup=mixup, noise=0.1), "max_epochs": 2, "solver": solver}
    first = weights(net(**params).fit(X, y, weight))
    assert weights(net(**params).set_params(n_jobs=3).fit(X, y, weight)) == first
    assert weights(net(**params).fit(X, y)) != first


def test_clean_images_move_with_noisy_ones() -> None:
    X = np.random.default_rng(0).uniform(size=(20, 8, 8)).astype(np.float32)
    layers = [L.Augment(flip="both", shift=2, fill="reflect"), L.Conv2D(4, 3, padding="same")]
    params = {"max_epochs": 60, "batch_size": 2, "random_state": 0, "learning_rate_init": 0.01}
    coder = ConvAutoencoder(layers, **params).fit(X, 1 - X)
    apart = coder.reconstruct(X) - (1 - X)
    assert np.square(apart).mean() < 0.2 * X.var()


def test_targets_augmented_before_a_fit() -> None:
    """What comes from outside says itself that it does not count."""
    X, y = scenes(20)
    for given, outside in ((y + 1, -1), (y.astype(object), None)):
        moved, targets = F.augment(X, targets=given, rotate=30, shift=4, seed=1)
        assert outside in targets.ravel().tolist()
        classes = net(max_epochs=1).fit(moved, targets).classes_
        assert classes.tolist() == sorted(set(given.ravel()))
    _, numbers = F.augment(X, targets=y.astype(float), rotate=30, seed=1)
    est = NetRegressor([L.Conv2D(1, 3, padding="same")], max_epochs=1).fit(moved, numbers)
    assert np.isfinite(est.predict(X)).all()
