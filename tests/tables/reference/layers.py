"""A layer forward, by its kind, with its arrays: LAYERS."""

from collections.abc import Callable
from typing import Any

import numpy as np

from . import augment, recurrent
from .draws import normal_quantile, philox
from .images import (
    avg_pool2d,
    conv2d,
    conv2d_transpose,
    max_pool2d,
    middle,
    pad2d,
    pixel_shuffle,
    resize_axis,
    spatial_pyramid_pool,
    stochastic_pool2d,
    upsample2d,
)
from .rows import (
    ACTIVATIONS,
    batch_norm,
    dense,
    embed_categories,
    group_norm,
    layer_norm,
    local_response_norm,
    maxout,
    numeric_embedding,
    parametric_activation,
    prelu,
    unit_norm,
    weight_norm,
)
from .types import Array, Layer


def augment_layer(layer: dict[str, Any], arrays: dict[str, Array], x: Array) -> Array:
    """In training: key holds the seed and the layer's number."""
    seed, number = arrays[layer["name"] + ".key"]
    options = {"number": int(number), "epoch": 0}
    return augment.augment(x, layer, philox, normal_quantile, int(seed), **options)


def dense_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    name = layer["name"]
    return dense(x, arrays[name + ".weight"], arrays.get(name + ".bias"))


def conv2d_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    name, options = (
        layer["name"],
        {k: layer[k] for k in ("stride", "padding", "dilation", "groups")},
    )
    return conv2d(x, arrays[name + ".weight"], arrays.get(name + ".bias"), **options)


def conv2d_transpose_layer(
    layer: Layer, arrays: dict[str, Array], x: Array, training: bool
) -> Array:
    names = ("stride", "padding", "output_padding", "dilation", "groups")
    name, options = layer["name"], {k: layer[k] for k in names}
    return conv2d_transpose(x, arrays[name + ".weight"], arrays.get(name + ".bias"), **options)


def separable_conv2d_layer(
    layer: Layer, arrays: dict[str, Array], x: Array, training: bool
) -> Array:
    name, options = layer["name"], {k: layer[k] for k in ("stride", "padding", "dilation")}
    x = conv2d(x, arrays[name + ".depthwise_weight"], groups=x.shape[3], **options)
    return conv2d(x, arrays[name + ".pointwise_weight"], arrays.get(name + ".bias"))


def around_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    """WeightNorm and DropConnect: the layer inside, with the weights that they make."""
    name, inner = layer["name"], layer["layer"][0] | {"name": layer["name"]}
    if layer["kind"] == "weight_norm":
        transposed = inner["kind"] == "conv2d_transpose"
        groups = inner["groups"] if transposed else 1
        w = weight_norm(arrays[name + ".weight_v"], arrays[name + ".weight_g"], transposed, groups)
        arrays[name + ".weight"] = w  # which a tied layer reads, too
    elif training:
        arrays = arrays | {name + ".weight": arrays[name + ".weight"] * arrays[name + ".mask"]}
    return LAYERS[inner["kind"]](inner, arrays, x, training)


def rrelu_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    mean = (layer["lower"] + layer["upper"]) / 2
    slopes = arrays[layer["name"] + ".slopes"] if training else mean
    return np.where(x > 0, x, slopes * x)


def maxout_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    return maxout(dense_layer(layer, arrays, x, training), layer["pieces"])


def batch_norm_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    """In training the statistics of the batch, towards which the running ones move.

    The running variance is unbiased. A frozen layer keeps to its running statistics.
    """
    gain, shift, running_mean, running_var = (
        layer["name"] + "." + what for what in ("gain", "shift", "running_mean", "running_var")
    )
    mean, var = arrays[running_mean], arrays[running_var]
    if training and layer["trainable"]:
        axes = tuple(range(x.ndim - 1))
        m, count = layer["momentum"], x.size // x.shape[-1]
        arrays[running_mean] = (1 - m) * mean + m * x.mean(axis=axes)
        arrays[running_var] = (1 - m) * var + m * x.var(axis=axes) * count / max(count - 1, 1)
        mean, var = x.mean(axis=axes), x.var(axis=axes)
    return batch_norm(x, arrays[gain], arrays[shift], mean, var, layer["eps"])


def layer_norm_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    name = layer["name"]
    return layer_norm(x, arrays[name + ".gain"], arrays[name + ".shift"], layer["eps"])


def numeric_embedding_layer(
    layer: Layer, arrays: dict[str, Array], x: Array, training: bool
) -> Array:
    names = ("frequency", "phase", "weight", "bias")
    return numeric_embedding(x, *(arrays[f"{layer['name']}.{what}"] for what in names))


def lambda_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    own = layer["function"]
    flat = [arrays[f"{layer['name']}.{p.name}"].ravel() for p in own.parameters]
    lengths = np.full(len(x), x.shape[1])
    y: Array = own.forward(x, np.concatenate([*flat, np.zeros(0)]), lengths, False, False)
    return y


def residual_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    return forward(layer["layers"], arrays, x, training) + forward(
        layer["shortcut"] or [], arrays, x, training
    )


def gate_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    """A product; rows of features are images of one pixel beside images."""
    a = forward(layer["layers"], arrays, x, training)
    b = forward(layer["shortcut"] or [], arrays, x, training)
    if a.ndim == 4 and b.ndim == 2:
        b = b[:, None, None]
    if b.ndim == 4 and a.ndim == 2:
        a = a[:, None, None]
    return a * b


def aux_head_layer(layer: Layer, arrays: dict[str, Array], x: Array, training: bool) -> Array:
    if training:  # for its running statistics
        forward(layer["layers"], arrays, x, training)
    return x


LAYERS: dict[str, Callable[[Layer, dict[str, Array], Array, bool], Array]] = {
    "dense": dense_layer,
    "conv2d": conv2d_layer,
    "conv2d_transpose": conv2d_transpose_layer,
    "max_pool2d": lambda layer, arrays, x, training: max_pool2d(
        x, layer["size"], layer["stride"], layer["padding"]
    ),
    "avg_pool2d": lambda layer, arrays, x, training: avg_pool2d(
        x, layer["size"], layer["stride"], layer["padding"], layer["count_include_pad"]
    ),
    "depthwise_conv2d": lambda layer, arrays, x, training: conv2d_layer(
        layer | {"groups": x.shape[3]}, arrays, x, training
    ),
    "separable_conv2d": separable_conv2d_layer,
    "weight_norm": around_layer,
    "drop_connect": around_layer,
    "stochastic_pool2d": lambda layer, arrays, x, training: stochastic_pool2d(
        x, layer["size"], layer["stride"], arrays[layer["name"] + ".draws"] if training else None
    ),
    "spatial_pyramid_pool": lambda layer, arrays, x, training: spatial_pyramid_pool(
        x, layer["levels"], layer["mode"]
    ),
    "pixel_shuffle": lambda layer, arrays, x, training: pixel_shuffle(x, layer["factor"]),
    "rrelu": rrelu_layer,
    "spatial_dropout": lambda layer, arrays, x, training: (
        x * arrays[layer["name"] + ".mask"] if training else x
    ),
    "upsample2d": lambda layer, arrays, x, training: upsample2d(
        x, layer["factor"], layer["interpolation"]
    ),
    "resize2d": lambda layer, arrays, x, training: resize_axis(
        resize_axis(x, 1, layer["size"][0], layer), 2, layer["size"][1], layer
    ),
    "pad2d": lambda layer, arrays, x, training: pad2d(
        x, layer["padding"], layer["mode"], layer["value"]
    ),
    "crop2d": lambda layer, arrays, x, training: x[
        :,
        layer["cropping"][0] : x.shape[1] - layer["cropping"][1],
        layer["cropping"][2] : x.shape[2] - layer["cropping"][3],
    ],
    "transpose": lambda layer, arrays, x, training: x.transpose(
        0, *(axis + 1 for axis in layer["axes"])
    ),
    "gate": gate_layer,
    **recurrent.LAYERS,
    "augment": lambda layer, arrays, x, training: (
        augment_layer(layer, arrays, x) if training else middle(x, layer["crop"])
    ),
    "flatten": lambda layer, arrays, x, training: x.reshape(len(x), -1),
    "reshape": lambda layer, arrays, x, training: x.reshape(len(x), *layer["shape"]),
    "activation": lambda layer, arrays, x, training: ACTIVATIONS[layer["function"]](
        x, layer["alpha"]
    ),
    "prelu": lambda layer, arrays, x, training: prelu(x, arrays[layer["name"] + ".alpha"]),
    "parametric_activation": lambda layer, arrays, x, training: parametric_activation(
        x, arrays[layer["name"] + ".slope"], layer["function"], layer["alpha"]
    ),
    "lambda": lambda_layer,
    "scale": lambda layer, arrays, x, training: x * arrays[layer["name"] + ".gain"],
    "numeric_embedding": numeric_embedding_layer,
    "embed_categories": lambda layer, arrays, x, training: embed_categories(
        x, arrays[layer["name"] + ".weight"], layer["sizes"]
    ),
    "dropout": lambda layer, arrays, x, training: (
        x * arrays[layer["name"] + ".mask"] if training else x
    ),
    "corrupt": lambda layer, arrays, x, training: (
        x * arrays[layer["name"] + ".scale"] + arrays[layer["name"] + ".shift"] if training else x
    ),
    "batch_norm": batch_norm_layer,
    "layer_norm": layer_norm_layer,
    "group_norm": lambda layer, arrays, x, training: group_norm(
        x,
        arrays[layer["name"] + ".gain"],
        arrays[layer["name"] + ".shift"],
        layer["groups"],
        layer["eps"],
    ),
    "local_response_norm": lambda layer, arrays, x, training: local_response_norm(
        x, layer["size"], layer["alpha"], layer["beta"], layer["k"]
    ),
    "unit_norm": lambda layer, arrays, x, training: unit_norm(x, layer["eps"]),
    "maxout": maxout_layer,
    "residual": residual_layer,
    "sequential": lambda layer, arrays, x, training: forward(layer["layers"], arrays, x, training),
    "concat": lambda layer, arrays, x, training: np.concatenate(
        [forward(branch, arrays, x, training) for branch in layer["branches"]], axis=-1
    ),
    "aux_head": aux_head_layer,
    "tied_dense": lambda layer, arrays, x, training: dense(
        x, arrays[layer["tied_to"] + ".weight"].T, arrays.get(layer["name"] + ".bias")
    ),
    "kl_sparsity": lambda layer, arrays, x, training: x,
    "activity_l1": lambda layer, arrays, x, training: x,
    "contractive": lambda layer, arrays, x, training: forward(layer["layers"], arrays, x, training),
}


def forward(
    layers: list[Layer], arrays: dict[str, Array], x: Array, training: bool = False
) -> Array:
    """The output of a net for x (n, *input_shape).

    In training the running statistics in ``arrays`` are replaced by the moved ones.
    """
    for layer in layers:
        x = LAYERS[layer["kind"]](layer, arrays, x, training)
    return x
