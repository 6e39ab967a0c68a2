"""Which function reads which operator."""

from __future__ import annotations

from fastdl import layers as L
from fastdl.onnx.reading import (
    dense,
    elementwise,
    groups,
    heads,
    images,
    moves,
    reductions,
    sequences,
    shapes,
    steps,
)
from fastdl.onnx.reading.elementwise import Reads, activation, function
from fastdl.onnx.reading.reductions import reduction

# Groups of nodes, which become one: no operators.
GROUPS = ("ChannelShuffle", "Recode", *groups.READERS)

REDUCTIONS = ["L1", "L2", "LogSum", "LogSumExp", "Min", "Prod", "SumSquare"]

READERS: dict[str, Reads] = {
    # products and what belongs to them
    "Gemm": dense.gemm,
    "MatMul": dense.matmul,
    "Add": dense.add,
    "Sub": dense.sub,
    "Mul": dense.mul,
    "Div": dense.div,
    "Neg": dense.neg,
    "BatchNormalization": dense.batch_normalization,
    "LayerNormalization": dense.layer_normalization,
    "InstanceNormalization": dense.instance_normalization,
    "GroupNormalization": dense.group_normalization,
    "LRN": dense.lrn,
    "RMSNormalization": reductions.rms_normalization,
    "LpNormalization": reductions.lp_normalization,
    # images
    "Conv": images.conv,
    "ConvTranspose": images.conv_transpose,
    "MaxPool": images.max_pool,
    "AveragePool": images.average_pool,
    "GlobalAveragePool": images.global_pool(L.GlobalAvgPool),
    "GlobalMaxPool": images.global_pool(L.GlobalMaxPool),
    "LpPool": images.lp_pool,
    "Pad": images.pad,
    "ChannelShuffle": images.channel_shuffle,
    "DepthToSpace": images.depth_to_space,
    "SpaceToDepth": moves.space_to_depth,
    "Resize": moves.resize,
    "Upsample": moves.resize,
    "Split": moves.split_off,
    "Tile": moves.tile,
    "Expand": moves.expand,
    # of scikit-learn's pipelines
    "ai.onnx.ml.Scaler": dense.scaler,
    "ai.onnx.ml.Normalizer": reductions.normalizer,
    # sequences
    "RNN": sequences.cell,
    "LSTM": sequences.cell,
    "GRU": sequences.cell,
    "Gather": sequences.gather,
    "GatherElements": sequences.gather_elements,
    "GatherND": steps.gather_nd,
    "Slice": sequences.slice_,
    "Recode": sequences.recode,
    **groups.READERS,
    # functions of single values
    "Relu": activation("relu"),
    "LeakyRelu": activation("leaky_relu", 0.01),
    "Elu": activation("elu", 1.0),
    "Selu": elementwise.selu,
    "Celu": elementwise.celu,
    "Sigmoid": activation("sigmoid"),
    "Tanh": activation("tanh"),
    "Softplus": activation("softplus"),
    "Mish": activation("mish"),
    "ThresholdedRelu": activation("thresholded_relu", 1.0),
    "HardSwish": function("hard_swish"),
    "Softsign": function("softsign"),
    "Erf": function("erf"),
    "Log": function("log"),
    "Sqrt": function("sqrt"),
    "Reciprocal": function("power", -1.0),
    "Pow": elementwise.power,
    "LogSoftmax": reductions.log_softmax,
    "Sum": elementwise.summed,
    "Mean": elementwise.summed,
    "Swish": elementwise.swish,
    "Gelu": elementwise.gelu,
    "PRelu": elementwise.prelu,
    "Softmax": elementwise.softmax,
    "Clip": elementwise.clip,
    "HardSigmoid": elementwise.hard_sigmoid,
    "Max": elementwise.maximum,
    "Min": elementwise.minimum,
    "Abs": function("abs"),
    "Exp": heads.exponential,
    "Identity": elementwise.unchanged,
    "Dropout": elementwise.unchanged,
    "Cast": elementwise.cast,
    "Where": elementwise.where,
    # shapes
    "Transpose": shapes.transpose,
    "Squeeze": shapes.squeeze,
    "Unsqueeze": shapes.unsqueeze,
    "Flatten": shapes.flatten,
    "Reshape": shapes.reshape,
    "Concat": shapes.concat,
    "ReduceMax": reductions.reduced_max,
    "ReduceMean": reductions.reduced_mean,
    "ReduceSum": reductions.reduced_sum,
    **{f"Reduce{op}": reduction(f"Reduce{op}") for op in REDUCTIONS},
}
