"""Sequences in a program: lengths, padding, carried states, losses at every step."""

import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import reference
from fastdl import initializers
from fastdl import layers as L
from fastdl._core import Program
from fastdl.program import compile
from programs import EPS, arrays, assert_close, assert_same_bytes, compiled, gradients, sample

STEPS, FEATURES = 9, 4
LENGTHS = np.array([3, 9, 1, 5, 9, 2, 7], np.int32)
N = len(LENGTHS)
ALL = {"return_sequences": True}
NETS: dict[str, list[L.Layer]] = {
    "rnn": [L.RNN(5)],
    "rnn-relu": [L.RNN(5, "relu", **ALL)],
    "rnn-reverse": [L.RNN(5, reverse=True, **ALL)],
    "lstm": [L.LSTM(18, **ALL)],
    "lstm-peepholes": [L.LSTM(5, peepholes=True)],
    "lstm-reverse": [L.LSTM(5, reverse=True)],
    "gru": [L.GRU(5)],
    "gru-before": [L.GRU(5, reset_after=False, **ALL)],
    "dropout": [L.GRU(5, recurrent_dropout=0.4, **ALL), L.LSTM(18, recurrent_dropout=0.3)],
    "dropout-before": [L.GRU(5, reset_after=False, recurrent_dropout=0.4)],
    "bidirectional": [L.Bidirectional(L.LSTM(4, **ALL)), L.Bidirectional(L.GRU(3))],
    "last": [L.Dense(4), L.LastStep()],
    "avg": [L.RNN(3, **ALL), L.GlobalAvgPool()],
    "max": [L.Dense(17), L.GlobalMaxPool(), L.Dense(2)],
    "tagger": [L.Dense(6), L.Activation("tanh"), L.GRU(5, **ALL), L.LayerNorm(), L.Dense(3)],
    "flatten": [L.LSTM(3, **ALL), L.Flatten(), L.Dense(2)],
    "conv1d": [
        L.Conv1D(5, 3, padding="same"),
        L.Activation("tanh"),
        L.Conv1D(18, 2, padding="causal", dilation=2),
        L.AvgPool1D(2, 1, "same"),
        L.Dense(3),
    ],
    "conv1d-strides": [
        L.Conv1D(5, 3, 2, "same"),
        L.MaxPool1D(2, padding="same"),
        L.Conv1D(4, 3, 2, "causal"),
        L.GRU(4),
    ],
    "conv1d-lstm": [
        L.Conv1D(6, 3, 2, "causal", groups=2),
        L.Bidirectional(L.LSTM(3, **ALL)),
        L.Residual([L.Conv1D(6, 4, padding="same")]),
        L.GlobalMaxPool(),
    ],
    "conv1d-flatten": [L.Conv1D(3, 2, 2, "same"), L.Flatten(), L.Dense(2)],
    "pool1d": [L.MaxPool1D(3, 2, "causal"), L.AvgPool1D(3, 2, "same"), L.LastStep()],
    "concat-over-time": [
        L.Concat([[], [L.MaxPool1D(3, 1, "same")], [L.Conv1D(2, 5, padding="same")]]),
        L.GlobalAvgPool(),
    ],
}


@pytest.fixture(params=NETS)
def net(request: pytest.FixtureRequest) -> list[L.Layer]:
    return NETS[request.param]


def build(net: list[L.Layer], **options: Any) -> Program:
    options = {"batch_size": N, "input_gradient": True} | options
    return compiled(net, (STEPS, FEATURES), **options)


def run(program: Program, x: Any, lengths: Any, dy: Any = None) -> list[NDArray[Any]]:
    """Output, gradient of the input, gradients of the parameters."""
    y = program.forward(x.astype(program.dtype), lengths=lengths)
    dy = sample((64, *program.output_shape), 1)[: len(y)] if dy is None else dy
    dx = program.backward(np.ascontiguousarray(dy, program.dtype))
    assert dx is not None
    return [y, dx, *gradients(program).values()]


def padded(x: NDArray[Any], value: float) -> NDArray[Any]:
    x = x.copy()
    for i, length in enumerate(LENGTHS[: len(x)]):
        x[i, length:] = value
    return x


X = sample((N, STEPS, FEATURES))


def test_forward(net: list[L.Layer], backend: str, dtype: str) -> None:
    program = build(net, backend=backend, dtype=dtype)
    known = arrays(program) | {"lengths": LENGTHS}
    expected = reference.forward(L.to_dict(net), known, padded(X, 0.0))
    if expected.ndim == 3:
        expected = padded(expected, 0.0)  # a Dense after the end gives its bias
    y = program.predict(X.astype(dtype), lengths=LENGTHS)
    assert_close(y, expected, EPS[dtype])


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


def test_padding_is_not_read(net: list[L.Layer], backend: str, dtype: str) -> None:
    program = build(net, backend=backend, dtype=dtype)
    clean = run(program, padded(X, 0.0), LENGTHS)
    program.poison()
    for value in (7.0, np.nan, np.inf):
        for a, b in zip(run(program, padded(X, value), LENGTHS), clean, strict=True):
            assert_same_bytes(a, b, f"padded with {value}")


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


def test_a_sequence_alone(net: list[L.Layer], backend: str, dtype: str) -> None:
    """Its output does not depend on the others."""
    program = build(net, backend=backend, dtype=dtype)
    x = X.astype(dtype)
    together = program.predict(x, lengths=LENGTHS)
    for i in range(N):
        alone = program.predict(x[i : i + 1], lengths=LENGTHS[i : i + 1])
        assert_same_bytes(alone, together[i : i + 1], f"sequence {i}")


def test_threads(net: list[L.Layer], backend: str, dtype: str) -> None:
    program = build(net, backend=backend, dtype=dtype, threads=4)
    n = 8
    while program.team_size(n) == 1:
        n += n // 8
    program = build(net, backend=backend, dtype=dtype, threads=4, batch_size=n)
    x, lengths = np.resize(X, (n, STEPS, FEATURES)), np.resize(LENGTHS, n)
    dy = np.resize(sample((64, *program.output_shape), 1), (n, *program.output_shape))
    found = []
    for threads in (1, 2, 4):
        program.set_threads(threads)
        found.append(run(program, x, lengths, dy))
    for other in found[1:]:
        for a, b in zip(other, found[0], strict=True):
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


def test_full_lengths_are_no_lengths(net: list[L.Layer]) -> None:
    program = build(net)
    full = run(program, X, np.full(N, STEPS, np.int32))
    for a, b in zip(run(program, X, None), full, strict=True):
        assert_same_bytes(a, b)


# --- windows over time ---------------------------------------------------------------------------


def test_lengths_shrink_with_strides(backend: str) -> None:
    """Steps past what is left of a sequence are zeros, and no gradient comes back from them."""
    net: list[L.Layer] = [L.Conv1D(3, 2, 2), L.MaxPool1D(2, 1)]
    lengths = np.array([9, 4, 5, 7], np.int32)
    program = build(net, backend=backend, dtype="float64")
    y, dx, *_ = run(program, X[:4], lengths)
    assert y.shape == (4, 3, 3)
    left = lengths // 2 - 1
    for i, steps in enumerate(left):
        assert (y[i, :steps] != 0).all()
        assert (y[i, steps:] == 0).all()
        assert (dx[i, lengths[i] // 2 * 2 :] == 0).all()  # windows that do not fit
    known = arrays(program) | {"lengths": lengths}
    assert_close(y, reference.forward(L.to_dict(net), known, X[:4]), 1e-12)
    np.testing.assert_array_equal(known["lengths"], left)


def test_sequences_shorter_than_a_kernel() -> None:
    program = build([L.Conv1D(3, 2, 2), L.MaxPool1D(2, name="pool"), L.GlobalAvgPool()])
    assert program.least_steps == (4, "layer 'pool' (MaxPool1D, window 2, padding 'valid')")
    text = (
        "X[2] has 1 steps, but layer 'pool' (MaxPool1D, window 2, padding 'valid') needs at least "
        '4. Use padding="same" or "causal", or leave short sequences out.'
    )
    lengths = np.array([4, 9, 1], np.int32)
    with pytest.raises(ValueError, match=re.escape(text)):
        program.predict(X[:3].astype(np.float32), lengths=lengths)
    program.set_loss("squared_error")
    with pytest.raises(ValueError, match=re.escape(text)):
        program.loss_and_grads(X[:3].astype(np.float32), np.zeros((3, 3)), lengths=lengths)


def test_windows_of_a_sequence_are_refused_where_steps_are_read_together() -> None:
    program = build([L.Conv1D(3, 2, padding="causal"), L.LSTM(3)])
    with pytest.raises(ValueError, match=r"\(Conv1D\) reads several steps at a time"):
        program.forward(X.astype(np.float32), stateful=True)


def test_an_answer_for_every_step_needs_all_steps() -> None:
    program = build([L.Conv1D(3, 3), L.Dense(2)], dtype="float64")
    program.set_loss("squared_error")
    with pytest.raises(ValueError, match=r"the layers make 7 of 9\. Use stride 1 and padding"):
        program.loss_and_grads(X, np.zeros((N, 7, 2)))


# --- states that go on ---------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["rnn-relu", "lstm", "gru-before", "tagger"])
def test_windows_are_the_whole(name: str, dtype: str) -> None:
    net = NETS[name]
    whole = build(net, dtype=dtype).predict(X.astype(dtype))
    program = compiled(net, (3, FEATURES), dtype=dtype, batch_size=N)
    for _ in range(2):
        program.reset_states()
        windows = np.split(X.astype(dtype), 3, axis=1)
        parts = [program.forward(np.ascontiguousarray(w), stateful=True) for w in windows]
        assert_same_bytes(np.concatenate(parts, axis=1), whole)


def test_windows_of_ragged_sequences() -> None:
    """A window may have nothing left of a sequence: its state stays."""
    net = [L.LSTM(5)]
    expected = build(net).predict(X.astype(np.float32), lengths=LENGTHS)
    program = compiled(net, (3, FEATURES), batch_size=N)
    last = np.zeros_like(expected)
    for start in range(0, STEPS, 3):
        left = np.clip(LENGTHS - start, 0, 3).astype(np.int32)
        window = np.ascontiguousarray(X[:, start : start + 3], np.float32)
        y = program.forward(window, lengths=left, stateful=True)
        last[left > 0] = y[left > 0]
    assert_same_bytes(last, expected)


def test_states_are_kept_from_the_gradient() -> None:
    """Truncated: the second window's gradient sees the state it started from as given."""
    program = compiled([L.GRU(5, **ALL)], (3, FEATURES), dtype="float64", batch_size=N)
    first, second = (np.ascontiguousarray(X[:, t : t + 3]) for t in (0, 3))

    def loss() -> float:
        program.reset_states()
        program.forward(first, stateful=True)
        return float((program.forward(second, stateful=True) * dy).sum())

    dy = sample((N, 3, 5), 2)
    loss()
    program.backward(dy)
    g = program.get_gradient("gru_1.weight_ih")
    program.reset_states()
    program.forward(first, stateful=True)
    w, step = program.get_parameter("gru_1.weight_ih"), 1e-6
    values = []
    for sign in (1, -1):
        moved = w.copy()
        moved[0, 0] += sign * step
        program.set_parameter("gru_1.weight_ih", w)
        program.reset_states()
        program.forward(first, stateful=True)
        program.set_parameter("gru_1.weight_ih", moved)
        values.append(float((program.forward(second, stateful=True) * dy).sum()))
    assert g[0, 0] == pytest.approx((values[0] - values[1]) / (2 * step), rel=1e-6)


@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("cell", ["rnn-relu", "lstm", "gru-before", "tagger", "dropout"])
def test_sequences_without_a_step_have_no_gradient(cell: str, threads: int) -> None:
    """In a window after their end, whatever the passes before have left in memory."""
    left = np.array([3, 2, 1, 1, 0, 0, 0], np.int32)
    first, second = (np.ascontiguousarray(X[:, t : t + 3]) for t in (0, 3))
    found = []
    for n in (N, 4):
        program = compiled(
            NETS[cell], (3, FEATURES), dtype="float64", batch_size=N, threads=threads
        )
        program.set_loss("squared_error")
        y = sample((N, *program.output_shape), 2)[:n]
        program.poison()
        program.reset_states()
        program.forward(first[:n], stateful=True)
        program.backward(y)
        weight = None if len(program.output_shape) == 2 else (left[:n] > 0).astype(float)
        program.loss_and_grads(second[:n], y, lengths=left[:n], sample_weight=weight, stateful=True)
        found.append(program.get_gradients())
    np.testing.assert_allclose(found[0], found[1], atol=1e-13)


# --- losses at every step ------------------------------------------------------------------------


def tagger(**options: Any) -> Program:
    program = build(NETS["tagger"], dtype="float64", **options)
    program.set_loss("softmax_cross_entropy")
    program.set_optimizer_rule("sgd")
    return program


CODES = np.random.default_rng(2).integers(3, size=(N, STEPS)).astype(np.int32)


def test_loss_of_steps() -> None:
    program = tagger()
    weight = np.arange(1.0, N + 1)
    z = program.predict(X, lengths=LENGTHS)
    values = reference.LOSSES["softmax_cross_entropy"](z.reshape(-1, 3), CODES.ravel(), 0.0)
    inside = np.arange(STEPS) < LENGTHS[:, None]
    w = inside * weight[:, None]
    expected = (values.reshape(N, STEPS) * w).sum() / w.sum()
    noise = np.where(inside, CODES, 99).astype(np.int32)  # not read past the lengths
    loss, _ = program.loss_and_grads(X, noise, lengths=LENGTHS, sample_weight=weight)
    assert loss == pytest.approx(expected, rel=1e-12)
    whole = program.get_gradients()
    small = tagger(batch_size=3)
    assert small.loss_and_grads(X, CODES, lengths=LENGTHS, sample_weight=weight)[
        0
    ] == pytest.approx(loss)
    np.testing.assert_allclose(small.get_gradients(), whole, atol=1e-12)
    result = program.train_epoch(
        X, CODES, np.arange(N), np.zeros(1), lengths=LENGTHS, sample_weight=weight
    )
    assert result.loss == pytest.approx(expected, rel=1e-12)


def test_weights_of_steps() -> None:
    program = tagger()
    weight = np.abs(sample((N, STEPS), 5)) * (sample((N, STEPS), 6) > -0.5)
    values = reference.LOSSES["softmax_cross_entropy"](
        program.predict(X, lengths=LENGTHS).reshape(-1, 3), CODES.ravel(), 0.0
    )
    w = weight * (np.arange(STEPS) < LENGTHS[:, None])
    expected = (values.reshape(N, STEPS) * w).sum() / w.sum()
    noise = np.where(np.arange(STEPS) < LENGTHS[:, None], weight, 99.0)  # not read past them
    loss, _ = program.loss_and_grads(X, CODES, lengths=LENGTHS, sample_weight=noise)
    assert loss == pytest.approx(expected, rel=1e-12)
    whole, small = program.get_gradients(), tagger(batch_size=3)
    small.loss_and_grads(X, CODES, lengths=LENGTHS, sample_weight=noise)
    np.testing.assert_allclose(small.get_gradients(), whole, atol=1e-12)
    for each in (program, small):  # the mean over the epoch is that over the weights
        order = np.random.default_rng(0).permutation(N)
        result = each.train_epoch(
            X, CODES, order, np.zeros(1), lengths=LENGTHS, sample_weight=noise, batch_size=3
        )
        assert result.loss == pytest.approx(expected, rel=1e-12)
    uniform = np.repeat(np.arange(1.0, N + 1)[:, None], STEPS, axis=1)
    assert program.loss_and_grads(X, CODES, lengths=LENGTHS, sample_weight=uniform) == (
        program.loss_and_grads(X, CODES, lengths=LENGTHS, sample_weight=uniform[:, 0].copy())
    )


def test_batches_without_weight_are_no_steps() -> None:
    """Of the optimizer, whose moments stay as they are."""
    program = tagger()
    program.set_optimizer_rule("adam")
    weight = np.ones((N, STEPS))
    weight[3:6] = 0
    program.train_epoch(X, CODES, np.arange(N), np.full(1, 0.1), sample_weight=weight, batch_size=3)
    assert program.optimizer_steps == 2


def test_targets_of_steps() -> None:
    program = build([L.RNN(4, **ALL), L.Dense(2)], dtype="float64")
    program.set_loss("squared_error")
    y = sample((N, STEPS, 2), 3)
    loss, _ = program.loss_and_grads(X, y, lengths=LENGTHS)
    inside = np.arange(STEPS) < LENGTHS[:, None]
    errors = 0.5 * ((program.predict(X, lengths=LENGTHS) - y) ** 2).sum(axis=2)
    assert loss == pytest.approx(errors[inside].mean(), rel=1e-12)


def test_link_of_steps() -> None:
    p = tagger().predict(X, lengths=LENGTHS, link="softmax")
    inside = np.arange(STEPS) < LENGTHS[:, None]
    np.testing.assert_allclose(p.sum(axis=2), inside, atol=1e-12)


@pytest.mark.parametrize("threads", [1, 2])
def test_training_learns_the_first_step(threads: int) -> None:
    """Is the first number above 0? Known only to a net that remembers."""
    x = sample((300, 8, 2), 4).astype(np.float32)
    y = (x[:, 0, 0] > 0).astype(np.int32)
    program = compile(
        [L.LSTM(12), L.Dense(2)],
        (8, 2),
        random_state=0,
        loss="softmax_cross_entropy",
        threads=threads,
        optimizer="adam",
        batch_size=30,
    )
    for epoch in range(30):
        program.train_epoch(x, y, np.random.default_rng(epoch).permutation(300), np.array([0.01]))
    assert np.mean(program.predict(x).argmax(axis=1) == y) > 0.97


# --- codes and where weights start ---------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float32", "float64"])
def test_codes(dtype: str) -> None:
    program = compiled([L.Embedding(7, 3)], (5, 1))
    ids = np.random.default_rng(0).integers(7, size=(4, 5, 1))
    table = program.get_parameter("embedding_1.weight")
    assert_same_bytes(program.predict(ids.astype(dtype)), table[ids[:, :, 0]])


def test_codes_past_the_end_are_not_read() -> None:
    program = compiled([L.Sequential([L.Embedding(7, 3), L.GRU(4)])], (3, 1))
    ids = np.array([1, 6, -9, 2, 0, 5], np.int32).reshape(2, 3, 1)
    clean = np.maximum(ids, 0)
    lengths = np.array([2, 3], np.int32)
    assert_same_bytes(
        program.predict(ids, lengths=lengths), program.predict(clean, lengths=lengths)
    )
    with pytest.raises(ValueError, match=r"X has a code outside of 0\.\.6"):
        program.predict(ids)


def test_initial_weights() -> None:
    program = compile(
        [
            L.LSTM(4, **ALL),
            L.GRU(4, **ALL),
            L.RNN(4, "relu", recurrent_init="identity"),
            L.Dense(2),
        ],
        (5, 3),
        random_state=0,
        dtype="float64",
    )
    w = program.get_parameter("lstm_1.weight_hh")
    for gate in np.split(w, 4, axis=1):
        np.testing.assert_allclose(gate.T @ gate, np.eye(4), atol=1e-12)
    np.testing.assert_array_equal(
        program.get_parameter("lstm_1.bias"), np.repeat([0.0, 1, 0, 0], 4)
    )
    np.testing.assert_array_equal(program.get_parameter("gru_1.bias"), 0)
    np.testing.assert_array_equal(program.get_parameter("rnn_1.weight_hh"), np.eye(4))
    assert np.abs(program.get_parameter("gru_1.weight_ih")).max() <= np.sqrt(6 / (4 + 4))
    assert initializers.Identity(0.5).draw(np.random.RandomState(0), (2, 2), 2, 2)[0, 0] == 0.5


# --- errors --------------------------------------------------------------------------------------

EMPTY = np.array([3, 0, 9, 0, 2], np.int32)


def test_empty_sequences(net: list[L.Layer]) -> None:
    """Their answer is that to no steps; the others' do not change."""
    program, x = build(net, dtype="float64"), sample((5, STEPS, FEATURES), 7)
    x[np.arange(STEPS) >= EMPTY[:, np.newaxis]] = np.nan  # is not read
    y, dx, *parameters = run(program, x, EMPTY)
    there = EMPTY > 0
    assert_same_bytes(y[there], program.predict(x[there], lengths=EMPTY[there]))
    assert_same_bytes(y, program.predict(x, lengths=EMPTY))
    assert_same_bytes(y[1], y[3])
    assert (dx[~there] == 0).all()
    assert all(np.isfinite(gradient).all() for gradient in parameters)
    if y.ndim == 3:
        assert (y[~there] == 0).all()
    alone = program.predict(x[:2], lengths=np.zeros(2, np.int32))
    assert_same_bytes(alone[0], y[1])


@pytest.mark.parametrize("layer", [L.LSTM(4), L.GRU(4), L.Bidirectional(L.RNN(4)), L.LastStep()])
def test_no_steps_leave_the_first_state(layer: L.Layer) -> None:
    program = compiled([layer, L.Dense(2)], (STEPS, 4))
    y = program.predict(np.ones((1, STEPS, 4), np.float32), lengths=np.zeros(1, np.int32))
    assert_same_bytes(y[0], program.get_parameter("dense_1.bias"))


def test_a_batch_of_nothing_but_empty_sequences_teaches_nothing() -> None:
    program = compiled([L.LSTM(4, **ALL), L.Dense(3)], (STEPS, FEATURES), batch_size=2)
    program.set_loss("softmax_cross_entropy")
    before, x = program.get_weights(), np.ones((2, STEPS, FEATURES), np.float32)
    codes, none = np.zeros((2, STEPS), np.int32), np.zeros(2, np.int32)
    result = program.train_epoch(x, codes, np.arange(2), np.ones(1), lengths=none)
    assert (result.status, result.loss) == ("done", 0)
    assert_same_bytes(program.get_weights(), before)


ROWS = np.ones((2, 3), np.float32)
SEQUENCES = np.ones((2, 5, 3), np.float32)
ONE = np.ones(2, np.int32)


def predict(lengths: Any, **options: Any) -> Any:
    return compile([L.RNN(4)], (5, 3)).predict(SEQUENCES, lengths=lengths, **options)


def ids(*codes: float) -> Any:
    return compile([L.Embedding(4, 2)], (2, 1)).predict(np.array(codes, float).reshape(1, 2, 1))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: predict(ONE * 6), ValueError, "lengths[0] is 6, but X has 5 steps."),
        (lambda: predict(-ONE), ValueError, "lengths[0] is -1; expected 0 steps or more."),
        (lambda: predict(-ONE, stateful=True), ValueError,
         "lengths[0] is -1; expected 0 steps or more."),
        (lambda: predict(np.ones(3, np.int32)), ValueError,
         "lengths has shape (3,); expected (2,), one for each sequence of X."),
        (lambda: predict(np.ones(2)), TypeError,
         "lengths must be a C-contiguous array of int32, got float64."),
        (lambda: compile([L.Dense(4)], (3,)).predict(ROWS, lengths=ONE), ValueError,
         "lengths go with sequences, but the network takes samples of 3."),
        (lambda: compile([L.LSTM(4)], (3,)), ValueError,
         "layer 'lstm_1' (LSTM) takes sequences (steps, features), but its input is rows of 3. "
         "Pass input_shape=(steps, features)."),
        (lambda: compile([L.LSTM(4), L.GRU(4)], (5, 3)), ValueError,
         "layer 'gru_1' (GRU) takes sequences (steps, features), but its input is rows of 4. Pass "
         "return_sequences=True to the layer before it."),
        (lambda: compile([L.Conv2D(4, 3)], (5, 3)), ValueError,
         "layer 'conv2d_1' (Conv2D) takes images (height, width, channels), but its input is "
         "sequences of 5x3. Pass input_shape=(height, width, channels), or put Reshape((height, "
         "width, channels)) before it."),
        (lambda: compile([L.BatchNorm()], (5, 3)), ValueError,
         "layer 'batch_norm_1' (BatchNorm) takes rows or images, but its input is sequences of "
         "5x3. Use LayerNorm() on sequences."),
        (lambda: compile([L.Maxout(2)], (5, 3)), ValueError,
         "layer 'maxout_1' (Maxout) takes rows of features, but its input is sequences of 5x3. Put "
         "Flatten() or a pooling over time before it."),
        (lambda: compile([L.LastStep()], (5,)), ValueError,
         "layer 'last_step_1' (LastStep) takes sequences (steps, features), but its input is rows "
         "of 5. Leave it out."),
        (lambda: compile([L.Embedding(4, 2)], (5, 3)), ValueError,
         "layer 'embedding_1' (Embedding) takes codes of symbols (steps, 1), but its input is "
         "sequences of 5x3. Pass X of shape (n, steps, 1)."),
        (lambda: compile([L.RNN(1, return_sequences=True), L.Embedding(4, 2)], (5, 3)), ValueError,
         "layer 'embedding_1' (Embedding) takes the codes that the network gets. Put it first."),
        (lambda: compile([L.Bidirectional(L.Dense(3))], (5, 3)), ValueError,
         "layer 'bidirectional_1' (Bidirectional): layer=Dense(3, name='dense_1'); expected a "
         "recurrent layer: RNN, LSTM or GRU."),
        (lambda: predict(None, stateful=True) is None or
         compile([L.RNN(4, reverse=True)], (5, 3)).predict(SEQUENCES, stateful=True), ValueError,
         "layer 'rnn_1' (RNN) reads from the end: no state goes on to the next window. Leave out "
         "reverse, Bidirectional or stateful=True."),
        (lambda: ids(0, 4), ValueError, "X has a code outside of 0..3."),
        (lambda: ids(0, -1), ValueError, "X has a code outside of 0..3."),
        (lambda: ids(0, 0.5), ValueError, "X has a code outside of 0..3."),
        (lambda: ids(0, np.nan), ValueError, "X has a code outside of 0..3."),
        (lambda: tagger().train_epoch(X, CODES[:, 1:].copy(), np.arange(N), np.ones(1)), ValueError,
         "y has shape (7, 8); expected (7, 9)."),
    ],
)  # fmt: skip
def test_text(call: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == text
