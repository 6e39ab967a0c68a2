"""Seq2Seq beside PyTorch: training steps, and answers to 1,000 dates and to one."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from torch.nn import functional as tf

import fastdl
from benchmarks.pairs import PairNet, dates, of_dates, of_words
from fastdl import optim
from peers.harness import Contest, Run, repeated
from peers.steps import adam_eps
from peers.torch_seq2seq import TorchSeq2Seq

STEPS_TO_AGREE, RATE = 3, 1e-3
NETS = {"gru 2x32-64, 64 dates": of_dates, "gru 2x256-512, 32x40 words": of_words}
AT_A_TIME = 64  # of PyTorch's answers


def step_of_pairs(name: str, threads: int) -> Contest:
    """One batch with teacher forcing, again and again."""
    net = NETS[name]()
    program = net.compile(threads)
    theirs = TorchStep(net, program)
    return Contest(
        {"fastdl": steps_of(net, program), "torch eager": repeated(theirs)},
        lambda: loss_difference(net, threads),
        1e-4,
        3 * flops(net),
        steps_of(net, net.compile(1)) if threads > 1 else None,
    )


def steps_of(net: PairNet, program) -> Run:
    X, lengths, y = net.batch
    X, order, rates = X[:, :, np.newaxis], np.arange(len(X)), np.array([RATE])
    return lambda count: program.train_epoch(X, y, np.tile(order, count), rates, lengths=lengths)


class TorchStep:
    """One step in PyTorch, starting from the program's present weights."""

    def __init__(self, net: PairNet, program) -> None:
        self.module = TorchSeq2Seq(net.n_sources, net.n_targets, net.embedding, net.units)
        self.module.load(program.get_parameter)
        X, lengths, y = (torch.from_numpy(np.asarray(a, np.int64)) for a in net.batch)
        start = torch.full((len(y), 1), net.n_targets - 1)
        fed = torch.cat([start, y[:, :-1].clamp(min=0)], 1)
        self.batch, self.y = (X, lengths, fed), y.reshape(-1)
        self.optimizer = torch.optim.Adam(self.module.parameters(), lr=RATE, fused=True)

    def loss(self) -> torch.Tensor:
        outputs = self.module(*self.batch)
        return tf.cross_entropy(outputs.flatten(0, 1), self.y, ignore_index=-1)

    def __call__(self) -> None:
        self.optimizer.zero_grad()
        self.loss().backward()
        self.optimizer.step()


def loss_difference(net: PairNet, threads: int) -> float:
    """How far the losses after three steps differ."""
    program = net.compile(threads)
    step, mine = TorchStep(net, program), steps_of(net, program)
    for t in range(1, STEPS_TO_AGREE + 1):
        for group in step.optimizer.param_groups:
            group["eps"] = adam_eps(optim.Adam(), t)
        step(), mine(1)
    X, lengths, y = net.batch
    own, _ = program.loss_and_grads(X[:, :, np.newaxis], y, lengths=lengths, evaluation=True)
    theirs = step.loss().item()
    return abs(own - theirs) / theirs


def flops(net: PairNet) -> float:
    """Of the products of one batch forward."""
    units, embedding, (_, lengths, y) = net.units, net.embedding, net.batch
    sources, written = int(lengths.sum()), int((y >= 0).sum())
    seen = int(((y >= 0).sum(axis=1) * lengths).sum())  # pairs of steps
    encoder = 2 * 3 * (units // 2) * (embedding + units // 2) + units**2  # and keys
    decoder = 3 * units * (embedding + 2 * units) + units**2 + 2 * units * net.n_targets
    return 2.0 * (sources * encoder + written * decoder + seen * 2 * units + len(y) * units**2)


def answers(n: int, beam_size: int, threads: int) -> Contest:
    """`Seq2Seq.predict` of strings, beside a batched loop of PyTorch over codes."""
    torch.set_num_threads(threads)
    X, y = dates(2000)
    net = fastdl.Seq2Seq(
        (64,), max_epochs=4, batch_size=32, learning_rate_init=0.005, random_state=0, n_jobs=threads
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # nearly right is enough
        net.fit(X, y)
    net.set_params(beam_size=beam_size)
    new = dates(n, seed=1)[0]
    module = TorchSeq2Seq(
        len(net.source_symbols_), len(net.target_symbols_) + 1, net.embedding_size, 64
    )
    module.load(net.program_.get_parameter)
    parts, order = batches(new, net.source_symbols_)
    most = net.max_length_ + 1

    def theirs() -> list[torch.Tensor]:
        if beam_size == 1:
            return [module.greedy(*part, most) for part in parts]
        return [module.beams(*part, most, beam_size) for part in parts]

    def check() -> float:
        """The share of answers that differ: likelihoods may agree to rounding."""
        written = [
            "".join(net.target_symbols_[code] for code in row if code < module.end)
            for part in theirs()
            for row in part.tolist()
        ]
        return float((net.predict(new)[order] != np.array(written)).mean())

    sides = {"fastdl": repeated(lambda: net.predict(new)), "torch eager": repeated(theirs)}
    return Contest(sides, check, 5e-3)


def batches(
    X: list[str], symbols: tuple[str, ...]
) -> tuple[list[tuple[torch.Tensor, torch.Tensor]], np.ndarray]:
    """Codes and lengths, the longest first, and the order of the texts."""
    code = {symbol: i for i, symbol in enumerate(symbols)}
    order = np.argsort([-len(x) for x in X], kind="stable")
    parts = []
    for begin in range(0, len(X), AT_A_TIME):
        texts = [X[i] for i in order[begin : begin + AT_A_TIME]]
        codes = torch.zeros((len(texts), len(texts[0])), dtype=torch.long)
        for row, text in zip(codes, texts, strict=True):
            row[: len(text)] = torch.tensor([code[symbol] for symbol in text])
        parts.append((codes, torch.tensor([len(text) for text in texts])))
    return parts, order
