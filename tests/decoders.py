"""Networks with a decoder, pairs for them, and all that a program makes of both."""

from collections.abc import Callable
from functools import cache, partial
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl import program as programs
from programs import gradients

ROOM, STEPS, FEATURES, OUTPUTS = 5, 6, 3, 4
CELLS: dict[str, Callable[..., Any]] = {
    "gru": L.GRU,
    "gru-reset-before": partial(L.GRU, reset_after=False),
    "lstm": L.LSTM,
}


def network(
    cell: str,
    kind: str,
    bidirectional: bool,
    n_layers: int,
    *,
    units: int = 8,
    outputs: int = OUTPUTS,
    **options: Any,
) -> list[Any]:
    make = CELLS[cell]
    layers, inside = [], [L.Embedding(outputs, 5, name="target_embedding")]
    for i in range(1, n_layers + 1):
        name, half = f"encoder_{i}", units // 2 if bidirectional else units
        inner = make(half, return_sequences=True, name=None if bidirectional else name)
        layers.append(L.Bidirectional(inner, name=name) if bidirectional else inner)
        inside += [L.Dense(units, name=f"start_{i}"), make(units, name=f"decoder_{i}")]
    inside += [L.Attention(kind, 7, name="attention"), L.Dense(outputs, name="output")]
    return [
        *layers,
        L.Decoder(inside, ROOM, bidirectional=bidirectional, name="decoder", **options),
    ]


def made(layers: list[Any], **options: Any) -> Any:
    """With weights large enough to matter, biases too."""
    settings = {"dtype": "float64", "batch_size": 4, "threads": 1, "random_state": 0, **options}
    program = programs.compile(layers, (STEPS, FEATURES), **settings)
    rng = np.random.default_rng(0)
    flat = rng.normal(0, 0.5, len(program.get_weights()))
    program.set_weights(flat.astype(program.dtype))
    program.set_loss("softmax_cross_entropy")
    return program


def data(n: int = 4, outputs: int = OUTPUTS) -> tuple[Any, ...]:
    """X, y, lengths; what stands past a length is never read."""
    rng = np.random.default_rng(1)
    X = rng.normal(size=(n, STEPS, FEATURES))
    lengths = rng.permutation(np.arange(n) % STEPS + 1).astype(np.int32)
    y = rng.integers(0, outputs - 1, (n, ROOM)).astype(np.int32)
    for i in range(n):
        X[i, lengths[i] :] = np.nan
        y[i, i % ROOM] = outputs - 1
        y[i, i % ROOM + 1 :] = -1
    return X, y, lengths


# --- for devices: the networks between whose ways they choose

_NOISE = {"dropout": 0.3, "recurrent_dropout": 0.2, "teacher_forcing": 0.5}
NETS = {
    f"{cell}-{kind}": network(cell, kind, True, 2, **_NOISE)
    for cell, kind in product(CELLS, ("additive", "dot", "general", "none"))
}
NETS |= {
    "without-noise": network("gru", "additive", False, 1),
    "three-layers": network("lstm", "dot", False, 3),
    "no-encoder": network("gru", "dot", False, 1, units=3)[-1:],
    "many-symbols": network("gru", "general", True, 1, units=40, outputs=300, **_NOISE),
}
NETS |= {
    f"frozen-{name}": L.replace(network("lstm", "additive", False, 1), name, trainable=False)
    for name in ("encoder_1", "target_embedding", "start_1", "decoder_1", "attention", "output")
}


def learnt(net: str, backend: str, dtype: str) -> dict[str, NDArray[Any]]:
    """The loss and its gradients, an epoch, and what the answers are then."""
    layers, n = NETS[net], 7
    outputs = layers[-1].layers[-1].units
    program = made(layers, backend=backend, dtype=dtype, batch_size=8, seed=3)
    X, y, lengths = data(n, outputs)
    X = X.astype(dtype)
    program.poison()
    weight = np.linspace(0.5, 2, n).astype(dtype)
    loss, _ = program.loss_and_grads(X, y, lengths=lengths, sample_weight=weight)
    found = {"loss": np.array(loss), **gradients(program)}
    programs.set_optimizer(program, "sgd")
    order, rates = np.arange(n)[::-1].copy(), np.array([0.1])
    program.train_epoch(X, y, order, rates, lengths=lengths)
    found["weights"] = program.get_weights()
    found["log-likelihoods"] = program.log_likelihoods(X, y, lengths=lengths)
    found["attention"] = program.attention(X, y, lengths=lengths)
    for beam_size, n_best in ((1, 1), (4, 3)):
        how: dict[str, Any] = {"beam_size": beam_size, "n_best": n_best, "max_length": 6}
        codes, totals = program.search(X, lengths=lengths, length_penalty=0.5, **how)
        found[f"codes of {beam_size}"], found[f"likelihoods of {beam_size}"] = codes, totals
    return found


@cache
def exactly_learnt(net: str) -> dict[str, NDArray[Any]]:
    return learnt(net, "cpu:generic", "float64")


def check_learnt(found: dict[str, NDArray[Any]], net: str, limit: float) -> None:
    """As the generic kernels do it in float64; numbers as far off as a part of their norm."""
    for name, exact in exactly_learnt(net).items():
        if exact.dtype.kind == "i":
            np.testing.assert_array_equal(found[name], exact, err_msg=name)
            continue
        error = float(np.linalg.norm(found[name].astype(np.float64) - exact))
        assert error <= limit * max(float(np.linalg.norm(exact)), 0.1), (net, name, error)
