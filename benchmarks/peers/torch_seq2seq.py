"""An encoder-decoder as users of PyTorch write it.

A packed bidirectional GRU; a loop over the steps of a GRUCell with additive attention, in which the
sources of a batch stand side by side; in training the output layer once for all steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence


class TorchSeq2Seq(nn.Module):
    def __init__(self, n_sources: int, n_targets: int, embedding: int, units: int) -> None:
        super().__init__()
        self.end = n_targets - 1  # begins an answer, too
        self.source, self.target = (nn.Embedding(n, embedding) for n in (n_sources, n_targets))
        self.encoder = nn.GRU(embedding, units // 2, batch_first=True, bidirectional=True)
        self.start = nn.Linear(units, units)
        self.query, self.key = nn.Linear(units, units, bias=False), nn.Linear(units, units)
        self.score = nn.Linear(units, 1, bias=False)
        self.cell = nn.GRUCell(embedding + units, units)
        self.output = nn.Linear(2 * units, n_targets)

    def load(self, get: Callable[[str], np.ndarray]) -> None:
        """Weights of a fastdl program, by name."""
        for name, parameter, layout in self._named():
            parameter.data.copy_(torch.from_numpy(np.array(layout(get(name)))))

    def _named(self) -> Iterator[tuple[str, nn.Parameter, Callable[[np.ndarray], np.ndarray]]]:
        def same(w: np.ndarray) -> np.ndarray:
            return w

        gru, cell = self.encoder, self.cell
        for side, end, suffix in (
            ("encoder_1", "", "_l0"),
            ("encoder_1", "_reverse", "_l0_reverse"),
            ("decoder_1", "", ""),
        ):
            module = gru if side == "encoder_1" else cell
            for part in ("ih", "hh"):
                yield (
                    f"{side}.weight_{part}{end}",
                    getattr(module, f"weight_{part}{suffix}"),
                    np.transpose,
                )
                row = ("ih", "hh").index(part)
                bias = getattr(module, f"bias_{part}{suffix}")
                yield f"{side}.bias{end}", bias, lambda b, row=row: b[row]
        for name, linear in (("start_1", self.start), ("output", self.output)):
            yield f"{name}.weight", linear.weight, np.transpose
            yield f"{name}.bias", linear.bias, same
        yield "source_embedding.weight", self.source.weight, same
        yield "target_embedding.weight", self.target.weight, same
        yield "attention.weight_query", self.query.weight, np.transpose
        yield "attention.weight_key", self.key.weight, np.transpose
        yield "attention.bias", self.key.bias, same
        yield "attention.weight_score", self.score.weight, lambda w: w[np.newaxis]

    def encode(self, X: torch.Tensor, lengths: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """States (n, steps, units), keys, what is padding, and the decoder's first state."""
        packed = pack_padded_sequence(self.source(X), lengths, batch_first=True)
        found, last = self.encoder(packed)
        states, _ = pad_packed_sequence(found, batch_first=True)
        padding = torch.arange(states.shape[1]) >= lengths[:, None]
        h = torch.tanh(self.start(torch.cat([last[0], last[1]], 1)))
        return states, self.key(states), padding, h

    def step(self, symbol_vectors, h, states, keys, padding):
        scores = self.score(torch.tanh(self.query(h)[:, None] + keys))[:, :, 0]
        weights = torch.softmax(scores.masked_fill(padding, -torch.inf), 1)
        found = torch.bmm(weights[:, None], states)[:, 0]
        return self.cell(torch.cat([symbol_vectors, found], 1), h), found

    def forward(self, X: torch.Tensor, lengths: torch.Tensor, fed: torch.Tensor) -> torch.Tensor:
        """Outputs (n, steps, n_targets) where the decoder is fed with (n, steps)."""
        states, keys, padding, h = self.encode(X, lengths)
        vectors, seen = self.target(fed), []
        for t in range(fed.shape[1]):
            h, found = self.step(vectors[:, t], h, states, keys, padding)
            seen.append(torch.cat([h, found], 1))
        return self.output(torch.stack(seen, 1))

    @torch.inference_mode()
    def greedy(self, X: torch.Tensor, lengths: torch.Tensor, most: int) -> torch.Tensor:
        """Codes (n, at most `most`), the end after each answer."""
        states, keys, padding, h = self.encode(X, lengths)
        symbol = torch.full((len(X),), self.end)
        written, over = [], torch.zeros(len(X), dtype=torch.bool)
        for _ in range(most):
            h, found = self.step(self.target(symbol), h, states, keys, padding)
            symbol = self.output(torch.cat([h, found], 1)).argmax(1).masked_fill(over, self.end)
            written.append(symbol)
            over = symbol == self.end
            if over.all():
                break
        return torch.stack(written, 1)

    @torch.inference_mode()
    def beams(self, X: torch.Tensor, lengths: torch.Tensor, most: int, k: int) -> torch.Tensor:
        """The likeliest of `k` answers: codes (n, at most `most`), the end after each."""
        n, ways = len(X), self.end + 1
        states, keys, padding, h = self.encode(X, lengths)
        states, keys, padding, h = (a.repeat_interleave(k, 0) for a in (states, keys, padding, h))
        symbol = torch.full((n * k,), self.end)
        totals = torch.full((n, k), -torch.inf)
        totals[:, 0] = 0.0
        over = torch.zeros(n, k, dtype=torch.bool)
        stays = torch.full((ways,), -torch.inf)
        stays[self.end] = 0.0
        written, rows = torch.empty(n, k, 0, dtype=torch.long), torch.arange(n)[:, None]
        for _ in range(most):
            h, found = self.step(self.target(symbol), h, states, keys, padding)
            likely = torch.log_softmax(self.output(torch.cat([h, found], 1)), 1).view(n, k, ways)
            likely = torch.where(over[:, :, None], stays, likely)
            totals, best = (totals[:, :, None] + likely).view(n, -1).topk(k)
            before, codes = best // ways, best % ways
            h = h.view(n, k, -1)[rows, before].view(n * k, -1)
            written = torch.cat([written[rows, before], codes[:, :, None]], 2)
            symbol, over = codes.view(-1), codes == self.end
            if over[:, 0].all():
                break
        return written[:, 0]
