"""The operations of networks as plain functions: NumPy in, NumPy out; or arrays on a GPU.

Arrays may be any array-like, strided or not; images are (n, h, w, c). Everything is computed in
float32 where NumPy's rules give float32 for the inputs together, in float64 otherwise. ``out=``
takes the result without a copy where it is C-contiguous and of that dtype. Every ``f`` but the
losses and `augment` has an ``f_backward(dy, ...)`` that takes what ``f`` took and gives the
gradients in the order of the inputs; where there are several, ``needs=(True, False, ...)`` asks for
some, the others are None.

Arrays on a GPU
---------------
An array of an NVIDIA GPU that has ``__cuda_array_interface__`` or DLPack's methods (CuPy's,
torch's) is read where it lies, and the function works on that GPU (docs/cuda.md); results are
`DeviceArray`, which those libraries take without a copy. All arrays of a call lie on one GPU, are
C-contiguous and of one dtype, float32 or float64: nothing is converted there. `out` is such an
array too. Class codes, of any integer dtype, are copied to the host to be looked at; ``lengths``
may be at either place. What runs on the CPU only says so: log_softmax, maxout, weight_norm,
embedding, attention, the recurrent nets, augment and the indices of max_pool2d.

Losses
------
All take ``(pred, y, sample_weight=None, reduction="mean", *, out=None)``, give ``(loss, dpred)``
and stand in `fastdl.losses` with formulas and sources.

pred : array-like of shape (n, outputs)
    Raw outputs, before softmax, sigmoid or exp. Where y holds targets also (n,).
y : array-like
    Class codes, integers (n,), of softmax_cross_entropy, focal and hinge; targets of the shape of
    pred elsewhere: a (n,) y never meets a (n, 1) pred.
sample_weight : array-like of shape (n,), optional
reduction : {"mean", "sum", "none"}
    The losses of the samples, each summed over its outputs and times its weight, are added up and
    divided by the sum of the weights; added up; or given one by one.
out : ndarray of the shape of pred, optional
    Where dpred is written to.
loss : float, or ndarray of float64 of shape (n,)
dpred : ndarray of the shape of pred
    Gradient of the loss; with "none" each sample's own.

ValueError is raised for shapes that do not fit, codes without an output, an empty pred and, with
"mean", weights that add up to 0.

Steps
-----
All take ``(params, grads, state=None, lr=...)`` and the numbers of their optimizer, and stand in
`fastdl.optim` with equations and sources.

params : ndarray, or list of ndarrays
    float32 or float64; changed in place.
grads : array-like, or list of them
    Of the shapes of params.
state : State, optional
    What the step before gave; None begins. Its arrays are changed in place.

ValueError is raised for shapes that do not fit, TypeError for params that are no arrays of floats.
"""

from fastdl._core import DeviceArray
from fastdl.functional._activation import (
    activation,
    activation_backward,
    elu,
    elu_backward,
    gelu,
    gelu_backward,
    leaky_relu,
    leaky_relu_backward,
    log_softmax,
    log_softmax_backward,
    mish,
    mish_backward,
    prelu,
    prelu_backward,
    relu,
    relu_backward,
    rrelu,
    rrelu_backward,
    selu,
    selu_backward,
    sigmoid,
    sigmoid_backward,
    softmax,
    softmax_backward,
    softplus,
    softplus_backward,
    swish,
    swish_backward,
    tanh,
    tanh_backward,
)
from fastdl.functional._attention import attention, attention_backward
from fastdl.functional._augment import augment
from fastdl.functional._conv import (
    col2im,
    col2im_backward,
    conv2d,
    conv2d_backward,
    im2col,
    im2col_backward,
)
from fastdl.functional._conv_transpose import conv2d_transpose, conv2d_transpose_backward
from fastdl.functional._dense import dense, dense_backward, maxout, maxout_backward
from fastdl.functional._dropout import dropout, dropout_backward
from fastdl.functional._embedding import embedding, embedding_backward
from fastdl.functional._losses import (
    absolute_error,
    binary_cross_entropy,
    binary_focal,
    contrastive,
    focal,
    hinge,
    huber,
    objects_as_points,
    pinball,
    poisson,
    softmax_cross_entropy,
    squared_error,
    triplet,
)
from fastdl.functional._norm import (
    batch_norm,
    batch_norm_backward,
    group_norm,
    group_norm_backward,
    layer_norm,
    layer_norm_backward,
    local_response_norm,
    local_response_norm_backward,
    unit_norm,
    unit_norm_backward,
)
from fastdl.functional._over_time import (
    avg_pool1d,
    avg_pool1d_backward,
    conv1d,
    conv1d_backward,
    max_pool1d,
    max_pool1d_backward,
)
from fastdl.functional._pool import (
    avg_pool2d,
    avg_pool2d_backward,
    global_avg_pool2d,
    global_avg_pool2d_backward,
    global_max_pool2d,
    global_max_pool2d_backward,
    max_pool2d,
    max_pool2d_backward,
    spatial_pyramid_pool2d,
    spatial_pyramid_pool2d_backward,
    stochastic_pool2d,
    stochastic_pool2d_backward,
)
from fastdl.functional._recurrent import (
    RecurrentCache,
    gru,
    gru_backward,
    lstm,
    lstm_backward,
    rnn,
    rnn_backward,
)
from fastdl.functional._resample import (
    crop2d,
    crop2d_backward,
    pad2d,
    pad2d_backward,
    resize2d,
    resize2d_backward,
)
from fastdl.functional._steps import (
    State,
    adadelta_step,
    adagrad_step,
    adam_step,
    adamw_step,
    momentum_step,
    nadam_step,
    nesterov_step,
    rmsprop_step,
    sgd_step,
)
from fastdl.functional._upsample import (
    pixel_shuffle,
    pixel_shuffle_backward,
    upsample2d,
    upsample2d_backward,
)
from fastdl.functional._weight_norm import weight_norm, weight_norm_backward

DeviceArray.__module__ = __name__

__all__ = [
    "DeviceArray",
    "RecurrentCache",
    "State",
    "absolute_error",
    "activation",
    "activation_backward",
    "adadelta_step",
    "adagrad_step",
    "adam_step",
    "adamw_step",
    "attention",
    "attention_backward",
    "augment",
    "avg_pool1d",
    "avg_pool1d_backward",
    "avg_pool2d",
    "avg_pool2d_backward",
    "batch_norm",
    "batch_norm_backward",
    "binary_cross_entropy",
    "binary_focal",
    "col2im",
    "col2im_backward",
    "contrastive",
    "conv1d",
    "conv1d_backward",
    "conv2d",
    "conv2d_backward",
    "conv2d_transpose",
    "conv2d_transpose_backward",
    "crop2d",
    "crop2d_backward",
    "dense",
    "dense_backward",
    "dropout",
    "dropout_backward",
    "elu",
    "elu_backward",
    "embedding",
    "embedding_backward",
    "focal",
    "gelu",
    "gelu_backward",
    "global_avg_pool2d",
    "global_avg_pool2d_backward",
    "global_max_pool2d",
    "global_max_pool2d_backward",
    "group_norm",
    "group_norm_backward",
    "gru",
    "gru_backward",
    "hinge",
    "huber",
    "im2col",
    "im2col_backward",
    "layer_norm",
    "layer_norm_backward",
    "leaky_relu",
    "leaky_relu_backward",
    "local_response_norm",
    "local_response_norm_backward",
    "log_softmax",
    "log_softmax_backward",
    "lstm",
    "lstm_backward",
    "max_pool1d",
    "max_pool1d_backward",
    "max_pool2d",
    "max_pool2d_backward",
    "maxout",
    "maxout_backward",
    "mish",
    "mish_backward",
    "momentum_step",
    "nadam_step",
    "nesterov_step",
    "objects_as_points",
    "pad2d",
    "pad2d_backward",
    "pinball",
    "pixel_shuffle",
    "pixel_shuffle_backward",
    "poisson",
    "prelu",
    "prelu_backward",
    "relu",
    "relu_backward",
    "resize2d",
    "resize2d_backward",
    "rmsprop_step",
    "rnn",
    "rnn_backward",
    "rrelu",
    "rrelu_backward",
    "selu",
    "selu_backward",
    "sgd_step",
    "sigmoid",
    "sigmoid_backward",
    "softmax",
    "softmax_backward",
    "softmax_cross_entropy",
    "softplus",
    "softplus_backward",
    "spatial_pyramid_pool2d",
    "spatial_pyramid_pool2d_backward",
    "squared_error",
    "stochastic_pool2d",
    "stochastic_pool2d_backward",
    "swish",
    "swish_backward",
    "tanh",
    "tanh_backward",
    "triplet",
    "unit_norm",
    "unit_norm_backward",
    "upsample2d",
    "upsample2d_backward",
    "weight_norm",
    "weight_norm_backward",
]
