"""Products of rows: the ways through them are chosen by their sizes, and give the same bytes."""

import numpy as np
import pytest

from fastdl import layers as L
from programs import EPS, arrays, assert_close, assert_same_bytes, compiled, gradients, sample

# Rows of weights 4 KiB apart (in float32 or float64), others, and what one vector has no room for.
WIDTHS = [(600, 1024), (515, 512), (520, 1000), (30, 2056), (700, 17)]


@pytest.mark.parametrize(("n_inputs", "units"), WIDTHS)
def test_rows_of_a_batch_of_any_size(n_inputs: int, units: int, backend: str, dtype: str) -> None:
    x = sample((250, n_inputs)).astype(dtype)
    program = compiled([L.Dense(units)], (n_inputs,), batch_size=250, dtype=dtype, backend=backend)
    whole = program.predict(x)
    weight, bias = arrays(program).values()
    assert_close(whole, x.astype(np.float64) @ weight + bias, EPS[dtype] * 10)
    for n in (1, 2, 4, 5, 8, 9, 15, 16, 17, 63, 64, 191, 192, 249):
        few = compiled([L.Dense(units)], (n_inputs,), batch_size=n, dtype=dtype, backend=backend)
        assert_same_bytes(few.predict(x[:n]), whole[:n], f"{n} rows")


@pytest.mark.parametrize("n", [1, 7, 13, 250])
@pytest.mark.parametrize("units", [17, 23, 24, 25, 33, 40, 41, 53])
def test_columns_do_not_know_each_other(units: int, n: int, backend: str, dtype: str) -> None:
    """Whether the last vector is a whole one or half of one, and which columns it has twice."""
    x, dy = (sample((n, size), size).astype(dtype) for size in (30, 64))
    found = []
    for size in (64, units):
        options = {"dtype": dtype, "backend": backend, "batch_size": n, "input_gradient": True}
        program = compiled([L.Dense(size, name="d"), L.Activation("relu")], (30,), **options)
        for name, value in (("d.weight", sample((30, 64), 2)), ("d.bias", sample((64,), 3))):
            program.set_parameter(name, value[..., :size])
        y = program.forward(x)
        program.backward(np.ascontiguousarray(dy[:, :size]))
        found.append([y, *gradients(program).values(), program.predict(x)])
    for wide, narrow in zip(*found, strict=True):
        assert_same_bytes(np.ascontiguousarray(wide[..., :units]), narrow)


@pytest.mark.parametrize("n", [1, 3, 8, 70])
def test_relu_behind_a_product_is_part_of_it(n: int, backend: str, dtype: str) -> None:
    """In slices of 512 inputs, streamed and in tiles; NaN stays, and each is still seen apart."""
    layers = [L.Dense(210), L.Activation("relu"), L.Activation("identity")]
    program = compiled(layers, (1100,), backend=backend, dtype=dtype, batch_size=n)
    x = sample((n, 1100)).astype(dtype)
    x[0, 5] = np.nan
    before, after = program.predict(x, layer=0), program.predict(x, layer=1)
    assert np.isnan(before[0]).all()
    assert n == 1 or (before < 0).any()
    assert_same_bytes(after, np.where(before < 0, 0, before).astype(dtype) + 0, "relu")
    assert_same_bytes(program.predict(x), after, "all layers")


def test_gradients_behind_relu(backend: str) -> None:
    """Those of a network in which something stands between the two."""
    x, found = sample((9, 30)).astype("float32"), []
    for between in ([], [L.Activation("identity")]):
        layers = [L.Dense(20, name="d"), *between, L.Activation("relu"), L.Dense(2, name="e")]
        program = compiled(layers, (30,), backend=backend, batch_size=9, input_gradient=True)
        y = program.forward(x, training=True)
        dx = program.backward(np.ones_like(y))
        found.append({**gradients(program), "y": y, "dx": dx})
    for key, value in found[0].items():
        assert_same_bytes(value, found[1][key], key)


FIRST = {
    "dense": L.Dense(5),
    "relu": L.Activation("relu"),
    "softmax": L.Activation("softmax"),
    "flatten": L.Flatten(),
    "dropout": L.Dropout(0.5),
    "batch norm": L.BatchNorm(),
    "layer norm": L.LayerNorm(),
    "scale": L.Scale(),
    "residual": L.Residual([L.Activation("tanh")]),
    "concat": L.Concat([[], [L.Activation("relu")]]),
}


@pytest.mark.parametrize("first", FIRST)
def test_predictions_read_rows_where_they_are(first: str, backend: str) -> None:
    """And leave them as they were, whatever layer is asked and what its link is."""
    layers = [FIRST[first], L.Activation("relu"), L.Dense(3)]
    program = compiled(layers, (17,), backend=backend, batch_size=4)
    held = sample((1 + 11 * 17,)).astype("float32")
    x = held[1:].reshape(11, 17)  # at no vector's address
    before = x.copy()
    for layer in range(3):
        for link in ("", "softmax", "sigmoid"):
            y = program.predict(x, link=link, layer=layer)
            assert_same_bytes(x, before, f"X after {link} of layer {layer}")
            assert_same_bytes(program.predict(before.astype(float), link=link, layer=layer), y)


WIDE = {
    "rows": ([L.Dense(9), L.Activation("relu"), L.Dropout(0.5), L.BatchNorm(), L.Dense(3)], (7,)),
    "sequences": ([L.LSTM(5, return_sequences=True), L.LayerNorm(), L.GRU(4)], (6, 2)),
    "backwards": ([L.RNN(5, reverse=True), L.Dense(2)], (6, 2)),
    "not wide": ([L.Bidirectional(L.GRU(4)), L.Scale()], (6, 2)),
}


@pytest.mark.parametrize("name", WIDE)
def test_predictions_of_more_samples_than_a_batch_has(name: str, backend: str, dtype: str) -> None:
    """The same bytes, between steps of training too, and with states that go on."""
    layers, shape = WIDE[name]
    x = sample((600, *shape)).astype(dtype)
    lengths = np.arange(600, dtype=np.int32) % 6 + 1 if len(shape) == 2 else None
    found = []
    for size in (3, 600):
        program = compiled(layers, shape, backend=backend, dtype=dtype, batch_size=size)
        found.append(program.predict(x, lengths=lengths))
        assert_same_bytes(program.predict(x[:3]), program.forward(x[:3]), "as one batch")
        assert_same_bytes(program.predict(x, lengths=lengths), found[0], f"after it, {size}")
    if name != "sequences":
        return
    for size in (3, 12):  # states are kept for a batch
        program = compiled(layers, shape, backend=backend, dtype=dtype, batch_size=size)
        states = [program.predict(x[:3], stateful=True) for _ in range(2)]
        found.append(np.stack(states))
    assert_same_bytes(found[2], found[3], "stateful")


KEPT = {
    "rows": ([L.Dense(130), L.Activation("relu"), L.Dense(1), L.Dense(200)], (560,)),
    "steps": ([L.RNN(70, return_sequences=True), L.Dense(250), L.LastStep()], (5, 3)),
    "images": ([L.Conv2D(30, 3), L.Flatten(), L.Dense(140), L.Activation("relu")], (6, 7, 2)),
}


@pytest.mark.parametrize("name", KEPT)
def test_kept_weights_follow_every_change(name: str, backend: str, dtype: str) -> None:
    """Whatever was asked since, by whichever way: one sample, few, many, and some layers only."""
    layers, shape = KEPT[name]
    layers = [*layers, L.Dense(2)]
    x, rng = sample((300, *shape)).astype(dtype), np.random.default_rng(0)
    program = compiled(layers, shape, backend=backend, dtype=dtype, batch_size=40)
    program.set_loss("squared_error")
    program.set_optimizer_rule("sgd")
    y = np.zeros((300, 2), dtype)
    for change in range(4):
        if change == 1:
            program.set_weights(program.get_weights() * 1.25)
        if change == 2:
            program.train_epoch(x[:40], y[:40], np.arange(40), np.array([1e-3]))
        if change == 3:
            last = program.parameters[-2].name
            program.set_parameter(last, rng.normal(size=program.get_parameter(last).shape))
        for n, layer in ((1, -1), (20, 1), (3, -1), (20, -1), (1, 0), (300, -1), (20, -1), (1, -1)):
            fresh = compiled(layers, shape, backend=backend, dtype=dtype, batch_size=40)
            fresh.set_weights(program.get_weights())
            expected = fresh.predict(x[:n], layer=layer)
            what = f"{n} samples, layer {layer}, change {change}"
            assert_same_bytes(program.predict(x[:n], layer=layer), expected, what)
