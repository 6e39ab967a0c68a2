"""A decoder with attention: against NumPy, central differences, threads, parts of a batch."""

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from decoders import OUTPUTS, ROOM, STEPS, data, made, network
from fastdl import _core
from fastdl import layers as L
from fastdl import program as programs
from reference import decoder as reference

PYTORCH = Path(__file__).parents[2] / "data" / "torch" / "seq2seq.npz"

KINDS = [
    pytest.param(
        cell, kind, bidirectional, n_layers, id=f"{cell}-{kind}-{bidirectional}-{n_layers}"
    )
    for cell, kind, bidirectional, n_layers in [
        *product(["gru", "lstm"], ["additive", "dot", "general", "none"], [True], [1]),
        ("gru", "additive", False, 1),
        ("lstm", "general", False, 2),
        ("gru", "additive", True, 3),
        ("gru", "dot", True, 2),
        ("lstm", "none", True, 2),
    ]
]


def answers(y: NDArray[np.int32]) -> list[NDArray[np.int32]]:
    return [row[row >= 0] for row in y]


@pytest.mark.parametrize(("cell", "kind", "bidirectional", "n_layers"), KINDS)
def test_reference(cell: str, kind: str, bidirectional: bool, n_layers: int) -> None:
    """Log-likelihoods, the loss and the weights of attention are NumPy's."""
    program = made(network(cell, kind, bidirectional, n_layers))
    w = {p.name: program.get_parameter(p.name) for p in program.parameters}
    X, y, lengths = data()
    totals, all_weights = [], np.zeros((len(X), ROOM, STEPS))
    for i, answer in enumerate(answers(y)):
        states = reference.encoder(w, X[i, : lengths[i]], cell, n_layers, bidirectional)
        logits, weights = reference.decoder(w, states, answer, cell, n_layers, bidirectional, kind)
        totals.append(reference.log_likelihood(logits, answer))
        all_weights[i, : len(answer), : lengths[i]] = weights
    found = program.log_likelihoods(X, y, lengths=lengths)
    np.testing.assert_allclose(found, totals, rtol=1e-12)
    loss, _ = program.loss_and_grads(X, y, lengths=lengths, evaluation=True)
    np.testing.assert_allclose(loss, -sum(totals) / (y >= 0).sum(), rtol=1e-12)
    np.testing.assert_allclose(program.attention(X, y, lengths=lengths), all_weights, atol=1e-12)


@pytest.mark.parametrize("kind", ["additive", "dot", "general", "none"])
@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_pytorch(cell: str, kind: str) -> None:
    """A step of PyTorch with the same weights: tests/data/torch/make_seq2seq.py."""
    make: Any = {"gru": L.GRU, "lstm": L.LSTM}[cell]
    inside = [
        L.Embedding(5, 4, name="target_embedding"),
        L.Dense(6, name="start_1"),
        make(6, name="decoder_1"),
        L.Attention(kind, 5, name="attention"),
        L.Dense(5, name="output"),
    ]
    encoder = L.Bidirectional(make(3, return_sequences=True), name="encoder_1")
    with np.load(PYTORCH) as stored:
        key, settings = f"{cell}/{kind}/", {"dtype": "float64", "batch_size": 4, "threads": 1}
        decoder = L.Decoder(inside, stored["y"].shape[1], bidirectional=True, name="decoder")
        program = programs.compile([encoder, decoder], stored["X"].shape[1:], **settings)
        program.set_loss("softmax_cross_entropy")
        by_name = sorted(program.parameters, key=lambda p: p.name)
        ends = np.cumsum([p.size for p in by_name])[:-1]
        for p, w in zip(by_name, np.split(stored[key + "w"] / 128, ends), strict=True):
            program.set_parameter(p.name, w.reshape(p.shape))
        y, lengths = (stored[name].astype(np.int32) for name in ("y", "lengths"))
        loss, _ = program.loss_and_grads(stored["X"], y, lengths=lengths)
        np.testing.assert_allclose(loss, stored[key + "loss"], rtol=0, atol=1e-9)
        for p, d in zip(by_name, np.split(stored[key + "d"], ends), strict=True):
            found = program.get_gradient(p.name).ravel()
            np.testing.assert_allclose(found, d, rtol=0, atol=1e-8)


def check_gradients(program: Any, X: Any, y: Any, lengths: Any, **options: Any) -> None:
    program.poison()
    program.loss_and_grads(X, y, lengths=lengths, **options)
    gradient, weights, h = program.get_gradients(), program.get_weights(), 1e-5
    expected = np.empty_like(gradient)
    for i in range(len(weights)):
        values = []
        for step in (h, -h):
            moved = weights.copy()
            moved[i] += step
            program.set_weights(moved)
            values.append(program.loss_and_grads(X, y, lengths=lengths, **options)[0])
        expected[i] = (values[0] - values[1]) / (2 * h)
    program.set_weights(weights)
    np.testing.assert_allclose(gradient, expected, atol=1e-8)
    for p in program.parameters:  # each has some
        assert np.abs(gradient[p.offset : p.offset + p.size]).max() > 1e-5, p.name


@pytest.mark.share(4)
@pytest.mark.parametrize(("cell", "kind", "bidirectional", "n_layers"), KINDS)
def test_gradients(cell: str, kind: str, bidirectional: bool, n_layers: int) -> None:
    """Of every parameter, by central differences; pairs weighted."""
    program = made(network(cell, kind, bidirectional, n_layers))
    X, y, lengths = data()
    check_gradients(program, X, y, lengths, sample_weight=np.array([1.0, 0.5, 2.0, 1.5]))


@pytest.mark.parametrize("kind", ["additive", "general"])
def test_gradients_of_noise(kind: str) -> None:
    """With dropout of both kinds, the same draws in every call."""
    options = {"dropout": 0.3, "recurrent_dropout": 0.2}
    program = made(network("gru", kind, True, 2, **options), seed=3)
    X, y, lengths = data()
    check_gradients(program, X, y, lengths)


def test_fed_with_its_own_symbols() -> None:
    """Without the answer, gradients are those of the symbols that it wrote."""
    for kind in ("additive", "dot", "none"):
        own = made(network("gru", kind, True, 1, teacher_forcing=0.0))
        X, y, lengths = data()
        y = np.array([[0, 1, 2, 3, -1]] * 4, np.int32)
        own.loss_and_grads(X, y, lengths=lengths)
        w = {p.name: own.get_parameter(p.name) for p in own.parameters}
        total = 0.0
        for i in range(4):
            states = reference.encoder(w, X[i, : lengths[i]], "gru", 1, True)
            fed: list[int] = []
            for _ in range(4):
                logits, _ = reference.decoder(w, states, [*fed, 0], "gru", 1, True, kind)
                fed.append(int(logits[-1, : OUTPUTS - 1].argmax()))
            logits, _ = reference.decoder(w, states, fed, "gru", 1, True, kind)
            total += reference.log_likelihood(logits, y[i, :4])
        loss, _ = own.loss_and_grads(X, y, lengths=lengths)
        np.testing.assert_allclose(loss, -total / 16, rtol=1e-10)
        check_gradients(own, X, y, lengths)


@pytest.mark.parametrize(
    "frozen", ["target_embedding", "start_1", "decoder_1", "attention", "output"]
)
def test_frozen_parts(frozen: str) -> None:
    """Gradients of the others stay what they are."""
    X, y, lengths = data()
    layers = network("lstm", "additive", True, 1)
    whole = made(layers)
    part = made(L.replace(layers, frozen, trainable=False))
    for program in (whole, part):
        program.poison()
        program.loss_and_grads(X, y, lengths=lengths)
    for p in whole.parameters:
        if not p.name.startswith(frozen + "."):
            np.testing.assert_array_equal(part.get_gradient(p.name), whole.get_gradient(p.name))


@pytest.mark.parametrize("backend", [b.name for b in _core.backends() if b.available])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("kind", ["additive", "dot", "none"])
def test_threads_and_backends(kind: str, dtype: str, backend: str) -> None:
    """One thread and three, byte for byte; every backend as the generic one."""
    X, y, lengths = data(13)
    X = X.astype(dtype)
    found = []
    for threads, name in [(1, backend), (3, backend), (1, "cpu:generic")]:
        layers = network("gru", kind, True, 2, teacher_forcing=0.6, dropout=0.2)
        program = made(layers, dtype=dtype, batch_size=13, threads=threads, backend=name)
        programs.set_optimizer(program, "adam")
        order, rates = np.arange(13)[::-1].copy(), np.array([1e-3])
        for epoch in range(2):
            program.train_epoch(X, y, order, rates, lengths=lengths, epoch=epoch)
        found.append(program.get_weights())
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_allclose(found[0], found[2], atol=1e-3 if dtype == "float32" else 1e-9)


@pytest.mark.parametrize("kind", ["additive", "general", "none"])
def test_a_batch_against_its_parts(kind: str) -> None:
    """Gradients of a batch are the weighted sum of its pairs'; answers do not know of others."""
    program = made(network("lstm", kind, True, 1))
    X, y, lengths = data()
    program.loss_and_grads(X, y, lengths=lengths)
    whole, parts = program.get_gradients(), 0.0
    counts = (y >= 0).sum(axis=1)
    for i in range(4):
        program.loss_and_grads(X[i : i + 1], y[i : i + 1], lengths=lengths[i : i + 1])
        parts = parts + program.get_gradients() * counts[i] / counts.sum()
    np.testing.assert_allclose(whole, parts, atol=1e-12)
    codes, totals = program.search(X, lengths=lengths, beam_size=3, n_best=3, max_length=6)
    order = np.array([2, 0, 3, 1])
    other = program.search(X[order], lengths=lengths[order], beam_size=3, n_best=3, max_length=6)
    np.testing.assert_array_equal(other[0], codes[order])
    np.testing.assert_array_equal(other[1], totals[order])
    for i in range(4):
        alone = program.search(
            X[i : i + 1], lengths=lengths[i : i + 1], beam_size=3, n_best=3, max_length=6
        )
        np.testing.assert_array_equal(alone[0][0], codes[i])
        np.testing.assert_array_equal(alone[1][0], totals[i])


def all_answers(n_symbols: int, most: int) -> NDArray[np.int32]:
    """Every answer of at most so many symbols, with its end."""
    found = [
        [*symbols, OUTPUTS - 1] + [-1] * (ROOM - 1 - n)
        for n in range(most + 1)
        for symbols in product(range(n_symbols), repeat=n)
    ]
    return np.array(found, np.int32)


@pytest.mark.parametrize(("cell", "kind"), [("gru", "additive"), ("lstm", "dot"), ("gru", "none")])
@pytest.mark.parametrize("penalty", [0.0, 0.7])
def test_wide_beams_find_the_best_of_all(cell: str, kind: str, penalty: float) -> None:
    """A beam wide enough counts all answers, and their likelihoods are those of the walk."""
    program = made(network(cell, kind, True, 2))
    X, _, lengths = data()
    everything = all_answers(OUTPUTS - 1, 3)
    n = len(everything)
    for i in range(2):
        copies = np.repeat(X[i : i + 1], n, axis=0)
        totals = program.log_likelihoods(copies, everything, lengths=np.repeat(lengths[i], n))
        scores = totals / (everything >= 0).sum(axis=1) ** penalty
        best = np.argsort(-scores)[:5]
        codes, found = program.search(
            X[i : i + 1],
            lengths=lengths[i : i + 1],
            beam_size=100,
            n_best=5,
            max_length=3,
            length_penalty=penalty,
        )
        expected = np.where(everything == OUTPUTS - 1, -1, everything)[best, :3]
        np.testing.assert_array_equal(codes[0], expected)
        np.testing.assert_allclose(found[0], totals[best], rtol=1e-12)


def test_greedy_takes_the_likeliest_symbol() -> None:
    program = made(network("gru", "additive", True, 1))
    X, _, lengths = data()
    codes, totals = program.search(X, lengths=lengths, max_length=4)
    w = {p.name: program.get_parameter(p.name) for p in program.parameters}
    for i in range(len(X)):
        states = reference.encoder(w, X[i, : lengths[i]], "gru", 1, True)
        written: list[int] = []
        while len(written) < 4:
            logits, _ = reference.decoder(w, states, [*written, 0], "gru", 1, True, "additive")
            symbol = int(logits[-1].argmax())
            if symbol == OUTPUTS - 1:
                break
            written.append(symbol)
        assert [code for code in codes[i, 0] if code >= 0] == written
        logits, _ = reference.decoder(w, states, [*written, 0], "gru", 1, True, "additive")
        total = reference.log_likelihood(logits, [*written, OUTPUTS - 1])
        np.testing.assert_allclose(totals[i, 0], total, rtol=1e-12)


def test_probabilities_of_all_answers_add_up_to_one() -> None:
    """Of two symbols and at most four of them, with those that have not ended by then."""
    layers = network("gru", "additive", True, 1)
    layers = L.replace(layers, "target_embedding", n_symbols=3)
    program = made(L.replace(layers, "output", units=3))
    X, _, lengths = data(1)
    ended = [
        [*symbols, 2] + [-1] * (4 - n) for n in range(4) for symbols in product(range(2), repeat=n)
    ]
    open_ = [[*symbols, -1] for symbols in product(range(2), repeat=4)]
    everything = np.array([*ended, *open_], np.int32)
    n = len(everything)
    totals = program.log_likelihoods(
        np.repeat(X, n, axis=0), everything, lengths=np.repeat(lengths, n)
    )
    np.testing.assert_allclose(np.exp(totals).sum(), 1, rtol=1e-12)


@pytest.mark.parametrize("kind", ["additive", "dot", "none"])
def test_predictions_keep_nothing_of_the_way_back(kind: str) -> None:
    net = network("lstm", kind, False, 2, dropout=0.2, recurrent_dropout=0.2)
    few, many = (made(net, batch_size=batch).memory() for batch in (64, 256))
    more = {purpose: many[purpose] - few[purpose] for purpose in many}
    assert more["prediction"] < 0.65 * (more["values"] + more["saved"] + more["scratch"])
