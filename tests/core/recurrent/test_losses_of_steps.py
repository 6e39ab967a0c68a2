"""Losses at every step; codes, and where weights start."""

import numpy as np
import pytest
from sequence_nets import ALL, CODES, LENGTHS, STEPS, N, X, build, tagger

import reference
from fastdl import initializers
from fastdl import layers as L
from fastdl.program import compile
from programs import assert_same_bytes, compiled, sample

# --- losses at every step


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


# --- codes and where weights start


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
