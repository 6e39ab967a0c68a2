"""A step of encoder-decoders in PyTorch, in float64: losses and gradients, into seq2seq.npz.

Needs torch. Run once, by hand: the tests need it not. Weights w, in 128ths, and gradients d have
fastdl's layout; the arrays of a network stand one after the other, by name.
"""

from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as tf
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

FEATURES, HALF, UNITS, EMBEDDING, SIZE, OUTPUTS = 3, 3, 6, 4, 5, 5
LENGTHS, ANSWERS = [6, 2, 1, 4], [3, 5, 1, 4]  # of sources; of answers, their ends included
GATES = {"gru": 3, "lstm": 4}
SCORES = ("additive", "dot", "general", "none")


def shapes(cell: str, score: str) -> dict[str, tuple[int, ...]]:
    """Of the weights, by name."""
    gates, found = GATES[cell], UNITS if score == "additive" else 0
    of = {"target_embedding.weight": (OUTPUTS, EMBEDDING)}
    for end in ("", "_cell")[: 1 + (cell == "lstm")]:
        of |= {f"start_1.weight{end}": (UNITS, UNITS), f"start_1.bias{end}": (UNITS,)}
    for name, inputs, units, end in (
        ("encoder_1", FEATURES, HALF, ""),
        ("encoder_1", FEATURES, HALF, "_reverse"),
        ("decoder_1", EMBEDDING + found, UNITS, ""),
    ):
        of[f"{name}.weight_ih{end}"] = (inputs, gates * units)
        of[f"{name}.weight_hh{end}"] = (units, gates * units)
        of[f"{name}.bias{end}"] = (2, gates * units) if cell == "gru" else (gates * units,)
    if score == "additive":
        of |= {"attention.weight_query": (UNITS, SIZE), "attention.weight_key": (UNITS, SIZE)}
        of |= {"attention.bias": (SIZE,), "attention.weight_score": (SIZE,)}
    if score == "general":
        of["attention.weight_key"] = (UNITS, UNITS)
    if score in ("dot", "general"):
        of["attention.weight_combine"] = (2 * UNITS, UNITS)
    return of | {"output.weight": (UNITS + found, OUTPUTS), "output.bias": (OUTPUTS,)}


class Cell:
    """PyTorch's module, and where the gradients of its weights belong."""

    def __init__(self, module: nn.Module, w: dict[str, torch.Tensor], name: str) -> None:
        self.module, self.name = module.double(), name
        with torch.no_grad():
            for parameter, theirs, layout in self._parameters():
                value = w[theirs]
                if layout is not None and value.ndim == 1:  # an LSTM's one bias
                    value = torch.stack([value, 0 * value])
                parameter.copy_(value.T if layout is None else value[layout])

    def _parameters(self):
        for key, parameter in self.module.named_parameters():
            kind, part, *rest = key.split("_")
            end = "_reverse" if "reverse" in rest else ""
            if kind == "weight":
                yield parameter, f"{self.name}.weight_{part}{end}", None
            else:
                yield parameter, f"{self.name}.bias{end}", ("ih", "hh").index(part)

    def gradients(self, cell: str) -> dict[str, np.ndarray]:
        found: dict[str, np.ndarray] = {}
        for parameter, name, layout in self._parameters():
            d = parameter.grad.numpy()
            if layout is None:
                found[name] = d.T
            elif cell == "lstm":  # one bias
                found[name] = d
            else:
                found.setdefault(name, np.empty((2, len(d))))[layout] = d
        return found


def step(cell: str, score: str, X, lengths, y, w) -> tuple[float, dict[str, np.ndarray]]:
    """The loss of a batch, and the gradients of all weights by name."""
    p = {name: torch.tensor(value, requires_grad=True) for name, value in w.items()}
    encoder = {"gru": nn.GRU, "lstm": nn.LSTM}[cell](
        FEATURES, HALF, batch_first=True, bidirectional=True
    )
    decoder = {"gru": nn.GRUCell, "lstm": nn.LSTMCell}[cell](len(w["decoder_1.weight_ih"]), UNITS)
    cells = [Cell(encoder, p, "encoder_1"), Cell(decoder, p, "decoder_1")]
    packed = pack_padded_sequence(X, lengths, batch_first=True, enforce_sorted=False)
    found, last = encoder(packed)
    states, _ = pad_packed_sequence(found, batch_first=True)
    last = last[0] if cell == "lstm" else last
    summary = torch.cat([last[0], last[1]], 1)
    inside = torch.arange(states.shape[1]) < lengths[:, None]
    h, *c = (
        torch.tanh(summary @ p[f"start_1.weight{end}"] + p[f"start_1.bias{end}"])
        for end in ("", "_cell")[: 1 + (cell == "lstm")]
    )
    keys = states
    if score in ("additive", "general"):
        keys = states @ p["attention.weight_key"] + p.get("attention.bias", 0)
    before, logits = torch.full((len(X),), OUTPUTS - 1), []
    for t in range(y.shape[1]):
        x = p["target_embedding.weight"][before]
        if score == "additive":
            scores = torch.tanh((h @ p["attention.weight_query"])[:, None] + keys)
            scores = (scores @ p["attention.weight_score"]).masked_fill(~inside, -torch.inf)
            mean = (torch.softmax(scores, 1)[:, :, None] * states).sum(1)
            x = torch.cat([x, mean], 1)
        h, *c = decoder(x, (h, c[0])) if c else (decoder(x, h),)
        seen = torch.cat([h, mean], 1) if score == "additive" else h
        if score in ("dot", "general"):
            mean = tf.scaled_dot_product_attention(
                h[:, None], keys, states, attn_mask=inside[:, None], scale=1
            )[:, 0]
            seen = torch.tanh(torch.cat([h, mean], 1) @ p["attention.weight_combine"])
        logits.append(seen @ p["output.weight"] + p["output.bias"])
        before = y[:, t].clamp(min=0)
    loss = tf.cross_entropy(torch.stack(logits, 1).flatten(0, 1), y.flatten(), ignore_index=-1)
    loss.backward()
    gradients = {name: value.grad.numpy() for name, value in p.items() if value.grad is not None}
    for one in cells:
        gradients |= one.gradients(cell)
    return loss.item(), gradients


def attention(rng: np.random.Generator) -> dict[str, np.ndarray]:
    """`scaled_dot_product_attention` of queries (4, 3, 5) over sources of different lengths."""
    arrays = [rng.normal(size=shape) for shape in ((4, 3, 5), (4, 6, 5), (4, 6, 2), (4, 3, 2))]
    q, k, v = (torch.tensor(a, requires_grad=True) for a in arrays[:3])
    inside = torch.arange(6) < torch.tensor(LENGTHS)[:, None]
    y = tf.scaled_dot_product_attention(q, k, v, attn_mask=inside[:, None], scale=1)
    y.backward(torch.tensor(arrays[3]))
    names = ("q", "k", "v", "dy", "y", "dq", "dk", "dv")
    found = (*arrays, *(a.detach().numpy() for a in (y, q.grad, k.grad, v.grad)))
    return dict(zip(names, found, strict=True))


def main() -> None:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(4, 6, FEATURES))
    y = rng.integers(0, OUTPUTS - 1, (4, 5))
    for i, n in enumerate(ANSWERS):
        y[i, n - 1], y[i, n:] = OUTPUTS - 1, -1
    arrays = {"X": X, "lengths": np.array(LENGTHS), "y": y}
    arrays |= {f"attention/{name}": a for name, a in attention(rng).items()}
    batch = (torch.tensor(X), torch.tensor(LENGTHS), torch.tensor(y))
    for cell in GATES:
        for score in SCORES:
            of = sorted(shapes(cell, score).items())
            w = {name: rng.integers(-80, 80, shape, dtype=np.int8) for name, shape in of}
            loss, d = step(cell, score, *batch, {name: value / 128 for name, value in w.items()})
            arrays[f"{cell}/{score}/loss"] = np.array(loss)
            for what, by_name in (("w", w), ("d", d)):
                flat = [by_name[name].ravel() for name, _ in of]
                arrays[f"{cell}/{score}/{what}"] = np.concatenate(flat)
    np.savez_compressed(Path(__file__).with_name("seq2seq.npz"), **arrays)


if __name__ == "__main__":
    main()
