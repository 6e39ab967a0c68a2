"""Every operation of fastdl, forward, in plain float64 NumPy: what the kernels are compared with.

Written to be read, shares nothing with the package. Arrays are as users see them: rows
(n, features), images (n, h, w, c), kernels (kh, kw, c/groups, f).
"""

from .draws import corruption, dropout_mask, normal_quantile, philox, uniform
from .images import (
    avg_pool2d,
    conv2d,
    conv2d_transpose,
    margins,
    max_pool2d,
    resize_axis,
    upsample2d,
)
from .layers import LAYERS, forward
from .losses import (
    LOSSES,
    binary_focal,
    focal,
    hinge,
    objects_as_points,
    pinball,
    softmax_cross_entropy,
)
from .rows import (
    ACTIVATIONS,
    SELU_ALPHA,
    SELU_SCALE,
    group_norm,
    layer_norm,
    local_response_norm,
    maxout,
    prelu,
    unit_norm,
)
from .updates import UPDATES, Settings

__all__ = [
    "ACTIVATIONS",
    "LAYERS",
    "LOSSES",
    "SELU_ALPHA",
    "SELU_SCALE",
    "UPDATES",
    "Settings",
    "avg_pool2d",
    "binary_focal",
    "conv2d",
    "conv2d_transpose",
    "corruption",
    "dropout_mask",
    "focal",
    "forward",
    "group_norm",
    "hinge",
    "layer_norm",
    "local_response_norm",
    "margins",
    "max_pool2d",
    "maxout",
    "normal_quantile",
    "objects_as_points",
    "philox",
    "pinball",
    "prelu",
    "resize_axis",
    "softmax_cross_entropy",
    "uniform",
    "unit_norm",
    "upsample2d",
]
