"""The operators that fastdl's kernels answer, within onnx's reference evaluator."""

from __future__ import annotations

from onnx.reference.op_run import OpRun

from fastdl.onnx.running import cells, images, values
from fastdl.onnx.running.operator import Compute, operator

COMPUTED: dict[str, Compute] = {
    "Conv": images.conv,
    "ConvTranspose": images.conv_transpose,
    "MaxPool": images.max_pool,
    "AveragePool": images.average_pool,
    "GlobalAveragePool": images.global_average_pool,
    "GlobalMaxPool": images.global_max_pool,
    "BatchNormalization": images.batch_normalization,
    "InstanceNormalization": images.instance_normalization,
    "GroupNormalization": images.group_normalization,
    "LayerNormalization": images.layer_normalization,
    "LRN": images.lrn,
    "MatMul": values.matmul,
    "Gemm": values.gemm,
    "RNN": cells.cell("RNN"),
    "LSTM": cells.cell("LSTM"),
    "GRU": cells.cell("GRU"),
    "Relu": values.function("relu"),
    "LeakyRelu": values.function("leaky_relu", 0.01),
    "PRelu": values.prelu,
    "Elu": values.function("elu", 1.0),
    "Selu": values.selu,
    "Sigmoid": values.function("sigmoid"),
    "Tanh": values.function("tanh"),
    "Softplus": values.function("softplus"),
    "Gelu": values.gelu,
    "Swish": values.function("swish", 1.0),
    "Mish": values.function("mish"),
    "Softmax": values.softmax,
    "LogSoftmax": values.log_softmax,
}

OPERATORS: list[type[OpRun]] = [operator(name, compute) for name, compute in COMPUTED.items()]
