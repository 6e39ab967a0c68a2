"""What goes into a program and comes out: element types, sparse rows, links, inner layers."""

import threading

import numpy as np
import pytest
from numpy.typing import NDArray

import reference
from fastdl import layers as L
from fastdl._core import Program
from programs import EPS, arrays, assert_close, assert_same_bytes, compiled, sample

NETS = {
    "rows": ([L.Dense(4), L.Activation("tanh"), L.Dense(3)], (21,)),
    "image": ([L.Conv2D(4, 3), L.Activation("relu"), L.Flatten(), L.Dense(3)], (4, 5, 3)),
}
SOURCES = ["uint8", "float32", "float64"]

nets = pytest.mark.parametrize(("layers", "shape"), NETS.values(), ids=NETS)


def whole_numbers(shape: tuple[int, ...]) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(256, size=shape, dtype=np.uint8)


def csr(x: NDArray[np.generic]) -> tuple[NDArray, NDArray[np.int32], NDArray[np.int64]]:
    rows, columns = np.nonzero(x)
    indptr = np.searchsorted(rows, np.arange(len(x) + 1)).astype(np.int64)
    return x[rows, columns], columns.astype(np.int32), indptr


@nets
@pytest.mark.parametrize("source", SOURCES)
def test_element_types(
    layers: list[L.Layer], shape: tuple[int, ...], source: str, backend: str, dtype: str
) -> None:
    program = compiled(layers, shape, backend=backend, dtype=dtype, batch_size=8)
    x = whole_numbers((19, *shape))
    y = program.predict(x.astype(source))
    expected = reference.forward(L.to_dict(layers), arrays(program), x.astype(np.float64))
    assert_close(y, expected, EPS[dtype])


@pytest.mark.parametrize("source", SOURCES)
def test_sparse_rows(source: str, backend: str, dtype: str) -> None:
    layers, shape = NETS["rows"]
    x = whole_numbers((19, *shape))
    x[x < 200] = 0
    x[4] = 0  # an empty row
    program = compiled(layers, shape, backend=backend, dtype=dtype, batch_size=8)
    dense = program.predict(x.astype(source))
    assert_same_bytes(program.predict(csr(x.astype(source))), dense)

    y = np.arange(19, dtype=np.int32) % 3
    weights = []
    for X in (x.astype(source), csr(x.astype(source))):
        program = compiled(layers, shape, backend=backend, dtype=dtype, batch_size=8)
        program.set_loss("softmax_cross_entropy")
        program.train_epoch(X, y, np.random.default_rng(0).permutation(19), np.array([1e-3]))
        weights.append(program.get_weights())
    assert_same_bytes(*weights)


@nets
def test_order_is_a_choice_of_samples(
    layers: list[L.Layer], shape: tuple[int, ...], backend: str, dtype: str
) -> None:
    """Training on X in some order, with repetitions, is training on X[order]."""
    x, y = sample((19, *shape)).astype(dtype), np.arange(19, dtype=np.int32) % 3
    weight = sample((19,), 1).astype(dtype) ** 2
    order = np.random.default_rng(0).integers(19, size=30)
    weights = []
    for rows, way in ((slice(None), order), (order, np.arange(30))):
        program = compiled(layers, shape, backend=backend, dtype=dtype, batch_size=8)
        program.set_loss("softmax_cross_entropy")
        program.train_epoch(x[rows], y[rows], way, np.array([0.1]), sample_weight=weight[rows])
        weights.append(program.get_weights())
    assert_same_bytes(*weights)


@pytest.mark.parametrize("link", ["softmax", "sigmoid", "exp"])
def test_links(link: str, backend: str, dtype: str) -> None:
    layers, shape = NETS["rows"]
    program = compiled(layers, shape, backend=backend, dtype=dtype, batch_size=8)
    x = sample((19, *shape)).astype(dtype)
    expected = reference.ACTIVATIONS[link](program.predict(x).astype(np.float64), 0.0)
    assert_close(program.predict(x, link=link), expected, EPS[dtype])


@nets
def test_inner_layers(
    layers: list[L.Layer], shape: tuple[int, ...], backend: str, dtype: str
) -> None:
    program = compiled(layers, shape, backend=backend, dtype=dtype, batch_size=8)
    x = sample((19, *shape))
    named = L.to_dict(layers)
    for i in range(len(layers)):
        expected = reference.forward(named[: i + 1], arrays(program), x)
        for layer in (i, i - len(layers)):
            assert_close(program.predict(x.astype(dtype), layer=layer), expected, EPS[dtype])


def test_out_is_written_to(backend: str, dtype: str) -> None:
    layers, shape = NETS["rows"]
    program = compiled(layers, shape, backend=backend, dtype=dtype)
    x, out = sample((19, *shape)).astype(dtype), np.empty((19, 3), dtype)
    assert program.predict(x, out=out) is out
    assert_same_bytes(out, program.predict(x))


def test_evaluation_leaves_gradients_and_statistics(backend: str, dtype: str) -> None:
    layers = [L.Dense(4), L.BatchNorm(), L.Dropout(0.5), L.Dense(3)]
    program = compiled(layers, (21,), backend=backend, dtype=dtype, batch_size=8)
    program.set_loss("squared_error")
    x, y = sample((19, 21)).astype(dtype), sample((19, 3), 1).astype(dtype)
    program.loss_and_grads(x, y)
    before = program.get_gradients(), program.get_states(), program.get_weights()
    loss, _ = program.loss_and_grads(x, y, evaluation=True)
    after = program.get_gradients(), program.get_states(), program.get_weights()
    for a, b in zip(after, before, strict=True):
        assert_same_bytes(a, b)
    expected = reference.LOSSES["squared_error"](program.predict(x).astype(np.float64), y, 0.0)
    assert loss == pytest.approx(expected.mean(), rel=EPS[dtype])


def test_dropout_depends_on_seed_epoch_and_sample_alone(backend: str, dtype: str) -> None:
    x = np.ones((19, 70), dtype)

    def drawn(seed: int, epoch: int, rows: slice = slice(None)) -> NDArray[np.bool_]:
        program = Program(
            L.to_dict([L.Dropout(0.5)]), (70,), backend=backend, dtype=dtype, seed=seed
        )
        return program.forward(x[rows], training=True, epoch=epoch) > 0

    first = drawn(0, 0)
    np.testing.assert_array_equal(drawn(0, 0), first)
    np.testing.assert_array_equal(drawn(0, 0, slice(5)), first[:5])
    for other in (drawn(1, 0), drawn(0, 1), drawn(2**32, 0), np.roll(first, 1, axis=0)):
        assert 0.4 < np.mean(other == first) < 0.6


def test_dropout_of_the_second_half_in_an_epoch(backend: str) -> None:
    """A sample's draw does not depend on its place in the order."""
    weights = []
    for order in ([0, 1, 2, 3], [2, 3, 0, 1]):
        program = compiled(
            [L.Dropout(0.5), L.Dense(3)], (21,), backend=backend, dtype="float64", batch_size=4
        )
        program.set_loss("squared_error")
        x, y = sample((4, 21)), sample((4, 3), 1)
        program.train_epoch(x, y, np.array(order, np.int64), np.array([0.1]))
        weights.append(program.get_weights())
    assert_close(*weights, 1e-14)


def test_two_python_threads() -> None:
    """Two threads may use one program: each gets the rows of its own X."""
    layers, shape = NETS["image"]
    program = compiled(layers, shape, batch_size=8)
    xs = [sample((64, *shape), seed).astype(np.float32) for seed in range(4)]
    alone = [program.predict(x) for x in xs]
    wrong = []

    def use(i: int) -> None:
        wrong.extend(program.predict(xs[i]).tobytes() != alone[i].tobytes() for _ in range(50))

    users = [threading.Thread(target=use, args=(i,)) for i in range(4)]
    for user in users:
        user.start()
    for user in users:
        user.join()
    assert wrong == [False] * 200


def test_batches_without_weight_in_a_team() -> None:
    """All threads of a team see that there is nothing to learn, before the next batch begins."""
    layers = L.to_dict([L.Dense(64), L.Activation("relu"), L.Dense(3)])
    program = Program(layers, (400,), batch_size=32, threads=2)
    program.set_loss("softmax_cross_entropy")
    rng = np.random.default_rng(0)
    X = rng.normal(size=(640, 400)).astype(np.float32)
    y = rng.integers(0, 3, 640).astype(np.int32)
    weight = np.repeat(np.arange(20) % 2, 32).astype(np.float32)
    order, rates = np.arange(640), np.array([1e-3])
    for _ in range(40):
        result = program.train_epoch(X, y, order, rates, sample_weight=weight)
        assert result.n_batches == 20
    assert program.optimizer_steps == 400
