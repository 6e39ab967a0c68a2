"""fastdl.functional's recurrent nets: against PyTorch, the reference, and central differences."""

import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import fastdl.functional as F
from fastdl.testing import check_gradients
from programs import assert_same_bytes
from reference import recurrent as ref

N, STEPS, FEATURES, UNITS = 5, 7, 3, 6
LENGTHS = np.array([7, 3, 1, 5, 7])
OPTIONS = [
    {"reverse": reverse} | ({} if lengths is None else {"lengths": lengths})
    for reverse in (False, True)
    for lengths in (None, LENGTHS)
]


def normals(*shape: int, seed: int = 0, dtype: Any = np.float64) -> NDArray[Any]:
    return np.random.default_rng(seed).normal(size=shape).astype(dtype)


def weights(gates: int, units: int = UNITS, features: int = FEATURES) -> list[NDArray[Any]]:
    columns = gates * units
    return [
        normals(features, columns, seed=1),
        normals(units, columns, seed=2) / np.sqrt(units),
        normals(columns, seed=3),
    ]


X = normals(N, STEPS, FEATURES, seed=4)
H0, C0 = normals(N, UNITS, seed=5), normals(N, UNITS, seed=6)
P = normals(3, UNITS, seed=7)
DH, DC = normals(N, STEPS, UNITS, seed=8), normals(N, STEPS, UNITS, seed=9)


# --- the reference -------------------------------------------------------------------------------


def over_time(step: ref.Step, options: dict[str, Any], **states: Any) -> Any:
    return ref.over_time(step, X, UNITS, **options, **states)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("activation", ["tanh", "relu"])
def test_rnn(options: dict[str, Any], activation: str) -> None:
    w = weights(1)
    h = F.rnn(X, *w, h0=H0, activation=activation, **options)
    expected, _ = over_time(ref.rnn_step(*w, activation), options, h0=H0)
    np.testing.assert_allclose(h, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("peepholes", [None, P], ids=["plain", "peepholes"])
def test_lstm(options: dict[str, Any], peepholes: Any) -> None:
    w = weights(4)
    h, c = F.lstm(X, *w, h0=H0, c0=C0, peepholes=peepholes, **options)
    expected = over_time(ref.lstm_step(*w, peepholes), options, h0=H0, c0=C0)
    np.testing.assert_allclose(h, expected[0], rtol=0, atol=1e-12)
    np.testing.assert_allclose(c, expected[1], rtol=0, atol=1e-12)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("reset_after", [True, False])
def test_gru(options: dict[str, Any], reset_after: bool) -> None:
    w_ih, w_hh, b = weights(3)
    for bias in [b, np.stack([b, -2 * b])][: 1 + reset_after]:
        h = F.gru(X, w_ih, w_hh, bias, h0=H0, reset_after=reset_after, **options)
        expected, _ = over_time(ref.gru_step(w_ih, w_hh, bias, reset_after), options, h0=H0)
        np.testing.assert_allclose(h, expected, rtol=0, atol=1e-12)


# --- central differences -------------------------------------------------------------------------


def test_gradients() -> None:
    for options in OPTIONS:

        def rnn(x: Any, w_ih: Any, w_hh: Any, b: Any, h0: Any, options: Any = options) -> Any:
            return F.rnn(x, w_ih, w_hh, b, h0, **options)

        def lstm(x: Any, w: Any, v: Any, b: Any, h: Any, c: Any, p: Any, o: Any = options) -> Any:
            return np.concatenate(F.lstm(x, w, v, b, h, c, p, **o), axis=-1)

        def lstm_backward(dy: Any, *inputs: Any, o: Any = options) -> Any:
            cache = F.lstm(*inputs, return_cache=True, **o)[2]
            return F.lstm_backward(dy[..., :UNITS], cache, dy[..., UNITS:])

        def rnn_backward(dy: Any, *inputs: Any, o: Any = options) -> Any:
            return F.rnn_backward(dy, F.rnn(*inputs, return_cache=True, **o)[1])

        check_gradients(rnn, (X, *weights(1), H0), backward=rnn_backward)
        check_gradients(lstm, (X, *weights(4), H0, C0, P), backward=lstm_backward)


@pytest.mark.share(2)
@pytest.mark.parametrize("reset_after", [True, False])
def test_gru_gradients(reset_after: bool) -> None:
    for options in OPTIONS:

        def gru(x: Any, w_ih: Any, w_hh: Any, b: Any, h0: Any, o: Any = options) -> Any:
            return F.gru(x, w_ih, w_hh, b, h0, reset_after=reset_after, **o)

        def backward(dy: Any, *inputs: Any, o: Any = options) -> Any:
            cache = F.gru(*inputs, reset_after=reset_after, return_cache=True, **o)[1]
            return F.gru_backward(dy, cache)

        w_ih, w_hh, b = weights(3)
        check_gradients(gru, (X, w_ih, w_hh, b, H0), backward=backward)
        if reset_after:
            check_gradients(gru, (X, w_ih, w_hh, np.stack([b, -b]), H0), backward=backward)


# --- PyTorch -------------------------------------------------------------------------------------


@pytest.mark.parametrize("cell", ["RNN", "LSTM", "GRU"])
def test_stacked_both_ways_as_in_pytorch(cell: str) -> None:
    """Two bidirectional layers on sequences of different lengths, given states, float64."""
    torch = pytest.importorskip("torch", reason="PyTorch is only needed to compare")
    net = getattr(torch.nn, cell)(
        FEATURES, UNITS, num_layers=2, bidirectional=True, batch_first=True, dtype=torch.float64
    )
    x = torch.tensor(X, requires_grad=True)
    packed = torch.nn.utils.rnn.pack_padded_sequence(
        x, torch.tensor(LENGTHS), batch_first=True, enforce_sorted=False
    )
    starts = torch.tensor(normals(4, N, UNITS, seed=10), requires_grad=True)
    states = (starts, starts * 0.5) if cell == "LSTM" else starts
    y, _ = torch.nn.utils.rnn.pad_packed_sequence(net(packed, states)[0], batch_first=True)
    dy = normals(N, STEPS, 2 * UNITS, seed=11)
    y.backward(torch.tensor(dy))

    f, f_backward = getattr(F, cell.lower()), getattr(F, cell.lower() + "_backward")
    a, caches = X, []
    for layer in range(2):
        both = []
        for way, end in enumerate(["", "_reverse"]):
            w_ih, w_hh, b_ih, b_hh = (
                getattr(net, f"{what}_l{layer}{end}").detach().numpy()
                for what in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
            )
            b = np.stack([b_ih, b_hh]) if cell == "GRU" else b_ih + b_hh
            h0 = starts.detach().numpy()[2 * layer + way]
            given = {"h0": h0, "c0": h0 * 0.5} if cell == "LSTM" else {"h0": h0}
            out = f(
                a, w_ih.T, w_hh.T, b, lengths=LENGTHS, reverse=bool(way), return_cache=True, **given
            )
            both.append(out[0])
            caches.append((f"_l{layer}{end}", 2 * layer + way, out[-1]))
        a = np.concatenate(both, axis=-1)
    np.testing.assert_allclose(a, y.detach().numpy(), rtol=0, atol=1e-9)

    for layer in (1, 0):
        total = 0.0
        for way in range(2):
            name, row, cache = caches[2 * layer + way]
            da, dw_ih, dw_hh, db, dh0, *rest = f_backward(
                dy[..., way * UNITS : (way + 1) * UNITS], cache
            )
            if rest:
                dh0 = dh0 + 0.5 * rest[0]
            for what, d in {"weight_ih": dw_ih.T, "weight_hh": dw_hh.T}.items():
                expected = getattr(net, what + name).grad.numpy()
                np.testing.assert_allclose(d, expected, rtol=0, atol=1e-9)
            expected = getattr(net, "bias_ih" + name).grad.numpy()
            np.testing.assert_allclose(db[0] if db.ndim == 2 else db, expected, rtol=0, atol=1e-9)
            np.testing.assert_allclose(dh0, starts.grad.numpy()[row], rtol=0, atol=1e-9)
            total = total + da
        dy = total
    np.testing.assert_allclose(dy, x.grad.numpy(), rtol=0, atol=1e-9)


def test_gru_bias_of_the_state_as_in_pytorch() -> None:
    torch = pytest.importorskip("torch", reason="PyTorch is only needed to compare")
    net = torch.nn.GRU(FEATURES, UNITS, batch_first=True, dtype=torch.float64)
    net(torch.tensor(X))[0].backward(torch.tensor(DH))
    w_ih, w_hh, b_ih, b_hh = (p.detach().numpy() for p in net.parameters())
    _, cache = F.gru(X, w_ih.T, w_hh.T, np.stack([b_ih, b_hh]), return_cache=True)
    db = F.gru_backward(DH, cache)[3]
    assert db is not None
    np.testing.assert_allclose(db[1], net.bias_hh_l0.grad.numpy(), rtol=0, atol=1e-9)


# --- embedding -----------------------------------------------------------------------------------


def test_embedding() -> None:
    table, ids = normals(5, 3), np.array([[1, 4, 1], [0, 0, 2]])
    np.testing.assert_array_equal(F.embedding(ids, table), table[ids])
    dy = normals(2, 3, 3, seed=1)
    dtable = F.embedding_backward(dy, ids, table)
    np.testing.assert_allclose(dtable[1], dy[0, 0] + dy[0, 2])
    np.testing.assert_array_equal(dtable[3], 0)


# --- what comes in and goes out ------------------------------------------------------------------


def test_float32() -> None:
    w = [a.astype(np.float32) for a in weights(4)]
    h, c = F.lstm(X.astype(np.float32), *w)
    assert h.dtype == c.dtype == np.float32
    np.testing.assert_allclose(h, F.lstm(X, *weights(4))[0], rtol=0, atol=1e-5)


def test_padding_is_not_read() -> None:
    x = X.copy()
    for i, length in enumerate(LENGTHS):
        x[i, length:] = np.nan
    w = weights(3)
    h, cache = F.gru(X, *w, lengths=LENGTHS, return_cache=True)
    h_nan, cache_nan = F.gru(x, *w, lengths=LENGTHS, return_cache=True)
    assert_same_bytes(h_nan, h)
    for a, b in zip(F.gru_backward(DH, cache_nan), F.gru_backward(DH, cache), strict=True):
        assert a is not None
        assert b is not None
        assert_same_bytes(a, b)


def test_needs() -> None:
    _, cache = F.rnn(X, *weights(1), return_cache=True)
    dx, dw_ih, *rest = F.rnn_backward(DH, cache, needs=(False, True, False, False, False))
    assert dx is None
    assert dw_ih is not None
    assert rest == [None, None, None]


def test_nothing() -> None:
    h, cache = F.rnn(X[:0], *weights(1), return_cache=True)
    assert h.shape == (0, STEPS, UNITS)
    dx, dw_ih, *_ = F.rnn_backward(DH[:0], cache)
    assert dx is not None
    assert dx.shape == (0, STEPS, FEATURES)
    np.testing.assert_array_equal(dw_ih, 0)


W = weights(1)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: F.rnn(X[0], *W), "rnn(): x has shape (7, 3); expected (n, T, F)."),
        (lambda: F.rnn(X, W[0][:2], *W[1:]), "rnn(): w_ih has shape (2, 6); expected (3, 6)."),
        (lambda: F.lstm(X, *W), "lstm(): w_ih has shape (3, 6); expected (3, 24)."),
        (lambda: F.rnn(X, *W, h0=H0[1:]), "rnn(): h0 has shape (4, 6); expected (5, 6)."),
        (
            lambda: F.rnn(X, *W, lengths=[1, 2]),
            "rnn(): lengths has shape (2,) and dtype int64; expected 5 integers, one for each "
            "sequence of x.",
        ),
        (
            lambda: F.rnn(X, *W, lengths=LENGTHS - 1),
            "rnn(): lengths[2] is 0, but x has 7 steps; expected 1 to 7.",
        ),
        (
            lambda: F.rnn(X, *W, lengths=LENGTHS + 1),
            "rnn(): lengths[0] is 8, but x has 7 steps; expected 1 to 7.",
        ),
        (
            lambda: F.rnn(X, *W, activation="tahn"),
            "rnn(): activation='tahn' is not known. Did you mean 'tanh'? Choose from 'tanh', "
            "'relu'.",
        ),
        (
            lambda: F.rnn_backward(DH[:, :2], F.rnn(X, *W, return_cache=True)[1]),
            "rnn_backward(): dh has shape (5, 2, 6); expected (5, 7, 6).",
        ),
        (lambda: F.embedding([5], np.eye(5)), "embedding(): ids has a code outside of 0..4."),
    ],
)
def test_errors(call: Any, text: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        call()
