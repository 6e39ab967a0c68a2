"""Boxes on their way into a batch: what the maps of outputs are to show, moved along or not."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import fastdl.functional as F
import reference
from fastdl import layers as L
from programs import EPS, assert_close, compiled

SIZE, CELLS, CLASSES = (24, 32), (6, 8), 2
N = 7
LAYERS = [L.Conv2D(4 + CLASSES, 4, stride=4)]
SEED, EPOCH = 5, 3


def boxes(n: int = N) -> list[NDArray[np.float64]]:
    """0 to 4 boxes of an image, some across its border: class, x1, y1, x2, y2."""
    rng, found = np.random.default_rng(1), []
    for i in range(n):
        k = i % 5
        corner, size = rng.uniform(-3, 24, (k, 2)), rng.uniform(2, 14, (k, 2))
        found.append(np.hstack([rng.integers(CLASSES, size=(k, 1)), corner, corner + size]))
    return found


def rows(each: list[NDArray[np.float64]], dtype: str) -> NDArray[Any]:
    y = np.full((len(each), max(map(len, each)), 5), -1, dtype)
    for row, of_one in zip(y, each, strict=True):
        row[: len(of_one)] = of_one
    return y


def cut(of_one: NDArray[np.float64]) -> NDArray[np.float64]:
    """Within the image, and only what is there to a quarter."""
    height, width = SIZE
    inside = np.hstack([of_one[:, :1], of_one[:, 1:].clip(0, [width, height] * 2)])
    areas = [(b[:, 3] - b[:, 1]).clip(0) * (b[:, 4] - b[:, 2]).clip(0) for b in (of_one, inside)]
    return inside[(areas[1] > 0) & (areas[1] >= areas[0] / 4)]


def targets(of_one: NDArray[np.float64]) -> NDArray[np.float64]:
    """What the cells are to show, in plain NumPy: (oh, ow, 4 + classes)."""
    shown = np.zeros((*CELLS, 4 + CLASSES))
    shown[..., :4] = np.nan
    grid = np.stack(np.meshgrid(np.arange(CELLS[0]), np.arange(CELLS[1]), indexing="ij"), axis=-1)
    for code, x1, y1, x2, y2 in of_one / [1, 4, 4, 4, 4]:
        centre, size = np.array([y1 + y2, x1 + x2]) / 2, np.array([y2 - y1, x2 - x1])
        cell, spread = np.floor(centre).astype(int), np.maximum(0.09 * size, 1 / 16)
        away = np.abs(grid - cell)
        peak = np.exp(-0.5 * ((away / spread) ** 2).sum(axis=-1))
        peak[(away > np.floor(3 * spread)).any(axis=-1)] = 0
        shown[..., 4 + int(code)] = np.maximum(shown[..., 4 + int(code)], peak)
        new = [*(centre - cell)[::-1], *np.log(size)[::-1]]
        old = shown[*cell, 2:4]
        if np.isnan(old[0]) or sum(new[2:]) < old.sum():
            shown[*cell, :4] = new
    return shown


def expected(z: Any, each: list[NDArray[np.float64]], weight: NDArray[Any]) -> float:
    losses = []
    for cells, of_one in zip(z.astype(np.float64), each, strict=True):
        y = targets(of_one).reshape(-1, 4 + CLASSES)
        total = reference.objects_as_points(cells.reshape(y.shape), y, 0.5).sum()
        losses.append(total / max(1, len(of_one)))
    return float((weight * losses).sum() / weight.sum())


def net(dtype: str, *before: L.Layer, **options: Any) -> Any:
    program = compiled([*before, *LAYERS], (*SIZE, 3), dtype=dtype, **options)
    program.set_loss("objects_as_points", 0.5)
    return program


IMAGES = np.random.default_rng(0).normal(size=(N, *SIZE, 3))


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("batch_size", [3, 16])
def test_loss(weighted: bool, batch_size: int, backend: str, dtype: str) -> None:
    """The mean over images of the sum over their cells, by their objects."""
    program = net(dtype, backend=backend, batch_size=batch_size)
    x, each = IMAGES.astype(dtype), boxes()
    weight = np.arange(1.0, N + 1) if weighted else np.ones(N)
    loss, _ = program.loss_and_grads(
        x, rows(each, dtype), sample_weight=weight.astype(dtype) if weighted else None
    )
    assert len({len(b) for b in each}) > 3
    assert_close(
        np.array(loss),
        np.array(expected(program.predict(x), [cut(b) for b in each], weight)),
        EPS[dtype],
    )


def test_gradient() -> None:
    """Of the bias, by differences."""
    program, y = net("float64"), rows(boxes(), "float64")
    program.loss_and_grads(IMAGES, y)
    name = "conv2d_1.bias"
    gradient, bias = program.get_gradient(name), program.get_parameter(name)
    for i in range(len(bias)):
        losses = []
        for step in (1e-6, -1e-6):
            program.set_parameter(name, bias + step * (np.arange(len(bias)) == i))
            losses.append(program.loss_and_grads(IMAGES, y, evaluation=True)[0])
        assert gradient[i] == pytest.approx((losses[0] - losses[1]) / 2e-6, rel=1e-5, abs=1e-8)


AUGMENTS = {
    "flip_and_shift": {"flip": "both", "shift": 5},
    "turned": {"rotate": 30, "scale": 0.3, "shear": 10, "fill": "edge"},
    "half": {"rotate": 90, "probability": 0.5},
}


@pytest.mark.parametrize("options", AUGMENTS.values(), ids=AUGMENTS)
def test_boxes_move_along(options: dict[str, Any], dtype: str) -> None:
    """As `functional.augment` moves them, by the same draws."""
    program = net(dtype, L.Augment(**options, name="augment"), seed=SEED)
    program.set_optimizer_rule("sgd", momentum=0.0)
    x, each = IMAGES.astype(dtype), [cut(b) for b in boxes()]
    result = program.train_epoch(
        x, rows(each, dtype), np.arange(N), np.zeros(1), batch_size=N, epoch=EPOCH
    )
    seen, moved, drawn = F.augment(
        x, seed=SEED, epoch=EPOCH, boxes=[b[:, 1:] for b in each], return_draws=True, **options
    )
    there = [
        np.hstack([b[kept, :1], m]) for b, m, kept in zip(each, moved, drawn["kept"], strict=True)
    ]
    z = net(dtype, seed=SEED)
    z.set_weights(program.get_weights())
    assert_close(
        np.array(result.loss),
        np.array(expected(z.predict(seen.astype(dtype)), there, np.ones(N))),
        10 * EPS[dtype],
    )


def test_crop() -> None:
    """Objects are cut off by it; in use the middle is seen, and its boxes count."""
    whole = (32, 44)
    program = compiled(
        [L.Augment(crop=SIZE, name="augment"), *LAYERS], (*whole, 3), dtype="float64"
    )
    program.set_loss("objects_as_points", 0.5)
    x, each = np.random.default_rng(2).normal(size=(N, *whole, 3)), boxes()
    loss, _ = program.loss_and_grads(x, rows(each, "float64"), evaluation=True)
    middle = [cut(b - [0, 6, 4, 6, 4]) for b in each]
    assert sum(map(len, middle)) < sum(map(len, each))
    assert loss == pytest.approx(expected(program.predict(x), middle, np.ones(N)), rel=1e-10)


def test_two_in_one_cell() -> None:
    """Both peaks are there; the box is that of the smaller one, whatever the order."""
    program = net("float64")
    large, small = [0, 5, 5, 14, 14], [1, 8, 8, 11, 11]
    for each in ([large, small], [small, large]):
        found = [np.array(each, float)] * N
        loss, _ = program.loss_and_grads(IMAGES, rows(found, "float64"), evaluation=True)
        shown = targets(found[0])
        assert (shown[2, 2, 4:] == 1).all()
        np.testing.assert_allclose(shown[2, 2, 2:4], np.log([0.75, 0.75]))
        assert loss == pytest.approx(expected(program.predict(IMAGES), found, np.ones(N)))


@pytest.mark.parametrize(
    ("y", "text"),
    [
        (np.zeros((N, 2, 4), np.float32), r"y has shape \(7, 2, 4\); expected \(7, boxes, 5\)"),
        (np.full((N, 1, 5), 2, np.float32), r"y has a row that is no box of a class of 0\.\.1"),
        (np.full((N, 1, 5), 0.5, np.float32), "no box of a class"),
        (np.array([[[0, 3, 0, 2, 4]]] * N, np.float32), "no box of a class"),
        (np.array([[[0, 1, 0, np.inf, 4]]] * N, np.float32), "no box of a class"),
    ],
    ids=["shape", "class", "fraction", "inverted", "infinite"],
)
def test_errors(y: NDArray[Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        net("float32").loss_and_grads(IMAGES.astype(np.float32), y)


def test_boxes_need_outputs_of_their_own() -> None:
    program = compiled([L.Conv2D(4, 4, stride=4)], (*SIZE, 3))
    program.set_loss("objects_as_points", 0.5)
    with pytest.raises(ValueError, match="an output for each class beside 4 for the box"):
        program.loss_and_grads(IMAGES.astype(np.float32), np.zeros((N, 1, 5), np.float32))
