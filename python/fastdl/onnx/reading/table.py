"""Which function reads which operator."""

from __future__ import annotations

from fastdl import layers as L
from fastdl.onnx.reading import dense, elementwise, heads, images, sequences, shapes
from fastdl.onnx.reading.elementwise import Reads, activation

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
    "LpNormalization": dense.lp_normalization,
    # images
    "Conv": images.conv,
    "ConvTranspose": images.conv_transpose,
    "MaxPool": images.max_pool,
    "AveragePool": images.average_pool,
    "GlobalAveragePool": images.global_pool(L.GlobalAvgPool),
    "GlobalMaxPool": images.global_pool(L.GlobalMaxPool),
    "Pad": images.pad,
    "ChannelShuffle": images.channel_shuffle,
    "DepthToSpace": images.depth_to_space,
    "Resize": images.resize,
    "Upsample": images.resize,
    # sequences
    "RNN": sequences.cell,
    "LSTM": sequences.cell,
    "GRU": sequences.cell,
    "Gather": sequences.gather,
    "GatherElements": sequences.gather_elements,
    "Slice": sequences.slice_,
    "Recode": sequences.recode,
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
    "Swish": elementwise.swish,
    "Gelu": elementwise.gelu,
    "PRelu": elementwise.prelu,
    "Softmax": elementwise.softmax,
    "Clip": elementwise.clip,
    "HardSigmoid": elementwise.hard_sigmoid,
    "Max": elementwise.maximum,
    "Min": elementwise.minimum,
    "Abs": elementwise.absolute,
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
    "ReduceMax": shapes.reduced_max,
    "ReduceMean": shapes.reduced_mean,
    "ReduceSum": shapes.reduced_sum,
}
