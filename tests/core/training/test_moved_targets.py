"""Targets of pixels in a program: what the loss of a batch compares with once the images moved."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import backends
import fastdl.functional as F
import reference
from fastdl import layers as L
from programs import EPS, assert_close, assert_same_bytes, compiled, sample
from reference import augment as reference_augment

N, SHAPE, SEED, EPOCH = 11, (8, 6, 3), 2**33 + 5, 4
AFFINE: dict[str, Any] = {"flip": "both", "shift": (1, 2), "rotate": 40, "scale": 0.3, "shear": 10}
OPTIONS = {
    "flip": {"flip": "both"},
    "shift": {"shift": (2, 3)},
    "affine": AFFINE,
    "edge": {**AFFINE, "fill": "edge"},
    "half": {"rotate": 90, "fill": "reflect", "probability": 0.5},
}
COLOURS = {"brightness": 0.5, "contrast": 0.5, "saturation": 0.2, "noise": 0.3, "cutout": 3}
SIZES: dict[str, tuple[list[L.Layer], tuple[int, int]]] = {
    "same": ([], (8, 6)),
    "half": ([L.AvgPool2D(2)], (4, 3)),
    "third": ([L.AvgPool2D((1, 3))], (8, 2)),
    "double": ([L.Upsample2D(2)], (16, 12)),
}


def net(options: dict[str, Any], size: str = "same", **settings: Any) -> Any:
    layers = [L.Augment(**options), *SIZES[size][0]]
    program = compiled(L.with_names(layers), SHAPE, seed=SEED, **settings)
    program.set_optimizer_rule("sgd", momentum=0.0)
    return program


def seen(
    program: Any, x: NDArray[Any], y: NDArray[Any], *, order: Any = None, **settings: Any
) -> tuple[NDArray[Any], NDArray[Any]]:
    """Targets and weights of the pixels of an epoch, as a loss of the user's finds them."""
    found: list[tuple[NDArray[Any], NDArray[Any]]] = []

    def loss(
        pred: NDArray[Any], y: NDArray[Any], weight: NDArray[Any], *_: Any
    ) -> tuple[float, NDArray[Any]]:
        found.append((y.copy(), weight.copy()))
        return 0.0, np.zeros_like(pred)

    program.set_own_loss(loss, y.dtype == np.int32)
    order = np.arange(len(x)) if order is None else order
    program.train_epoch(x, y, order, np.zeros(1), epoch=EPOCH, **settings)
    return tuple(np.concatenate(of) for of in zip(*found, strict=True))  # type: ignore[return-value]


def expected(
    y: NDArray[Any], weight: NDArray[Any], options: dict[str, Any], size: str, *, blends: bool
) -> tuple[NDArray[Any], NDArray[Any]]:
    """The same in NumPy: (rows, k) and (rows,)."""
    layer, (h, w) = L.Augment(**options).to_dict(), SIZES[size][1]
    targets, weights = [], []
    for i in range(len(y)):
        draw = reference_augment.draw(reference.philox, layer, SHAPE, (SEED, 0, EPOCH), i)
        moved, left = reference_augment.moved_targets(
            y[i].reshape(h, w, -1).astype(float), weight[i].reshape(h, w), draw,
            layer["fill"], SHAPE[:2], blends=blends,
        )  # fmt: skip
        targets.append(moved.reshape(h * w, -1)), weights.append(left.ravel())
    return np.concatenate(targets), np.concatenate(weights)


def data(size: str, dtype: str) -> tuple[Any, Any, Any, Any]:
    """Images, codes, numbers (n, pixels, 3) and weights of pixels, some of which are 0."""
    rng, pixels = np.random.default_rng(2), int(np.prod(SIZES[size][1]))
    weight = rng.uniform(0.5, 2, (N, pixels)) * (rng.uniform(size=(N, pixels)) < 0.8)
    codes = rng.integers(3, size=(N, pixels)).astype(np.int32)
    numbers = sample((N, pixels, 3), 3)
    return sample((N, *SHAPE)).astype(dtype), codes, numbers.astype(dtype), weight.astype(dtype)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", OPTIONS)
def test_targets_move_with_their_pixels(
    name: str, size: str, weighted: bool, backend: str, dtype: str
) -> None:
    if backend == backends.GUARDED:
        return  # no loss of the user's: the next test
    options = OPTIONS[name]
    x, codes, numbers, weight = data(size, dtype)
    program = net({**options, **COLOURS}, size, backend=backend, dtype=dtype, batch_size=4)
    known = weight if weighted else np.ones_like(weight)
    given = {"sample_weight": weight if weighted else None}

    found, left = seen(program, x, codes, **given)
    wanted, weights = expected(codes, known, options, size, blends=False)
    np.testing.assert_array_equal(left, weights.astype(dtype))
    np.testing.assert_array_equal(found[weights > 0], wanted[weights > 0, 0])

    found, left = seen(program, x, numbers, sampling="nearest", **given)
    wanted, _ = expected(numbers, known, options, size, blends=False)
    np.testing.assert_array_equal(left, weights.astype(dtype))
    np.testing.assert_array_equal(found[weights > 0], wanted[weights > 0].astype(dtype))

    found, left = seen(program, x, numbers, **given)
    wanted, _ = expected(numbers, known, options, size, blends=True)
    np.testing.assert_array_equal(left, weights.astype(dtype))
    assert_close(found[weights > 0], wanted[weights > 0], EPS[dtype])
    assert np.isfinite(found).all()


@pytest.mark.parametrize("name", OPTIONS)
def test_a_loss_sees_the_same_on_every_backend(name: str, backend: str) -> None:
    x, _, numbers, weight = data("half", "float64")
    found = []
    for of in (backend, ""):
        program = net(OPTIONS[name], "half", backend=of, dtype="float64", batch_size=4)
        program.set_loss("squared_error")
        order = np.arange(N)
        found.append(program.train_epoch(x, numbers, order, np.zeros(1), sample_weight=weight).loss)
    assert found[0] == pytest.approx(found[1], rel=1e-12)


def test_weights_of_images() -> None:
    x, codes, _, _ = data("same", "float64")
    weight = np.arange(N, dtype=float)
    left = seen(net(AFFINE, dtype="float64"), x, codes, sample_weight=weight)[1].reshape(N, -1)
    for i in range(N):
        assert set(left[i]) <= {0.0, weight[i]}
    assert (left[1:] > 0).any(axis=1).all()


@pytest.mark.parametrize("mixup", [0.0, 0.4])
def test_neither_batch_nor_threads_nor_the_file_matter(mixup: float, tmp_path: Any) -> None:
    n = 400  # or a team would not be worth its while
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (n, 16, 12, 3)).astype(np.uint8)
    y = rng.normal(size=(n, 16 * 12, 3)).astype(np.float32)
    weight = rng.uniform(size=(n, 16 * 12)).astype(np.float32)
    order = rng.permutation(n)

    def run(x: NDArray[Any], y: NDArray[Any], *, batch: int, threads: int) -> list[NDArray[Any]]:
        layers = L.with_names([L.Augment(**AFFINE, mixup=mixup)])
        program = compiled(layers, (16, 12, 3), seed=SEED, batch_size=batch, threads=threads)
        program.set_optimizer_rule("sgd", momentum=0.0)
        return list(seen(program, x, y, order=order, sample_weight=weight))

    first = run(x, y, batch=n, threads=1)
    x.tofile(tmp_path / "x"), y.tofile(tmp_path / "y")
    mapped = np.memmap(tmp_path / "x", np.uint8, "r", shape=x.shape)
    others = np.memmap(tmp_path / "y", np.float32, "r", shape=y.shape)
    for x_, y_, batch, threads in [(x, y, n, 3), (x, y, 33, 1), (mapped, others, 64, 2)]:
        for found, wanted in zip(run(x_, y_, batch=batch, threads=threads), first, strict=True):
            assert_same_bytes(found, wanted)


def test_an_epoch_sees_what_the_function_gives() -> None:
    x, _, numbers, _ = data("same", "float64")
    found, left = seen(net(AFFINE, dtype="float64"), x, numbers)
    y = numbers.reshape(N, *SHAPE)
    _, moved = F.augment(x, seed=SEED, epoch=EPOCH, targets=y, **AFFINE)
    moved = moved.reshape(-1, 3)
    np.testing.assert_array_equal(left == 0, np.isnan(moved[:, 0]))
    np.testing.assert_array_equal(found[left > 0], moved[left > 0])


# --- the loss ------------------------------------------------------------------------------------
def learner(options: dict[str, Any], loss: str, batch_size: int) -> Any:
    layers = L.with_names([L.Augment(**options), L.Conv2D(3, 1)])
    program = compiled(layers, SHAPE, dtype="float64", seed=SEED, batch_size=batch_size)
    program.set_loss(loss)
    program.set_optimizer_rule("sgd", momentum=0.0)
    return program


def losses_of(z: NDArray[Any], y: NDArray[Any], loss: str) -> NDArray[Any]:
    """Of outputs (n, h, w, 3) and codes or numbers, those of each pixel."""
    if loss == "squared_error":
        return np.asarray(0.5 * ((z - y) ** 2).sum(axis=-1))
    log_sum = np.log(np.exp(z).sum(axis=-1))
    return np.asarray(log_sum - np.take_along_axis(z, y[..., np.newaxis], -1)[..., 0])


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("batch_size", [4, 16])
@pytest.mark.parametrize("mixup", [0.0, 0.5])
@pytest.mark.parametrize("loss", ["squared_error", "softmax_cross_entropy"])
def test_the_mean_is_over_pixels_that_count(
    loss: str, mixup: float, batch_size: int, weighted: bool
) -> None:
    """In an epoch, and in one pass over everything with its gradient."""
    options = {**AFFINE, "mixup": mixup}
    x, codes, numbers, weight = data("same", "float64")
    y = numbers if loss == "squared_error" else codes
    program = learner(options, loss, batch_size)
    kernel = program.get_parameter("conv2d_1.weight").reshape(3, 3)
    bias = program.get_parameter("conv2d_1.bias")

    def mean(epoch: int) -> float:
        seen, moved, draws = F.augment(
            x, seed=SEED, epoch=epoch, return_draws=True,
            targets=y.reshape(N, *SHAPE[:2], -1) if y.ndim == 3 else y.reshape(N, *SHAPE[:2]),
            **options,
        )  # fmt: skip
        places = np.arange(y.shape[1], dtype=np.int64).reshape(1, *SHAPE[:2]).repeat(N, axis=0)
        _, places = F.augment(x, seed=SEED, epoch=epoch, targets=places, **AFFINE)
        known = weight if weighted else np.ones_like(weight)
        left = np.where(
            places < 0, 0, np.take_along_axis(known, places.reshape(N, -1), 1).reshape(places.shape)
        )
        share, partner = draws["weight"][:, np.newaxis, np.newaxis], draws["partner"]
        a, b = share * left, (1 - share) * left[partner]
        z = seen @ kernel + bias
        if loss == "squared_error":
            targets = reweighted(numbers, known, epoch)
            both = np.where(a + b > 0, a + b, 1.0)[..., np.newaxis]
            mixed = (a[..., np.newaxis] * targets + b[..., np.newaxis] * targets[partner]) / both
            return float(((a + b) * losses_of(z, mixed, loss)).sum() / (a + b).sum())
        moved = np.where(moved < 0, 0, moved)
        parts = a * losses_of(z, moved, loss) + b * losses_of(z, moved[partner], loss)
        return float(parts.sum() / (a + b).sum())

    def reweighted(numbers: NDArray[Any], known: NDArray[Any], epoch: int) -> NDArray[Any]:
        """Targets moved where those of no weight do not count."""
        marked = np.where(known[..., np.newaxis] > 0, numbers, np.nan).reshape(N, *SHAPE)
        _, moved = F.augment(x, seed=SEED, epoch=epoch, targets=marked, **AFFINE)
        return np.nan_to_num(np.asarray(moved))

    given = weight if weighted else None
    result = program.train_epoch(x, y, np.arange(N), np.zeros(1), epoch=EPOCH, sample_weight=given)
    assert result.loss == pytest.approx(mean(EPOCH), rel=1e-10)

    w = program.get_weights()
    assert program.loss_and_grads(x, y, sample_weight=given)[0] == pytest.approx(mean(0), rel=1e-10)
    found, direction, at = program.get_gradients(), sample((w.size,), 5), []
    for step in (1e-5, -1e-5):
        program.set_weights(w + step * direction)
        at.append(program.loss_and_grads(x, y, sample_weight=given)[0])
    assert found @ direction == pytest.approx((at[0] - at[1]) / 2e-5, rel=1e-6)


def test_use_compares_with_targets_as_they_are() -> None:
    x, codes, _, _ = data("same", "float64")
    program = learner(AFFINE, "softmax_cross_entropy", 4)
    plain = losses_of(program.predict(x), codes.reshape(N, *SHAPE[:2]), "softmax_cross_entropy")
    found, _ = program.loss_and_grads(x, codes, evaluation=True)
    assert found == pytest.approx(plain.mean(), rel=1e-12)


def test_a_batch_whose_pixels_all_went_outside() -> None:
    """Teaches nothing, and counts nothing."""
    x, codes, _, _ = data("same", "float64")
    program = learner({"shift": (10**6, 0)}, "softmax_cross_entropy", 4)
    before = program.get_weights()
    result = program.train_epoch(x, codes, np.arange(N), np.ones(1))
    assert (result.loss, result.status) == (0, "done")
    np.testing.assert_array_equal(program.get_weights(), before)
    assert program.loss_and_grads(x, codes) == (0, 0)


@pytest.mark.parametrize("cutout", [0, 4])
def test_an_image_to_be_made_again(cutout: int) -> None:
    """Of an autoencoder, whose loss is one for all of it: y is 0 outside, as X is."""
    options = {**AFFINE, "cutout": cutout, "brightness": 0.3 if cutout else 0}
    layers = L.with_names([L.Augment(**options), L.Flatten()])
    program = compiled(layers, SHAPE, dtype="float64", seed=SEED)
    program.set_loss("squared_error")
    program.set_optimizer_rule("sgd", momentum=0.0)
    x = sample((N, *SHAPE))
    rows = x.reshape(N, -1)
    result = program.train_epoch(
        x, rows, np.arange(N), np.zeros(1), epoch=EPOCH, sampling="bilinear"
    )
    apart = F.augment(x, seed=SEED, epoch=EPOCH, **options) - F.augment(
        x, seed=SEED, epoch=EPOCH, **AFFINE
    )
    wanted = 0.5 * (apart**2).sum() / N
    assert result.loss == pytest.approx(wanted, rel=1e-10, abs=1e-20)
    stays = program.train_epoch(x, rows, np.arange(N), np.zeros(1), epoch=EPOCH)
    assert stays.loss > wanted + 0.1


# --- messages ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("options", "layers", "y", "text"),
    [
        ({"crop": (6, 4)}, [], (24, 3), "crop lets the network see parts of X, but y has a value "
         "for every pixel."),
        ({"rotate": 3}, [L.Conv2D(3, 3)], (24, 3), "moves the pixels of X and those of y along "
         "with them, but images of X have 8x6 and those of y 6x4, where neither is a multiple of "
         "the other: where a pixel of y lies in X is not known. Pad or cut X and y to sizes of "
         "which one is a multiple of the other, or leave flip, shift, rotate, scale and shear "
         "out."),
        ({"rotate": 3}, [L.Flatten(), L.Dense(5)], (5,), "moves images of 8x6x3, but y has 5 "
         "values for each."),
    ],
    ids=["crop", "size", "rows"],
)  # fmt: skip
def test_messages(
    options: dict[str, Any], layers: list[L.Layer], y: tuple[int, ...], text: str
) -> None:
    program = compiled(L.with_names([L.Augment(**options), *layers]), SHAPE, dtype="float64")
    program.set_loss("squared_error")
    for call in (
        lambda: program.loss_and_grads(sample((N, *SHAPE)), np.zeros((N, *y)), sampling="bilinear"),
        lambda: program.train_epoch(
            sample((N, *SHAPE)), np.zeros((N, *y)), np.arange(N), np.zeros(1), sampling="bilinear"
        ),
    ):
        with pytest.raises(ValueError, match="augment") as caught:
            call()
        assert str(caught.value).removeprefix("layer 'augment_1' (Augment)").lstrip(": ") == text


def test_an_unknown_sampling() -> None:
    x, codes, _, _ = data("same", "float64")
    with pytest.raises(ValueError, match=r"sampling='cubic'; expected 'nearest' or 'bilinear'\."):
        learner({}, "hinge", 4).loss_and_grads(x, codes, sampling="cubic")


def test_sampling_of_codes_for_rows() -> None:
    layers = [L.Augment(flip="horizontal"), L.Flatten()]
    program = compiled(L.with_names(layers), (4, 4, 1), dtype="float32")
    program.set_loss("softmax_cross_entropy")
    codes = np.zeros(3, np.int32)
    with pytest.raises(ValueError, match=r"sampling='nearest' is for targets of pixels, but the"):
        program.loss_and_grads(sample((3, 4, 4, 1)), codes, sampling="nearest")
