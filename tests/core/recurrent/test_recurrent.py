"""Sequences in a program: lengths, padding, carried states, losses at every step."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sequence_nets import ALL, FEATURES, LENGTHS, STEPS, N, X, build, each_net, run

import backends
import reference
from fastdl import layers as L
from programs import EPS, arrays, assert_close, assert_same_bytes, compiled, gradients, sample


def padded(x: NDArray[Any], value: float) -> NDArray[Any]:
    x = x.copy()
    for i, length in enumerate(LENGTHS[: len(x)]):
        x[i, length:] = value
    return x


@each_net
def test_forward(net: list[L.Layer], backend: str, dtype: str) -> None:
    program = build(net, backend=backend, dtype=dtype)
    known = arrays(program) | {"lengths": LENGTHS}
    expected = reference.forward(L.to_dict(net), known, padded(X, 0.0))
    if expected.ndim == 3:
        expected = padded(expected, 0.0)  # a Dense after the end gives its bias
    y = program.predict(X.astype(dtype), lengths=LENGTHS)
    assert_close(y, expected, EPS[dtype])


@each_net
def test_gradients(net: list[L.Layer], backend: str) -> None:
    """Each sequence alone, cut to its length, has the same gradients; those are checked."""
    program = build(net, backend=backend, dtype="float64")
    _, dx, *whole = run(program, X, LENGTHS)
    total = [np.zeros_like(g) for g in whole]
    dy = sample((64, *program.output_shape), 1)
    if any(isinstance(layer, L.Flatten) for layer in net):
        return  # its output depends on the number of steps
    for i, length in enumerate(LENGTHS):
        alone = compiled(
            net, (int(length), FEATURES), backend=backend, dtype="float64", input_gradient=True
        )
        dy_alone = dy[i : i + 1, :length] if dy.ndim == 3 else dy[i : i + 1]
        _, dx_alone, *parts = run(
            alone, np.ascontiguousarray(X[i : i + 1, :length]), None, dy_alone
        )
        np.testing.assert_allclose(dx[i, :length], dx_alone[0], rtol=0, atol=1e-11)
        np.testing.assert_array_equal(dx[i, length:], 0)
        for sum_of_parts, part in zip(total, parts, strict=True):
            sum_of_parts += part
    for g, sum_of_parts in zip(whole, total, strict=True):
        np.testing.assert_allclose(g, sum_of_parts, rtol=0, atol=1e-10)


@each_net
def test_padding_is_not_read(net: list[L.Layer], backend: str, dtype: str) -> None:
    program = build(net, backend=backend, dtype=dtype)
    clean = run(program, padded(X, 0.0), LENGTHS)
    program.poison()
    for value in (7.0, np.nan, np.inf):
        for a, b in zip(run(program, padded(X, value), LENGTHS), clean, strict=True):
            assert_same_bytes(a, b, f"padded with {value}")


@each_net
def test_more_padding_changes_nothing(net: list[L.Layer], backend: str, dtype: str) -> None:
    if any(isinstance(layer, L.Flatten) for layer in net):
        return
    wide = np.concatenate([X, sample((N, 4, FEATURES), 5)], axis=1)
    dy = sample((64, STEPS + 4, 64), 1)
    results = []
    for steps in (STEPS, STEPS + 4):
        program = compiled(
            net, (steps, FEATURES), backend=backend, dtype=dtype, batch_size=N, input_gradient=True
        )
        of_steps = len(program.output_shape) == 2
        d = (
            dy[:N, :steps, : program.output_shape[-1]]
            if of_steps
            else dy[:N, 0, : program.output_shape[-1]]
        )
        y, dx, *parameters = run(program, np.ascontiguousarray(wide[:, :steps]), LENGTHS, d)
        results.append([y[:, :STEPS] if of_steps else y, dx[:, :STEPS], *parameters])
    for a, b in zip(*results, strict=True):
        assert_same_bytes(a, b)


@each_net
def test_a_sequence_alone(net: list[L.Layer], backend: str, dtype: str) -> None:
    """Its output does not depend on the others."""
    program = build(net, backend=backend, dtype=dtype)
    x = X.astype(dtype)
    together = program.predict(x, lengths=LENGTHS)
    for i in range(N):
        alone = program.predict(x[i : i + 1], lengths=LENGTHS[i : i + 1])
        assert_same_bytes(alone, together[i : i + 1], f"sequence {i}")


@each_net
def test_threads(net: list[L.Layer], backend: str, dtype: str) -> None:
    """Float64 on one backend, as all of the CPU share out alike; others have no team."""
    if not backend.startswith("cpu:") or backend == backends.GUARDED:
        return
    if dtype == "float64" and backend != backends.BEST:
        return
    program = build(net, backend=backend, dtype=dtype, threads=4)
    n = 8
    while program.team_size(n) == 1:
        n += n // 8
    program = build(net, backend=backend, dtype=dtype, threads=4, batch_size=n)
    x, lengths = np.resize(X, (n, STEPS, FEATURES)), np.resize(LENGTHS, n)
    dy = np.resize(sample((64, *program.output_shape), 1), (n, *program.output_shape))
    found = []
    for threads in (1, 3):
        program.set_threads(threads)
        found.append(run(program, x, lengths, dy))
    for a, b in zip(*found, strict=True):
        assert_same_bytes(a, b)


WIDE: list[L.Layer] = [  # weights that no core's cache holds: threads share each step's product
    L.RNN(530),
    L.LSTM(270, peepholes=True),
    L.GRU(310, reverse=True, **ALL),
    L.GRU(310, reset_after=False),
]


@pytest.mark.parametrize("layer", WIDE, ids=lambda layer: layer.kind)
def test_threads_together(layer: L.Layer) -> None:
    net = [layer, L.LastStep()] if layer.get_params()["return_sequences"] else [layer]
    found = []
    for threads in (1, 2, 4):
        program = build(net, threads=threads)
        assert program.team_size(N) == threads
        found.append(run(program, X, LENGTHS))
    for other in found[1:]:
        for a, b in zip(other, found[0], strict=True):
            assert_same_bytes(a, b)
    exact = build(net, dtype="float64", backend="cpu:generic")
    assert_close(found[0][0], run(exact, X, LENGTHS)[0], EPS["float32"])


@pytest.mark.parametrize("layer", WIDE, ids=lambda layer: layer.kind)
def test_few_sequences_read_weights_as_they_lie(layer: L.Layer, backend: str) -> None:
    """Of more the products are in tiles; the bytes are the same."""
    n = 11
    program = build([layer.replace(return_sequences=False)], backend=backend, batch_size=n)
    x, lengths = np.resize(X, (n, STEPS, FEATURES)).astype("float32"), np.resize(LENGTHS, n)
    together = program.predict(x, lengths=lengths)
    for few in (slice(1), slice(2, 5), slice(3, 11)):
        alone = program.predict(x[few], lengths=lengths[few])
        assert_same_bytes(alone, together[few], str(few))


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("cell", [L.LSTM, L.GRU])
def test_gates_that_nobody_goes_back_to(cell: type[L.LSTM], threads: int, backend: str) -> None:
    """Predictions keep those of a few steps; the states are those of a forward pass."""
    n, steps = 60, 23
    net = [cell(70, return_sequences=True), cell(90)]
    program = compiled(net, (steps, 3), backend=backend, threads=threads, batch_size=n)
    x, lengths = sample((n, steps, 3)).astype("float32"), np.arange(n, dtype=np.int32) % steps + 1
    for some in (None, lengths):
        expected = program.forward(x, lengths=some)
        for what in ("as they lie", "packed"):
            assert_same_bytes(program.predict(x, lengths=some), expected, what)


@pytest.mark.parametrize(
    "layer",
    [
        L.LSTM(270, recurrent_dropout=0.4),
        L.GRU(310, recurrent_dropout=0.4),
        L.GRU(40, reset_after=False, recurrent_dropout=0.4),
        L.RNN(40, recurrent_dropout=0.4),
    ],
    ids=lambda layer: layer.kind,
)
def test_dropout_of_states_with_threads_and_padding(layer: L.Layer) -> None:
    """In training; all that test_threads and test_padding_is_not_read look at."""
    found = []
    for threads, value in ((1, 0.0), (2, np.nan), (4, np.inf)):
        program = build([layer], threads=threads, seed=3)
        program.poison()
        x = padded(X, value).astype(np.float32)
        y = program.forward(x, training=True, lengths=LENGTHS)
        dx = program.backward(sample((N, *program.output_shape), 1).astype(np.float32))
        found.append([y, dx, *gradients(program).values()])
    for other in found[1:]:
        for a, b in zip(other, found[0], strict=True):
            assert_same_bytes(a, b)
    assert not np.array_equal(found[0][0], program.forward(x, lengths=LENGTHS))


@each_net
def test_full_lengths_are_no_lengths(net: list[L.Layer]) -> None:
    program = build(net)
    full = run(program, X, np.full(N, STEPS, np.int32))
    for a, b in zip(run(program, X, None), full, strict=True):
        assert_same_bytes(a, b)


@pytest.mark.parametrize("layer", [L.LSTM(32), L.GRU(32), L.GRU(32, reset_after=False)], ids=repr)
def test_predictions_keep_no_gates(layer: L.Layer) -> None:
    """Of a step, they hold its input, its state, and what a cell carries beside it."""
    for net, shape, inputs in (
        ([layer], (8,), 8),
        ([L.Embedding(50, 7), layer], (1,), 1 + 7),  # one that predicts no more than a batch
    ):
        short, long = (compiled(net, (steps, *shape), batch_size=256) for steps in (100, 200))
        more = long.memory()["prediction"] - short.memory()["prediction"]
        assert more <= 100 * 256 * (inputs + 2 * 32) * 4
