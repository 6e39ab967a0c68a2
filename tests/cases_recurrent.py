"""The lines of the case table with sequences; `cases` takes them in."""

from typing import NamedTuple

from fastdl import layers as L


class Case(NamedTuple):
    id: str
    layers: list[L.Layer]
    input_shape: tuple[int, ...]
    batches: tuple[int, ...] = (1, 5, 16, 19)  # 19 fills a vector and a part of the next
    symbols: int = 0  # X holds codes below it


SEQUENCE = (6, 3)
ALL = {"return_sequences": True}

# fmt: off
RECURRENT = [
    # --- the cells: units that fill no vector, one, and a tile and a half ------------------------
    Case("rnn",               [L.RNN(5)], SEQUENCE),
    Case("rnn-sequences",     [L.RNN(5, **ALL)], SEQUENCE),
    Case("rnn-relu",          [L.RNN(5, "relu")], SEQUENCE),
    Case("rnn-relu-sequences", [L.RNN(17, "relu", **ALL)], SEQUENCE),
    Case("rnn-one-one",       [L.RNN(1)], (3, 1)),
    Case("rnn-one-step",      [L.RNN(4)], (1, 3)),
    Case("rnn-long",          [L.RNN(3)], (40, 2)),
    Case("rnn-reverse",       [L.RNN(5, reverse=True)], SEQUENCE),
    Case("rnn-reverse-sequences", [L.RNN(5, reverse=True, **ALL)], SEQUENCE),
    Case("lstm",              [L.LSTM(5)], SEQUENCE),
    Case("lstm-sequences",    [L.LSTM(5, **ALL)], SEQUENCE),
    Case("lstm-peepholes",    [L.LSTM(5, peepholes=True)], SEQUENCE),
    Case("lstm-peepholes-wide", [L.LSTM(18, peepholes=True, **ALL)], SEQUENCE),
    Case("lstm-wide",         [L.LSTM(33)], (4, 7)),
    Case("lstm-one-one",      [L.LSTM(1)], (3, 1)),
    Case("lstm-one-step",     [L.LSTM(4)], (1, 3)),
    Case("lstm-reverse",      [L.LSTM(5, reverse=True, peepholes=True)], SEQUENCE),
    Case("gru",               [L.GRU(5)], SEQUENCE),
    Case("gru-sequences",     [L.GRU(5, **ALL)], SEQUENCE),
    Case("gru-wide",          [L.GRU(33)], (4, 7)),
    Case("gru-before",        [L.GRU(5, reset_after=False)], SEQUENCE),
    Case("gru-before-wide",   [L.GRU(18, reset_after=False, **ALL)], SEQUENCE),
    Case("gru-one-step",      [L.GRU(4)], (1, 3)),
    Case("gru-before-one-step", [L.GRU(4, reset_after=False)], (1, 3)),
    Case("gru-reverse",       [L.GRU(5, reverse=True, **ALL)], SEQUENCE),

    # --- units of the state hidden from the products ---------------------------------------------
    Case("rnn-dropout",       [L.RNN(5, recurrent_dropout=0.4)], SEQUENCE),
    Case("lstm-dropout",      [L.LSTM(18, peepholes=True, recurrent_dropout=0.4, **ALL)], SEQUENCE),
    Case("gru-dropout",       [L.GRU(5, recurrent_dropout=0.4, **ALL)], SEQUENCE),
    Case("gru-before-dropout", [L.GRU(18, reset_after=False, recurrent_dropout=0.4)], SEQUENCE),
    Case("dropout-among-others", [L.Dropout(0.3),
                               L.Bidirectional(L.GRU(4, recurrent_dropout=0.3, **ALL)),
                               L.Dropout(0.3), L.LSTM(3, reverse=True, recurrent_dropout=0.3)],
         SEQUENCE),

    # --- both ways, stacked, among others --------------------------------------------------------
    Case("bidirectional",     [L.Bidirectional(L.LSTM(4))], SEQUENCE),
    Case("bidirectional-sequences", [L.Bidirectional(L.GRU(4, **ALL))], SEQUENCE),
    Case("bidirectional-stacked", [L.Bidirectional(L.RNN(4, **ALL)),
                               L.Bidirectional(L.LSTM(3))], SEQUENCE),
    Case("stacked",           [L.LSTM(4, **ALL), L.GRU(5, **ALL), L.RNN(3)], SEQUENCE),
    Case("stacked-frozen",    [L.LSTM(4, trainable=False, **ALL), L.GRU(5)], SEQUENCE),
    Case("frozen-inside",     [L.GRU(4, **ALL), L.LSTM(5, trainable=False)], SEQUENCE),
    Case("embedding",         [L.Embedding(7, 3)], (6, 1), symbols=7),
    Case("embedding-lstm",    [L.Embedding(7, 3), L.LSTM(4), L.Dense(2)], (6, 1), symbols=7),

    # --- other layers on sequences ---------------------------------------------------------------
    Case("dense-steps",       [L.Dense(4)], SEQUENCE),
    Case("dense-steps-no-bias", [L.Dense(18, bias=False)], SEQUENCE),
    Case("last-step",         [L.LastStep()], SEQUENCE),
    Case("avg-step",          [L.GlobalAvgPool()], SEQUENCE),
    Case("max-step",          [L.GlobalMaxPool()], SEQUENCE),
    Case("max-step-wide",     [L.GlobalMaxPool()], (4, 19)),
    Case("flatten-steps",     [L.Flatten(), L.Dense(3)], SEQUENCE),
    Case("softmax-steps",     [L.Activation("softmax")], SEQUENCE),
    Case("gelu-steps",        [L.Activation("gelu")], SEQUENCE),
    Case("prelu-steps",       [L.PReLU()], SEQUENCE),
    Case("layer-norm-steps",  [L.LayerNorm()], SEQUENCE),
    Case("dropout-steps",     [L.Dropout(0.4)], SEQUENCE),
    Case("residual-steps",    [L.Residual([L.RNN(3, **ALL)])], SEQUENCE),
    Case("tagger",            [L.Dense(4), L.Activation("relu"), L.Dropout(0.3), L.GRU(5, **ALL),
                               L.LayerNorm(), L.Activation("tanh"), L.Dense(3)], SEQUENCE),
    Case("reader",            [L.Bidirectional(L.LSTM(5, **ALL)), L.GlobalMaxPool(), L.Dense(3),
                               L.Activation("relu"), L.Dense(2)], SEQUENCE),
]
# fmt: on
