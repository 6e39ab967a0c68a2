"""Windows over time, and states that go on from one to the next."""

import re

import numpy as np
import pytest
from sequence_nets import ALL, FEATURES, LENGTHS, NETS, STEPS, N, X, build, run

import reference
from fastdl import layers as L
from programs import EPS, arrays, assert_close, assert_same_bytes, compiled, gradients, sample

# --- windows over time


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


CONVOLUTIONS = {
    "same": (L.Conv1D(24, 3, padding="same"), 11),
    "one feature": (L.Conv1D(70, 4, padding="same"), 1),  # of which four panels of weights are made
    "causal, dilation": (L.Conv1D(5, 3, padding="causal", dilation=2), 9),
    "valid, groups": (L.Conv1D(34, 2, groups=2), 20),
    "longer than most": (L.Conv1D(6, 19, padding="same"), 8),
    "strides": (L.Conv1D(6, 3, 2, "same"), 8),
    "deep": (L.Conv1D(3, 2), 520),
}


@pytest.mark.parametrize("name", CONVOLUTIONS)
def test_convolutions_in_place_and_of_gathered_steps(name: str, backend: str, dtype: str) -> None:
    """They are gathered if a short sequence is among them: all others stay as they were."""
    layer, features = CONVOLUTIONS[name]
    x = sample((9, 21, features)).astype(dtype)
    options = {"backend": backend, "dtype": dtype, "batch_size": 9, "input_gradient": True}
    found = []
    for n, threads in ((8, 1), (9, 1), (9, 3)):
        program = compiled([layer], (21, features), threads=threads, **options)
        lengths = np.array([21] * 8 + [4], np.int32)[:n]
        y = program.forward(x[:n], lengths=lengths)
        known = arrays(program) | {"lengths": lengths}
        expected = reference.forward(L.to_dict([layer]), known, x[:n].astype(float))
        assert_close(y, expected, EPS[dtype] * 10)
        dy = sample((9, *program.output_shape), 1).astype(dtype)
        dy[8] = 0
        dx = program.backward(dy[:n])
        found.append([y[:8], dx[:8], *gradients(program).values()])
    for other in found[1:]:
        for a, b in zip(found[0][:2], other, strict=False):
            assert_same_bytes(a, b)
        for a, b in zip(found[0][2:], other[2:], strict=True):
            assert_close(a, b, EPS[dtype] * 10)


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


# --- states that go on


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
