"""Losses of images: every pixel is a row of the loss, as every step of a sequence is."""

from typing import Any

import numpy as np
import pytest

import reference
from fastdl import layers as L
from fastdl import losses
from fastdl.program import compile
from programs import assert_close, assert_same_bytes, compiled, sample
from programs import gradients as of

SHAPE = (5, 6, 2)
PIXELS = SHAPE[0] * SHAPE[1]
N = 19
X = sample((N, *SHAPE), 3)
LAYERS = [L.Conv2D(4, 3, padding="same"), L.Activation("tanh"), L.Conv2D(3, 1)]
KINDS = ["softmax_cross_entropy", "squared_error", "binary_cross_entropy"]


def net(kind: str, dtype: str, **options: Any) -> Any:
    program = compiled(LAYERS, SHAPE, dtype=dtype, batch_size=8, **options)
    program.set_loss(kind)
    return program


def targets(kind: str, dtype: str) -> Any:
    rng = np.random.default_rng(0)
    if losses.BY_NAME[kind].codes:
        return rng.integers(3, size=(N, PIXELS)).astype(np.int32)
    return rng.integers(2, size=(N, PIXELS, 3)).astype(dtype)


def weights(of_what: str, dtype: str) -> Any:
    shapes: dict[str, Any] = {"none": None, "images": (N,), "pixels": (N, PIXELS)}
    shape = shapes[of_what]
    return shape and np.random.default_rng(1).integers(4, size=shape).astype(dtype)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("of_what", ["none", "images", "pixels"])
def test_loss_and_gradients(kind: str, of_what: str, dtype: str) -> None:
    """As of rows, one for each pixel; the gradient of the last bias is the sum of their slopes."""
    program, y, weight = net(kind, dtype), targets(kind, dtype), weights(of_what, dtype)
    loss, _ = program.loss_and_grads(X.astype(dtype), y, sample_weight=weight)
    z = program.predict(X.astype(dtype)).reshape(-1, 3).astype(np.float64)
    flat = y.ravel() if y.ndim == 2 else y.reshape(z.shape).astype(np.float64)
    each = np.ones((N, PIXELS)) if weight is None else weight
    each = np.repeat(each, PIXELS) if each.ndim == 1 else each.ravel()
    values = reference.LOSSES[kind](z, flat, 0.0)
    eps = {"float32": 1e-5, "float64": 1e-12}[dtype]
    assert_close(np.array(loss), np.array((values * each).sum() / each.sum()), eps)
    slopes, step = np.empty_like(z), 1e-6
    for j in range(3):
        above, below = z.copy(), z.copy()
        above[:, j] += step
        below[:, j] -= step
        up, down = (reference.LOSSES[kind](p, flat, 0.0) for p in (above, below))
        slopes[:, j] = (up - down) / (2 * step)
    expected = (slopes * each[:, np.newaxis]).sum(0) / each.sum()
    assert_close(of(program)["conv2d_2.bias"], expected, 1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_all_weights(kind: str) -> None:
    """Central differences of the loss."""
    program, y, weight = (
        net(kind, "float64"),
        targets(kind, "float64"),
        weights("pixels", "float64"),
    )
    program.loss_and_grads(X, y, sample_weight=weight)
    gradient, flat = program.get_gradients(), program.get_weights()
    for k in range(0, len(flat), 7):
        found = []
        for step in (1e-6, -1e-6):
            moved = flat.copy()
            moved[k] += step
            program.set_weights(moved)
            found.append(program.loss_and_grads(X, y, sample_weight=weight, evaluation=True)[0])
        assert_close(gradient[k], np.array((found[0] - found[1]) / 2e-6), 1e-7)


@pytest.mark.parametrize("threads", [2, 3])
def test_the_same_bytes_for_any_number_of_threads(threads: int) -> None:
    def trained(threads: int) -> Any:
        program = net(KINDS[0], "float32", threads=threads)
        x, y = X.astype(np.float32), targets(KINDS[0], "float32")
        weight = weights("pixels", "float32")
        order = np.random.default_rng(2).permutation(N)
        result = program.train_epoch(x, y, order, np.array([0.1]), sample_weight=weight)
        assert result.status == "done"
        return program.get_weights()

    assert_same_bytes(trained(threads), trained(1))


def test_weights_of_pixels_choose_what_is_learnt() -> None:
    """Where the weight is 0, the target does not matter."""
    y, weight = targets(KINDS[0], "float64"), np.ones((N, PIXELS))
    weight[:, 7:] = 0
    other = np.where(weight > 0, y, (y + 1) % 3).astype(np.int32)
    found = [
        net(KINDS[0], "float64").loss_and_grads(X, t, sample_weight=weight) for t in (y, other)
    ]
    assert found[0] == found[1]


def test_links() -> None:
    p = net(KINDS[0], "float64").predict(X, link="softmax")
    assert p.shape == (N, *SHAPE[:2], 3)
    assert_close(p.sum(-1), np.ones((N, *SHAPE[:2])), 1e-12)
    alone = net(KINDS[0], "float64").predict(X[:1], link="softmax")
    assert_same_bytes(alone, p[:1])


def test_the_input_as_target() -> None:
    program = compiled([L.Conv2D(2, 3, padding="same")], SHAPE, dtype="float64", batch_size=8)
    program.set_loss("squared_error")
    assert program.loss_and_grads(X, None) == program.loss_and_grads(X, X.reshape(N, PIXELS, 2))


def test_room_for_the_loss_is_taken_when_there_is_one() -> None:
    """A network that only predicts does without."""
    program = net(KINDS[0], "float64")
    before = program.memory()
    program.predict(X)
    assert program.memory() == before


def test_penalties_need_rows() -> None:
    layers = [L.Flatten(), L.ActivityL1(0.1), L.Reshape(SHAPE), L.Conv2D(3, 1)]
    program = compile(layers, SHAPE, loss="softmax_cross_entropy", dtype="float64")
    with pytest.raises(
        ValueError, match="penalties of activations need one output for each sample"
    ):
        program.loss_and_grads(X, targets(KINDS[0], "float64"))
