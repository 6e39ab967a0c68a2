"""What a network is made of: one frozen spec for each layer, and lists of them.

``[Conv2D(32, 3, name="conv1"), Activation("relu"), Flatten(), Dense(10)]`` is data.
`fastdl.program` makes a network of it. Images are (height, width, channels), sequences
(steps, features), rows (features,).
"""

from typing import TYPE_CHECKING

from fastdl._other_names import raiser
from fastdl.layers._activation import Activation, ParametricActivation, PReLU, RReLU
from fastdl.layers._augment import Augment
from fastdl.layers._aux_head import AuxHead, held_by_sides, side_heads
from fastdl.layers._columns import EmbedCategories, NumericEmbedding, Scale
from fastdl.layers._container import Concat, Gate, Residual, Sequential, asks_for, gives
from fastdl.layers._conv import Conv2D, Conv2DTranspose, DepthwiseConv2D, SeparableConv2D
from fastdl.layers._decoder import Attention, Decoder
from fastdl.layers._dense import Dense, Maxout, TiedDense
from fastdl.layers._dropout import Corrupt, Dropout, SpatialDropout
from fastdl.layers._initial import automatic_initializers
from fastdl.layers._lambda import Lambda
from fastdl.layers._norm import BatchNorm, GroupNorm, LayerNorm, LocalResponseNorm, UnitNorm
from fastdl.layers._penalty import ActivityL1, Contractive, KLSparsity
from fastdl.layers._pool import (
    AvgPool2D,
    GlobalAvgPool,
    GlobalMaxPool,
    LastStep,
    MaxPool2D,
    PixelShuffle,
    SpatialPyramidPool,
    StochasticPool2D,
    Upsample2D,
)
from fastdl.layers._recurrent import GRU, LSTM, RNN, Bidirectional, Embedding, RecurrentLayer
from fastdl.layers._resample import Crop2D, Pad2D, Resize2D, Transpose
from fastdl.layers._shape import Flatten, Reshape
from fastdl.layers._spec import Layer, Neighbourhood, form_of, neighbourhood
from fastdl.layers._steps import AvgPool1D, Conv1D, MaxPool1D
from fastdl.layers._tree import (
    check,
    draws,
    find,
    get_params,
    replace,
    set_params,
    to_dict,
    walk,
    with_names,
)
from fastdl.layers._weights import DropConnect, WeightNorm

ALL: tuple[type[Layer], ...] = (
    Augment,
    Dense,
    Conv2D,
    Conv2DTranspose,
    DepthwiseConv2D,
    SeparableConv2D,
    Conv1D,
    MaxPool2D,
    AvgPool2D,
    MaxPool1D,
    AvgPool1D,
    StochasticPool2D,
    SpatialPyramidPool,
    Upsample2D,
    Resize2D,
    Pad2D,
    Crop2D,
    Transpose,
    PixelShuffle,
    GlobalAvgPool,
    GlobalMaxPool,
    LastStep,
    Flatten,
    Reshape,
    Activation,
    PReLU,
    RReLU,
    ParametricActivation,
    Scale,
    NumericEmbedding,
    EmbedCategories,
    Dropout,
    SpatialDropout,
    BatchNorm,
    LayerNorm,
    GroupNorm,
    LocalResponseNorm,
    UnitNorm,
    Maxout,
    Embedding,
    RNN,
    LSTM,
    GRU,
    Bidirectional,
    WeightNorm,
    DropConnect,
    Gate,
    Residual,
    Sequential,
    Concat,
    AuxHead,
    TiedDense,
    Corrupt,
    KLSparsity,
    ActivityL1,
    Contractive,
    Lambda,
)

INNER: tuple[type[Layer], ...] = (Attention, Decoder)  # of estimators: no list of layers takes them

__all__ = [
    "ALL",
    "GRU",
    "INNER",
    "LSTM",
    "RNN",
    "Activation",
    "ActivityL1",
    "Attention",
    "Augment",
    "AuxHead",
    "AvgPool1D",
    "AvgPool2D",
    "BatchNorm",
    "Bidirectional",
    "Concat",
    "Contractive",
    "Conv1D",
    "Conv2D",
    "Conv2DTranspose",
    "Corrupt",
    "Crop2D",
    "Decoder",
    "Dense",
    "DepthwiseConv2D",
    "DropConnect",
    "Dropout",
    "EmbedCategories",
    "Embedding",
    "Flatten",
    "Gate",
    "GlobalAvgPool",
    "GlobalMaxPool",
    "GroupNorm",
    "KLSparsity",
    "Lambda",
    "LastStep",
    "Layer",
    "LayerNorm",
    "LocalResponseNorm",
    "MaxPool1D",
    "MaxPool2D",
    "Maxout",
    "Neighbourhood",
    "NumericEmbedding",
    "PReLU",
    "Pad2D",
    "ParametricActivation",
    "PixelShuffle",
    "RReLU",
    "RecurrentLayer",
    "Reshape",
    "Residual",
    "Resize2D",
    "Scale",
    "SeparableConv2D",
    "Sequential",
    "SpatialDropout",
    "SpatialPyramidPool",
    "StochasticPool2D",
    "TiedDense",
    "Transpose",
    "UnitNorm",
    "Upsample2D",
    "WeightNorm",
    "asks_for",
    "automatic_initializers",
    "check",
    "draws",
    "find",
    "form_of",
    "get_params",
    "gives",
    "held_by_sides",
    "neighbourhood",
    "replace",
    "set_params",
    "side_heads",
    "to_dict",
    "walk",
    "with_names",
]

if not TYPE_CHECKING:  # checkers of types know what is there
    __getattr__ = raiser(__name__, __all__)


def __dir__() -> list[str]:
    return sorted(__all__)
