"""Sequences of several lengths, and networks that read them."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from fastdl import layers as L
from fastdl._core import Program
from fastdl.program import compile
from programs import compiled, gradients, sample

STEPS, FEATURES = 9, 4


LENGTHS = np.array([3, 9, 1, 5, 9, 2, 7], np.int32)


N = len(LENGTHS)


ALL = {"return_sequences": True}


NETS: dict[str, list[L.Layer]] = {
    "rnn": [L.RNN(5)],
    "rnn-relu": [L.RNN(5, "relu", **ALL)],
    "rnn-reverse": [L.RNN(5, reverse=True, **ALL)],
    "lstm": [L.LSTM(18, **ALL)],
    "lstm-peepholes": [L.LSTM(5, peepholes=True)],
    "lstm-reverse": [L.LSTM(5, reverse=True)],
    "gru": [L.GRU(5)],
    "gru-before": [L.GRU(5, reset_after=False, **ALL)],
    "dropout": [L.GRU(5, recurrent_dropout=0.4, **ALL), L.LSTM(18, recurrent_dropout=0.3)],
    "dropout-before": [L.GRU(5, reset_after=False, recurrent_dropout=0.4)],
    "bidirectional": [L.Bidirectional(L.LSTM(4, **ALL)), L.Bidirectional(L.GRU(3))],
    "last": [L.Dense(4), L.LastStep()],
    "avg": [L.RNN(3, **ALL), L.GlobalAvgPool()],
    "max": [L.Dense(17), L.GlobalMaxPool(), L.Dense(2)],
    "tagger": [L.Dense(6), L.Activation("tanh"), L.GRU(5, **ALL), L.LayerNorm(), L.Dense(3)],
    "flatten": [L.LSTM(3, **ALL), L.Flatten(), L.Dense(2)],
    "conv1d": [
        L.Conv1D(5, 3, padding="same"),
        L.Activation("tanh"),
        L.Conv1D(18, 2, padding="causal", dilation=2),
        L.AvgPool1D(2, 1, "same"),
        L.Dense(3),
    ],
    "conv1d-strides": [
        L.Conv1D(5, 3, 2, "same"),
        L.MaxPool1D(2, padding="same"),
        L.Conv1D(4, 3, 2, "causal"),
        L.GRU(4),
    ],
    "conv1d-lstm": [
        L.Conv1D(6, 3, 2, "causal", groups=2),
        L.Bidirectional(L.LSTM(3, **ALL)),
        L.Residual([L.Conv1D(6, 4, padding="same")]),
        L.GlobalMaxPool(),
    ],
    "conv1d-flatten": [L.Conv1D(3, 2, 2, "same"), L.Flatten(), L.Dense(2)],
    "pool1d": [L.MaxPool1D(3, 2, "causal"), L.AvgPool1D(3, 2, "same"), L.LastStep()],
    "concat-over-time": [
        L.Concat([[], [L.MaxPool1D(3, 1, "same")], [L.Conv1D(2, 5, padding="same")]]),
        L.GlobalAvgPool(),
    ],
}


each_net = pytest.mark.parametrize("net", NETS.values(), ids=NETS)


def build(net: list[L.Layer], **options: Any) -> Program:
    options = {"batch_size": N, "input_gradient": True} | options
    return compiled(net, (STEPS, FEATURES), **options)


def run(program: Program, x: Any, lengths: Any, dy: Any = None) -> list[NDArray[Any]]:
    """Output, gradient of the input, gradients of the parameters."""
    y = program.forward(x.astype(program.dtype), lengths=lengths)
    dy = sample((64, *program.output_shape), 1)[: len(y)] if dy is None else dy
    dx = program.backward(np.ascontiguousarray(dy, program.dtype))
    assert dx is not None
    return [y, dx, *gradients(program).values()]


X = sample((N, STEPS, FEATURES))


def tagger(**options: Any) -> Program:
    program = build(NETS["tagger"], dtype="float64", **options)
    program.set_loss("softmax_cross_entropy")
    program.set_optimizer_rule("sgd")
    return program


CODES = np.random.default_rng(2).integers(3, size=(N, STEPS)).astype(np.int32)


def ids(*codes: float) -> Any:
    return compile([L.Embedding(4, 2)], (2, 1)).predict(np.array(codes, float).reshape(1, 2, 1))
