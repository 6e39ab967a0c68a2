"""Empty sequences, and what is said of bad ones."""

from typing import Any

import numpy as np
import pytest
from sequence_nets import ALL, CODES, FEATURES, STEPS, N, X, build, each_net, ids, run, tagger

from fastdl import layers as L
from fastdl.program import compile
from programs import assert_same_bytes, compiled, sample

EMPTY = np.array([3, 0, 9, 0, 2], np.int32)


@each_net
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
