"""An encoder-decoder with attention in plain float64 NumPy: pair by pair, step by step."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Weights = Mapping[str, NDArray[Any]]
Array = NDArray[np.float64]


def _sigmoid(z: Array) -> Array:
    return 1 / (1 + np.exp(-z))


def gru(w: Weights, name: str, x: Array, state: tuple[Array, ...], end: str = "") -> tuple[Array]:
    """A step of a GRU whose reset comes after the product."""
    (h,) = state
    n = len(h)
    zx = x @ w[f"{name}.weight_ih{end}"] + w[f"{name}.bias{end}"][0]
    zh = h @ w[f"{name}.weight_hh{end}"] + w[f"{name}.bias{end}"][1]
    r, z = np.split(_sigmoid(zx[: 2 * n] + zh[: 2 * n]), 2)
    new = np.tanh(zx[2 * n :] + r * zh[2 * n :])
    return ((1 - z) * new + z * h,)


def lstm(w: Weights, name: str, x: Array, state: tuple[Array, ...], end: str = "") -> Any:
    """A step of an LSTM, gates i f g o."""
    h, c = state
    gates = (
        x @ w[f"{name}.weight_ih{end}"] + h @ w[f"{name}.weight_hh{end}"] + w[f"{name}.bias{end}"]
    )
    i, f, g, o = np.split(gates, 4)
    c = _sigmoid(f) * c + _sigmoid(i) * np.tanh(g)
    return _sigmoid(o) * np.tanh(c), c


CELLS = {"gru": (gru, 1), "lstm": (lstm, 2)}


def encoder(w: Weights, x: Array, cell: str, n_layers: int, bidirectional: bool) -> Array:
    """The states (steps, features) of the last layer for a source (steps, features)."""
    step, n_states = CELLS[cell]
    for i in range(1, n_layers + 1):
        found = []
        for end, order in (("", 1), ("_reverse", -1))[: 1 + bidirectional]:
            units = w[f"encoder_{i}.weight_hh{end}"].shape[0]
            state, states = (np.zeros(units),) * n_states, []
            for row in x[::order]:
                state = step(w, f"encoder_{i}", row, state, end)
                states.append(state[0])
            found.append(np.array(states)[::order])
        x = np.concatenate(found, axis=1)
    return x


def attend(w: Weights, kind: str, query: Array, states: Array) -> tuple[Array, Array]:
    """Weights over the encoder's states, and their mean."""
    if kind == "additive":
        keys = states @ w["attention.weight_key"] + w["attention.bias"]
        scores = np.tanh(query @ w["attention.weight_query"] + keys) @ w["attention.weight_score"]
    else:
        keys = states @ w["attention.weight_key"] if kind == "general" else states
        scores = keys @ query
    e = np.exp(scores - scores.max())
    return e / e.sum(), (e / e.sum()) @ states


def decoder(
    w: Weights, states: Array, y: Any, cell: str, n_layers: int, bidirectional: bool, kind: str
) -> tuple[Array, Array]:
    """Logits (len(y), outputs) for an answer, its end included, and weights (len(y), steps)."""
    step, n_states = CELLS[cell]
    half = states.shape[1] // 2 if bidirectional else states.shape[1]
    summary = np.concatenate([states[-1, :half], states[0, half:]])
    hidden = []
    for i in range(1, n_layers + 1):
        ends = ["", "_cell"][:n_states]
        first = [
            np.tanh(summary @ w[f"start_{i}.weight{e}"] + w[f"start_{i}.bias{e}"]) for e in ends
        ]
        hidden.append(tuple(first))
    before, logits, weights = len(w["target_embedding.weight"]) - 1, [], []
    for symbol in y:
        x = w["target_embedding.weight"][before]
        if kind == "additive":
            found_weights, found = attend(w, kind, hidden[-1][0], states)
            x = np.concatenate([x, found])
        for i in range(n_layers):
            hidden[i] = step(w, f"decoder_{i + 1}", x, hidden[i])
            x = hidden[i][0]
        if kind in ("dot", "general"):
            found_weights, found = attend(w, kind, x, states)
            x = np.tanh(np.concatenate([x, found]) @ w["attention.weight_combine"])
        elif kind == "additive":
            x = np.concatenate([x, found])
        else:
            found_weights = np.zeros(len(states))
        logits.append(x @ w["output.weight"] + w["output.bias"])
        weights.append(found_weights)
        before = symbol
    return np.array(logits), np.array(weights)


def log_likelihood(logits: Array, y: Any) -> float:
    """Of an answer."""
    top = logits.max(axis=1, keepdims=True)
    log_p = logits - top - np.log(np.exp(logits - top).sum(axis=1, keepdims=True))
    return float(log_p[np.arange(len(y)), y].sum())
