"""Cases of layers that take sequences."""

from typing import Any

import numpy as np

from fastdl import layers as L

from .case import Case

SEQUENCE = (6, 3)


def gated(x: Any, w: Any) -> Any:
    """Half of the units gate the other half, step by step."""
    z = np.sum(x[..., np.newaxis] * w, axis=-2)
    a, b = z[..., :2], z[..., 2:]
    return a * np.tanh(b)


def first_minus_last(x: Any, lengths: Any) -> Any:
    return x[:, 0] - x[np.arange(len(x)), np.maximum(lengths, 1) - 1]


ALL = {"return_sequences": True}

# fmt: off
RECURRENT = [
    # --- the cells: units that fill no vector, one, and a tile and a half ------------------------
    Case("rnn",               [L.RNN(5)], SEQUENCE),
    Case("rnn_sequences",     [L.RNN(5, **ALL)], SEQUENCE),
    Case("rnn_relu",          [L.RNN(5, "relu")], SEQUENCE),
    Case("rnn_relu_sequences", [L.RNN(17, "relu", **ALL)], SEQUENCE),
    Case("rnn_one_one",       [L.RNN(1)], (3, 1)),
    Case("rnn_one_step",      [L.RNN(4)], (1, 3)),
    Case("rnn_long",          [L.RNN(3)], (40, 2)),
    Case("rnn_reverse",       [L.RNN(5, reverse=True)], SEQUENCE),
    Case("rnn_reverse_sequences", [L.RNN(5, reverse=True, **ALL)], SEQUENCE),
    Case("lstm",              [L.LSTM(5)], SEQUENCE),
    Case("lstm_sequences",    [L.LSTM(5, **ALL)], SEQUENCE),
    Case("lstm_peepholes",    [L.LSTM(5, peepholes=True)], SEQUENCE),
    Case("lstm_peepholes_wide", [L.LSTM(18, peepholes=True, **ALL)], SEQUENCE),
    Case("lstm_wide",         [L.LSTM(33)], (4, 7)),
    Case("lstm_one_one",      [L.LSTM(1)], (3, 1)),
    Case("lstm_one_step",     [L.LSTM(4)], (1, 3)),
    Case("lstm_reverse",      [L.LSTM(5, reverse=True, peepholes=True)], SEQUENCE),
    Case("gru",               [L.GRU(5)], SEQUENCE),
    Case("gru_sequences",     [L.GRU(5, **ALL)], SEQUENCE),
    Case("gru_wide",          [L.GRU(33)], (4, 7)),
    Case("gru_before",        [L.GRU(5, reset_after=False)], SEQUENCE),
    Case("gru_before_wide",   [L.GRU(18, reset_after=False, **ALL)], SEQUENCE),
    Case("gru_one_step",      [L.GRU(4)], (1, 3)),
    Case("gru_before_one_step", [L.GRU(4, reset_after=False)], (1, 3)),
    Case("gru_reverse",       [L.GRU(5, reverse=True, **ALL)], SEQUENCE),

    # --- units of the state hidden from the products ---------------------------------------------
    Case("rnn_dropout",       [L.RNN(5, recurrent_dropout=0.4)], SEQUENCE),
    Case("lstm_dropout",      [L.LSTM(18, peepholes=True, recurrent_dropout=0.4, **ALL)], SEQUENCE),
    Case("gru_dropout",       [L.GRU(5, recurrent_dropout=0.4, **ALL)], SEQUENCE),
    Case("gru_before_dropout", [L.GRU(18, reset_after=False, recurrent_dropout=0.4)], SEQUENCE),
    Case("dropout_among_others", [L.Dropout(0.3),
                               L.Bidirectional(L.GRU(4, recurrent_dropout=0.3, **ALL)),
                               L.Dropout(0.3), L.LSTM(3, reverse=True, recurrent_dropout=0.3)],
         SEQUENCE),

    # --- both ways, stacked, among others --------------------------------------------------------
    Case("bidirectional",     [L.Bidirectional(L.LSTM(4))], SEQUENCE),
    Case("bidirectional_sequences", [L.Bidirectional(L.GRU(4, **ALL))], SEQUENCE),
    Case("bidirectional_stacked", [L.Bidirectional(L.RNN(4, **ALL)),
                               L.Bidirectional(L.LSTM(3))], SEQUENCE),
    Case("stacked",           [L.LSTM(4, **ALL), L.GRU(5, **ALL), L.RNN(3)], SEQUENCE),
    Case("stacked_frozen",    [L.LSTM(4, trainable=False, **ALL), L.GRU(5)], SEQUENCE),
    Case("frozen_inside",     [L.GRU(4, **ALL), L.LSTM(5, trainable=False)], SEQUENCE),
    Case("embedding",         [L.Embedding(7, 3)], (6, 1), symbols=7),
    Case("embedding_lstm",    [L.Embedding(7, 3), L.LSTM(4), L.Dense(2)], (6, 1), symbols=7),

    # --- convolution and pooling over time -------------------------------------------------------
    Case("conv1d",            [L.Conv1D(4, 3)], SEQUENCE),
    Case("conv1d_no_bias",    [L.Conv1D(4, 2, bias=False)], SEQUENCE),
    Case("conv1d_same",       [L.Conv1D(4, 3, padding="same")], SEQUENCE),
    Case("conv1d_same_even",  [L.Conv1D(4, 4, padding="same")], SEQUENCE),
    Case("conv1d_same_stride", [L.Conv1D(4, 3, 2, "same")], (7, 3)),
    Case("conv1d_same_gaps",  [L.Conv1D(4, 1, 3, "same")], (7, 3)),
    Case("conv1d_causal",     [L.Conv1D(4, 3, padding="causal")], SEQUENCE),
    Case("conv1d_causal_long", [L.Conv1D(3, 5, 2, "causal", dilation=3)], SEQUENCE),
    Case("conv1d_stride",     [L.Conv1D(4, 3, 2)], (8, 3)),
    Case("conv1d_dilation",   [L.Conv1D(4, 3, dilation=2)], SEQUENCE),
    Case("conv1d_groups",     [L.Conv1D(6, 3, groups=2)], (6, 4)),
    Case("conv1d_depthwise",  [L.Conv1D(8, 3, 2, "same", groups=4)], (6, 4)),
    Case("conv1d_one",        [L.Conv1D(5, 1)], SEQUENCE),
    Case("conv1d_one_step",   [L.Conv1D(5, 3, padding="same")], (1, 3)),
    Case("conv1d_wide",       [L.Conv1D(35, 3, padding="same")], (40, 18), (1, 5, 19)),
    Case("conv1d_two",        [L.Conv1D(4, 3), L.Activation("relu"), L.MaxPool1D(2),
                               L.Conv1D(5, 2, padding="same"), L.Activation("tanh"),
                               L.GlobalAvgPool(), L.Dense(2)], (9, 2)),
    Case("conv1d_before_lstm", [L.Conv1D(4, 3, 2, "causal"), L.Bidirectional(L.LSTM(3, **ALL)),
                               L.Dropout(0.3), L.AvgPool1D(2, padding="same"), L.GRU(4)], (9, 2)),
    Case("conv1d_residual",   [L.Residual([L.Conv1D(3, 3, padding="same"), L.LayerNorm()]),
                               L.Conv1D(2, 3, padding="causal")], SEQUENCE),
    Case("conv1d_frozen",     [L.Conv1D(4, 3), L.Conv1D(3, 2, trainable=False)], SEQUENCE),
    Case("weight_norm_conv1d", [L.WeightNorm(L.Conv1D(6, 3, groups=3))], SEQUENCE),
    Case("max_pool1d",        [L.MaxPool1D()], SEQUENCE),
    Case("max_pool1d_rest",   [L.MaxPool1D(3)], (8, 19)),
    Case("max_pool1d_overlap", [L.MaxPool1D(3, 1, "same")], SEQUENCE),
    Case("max_pool1d_causal", [L.MaxPool1D(3, 2, "causal")], SEQUENCE),
    Case("avg_pool1d",        [L.AvgPool1D()], SEQUENCE),
    Case("avg_pool1d_gaps",   [L.AvgPool1D(2, 3)], (9, 19)),
    Case("avg_pool1d_same",   [L.AvgPool1D(3, 2, "same")], SEQUENCE),
    Case("avg_pool1d_causal", [L.AvgPool1D(3, 1, "causal")], SEQUENCE),

    # --- other layers on sequences ---------------------------------------------------------------
    Case("dense_steps",       [L.Dense(4)], SEQUENCE),
    Case("dense_steps_no_bias", [L.Dense(18, bias=False)], SEQUENCE),
    Case("last_step",         [L.LastStep()], SEQUENCE),
    Case("global_avg_pool_steps", [L.GlobalAvgPool()], SEQUENCE),
    Case("global_max_pool_steps", [L.GlobalMaxPool()], SEQUENCE),
    Case("global_max_pool_steps_wide", [L.GlobalMaxPool()], (4, 19)),
    Case("flatten_steps",     [L.Flatten(), L.Dense(3)], SEQUENCE),
    Case("activation_softmax_steps", [L.Activation("softmax")], SEQUENCE),
    Case("activation_gelu_steps", [L.Activation("gelu")], SEQUENCE),
    Case("prelu_steps",       [L.PReLU()], SEQUENCE),
    Case("parametric_activation_steps", [L.ParametricActivation("mish")], SEQUENCE),
    Case("lambda_steps",      [L.Lambda(gated, {"w": (3, 4)}), L.GRU(3)], SEQUENCE),
    Case("lambda_steps_rows", [L.Lambda(first_minus_last, form="rows"), L.Dense(2)], SEQUENCE),
    Case("scale_steps",       [L.Scale()], SEQUENCE),
    Case("layer_norm_steps",  [L.LayerNorm()], SEQUENCE),
    Case("local_response_norm_steps", [L.LocalResponseNorm(3, 0.4)], SEQUENCE),
    Case("unit_norm_steps",   [L.UnitNorm(), L.GRU(3)], SEQUENCE),
    Case("rrelu_steps",       [L.RReLU()], (5, 70)),
    Case("spatial_dropout_steps", [L.SpatialDropout(0.4)], SEQUENCE),
    Case("dropout_steps",     [L.Dropout(0.4)], SEQUENCE),
    Case("residual_steps",    [L.Residual([L.RNN(3, **ALL)])], SEQUENCE),
    Case("tagger",            [L.Dense(4), L.Activation("relu"), L.Dropout(0.3), L.GRU(5, **ALL),
                               L.LayerNorm(), L.Activation("tanh"), L.Dense(3)], SEQUENCE),
    Case("reader",            [L.Bidirectional(L.LSTM(5, **ALL)), L.GlobalMaxPool(), L.Dense(3),
                               L.Activation("relu"), L.Dense(2)], SEQUENCE),
]
# fmt: on
